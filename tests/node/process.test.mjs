// Programs as users run them: how they end, what survives, and what they leave alone.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

import { describe, expect, test } from 'vitest'

import { filesIn, ledgerOf, runNode, startServer, temporaryDirectory } from './support.mjs'

const emitTen = `
const client = open({ delivery: 'manual' })
for (let i = 0; i < 10; ++i) client.emit('sample', { count: i })
`

describe('however a process ends, what it emitted is kept', () => {
  test.each([
    ['return', '', 0, null],
    ['process.exit', 'process.exit(3)', 3, null],
    ['process.exitCode', 'process.exitCode = 4', 4, null],
    ['process.reallyExit', 'process.reallyExit(5)', 5, null],
    ['an uncaught exception', 'throw new Error("of the host")', 1, null],
    ['an unhandled rejection', 'Promise.reject(new Error("of the host"))', 1, null],
    [
      'SIGTERM',
      'process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000)',
      null,
      'SIGTERM',
    ],
    ['SIGINT', 'process.kill(process.pid, "SIGINT"); setInterval(() => {}, 1000)', null, 'SIGINT'],
    ['SIGKILL', 'process.kill(process.pid, "SIGKILL")', null, 'SIGKILL'],
    ['abort', 'process.abort()', null, 'SIGABRT'],
    [
      'an exit in the middle of a flush',
      'client.flush({ timeoutMs: 1e6 }); process.exit(6)',
      6,
      null,
    ],
    [
      'a throw in the middle of a flush',
      'client.flush({ timeoutMs: 1e6 }); throw new Error("x")',
      1,
      null,
    ],
    ['an exit while choosing', 'client.enable(); client.stats(); process.exit(7)', 7, null],
    ['close, and an exit at once', 'client.close({ timeoutMs: 1e6 }); process.exit(8)', 8, null],
  ])('%s', async (_, how, code, signal) => {
    const server = await startServer({ answer: () => {} })
    const home = temporaryDirectory()
    const done = await runNode(emitTen + how, {
      home,
      env: { ACME_TELEMETRY_ENDPOINT: server.url },
    })
    expect(done).toMatchObject({ code, signal, out: '' })
    expect(await ledgerOf(home)).toMatchObject({ captured: 10, pending: 10, dropped: {} })
  })

  test('a choice that nobody waited for is made before the end', async () => {
    const home = temporaryDirectory()
    // Much is asked before it, so that the end comes first.
    const script = `${emitTen}
      for (let i = 0; i < 1000; ++i) client.stats()
      client.enable()
      client.disable()
      process.exit(0)
    `
    expect(await runNode(script, { home })).toMatchObject({ code: 0 })
    const file = path.join(home, '.acme', 'telemetry.json')
    expect(JSON.parse(readFileSync(file, 'utf8')).enabled).toBe(false)
    expect(await ledgerOf(home)).toMatchObject({ pending: 0, dropped: { opted_out: 10 } })
  })

  test('kill -9 between any two events loses none that was acknowledged', async () => {
    const home = temporaryDirectory()
    const script = `
      const { writeSync } = require('node:fs')
      const client = open({ delivery: 'manual' })
      for (let i = 0; ; ++i) { client.emit('sample', { count: i }); writeSync(1, '.') }
    `
    const during = (child) =>
      new Promise((resolve) => {
        let seen = 0
        child.stdout.on('data', (data) => {
          seen += data.length
          if (seen > 500) resolve(child.kill('SIGKILL'))
        })
      })
    const done = await runNode(script, { home, during })
    expect(done.signal).toBe('SIGKILL')
    const { pending } = await ledgerOf(home)
    expect(pending).toBeGreaterThanOrEqual(done.out.length)
    expect(pending).toBeLessThanOrEqual(done.out.length + 1)
  })

  test('an event emitted as the last thing of all', async () => {
    const home = temporaryDirectory()
    const script = `
      const client = open({ delivery: 'manual' })
      process.on('exit', () => client.emit('ping'))
      process.exit()
    `
    expect(await runNode(script, { home })).toMatchObject({ code: 0 })
    expect(await ledgerOf(home)).toMatchObject({ pending: 1 })
  })
})

describe('a guest', () => {
  test('keeps no event loop alive, in any delivery', async () => {
    for (const delivery of ['auto', 'background', 'manual']) {
      const home = temporaryDirectory()
      const script = `const client = open({ delivery: '${delivery}', flushIntervalMs: 1e6 }); client.emit('ping')`
      expect(await runNode(script, { home })).toMatchObject({ code: 0, signal: null, out: '' })
    }
  })

  test('a flush that is awaited is waited for', async () => {
    const server = await startServer()
    const home = temporaryDirectory()
    const script = `${emitTen} client.flush().then(({ complete }) => console.log(complete))`
    const done = await runNode(script, { home, env: { ACME_TELEMETRY_ENDPOINT: server.url } })
    expect(done).toMatchObject({ code: 0, out: 'true\n' })
    expect(server.events).toHaveLength(10)
  })

  test('adds no listener and changes no signal', async () => {
    const home = temporaryDirectory()
    const script = `
      const masks = () => require('node:fs').readFileSync('/proc/self/status', 'utf8').match(/^Sig(Blk|Ign|Cgt):.*$/gm).join()
      const listeners = () => process.eventNames().map((name) => [name, process.listenerCount(name)])
      const before = [masks(), JSON.stringify(listeners())]
      const client = open({ delivery: 'background' })
      client.emit('ping')
      client.flush({ timeoutMs: 50 }).then(() => {
        const after = [masks(), JSON.stringify(listeners())]
        console.log(JSON.stringify(before) === JSON.stringify(after), process._getActiveHandles().length <= 3)
      })
    `
    expect(await runNode(script, { home })).toMatchObject({ code: 0, out: 'true true\n' })
  })

  test('says the notice once, on standard error, and nothing else', async () => {
    const home = temporaryDirectory()
    expect(await runNode(emitTen, { home })).toMatchObject({
      out: '',
      err: 'Acme collects usage data.\n',
    })
    expect(await runNode(emitTen, { home })).toMatchObject({ out: '', err: '' })
  })

  test('loads no network code until it uploads', async () => {
    const server = await startServer()
    const home = temporaryDirectory()
    const script = `
      const loaded = () => /libcandor-upload|libcurl/.test(require('node:fs').readFileSync('/proc/self/maps', 'utf8'))
      ${emitTen}
      const before = loaded()
      client.flush().then(({ complete }) => console.log(before, loaded(), complete))
    `
    const done = await runNode(script, { home, env: { ACME_TELEMETRY_ENDPOINT: server.url } })
    expect(done.out).toBe('false true true\n')
  })

  test('prints events under DEBUG, and keeps none', async () => {
    const home = temporaryDirectory()
    const done = await runNode(emitTen, { home, env: { ACME_TELEMETRY_DEBUG: '1' } })
    expect(done.out).toBe('')
    expect(
      done.err
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).properties.count),
    ).toEqual([...Array(10).keys()])
    expect(filesIn(home)).toEqual([])
  })
})

test('the host may change its environment while a client works', async () => {
  const home = temporaryDirectory()
  const script = `
    const client = open({ delivery: 'manual' })
    const change = async () => {
      for (let i = 0; i < 300; ++i) {
        const done = client.enable()
        for (let n = 0; n < 300; ++n) process.env['V' + i + '_' + n] = 'x'.repeat(50)
        await done
        client.status()
      }
    }
    change().then(() => console.log('done'))
  `
  expect(await runNode(script, { home })).toMatchObject({ code: 0, out: 'done\n' })
})

test('a loop of emits that a timeout breaks off leaves the client as it was', async () => {
  const home = temporaryDirectory()
  const script = `
    const vm = require('node:vm')
    globalThis.client = open({ delivery: 'manual' })
    const loop = "for (;;) client.emit('sample', { count: 1, text: 'x' })"
    for (let i = 0; i < 20; ++i) {
      try { vm.runInThisContext(loop, { timeout: 3 }) } catch {}
    }
    const bytes = client.encode('sample', { count: 7 })
    console.log(client.emit('sample', { count: 7 }).result, bytes.includes('"count":7'))
  `
  expect(await runNode(script, { home })).toMatchObject({ code: 0, out: 'accepted true\n' })
})

/**
 * Whether a line of strace shows a call that changes a file, uses the network or starts a process.
 * Texts are no evidence: a path may hold any word. Node's own wake-ups write to an eventfd; the
 * thread of a flush is one of this process.
 */
function acts(line) {
  const call = line.replace(/"(\\.|[^"\\])*"/g, '""')
  return (
    /\bO_(WRONLY|RDWR|CREAT)\b|\b(mkdir|unlink|rename|socket|connect|execve|v?fork|clone3?|fallocate|ftruncate)(at2?)?\(/.test(
      call,
    ) && !/CLONE_THREAD/.test(call)
  )
}

test('what counts as an act', () => {
  for (const line of [
    '12 openat(AT_FDCWD, "/x", O_WRONLY|O_CREAT|O_CLOEXEC, 0600) = 3',
    '12 mkdirat(AT_FDCWD, "/x", 0700) = 0',
    '12 rename("/a", "/b") = 0',
    '12 socket(AF_INET, SOCK_STREAM, 0) = 3',
    '12 clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD) = 13',
    '12 vfork() = 13',
    '12 execve("/bin/true", ["true"], 0x1 /* 2 vars */) = 0',
  ])
    expect(acts(line), line).toBe(true)
  for (const line of [
    '12 openat(AT_FDCWD, "/src/fork/clone(3)/O_CREAT/execve(", O_RDONLY|O_CLOEXEC) = 3',
    '12 statx(AT_FDCWD, "/src/a \\" rename(", AT_STATX_SYNC_AS_STAT, STATX_ALL, 0x1) = 0',
    '12 clone3({flags=CLONE_VM|CLONE_THREAD, exit_signal=0}, 88) = 13',
  ])
    expect(acts(line), line).toBe(false)
})

describe('off means off', () => {
  test.each([
    ['ACME_TELEMETRY_DISABLED', '1'],
    ['DO_NOT_TRACK', 'yes'],
    ['CI', 'true'],
    ['GITHUB_ACTIONS', 'true'],
  ])('%s: no file, no socket, no process', async (name, value) => {
    const home = temporaryDirectory()
    const trace = path.join(temporaryDirectory(), 'trace')
    const script = `
      const { writeSync } = require('node:fs')
      writeSync(1, 'begin')
      const client = open({ flushIntervalMs: 1 })
      const { result } = client.emit('ping')
      client.flush().then(() => client.close()).then(() => writeSync(1, result))
    `
    const done = await runNode(script, {
      home,
      env: { [name]: value },
      prefix: [
        'strace',
        '-f',
        '-qq',
        '-o',
        trace,
        '-e',
        'trace=%file,%network,%process,write,pwrite64,ftruncate,fallocate',
      ],
    })
    expect(done).toMatchObject({ code: 0, out: 'begindisabled', err: '' })
    expect(filesIn(home)).toEqual([])
    const calls = readFileSync(trace, 'utf8')
    const ours = calls
      .slice(calls.indexOf('"begin"'), calls.indexOf('"disabled"'))
      .split('\n')
      .slice(1, -1)
    expect(ours.filter(acts)).toEqual([])
  })

  test('an opt-out in the file: nothing is written', async () => {
    const home = temporaryDirectory()
    mkdirSync(path.join(home, '.acme'))
    const file = path.join(home, '.acme', 'telemetry.json')
    writeFileSync(file, '{"enabled": false}')
    expect(await runNode(emitTen, { home })).toMatchObject({ code: 0, err: '' })
    expect(readFileSync(file, 'utf8')).toBe('{"enabled": false}')
    expect(filesIn(home)).toEqual(['.acme/telemetry.json'])
  })
})

describe('worker threads', () => {
  test('each has clients of its own, in one spool', async () => {
    const home = temporaryDirectory()
    const script = `
      const { Worker } = require('node:worker_threads')
      const source = process.execArgv[1]
      if (require('node:worker_threads').isMainThread) {
        ${emitTen}
        const code = ${JSON.stringify(emitTen)}
        for (let i = 0; i < 4; ++i) new Worker(source.slice(0, source.indexOf('const { Worker }')) + code, { eval: true })
      }
    `
    expect(await runNode(script, { home })).toMatchObject({
      code: 0,
      err: 'Acme collects usage data.\n',
    })
    expect(await ledgerOf(home)).toMatchObject({ captured: 50, pending: 50, dropped: {} })
  })

  test.each([
    ['emitting', "client.emit('sample', { count: 1 })"],
    ['emitting nonsense', "client.emit('sample', { count: 'x' })"],
    ['encoding', "client.encode('ping')"],
    ['asking for the status', 'client.status()'],
    ['opening', "open().emit('ping')"],
    ['flushing', "client.emit('ping'); client.flush({ timeoutMs: 1e6 }); client.close()"],
    ['choosing', 'client.enable(); client.stats()'],
  ])('may be ended in the middle of %s', async (_, busy) => {
    const server = await startServer({ answer: () => {} })
    const home = temporaryDirectory()
    const script = `
      const { Worker } = require('node:worker_threads')
      const code = process.execArgv[1].split('const { Worker }')[0] + \`
        const { parentPort } = require('node:worker_threads')
        const client = open({ delivery: 'manual' })
        parentPort.postMessage(0)
        for (let i = 0; i < 3000; ++i) { ${busy} }
      \`
      let left = 60
      const next = () => {
        if (left-- <= 0) return
        const worker = new Worker(code, { eval: true })
        worker.on('message', () => setTimeout(() => worker.terminate(), left % 5))
        worker.on('exit', next)
      }
      next()
      next()
    `
    const done = await runNode(script, { home, env: { ACME_TELEMETRY_ENDPOINT: server.url } })
    expect(done).toMatchObject({ code: 0, signal: null })
    const { captured, delivered, pending, dropped } = await ledgerOf(home)
    const lost = Object.values(dropped).reduce((sum, count) => sum + count, 0)
    expect(captured).toBe(delivered + pending + lost)
  })

  test('are not waited for when they dropped the client whose flush is under way', async () => {
    const server = await startServer({ answer: () => {} })
    const home = temporaryDirectory()
    const script = `
      const { Worker } = require('node:worker_threads')
      new Worker(process.execArgv[2].split('const { Worker }')[0] + \`
        open({ delivery: 'manual' }).emit('ping')
        void (() => { open({ delivery: 'manual' }).flush({ timeoutMs: 1e8 }) })()
        const { parentPort } = require('node:worker_threads')
        setTimeout(() => { gc(); setTimeout(() => { gc(); parentPort.postMessage(0) }, 20) }, 20)
      \`, { eval: true }).on('message', () => process.exit(0))
    `
    const env = { ACME_TELEMETRY_ENDPOINT: server.url }
    expect(await runNode(script, { home, env, nodeArgs: ['--expose-gc'] })).toMatchObject({
      code: 0,
    })
  })

  test('have an environment of their own, and any "off" wins there', async () => {
    const home = temporaryDirectory()
    const script = `
      const { Worker } = require('node:worker_threads')
      const code = process.execArgv[1].split('const { Worker }')[0] + \`
        const client = open()
        console.log(client.emit('ping').result, client.status().rule)
      \`
      new Worker(code, { eval: true, env: { ...process.env, DO_NOT_TRACK: '1' } })
    `
    expect(await runNode(script, { home })).toMatchObject({ out: 'disabled do_not_track\n' })
    expect(filesIn(home)).toEqual([])
  })

  test('the process may exit while they run', async () => {
    const home = temporaryDirectory()
    const script = `
      const { Worker } = require('node:worker_threads')
      const prelude = process.execArgv[1].split('const { Worker }')[0]
      const worker = new Worker(prelude + \`
        const client = open({ delivery: 'background' })
        client.emit('ping')
        require('node:worker_threads').parentPort.postMessage(0)
        setInterval(() => client.emit('ping'), 1)
      \`, { eval: true })
      worker.on('message', () => process.exit(9))
    `
    expect(await runNode(script, { home })).toMatchObject({ code: 9, signal: null })
  })
})

// With a sanitizer preloaded, the program would have two of them.
describe.skipIf(process.env.LD_PRELOAD)('a short run', () => {
  test.each([
    ['return', ''],
    ['process.exit', 'process.exit(0)'],
    ['an uncaught exception', 'throw new Error("of the host")'],
    ['close', 'client.close()'],
    ['the end of a worker', ''],
  ])('leaves its events to a detached uploader: %s', async (how, last) => {
    const server = await startServer()
    const home = temporaryDirectory()
    const script = `const client = open({ flushIntervalMs: 1000 }); client.emit('ping'); ${last}`
    const inWorker = `
      const { Worker } = require('node:worker_threads')
      new Worker(process.execArgv[1].split('const { Worker }')[0] + ${JSON.stringify(script)}, { eval: true })
    `
    const done = await runNode(how === 'the end of a worker' ? inWorker : script, {
      home,
      env: { ACME_TELEMETRY_ENDPOINT: server.url },
    })
    expect(done.signal).toBe(null)
    await expect.poll(() => server.events.length).toBe(1)
  })
})

// Beside another malloc the two are not kept apart.
test.skipIf(process.env.LD_PRELOAD)(
  'TLS by the upload part is not done by the OpenSSL inside Node',
  async () => {
    const home = temporaryDirectory()
    const log = path.join(temporaryDirectory(), 'bindings')
    const script = `${emitTen} client.flush({ timeoutMs: 1000 }).then(() => {})`
    const env = {
      ACME_TELEMETRY_ENDPOINT: 'https://127.0.0.1:9',
      LD_DEBUG: 'bindings',
      LD_DEBUG_OUTPUT: log,
      LD_BIND_NOW: '1',
    }
    expect(await runNode(script, { home, env })).toMatchObject({ code: 0 })
    const bindings = filesIn(path.dirname(log))
      .map((name) => readFileSync(path.join(path.dirname(log), name), 'latin1'))
      .join('')
    const ofCurl = bindings
      .split('\n')
      .filter((line) => /binding file \S*libcurl\S* .*`(SSL|X509|EVP)_/.test(line))
    expect(ofCurl.length).toBeGreaterThan(10)
    expect(ofCurl.filter((line) => !/ to \S*lib(ssl|crypto)\.so/.test(line))).toEqual([])
  },
)
