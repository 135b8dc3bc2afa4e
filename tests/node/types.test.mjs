// The declarations of `candor generate --language typescript`: each kind of misuse is an error of
// `tsc --strict`, and an editor completes names of events and fields.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { PACKAGE, ROOT } from './support.mjs'

const CANDOR = path.resolve(PACKAGE, '../../core/cli/candor')
const TSC = path.join(import.meta.dirname, 'node_modules', '.bin', 'tsc')

const EVENTS = {
  plan_completed: {
    description: 'A planning pass finished.',
    fields: {
      outcome: { type: 'enum', values: ['ok', 'error'] },
      durationMs: { type: 'number', unit: 'ms', min: 0, optional: true },
      joinCount: { type: 'integer', optional: true },
      stages: { type: 'array', optional: true, items: { type: 'string', max_length: 16 } },
      flags: { type: 'map', optional: true, values: { type: 'boolean' } },
      note: { type: 'string', max_length: 9, optional: true, deprecated: 'Use stages.' },
    },
  },
  nested: {
    fields: {
      rows: {
        type: 'array',
        items: { type: 'object', fields: { kind: { type: 'enum', values: ['a', 'b'] } } },
      },
    },
  },
  maybe: { fields: { cached: { type: 'boolean', optional: true } } },
  ping: {},
  python_only: { runtimes: ['python'] },
}

const OPENING = `import candor from 'candor'
import type { Acme } from './acme.d.ts'
const telemetry = candor.open<Acme>({ catalog: 'acme.telemetry.jsonc' })
declare const anyText: string
`

const USE = `${OPENING}
const outcome: candor.Outcome = telemetry.emit('plan_completed', {
  outcome: 'ok', durationMs: 25.4, joinCount: 3n, stages: ['a'] as const, flags: new Map([['fast', true]]),
})
telemetry.emit('plan_completed', { outcome: 'error', durationMs: undefined, joinCount: null, flags: { fast: true } })
telemetry.emit('nested', { rows: [{ kind: 'a' }] })
telemetry.emit('maybe')
telemetry.emit('maybe', { cached: true }, { distinctId: 'me' })
telemetry.emit('ping')
telemetry.emit('ping', null, { timestamp: new Date() })
const bytes: Uint8Array = telemetry.encode('ping')
const { emit } = telemetry
emit('ping')
void telemetry.flush({ timeoutMs: 5 }).then(({ complete }) => complete && outcome.result && bytes)
const fields: Acme['plan_completed'] = { outcome: 'ok' }
telemetry.emit('plan_completed', fields)
`

const MISUSE = `${OPENING}
telemetry.emit('plan_compleeted', { outcome: 'ok' }) // E an event that is misspelt
telemetry.emit('plan_completed') // E no fields where one is required
telemetry.emit('plan_completed', {}) // E a required field that is missing
telemetry.emit('plan_completed', null) // E null where a field is required
telemetry.emit('plan_completed', { outcome: 'okay' }) // E no value of the enum
telemetry.emit('plan_completed', { outcome: anyText }) // E any text for an enum
telemetry.emit('plan_completed', { outcome: null }) // E null for a required field
telemetry.emit('plan_completed', { outcome: 'ok', durationMS: 1 }) // E a field that is misspelt
telemetry.emit('plan_completed', { outcome: 'ok', durationMs: '1' }) // E text for a number
telemetry.emit('plan_completed', { outcome: 'ok', durationMs: 1n }) // E a bigint for a number
telemetry.emit('plan_completed', { outcome: 'ok', stages: [1] }) // E numbers in a list of text
telemetry.emit('plan_completed', { outcome: 'ok', flags: { fast: 'yes' } }) // E text in a map of booleans
telemetry.emit('ping', { outcome: 'ok' }) // E a field for an event without fields
telemetry.emit('nested', { rows: [{ kind: 'c' }] }) // E no value of an enum, deep inside
telemetry.emit('nested', { rows: [{}] }) // E a missing field, deep inside
telemetry.emit('ping', null, { timestamp: 'now' }) // E an option of a wrong type
telemetry.emit('python_only') // E an event of another runtime
telemetry.encode('pong') // E an event that is misspelt
telemetry.send('ping') // E a method that is not there
`

let folder
beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'candor-types-'))
  mkdirSync(path.join(folder, 'node_modules'))
  symlinkSync(path.join(ROOT, 'bindings/node'), path.join(folder, 'node_modules/candor'))
  writeFileSync(path.join(folder, 'package.json'), '{"private": true, "type": "module"}')
  const product = { name: 'Acme', home: '~/.acme', env_prefix: 'ACME', consent: { mode: 'opt_in' } }
  generate('acme', { catalog: 'acme', product, sinks: [], events: EVENTS })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function generate(name, catalog) {
  const file = path.join(folder, `${name}.telemetry.jsonc`)
  writeFileSync(file, JSON.stringify(catalog))
  const declarations = path.join(folder, `${name}.d.ts`)
  execFileSync(CANDOR, ['generate', file, '--language', 'typescript', '-o', declarations])
}

const OPTIONS = ['--strict', '--exactOptionalPropertyTypes', '--noEmit', '--target', 'es2024']
function tsc(...args) {
  const modules = ['--module', 'nodenext', '--allowImportingTsExtensions', '--types', '']
  const done = spawnSync(TSC, [...OPTIONS, ...modules, '--pretty', 'false', ...args], {
    cwd: folder,
    encoding: 'utf8',
  })
  return { status: done.status, said: done.stdout + done.stderr }
}

describe('declarations', () => {
  test('correct use compiles', () => {
    writeFileSync(path.join(folder, 'use.mts'), USE)
    expect(tsc('use.mts')).toEqual({ status: 0, said: '' })
  })

  test('each misuse is an error', () => {
    writeFileSync(path.join(folder, 'misuse.mts'), MISUSE)
    const { said } = tsc('misuse.mts')
    const errors = [...said.matchAll(/^misuse\.mts\((\d+),\d+\): error/gm)].map((at) =>
      Number(at[1]),
    )
    const expected = MISUSE.split('\n').flatMap((line, at) =>
      line.includes(' // E ') ? [at + 1] : [],
    )
    expect(expected.length).toBe(19)
    expect([...new Set(errors)], said).toEqual(expected)
  })

  test.each(['schema/ktx', 'schema/example', 'tests/conformance/conformance'])(
    'those of %s compile',
    (catalog) => {
      const name = `${path.basename(catalog)}-own.d.ts`
      const from = path.join(ROOT, `${catalog}.telemetry.jsonc`)
      const to = path.join(folder, name)
      execFileSync(CANDOR, ['generate', from, '--language', 'typescript', '-o', to])
      expect(tsc(name)).toEqual({ status: 0, said: '' })
    },
  )

  test('an untyped client takes any event, as before', () => {
    const code =
      "import candor from 'candor'\ncandor.open({ catalog: 'x' }).emit('any', { a: 1 })\n"
    writeFileSync(path.join(folder, 'untyped.mts'), code)
    expect(tsc('untyped.mts')).toEqual({ status: 0, said: '' })
  })
})

// The language server that editors start, spoken to as they do.
class LanguageServer {
  constructor(cwd) {
    this.process = spawn(TSC, ['--lsp', '--stdio'], { cwd, stdio: ['pipe', 'pipe', 'ignore'] })
    this.received = Buffer.alloc(0)
    this.waiting = new Map()
    this.next = 1
    this.process.stdout.on('data', (chunk) => {
      this.received = Buffer.concat([this.received, chunk])
      this.read()
    })
  }

  read() {
    for (;;) {
      const end = this.received.indexOf('\r\n\r\n')
      if (end < 0) return
      const length = Number(
        /Content-Length: (\d+)/i.exec(this.received.toString('utf8', 0, end))[1],
      )
      if (this.received.length < end + 4 + length) return
      const message = JSON.parse(this.received.toString('utf8', end + 4, end + 4 + length))
      this.received = this.received.subarray(end + 4 + length)
      if (message.method !== undefined && message.id !== undefined) {
        // What the server asks of an editor: this one has no settings.
        const items = message.params?.items?.map(() => null) ?? null
        this.send({ id: message.id, result: items })
      } else if (message.id !== undefined) {
        this.waiting.get(message.id)?.(message)
      }
    }
  }

  send(message) {
    const text = JSON.stringify({ jsonrpc: '2.0', ...message })
    this.process.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`)
  }

  ask(method, params) {
    const id = this.next++
    const answer = new Promise((resolve) => this.waiting.set(id, resolve))
    this.send({ id, method, params })
    return answer
  }
}

describe('an editor', () => {
  test('completes events, fields and values', async () => {
    writeFileSync(
      path.join(folder, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          noEmit: true,
          target: 'es2024',
          module: 'nodenext',
          allowImportingTsExtensions: true,
          types: [],
        },
        files: ['edit.mts'],
      }),
    )
    const code = `${OPENING}telemetry.emit('')\ntelemetry.emit('plan_completed', {  })\ntelemetry.emit('plan_completed', { outcome: '' })\n`
    writeFileSync(path.join(folder, 'edit.mts'), code)
    const uri = `file://${folder}/edit.mts`
    const server = new LanguageServer(folder)
    try {
      await server.ask('initialize', {
        processId: process.pid,
        rootUri: `file://${folder}`,
        capabilities: {},
      })
      server.send({ method: 'initialized', params: {} })
      const textDocument = { uri, languageId: 'typescript', version: 1, text: code }
      server.send({ method: 'textDocument/didOpen', params: { textDocument } })
      const complete = async (after) => {
        const before = code.slice(0, code.indexOf(after) + after.length).split('\n')
        const position = { line: before.length - 1, character: before.at(-1).length }
        const answer = await server.ask('textDocument/completion', {
          textDocument: { uri },
          position,
        })
        const items = answer.result?.items ?? answer.result ?? []
        return items.map((item) => item.label.replace(/\?$/, '')).sort()
      }
      const events = ['maybe', 'nested', 'ping', 'plan_completed']
      expect(await complete("telemetry.emit('")).toEqual(events)
      const fields = Object.keys(EVENTS.plan_completed.fields).sort()
      expect(await complete("'plan_completed', { ")).toEqual(fields)
      expect(await complete("outcome: '")).toEqual(['error', 'ok'])
    } finally {
      server.process.kill()
    }
  })
})
