#!/usr/bin/env node
// Runs the `candor` command that this package carries.
'use strict'

const { spawnSync } = require('node:child_process')
const path = require('node:path')

const program = path.join(
  __dirname,
  '..',
  'native',
  `${process.platform}-${process.arch}`,
  'candor',
)
const { error, signal, status } = spawnSync(program, process.argv.slice(2), { stdio: 'inherit' })
if (error) {
  process.stderr.write(`candor: can't run ${program}: ${error.message}\n`)
  process.exitCode = 1
} else if (signal) {
  process.kill(process.pid, signal)
} else {
  process.exitCode = status ?? 1
}
