// A small product for the tests: a catalog, homes of its own, programs run as a user would run them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { gunzipSync } from 'node:zlib'

import { onTestFinished } from 'vitest'

import * as environment from '../support/environment.mjs'

/** Where the built package is. */
export const PACKAGE =
  process.env.CANDOR_NODE ?? fail('CANDOR_NODE is not set: run ./dev test node')
export const ROOT = path.resolve(import.meta.dirname, '../..')

const require = createRequire(import.meta.url)
export const candor = require(PACKAGE)
export const testing = require(path.join(PACKAGE, 'lib', 'testing.js'))

function fail(why) {
  throw new Error(why)
}

export const CATALOG = JSON.stringify({
  catalog: 'acme',
  product: {
    name: 'Acme',
    home: '~/.acme',
    env_prefix: 'ACME',
    consent: { mode: 'opt_out' },
    notice: { version: 1, text: 'Acme collects usage data.' },
  },
  sinks: [{ type: 'posthog', host: 'https://us.i.posthog.com', project_key: 'phc_test' }],
  envelope: {
    version: { type: 'string', max_length: 64, source: 'product.version' },
    runtime: { type: 'string', max_length: 16, source: 'runtime.name' },
    nodeVersion: { type: 'string', max_length: 64, source: 'runtime.version' },
    region: { type: 'string', max_length: 64, source: 'host.region', optional: true },
  },
  events: {
    ping: { description: 'Nothing but itself.', owner: '@acme', purpose: 'usage', fields: {} },
    sample: {
      description: 'One field of every type.',
      owner: '@acme',
      purpose: 'usage',
      fields: {
        flag: { type: 'boolean', optional: true },
        count: { type: 'integer', min: -10, optional: true },
        ratio: { type: 'number', optional: true },
        text: { type: 'string', max_length: 2000, optional: true },
        list: { type: 'array', items: { type: 'integer' }, max_items: 100, optional: true },
        map: { type: 'map', values: { type: 'boolean' }, max_entries: 100, optional: true },
        inner: {
          type: 'object',
          optional: true,
          fields: { name: { type: 'string', max_length: 20, optional: true } },
        },
      },
    },
  },
})

/** A directory that is gone after the test, with the uploaders that live in it. */
export function temporaryDirectory() {
  const directory = mkdtempSync(path.join(os.tmpdir(), 'candor-node-'))
  onTestFinished(() => {
    endProcessesOf(directory)
    rmSync(directory, { recursive: true, force: true, maxRetries: 20 })
  })
  return directory
}

function endProcessesOf(home) {
  for (const pid of readdirSync('/proc').filter(Number)) {
    try {
      const env = readFileSync(`/proc/${pid}/environ`, 'latin1')
      if (env.split('\0').includes(`HOME=${home}`)) process.kill(Number(pid), 'SIGKILL')
    } catch {
      // It ended by itself, or is somebody else's.
    }
  }
}

/** Every file below it. */
export function filesIn(directory) {
  return readdirSync(directory, { recursive: true })
    .filter((name) => !statSync(path.join(directory, name)).isDirectory())
    .sort()
}

/** A user's environment, from which nothing leaves the machine. */
export function cleanEnvironment(home, more = {}) {
  return environment.cleanEnvironment(home, {
    ACME_TELEMETRY_ENDPOINT: 'http://127.0.0.1:9',
    ...more,
  })
}

/** What a client of this process is opened with; it touches nothing but `home`. */
export function optionsFor(home, more = {}) {
  return {
    catalogText: CATALOG,
    productVersion: '1.2.3',
    home,
    policyFile: path.join(home, 'no-policy.json'),
    delivery: 'manual',
    ...more,
  }
}

process.env.ACME_TELEMETRY_ENDPOINT = 'http://127.0.0.1:9'

const PRELUDE = `
const candor = require(${JSON.stringify(PACKAGE)})
const open = (more) => candor.open({ catalogText: ${JSON.stringify(CATALOG)}, productVersion: '1.2.3', ...more })
`

/**
 * Runs a script as a program of its own, with \`candor\` and \`open\`; answers {code, signal, out, err}.
 * \`during(child)\` runs beside it.
 */
export async function runNode(
  script,
  { home, env = {}, during = undefined, nodeArgs = [], prefix = [] },
) {
  const [command, ...args] = [...prefix, process.execPath, ...nodeArgs, '-e', PRELUDE + script]
  const child = spawn(command, args, {
    env: cleanEnvironment(home, env),
    cwd: home,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let out = ''
  let err = ''
  child.stdout.on('data', (data) => (out += data))
  child.stderr.on('data', (data) => (err += data))
  const closed = once(child, 'close')
  if (during) await during(child, () => out)
  const [code, signal] = await closed
  return { code, signal, out, err }
}

/** What waits in a home's spool, as events, by a client of this process. */
export async function ledgerOf(home) {
  const client = candor.open(optionsFor(path.join(home, '.acme')))
  try {
    return (await client.stats()).total
  } finally {
    await client.close()
  }
}

/** A server on loopback that takes PostHog's batches. */
export async function startServer({ answer = undefined } = {}) {
  const events = []
  const server = createServer((request, response) => {
    const chunks = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      if (answer) return answer(request, response)
      const raw = Buffer.concat(chunks)
      const body = request.headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw
      events.push(...JSON.parse(body).batch)
      response.setHeader('content-type', 'application/json')
      response.end('{"status":1}')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${server.address().port}`, events }
}
