#!/usr/bin/env node
// Runs the `candor` command that this package carries, and ends as it does.
'use strict'

const { spawn } = require('node:child_process')
const { constants } = require('node:os')
const path = require('node:path')

const native = path.join(__dirname, '..', 'native', `${process.platform}-${process.arch}`)
const program = path.join(native, 'candor')
let child
// Before the child starts: a signal must not end this process while the program runs on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => child.kill(signal))
}
child = spawn(program, process.argv.slice(2), { stdio: 'inherit' })
child.on('error', (error) => {
  process.stderr.write(`candor: can't run ${program}: ${error.message}\n`)
  process.exitCode = 1
})
child.on('exit', (code, signal) => {
  process.exitCode = signal === null ? code : 128 + constants.signals[signal]
})
