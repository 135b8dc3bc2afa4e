// A client in this process: what open takes and what its methods answer.
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

import { describe, expect, onTestFinished, test, vi } from 'vitest'

import {
  candor,
  CATALOG,
  filesIn,
  optionsFor,
  startServer,
  temporaryDirectory,
} from './support.mjs'

function opened(home, more) {
  const client = candor.open(optionsFor(home, more))
  onTestFinished(() => client.close())
  return client
}

describe('open', () => {
  test('takes a path, a URL, or the text', async () => {
    const home = temporaryDirectory()
    const file = path.join(home, 'a #1 catalog.jsonc')
    writeFileSync(file, CATALOG)
    for (const catalog of [file, pathToFileURL(file)]) {
      const client = opened(path.join(home, 'h'), { catalog, catalogText: undefined })
      expect(client.emit('ping')).toEqual({ result: 'accepted' })
    }
  })

  // prettier-ignore
  test.each([
    [undefined, TypeError, 'needs an object'],
    [null, TypeError, 'needs an object'],
    ['catalog.jsonc', TypeError, 'needs an object'],
    [{ catlog: 'x' }, TypeError, "no option 'catlog'"],
    [{ catalog: 5 }, TypeError, "'catalog' must be a string"],
    [{ catalog: 'a\0b' }, TypeError, "'catalog' must be a path without null"],
    [{ catalog: new URL('https://example.com/x') }, TypeError, 'scheme file'],
    [{ productVersion: '\ud800' }, TypeError, "'productVersion' must be a string without lone"],
    [{ catalog: { href: 'nonsense', protocol: 'file:' } }, TypeError, 'Invalid URL'],
    [{ productVersion: new URL('file:///x') }, TypeError, "'productVersion' must be a string"],
    [{ flushAt: '5' }, TypeError, "'flushAt' must be a number"],
    [{ flushAt: -1 }, RangeError, "'flushAt' must be a whole number from 0 to 4294967295"],
    [{ flushAt: 1.5 }, RangeError, "'flushAt'"],
    [{ flushAt: NaN }, RangeError, "'flushAt'"],
    [{ flushAt: 2 ** 32 }, RangeError, "'flushAt'"],
    [{ spoolBytesMax: 2 ** 53 }, RangeError, "'spoolBytesMax'"],
    [{ delivery: 'soon' }, TypeError, "'delivery' must be one of auto, background, detached, manual"],
    [{ compression: 5 }, TypeError, "'compression' must be one of gzip, none, zstd"],
    [{ sources: 5 }, TypeError, "'sources' must be an object"],
    [{ sources: { 'host.x': {} } }, TypeError, "'sources.host.x' must be a string, a boolean or a number"],
    [{ sources: { 'host.x': 2n ** 64n } }, TypeError, "'sources.host.x'"],
    [{ secrets: 'one text' }, TypeError, "'secrets' must be an array of strings"],
    [{ secrets: ['long enough', 5] }, TypeError, "'secrets[1]' must be a string"],
    [{ log: 'console' }, TypeError, "'log' must be a function"],
  ])('%o throws', (options, type, message) => {
    expect(() => candor.open(options)).toThrow(type)
    expect(() => candor.open(options)).toThrow(message)
  })

  test('what is undefined or null has the default', () => {
    const client = opened(temporaryDirectory(), {
      runtime: undefined,
      flushAt: null,
      log: undefined,
      sources: null,
    })
    expect(client.emit('ping').result).toBe('accepted')
  })

  test('is not misled by what somebody put on Object.prototype', () => {
    Object.prototype.polluted = 'x'
    onTestFinished(() => void delete Object.prototype.polluted)
    const client = opened(temporaryDirectory(), { sources: { 'host.region': 'eu' } })
    expect(client.emit('sample', { map: { a: true }, inner: {} })).toEqual({ result: 'accepted' })
  })

  test('sources, runtime and versions are in the envelope', () => {
    const client = opened(temporaryDirectory(), { sources: { 'host.region': 'eu' } })
    expect(JSON.parse(client.encode('ping')).properties).toEqual({
      version: '1.2.3',
      runtime: 'node',
      nodeVersion: process.versions.node,
      region: 'eu',
    })
  })

  // prettier-ignore
  test.each([
    [{ catalogText: undefined, catalog: '/no/such/catalog.jsonc' }, '/no/such/catalog.jsonc'],
    [{ catalogText: '{"catalog": 5}' }, 'catalog:1:1: error:'],
    [{ catalogText: undefined }, 'no catalog was given'],
    [{ distinctId: 'x'.repeat(201) }, 'distinct_id must be'],
  ])('%o gives a client that is off and says why', async (more, problem) => {
    const log = vi.fn()
    const client = opened(temporaryDirectory(), { ...more, log })
    expect(client.status().problem).toContain(problem)
    expect(log).toHaveBeenCalledWith(expect.stringContaining(problem))
    expect(client.emit('ping')).toEqual({ result: 'disabled' })
    expect(() => candor.open(optionsFor(temporaryDirectory(), { ...more, strict: true }))).toThrow(problem)
    expect((await client.flush({ timeoutMs: 1 })).complete).toBe(true)
    expect((await client.stats()).total.captured).toBe(0)
  })

  test('an empty distinctId counts as none', () => {
    const client = opened(temporaryDirectory(), { distinctId: '' })
    expect(client.status()).toMatchObject({ enabled: true, problem: '' })
  })

  test('encode says when there is no catalog', () => {
    const client = opened(temporaryDirectory(), { catalogText: '{' })
    expect(() => client.encode('ping')).toThrow('no catalog')
  })
})

describe('outcomes', () => {
  test('are frozen, and the two usual ones are always the same', () => {
    const client = opened(temporaryDirectory())
    const accepted = client.emit('ping')
    expect(accepted).toBe(client.emit('ping'))
    const rejected = client.emit('sample', { count: 'secret' })
    expect(rejected).toEqual({ result: 'rejected', code: 'wrong_type', field: 'count' })
    for (const outcome of [accepted, rejected]) expect(Object.isFrozen(outcome)).toBe(true)
  })

  test('dropped says why', () => {
    const home = temporaryDirectory()
    const log = vi.fn()
    const client = opened(home, { log, spoolBytesMax: 1 })
    expect(client.emit('ping')).toEqual({ result: 'dropped', reason: 'spool_full' })
    expect(log.mock.calls.flat().join()).toContain('candor: ping dropped: spool_full')
  })

  test('methods may be taken off the client', async () => {
    const { emit, encode, flush, close, status, stats, enable, disable } =
      opened(temporaryDirectory())
    expect(emit('ping')).toEqual({ result: 'accepted' })
    expect(encode('ping')).toBeInstanceOf(Buffer)
    expect((await flush({ timeoutMs: 1 })).complete).toBe(false)
    expect((await stats()).total.captured).toBe(1)
    expect((await disable()).enabled).toBe(false)
    expect((await enable()).enabled).toBe(true)
    expect(status().enabled).toBe(true)
    await close()
  })

  test('a client is made by open alone', () => {
    expect(() => new candor.Client()).toThrow('use candor.open')
    expect(() => new candor.Client({ emit: () => 0 })).toThrow('use candor.open')
  })

  test('an option of a wrong type is a rejection that is counted and told', async () => {
    const log = vi.fn()
    const client = opened(temporaryDirectory(), { log })
    for (const options of [
      { timestamp: 'x' },
      { uuid: 5 },
      { distinctId: {} },
      {
        get uuid() {
          throw new Error()
        },
      },
    ]) {
      expect(client.emit('ping', {}, options)).toMatchObject({
        result: 'rejected',
        code: 'wrong_type',
      })
    }
    expect(client.emit('ping', {}, { distinctId: 'x'.repeat(201) })).toMatchObject({
      code: 'too_long',
    })
    expect((await client.stats()).total.dropped).toEqual({ wrong_type: 4, too_long: 1 })
    expect(log).toHaveBeenCalledWith('candor: ping rejected: wrong_type (timestamp)')
  })

  test('an emit may be about another project', async () => {
    const client = opened(temporaryDirectory(), { projectDir: '/projects/own' })
    const { projectId } = client
    const other = projectId('/projects/other')
    expect(other).toMatch(/^[0-9a-f]{64}$/)
    expect(projectId('/projects/./other/')).toBe(other)
    expect(projectId(new URL('file:///projects/other'))).toBe(other)
    expect(() => projectId(5)).toThrow(TypeError)
    for (const options of [
      { projectDir: '/projects/other' },
      { projectDir: new URL('file:///projects/other') },
      { projectId: other },
      { projectId: other, projectDir: '/x' },
    ]) {
      expect(client.emit('ping', {}, options)).toEqual({ result: 'accepted' })
    }
    for (const [options, code, field] of [
      [{ projectDir: 5 }, 'wrong_type', 'project_dir'],
      [{ projectId: 5 }, 'wrong_type', 'project_id'],
      [{ projectId: 'x' }, 'bad_pattern', 'project_id'],
    ]) {
      expect(client.emit('ping', {}, options)).toEqual({ result: 'rejected', code, field })
    }
    await client.disable()
    expect(projectId('/projects/other')).toBe('')
  })

  test('a strict client throws for a rejection, and never the value', () => {
    const client = opened(temporaryDirectory(), { strict: true })
    expect(() => client.emit('sample', { count: 'hunter2' })).toThrow(candor.RejectedError)
    try {
      client.emit('sample', { count: 'hunter2' })
    } catch (error) {
      expect(error).toMatchObject({
        name: 'RejectedError',
        event: 'sample',
        code: 'wrong_type',
        field: 'count',
      })
      expect(error.message).toBe('sample rejected: wrong_type (count)')
      expect(error.stack).not.toContain('hunter2')
    }
  })
})

describe('log', () => {
  test('hears of each kind of misuse once, and may throw', () => {
    const log = vi.fn(() => {
      throw new Error('the host is broken')
    })
    const client = opened(temporaryDirectory(), { log })
    for (let i = 0; i < 3; ++i) client.emit('sample', { count: 'hunter2' })
    client.emit('sample', { counts: 1 })
    expect(log.mock.calls.flat()).toEqual([
      'candor: sample rejected: wrong_type (count)',
      'candor: sample rejected: unknown_field (counts)',
    ])
  })

  test('may answer a promise that fails', async () => {
    const client = opened(temporaryDirectory(), { log: async () => Promise.reject(new Error('x')) })
    client.emit('nothing')
    await new Promise(setImmediate) // an unhandled rejection would end this process
  })

  test('may emit an event itself', () => {
    const client = opened(temporaryDirectory(), {
      log: () => client.emit('sample', { text: 'logged', count: 1 }),
    })
    expect(client.emit('sample', { count: 'x' })).toMatchObject({ code: 'wrong_type' })
    expect(client.emit('ping')).toEqual({ result: 'accepted' })
  })
})

describe('consent', () => {
  test('enable and disable hold at once and answer what holds', async () => {
    const home = temporaryDirectory()
    const client = opened(home)
    client.emit('ping')
    expect(await client.disable()).toMatchObject({
      enabled: false,
      rule: 'file_disabled',
      problem: '',
    })
    expect(client.emit('ping')).toEqual({ result: 'disabled' })
    expect((await client.stats()).total).toMatchObject({
      captured: 1,
      pending: 0,
      dropped: { opted_out: 1 },
    })
    expect(await client.enable()).toMatchObject({ enabled: true, rule: 'file_enabled' })
    expect(client.emit('ping')).toEqual({ result: 'accepted' })
  })

  test('the last choice holds, waited for or not', async () => {
    const client = opened(temporaryDirectory())
    for (let i = 0; i < 50; ++i) {
      void client.enable()
      expect((await client.disable()).enabled).toBe(false)
      void client.disable()
      expect((await client.enable()).enabled).toBe(true)
    }
  })

  test('a choice that another rule overrules is still written', async () => {
    const home = temporaryDirectory()
    process.env.ACME_TELEMETRY_DISABLED = '1'
    onTestFinished(() => void delete process.env.ACME_TELEMETRY_DISABLED)
    const client = opened(home)
    expect(client.status()).toMatchObject({ enabled: false, rule: 'env_disabled' })
    expect(filesIn(home)).toEqual([])
    expect(await client.enable()).toMatchObject({ enabled: false, rule: 'env_disabled' })
    expect(JSON.parse(readFileSync(path.join(home, 'telemetry.json')))).toMatchObject({
      enabled: true,
    })
  })

  test('a file that is not understood is off, and left alone', async () => {
    const home = temporaryDirectory()
    writeFileSync(path.join(home, 'telemetry.json'), '[]')
    const client = opened(home)
    expect(client.emit('ping')).toEqual({ result: 'disabled' })
    expect((await client.enable()).problem).toContain('telemetry.json')
    expect(readFileSync(path.join(home, 'telemetry.json'), 'utf8')).toBe('[]')
    expect(readdirSync(home)).toEqual(['telemetry.json'])
  })

  test('first run', () => {
    const home = temporaryDirectory()
    expect(opened(home).firstRun).toBe(true)
    expect(opened(home).firstRun).toBe(false)
  })

  test('a home that cannot be written', () => {
    if (process.getuid() === 0) return // root writes everywhere
    const home = temporaryDirectory()
    chmodSync(home, 0o500)
    expect(opened(path.join(home, 'h')).emit('ping')).toEqual({ result: 'disabled' })
  })
})

describe('flush and close', () => {
  test('what was emitted arrives, once', async () => {
    const server = await startServer()
    const client = withEndpoint(server.url, () => opened(temporaryDirectory()))
    for (let i = 0; i < 250; ++i) client.emit('sample', { count: i })
    expect((await client.flush()).complete).toBe(true)
    expect(server.events.map((event) => event.properties.count)).toEqual([...Array(250).keys()])
    expect(new Set(server.events.map((event) => event.uuid)).size).toBe(250)
    expect((await client.stats()).total).toEqual({
      captured: 250,
      delivered: 250,
      pending: 0,
      dropped: {},
    })
  })

  test('the event loop turns meanwhile, and the promise waits no longer than it was told', async () => {
    const server = await startServer({ answer: () => {} }) // never
    const client = withEndpoint(server.url, () => opened(temporaryDirectory()))
    client.emit('ping')
    let turns = 0
    const timer = setInterval(() => ++turns, 1)
    expect((await client.flush({ timeoutMs: 200 })).complete).toBe(false)
    clearInterval(timer)
    expect(turns).toBeGreaterThan(0)
    expect((await client.stats()).total.pending).toBe(1)
  })

  test('emit returns the uuid on request', async () => {
    const client = opened(temporaryDirectory())
    const outcome = client.emit('ping', null, { uuid: true })
    expect(outcome).toMatchObject({ result: 'accepted' })
    expect(outcome.uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/)
    expect(client.emit('ping')).toEqual({ result: 'accepted' })
    for (const [distinctId, code] of [
      ['', 'bad_pattern'],
      ['\ud800', 'invalid_utf8'],
      ['x'.repeat(201), 'too_long'],
    ]) {
      const rejected = { result: 'rejected', code, field: 'distinct_id' }
      expect(client.emit('ping', null, { distinctId })).toEqual(rejected)
    }
  })

  test('close ends a flush that is under way', async () => {
    const server = await startServer({ answer: () => {} })
    const client = withEndpoint(server.url, () => opened(temporaryDirectory()))
    client.emit('ping')
    const flushed = client.flush({ timeoutMs: 1_000_000 })
    await client.close()
    expect(await flushed).toMatchObject({ complete: false, delivered: 0 })
    expect(client.emit('ping')).toEqual({ result: 'disabled' })
  })

  test('close with a timeout flushes first, and may be called twice', async () => {
    const server = await startServer()
    const client = withEndpoint(server.url, () => opened(temporaryDirectory()))
    client.emit('ping')
    await client.close({ timeoutMs: 5000 })
    await client.close()
    expect(server.events).toHaveLength(1)
    expect((await client.flush({ timeoutMs: 10 })).complete).toBe(false)
  })

  test('odd timeouts', async () => {
    const server = await startServer()
    const client = withEndpoint(server.url, () => opened(temporaryDirectory()))
    client.emit('ping')
    // The others wait for a moment: long enough for a quick server, perhaps.
    expect((await client.flush({ timeoutMs: NaN })).complete).toBe(false)
    for (const timeoutMs of [-1, 0]) await client.flush({ timeoutMs })
    for (const timeoutMs of ['100', 5n, null, {}]) {
      expect((await client.flush({ timeoutMs })).complete).toBe(true)
    }
    await client.close({ timeoutMs: '100' })
    expect(client.emit('ping')).toEqual({ result: 'disabled' })
  })

  test('any number of flushes take one thread, and each waits as long as it was told', async () => {
    const server = await startServer({ answer: () => {} })
    const client = withEndpoint(server.url, () => opened(temporaryDirectory()))
    client.emit('ping')
    const threads = () => readdirSync('/proc/self/task').length
    const before = threads()
    const long = client.flush({ timeoutMs: 1_000_000 })
    const short = Array.from({ length: 1000 }, () => client.flush({ timeoutMs: 50 }))
    const longer = client.flush({ timeoutMs: 1_000_000 })
    expect(threads()).toBeLessThan(before + 5)
    const late = { complete: false, delivered: 0, refused: 0, waiting: 1 }
    for (const result of await Promise.all(short)) expect(result).toMatchObject(late)
    await client.close()
    expect([(await long).complete, (await longer).complete]).toEqual([false, false])
  })

  test('what is emitted during a flush is in the next', async () => {
    let release
    const held = new Promise((resolve) => (release = resolve))
    const seen = []
    const server = await startServer({
      answer: async (request, response) => {
        seen.push(request.url)
        await held
        response.end('{"status":1}')
      },
    })
    const client = withEndpoint(server.url, () => opened(temporaryDirectory()))
    client.emit('ping')
    const first = client.flush({ timeoutMs: 30_000 })
    await expect.poll(() => seen.length).toBe(1)
    client.emit('ping')
    const others = [client.flush({ timeoutMs: 30_000 }), client.flush({ timeoutMs: 30_000 })]
    release()
    await first
    const counts = { complete: true, refused: 0, waiting: 0, why: '' }
    for (const one of await Promise.all(others)) expect(one).toMatchObject(counts)
    expect((await client.stats()).total).toMatchObject({ delivered: 2, pending: 0 })
  })
})

function withEndpoint(url, open) {
  process.env.ACME_TELEMETRY_ENDPOINT = url
  try {
    return open()
  } finally {
    process.env.ACME_TELEMETRY_ENDPOINT = 'http://127.0.0.1:9'
  }
}

test('several clients in one process have nothing to do with each other', async () => {
  const homes = [temporaryDirectory(), temporaryDirectory()]
  const clients = homes.map((home) => opened(home))
  clients[0].emit('ping')
  await clients[0].close()
  expect(clients[1].emit('ping')).toEqual({ result: 'accepted' })
  expect((await clients[1].stats()).total.captured).toBe(1)
  expect(existsSync(path.join(homes[1], 'telemetry.json'))).toBe(true)
})
