// The package as its users get it: what is in the tarball, how it is loaded, and its types.
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'

import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'

import {
  candor,
  CATALOG,
  cleanEnvironment,
  PACKAGE,
  ROOT,
  temporaryDirectory,
  testing,
} from './support.mjs'

const source = path.join(ROOT, 'bindings', 'node')
const build = path.resolve(PACKAGE, '..', '..')
const native = `native/${process.platform}-${process.arch}`

let work
let packed
let consumer
beforeAll(() => {
  work = mkdtempSync(path.join(os.tmpdir(), 'candor-package-'))
  // What `npm pack` starts from in a checkout, with this build's native part.
  const tree = path.join(work, 'tree')
  cpSync(source, tree, {
    recursive: true,
    filter: (file) => !/node_modules|\/native(\/|$)/.test(file.slice(source.length)),
  })
  // Built already; and an older npm runs it although it is told not to.
  const manifest = JSON.parse(readFileSync(path.join(tree, 'package.json'), 'utf8'))
  delete manifest.scripts.prepare
  writeFileSync(path.join(tree, 'package.json'), JSON.stringify(manifest))
  run('cmake', ['--install', build, '--component', 'node', '--prefix', tree, '--strip'])
  packed = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', work], tree),
  )[0]

  consumer = path.join(work, 'consumer')
  mkdirSync(consumer)
  writeFileSync(path.join(consumer, 'package.json'), '{"private": true}')
  writeFileSync(path.join(consumer, 'acme.telemetry.jsonc'), CATALOG)
  const tarball = path.join(work, packed.filename)
  run('npm', ['install', '--offline', '--no-audit', '--no-fund', '--ignore-scripts', tarball])
  for (const name of ['sample.mts', 'sample.cts'])
    cpSync(path.join(import.meta.dirname, name), path.join(consumer, name))
})
afterAll(() => rmSync(work, { recursive: true, force: true }))

function run(command, args, cwd = consumer) {
  return execFileSync(command, args, {
    cwd,
    encoding: 'utf8',
    env: { ...cleanEnvironment(work), PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

function tsc(...args) {
  const program = path.join(import.meta.dirname, 'node_modules', '.bin', 'tsc')
  const types = path.join(import.meta.dirname, 'node_modules', '@types')
  const options = [
    '--strict',
    '--exactOptionalPropertyTypes',
    '--noUncheckedIndexedAccess',
    '--target',
    'es2024',
    '--module',
    'nodenext',
    '--typeRoots',
    types,
    '--types',
    'node',
  ]
  const { status, stdout, stderr } = spawnSync(program, [...options, ...args], {
    cwd: consumer,
    encoding: 'utf8',
  })
  return { status, said: stdout + stderr }
}

test('the tarball holds what a user needs, and nothing else', () => {
  expect(packed.files.map((file) => file.path).sort()).toEqual(
    [
      'LICENSE',
      'README.md',
      'lib/absent.js',
      'bin/candor.js',
      'lib/flusher.js',
      'types/index.d.mts',
      'types/index.d.ts',
      'lib/index.js',
      'lib/index.mjs',
      `${native}/candor`,
      `${native}/candor.node`,
      `${native}/libcandor-upload.so`,
      'lib/pack.js',
      'package.json',
      'types/testing.d.mts',
      'types/testing.d.ts',
      'lib/testing.js',
      'lib/testing.mjs',
    ].sort(),
  )
})

test('its version is the core’s', () => {
  const header = readFileSync(path.join(ROOT, 'core/include/candor/version.h'), 'utf8')
  expect(packed.version).toBe(/"([\d.]+)"/.exec(header)[1])
  expect(candor.version).toBe(packed.version)
})

test('the addon needs nothing but the C and C++ libraries, and shows nothing but its entry', () => {
  const addon = path.join(consumer, 'node_modules/candor', native, 'candor.node')
  expect(run('ldd', [addon])).not.toMatch(/curl|ssl|crypto|candor-upload|not found/)
  const defined = run('nm', ['--dynamic', '--defined-only', addon])
    .trim()
    .split('\n')
    .map((line) => line.split(' ').at(-1))
  expect(defined.sort()).toEqual(['napi_register_module_v1', 'node_api_module_get_api_version_v1'])
  // Of Node it asks for Node-API alone, which is the same in every version.
  const wanted = run('nm', ['--dynamic', '--undefined-only', '--demangle', addon])
  expect(wanted).toMatch(/napi_create_threadsafe_function/)
  expect(wanted).not.toMatch(/\b(v8|node|uv)(::|_)(?!api_)/)
})

describe('loading', () => {
  test.each([
    [
      'CommonJS',
      '--input-type=commonjs',
      "const candor = require('candor'); const { capture } = require('candor/testing')",
    ],
    [
      'an ES module, default',
      '--input-type=module',
      "import candor from 'candor'; import { capture } from 'candor/testing'",
    ],
    [
      'an ES module, names',
      '--input-type=module',
      "import { open, version, Client, RejectedError } from 'candor'; import { capture } from 'candor/testing'; const candor = { open, version, Client, RejectedError }",
    ],
  ])('%s', (_, type, head) => {
    const script = `${head}
      const events = capture({ catalog: 'acme.telemetry.jsonc' })
      console.log(candor.version, events.client.emit('ping').result, events.client instanceof candor.Client)`
    expect(run('node', [type, '-e', script])).toBe(`${packed.version} accepted true\n`)
  })

  test('ES and CommonJS modules share one state', () => {
    const script = `import { capture } from 'candor/testing'; import { createRequire } from 'node:module'
      const events = capture()
      createRequire(process.cwd() + '/')('candor').open({ catalog: 'acme.telemetry.jsonc', productVersion: '1' }).emit('ping')
      console.log(events.names)`
    expect(run('node', ['--input-type=module', '-e', script])).toBe("[ 'ping' ]\n")
  })

  test('the uploader and the program are found', () => {
    const script = `const client = require('candor').open({ catalog: 'acme.telemetry.jsonc', productVersion: '1', home: '${work}/h', delivery: 'manual' })
      client.emit('ping')
      client.flush({ timeoutMs: 2000 }).then(({ complete }) => console.log(complete, /libcandor-upload/.test(require('fs').readFileSync('/proc/self/maps'))))`
    expect(run('node', ['-e', script])).toBe('false true\n')
    expect(run('npx', ['--offline', 'candor', '--version'])).toContain(packed.version)
    const wrong = spawnSync('npx', ['--offline', 'candor', 'check', 'no-such-file'], {
      cwd: consumer,
    })
    expect(wrong.status).not.toBe(0)
  })

  test('the command ends as the program does, and with it', async () => {
    const launcher = path.join(consumer, 'node_modules/.bin/candor')
    expect(spawnSync(launcher, ['check', 'no-such-file'], { cwd: consumer }).status).toBe(1)
    expect(spawnSync(launcher, ['no-such-command'], { cwd: consumer }).status).toBe(2)
    const piped = spawnSync('bash', ['-c', `'${launcher}' --help | head -1`], { encoding: 'utf8' })
    expect(piped.stdout).toContain('candor')
    // A program that waits for its input, and is ended from outside.
    const options = ['--catalog', 'acme.telemetry.jsonc', 'emit', '-', '--dry-run']
    const stdio = ['pipe', 'pipe', 'inherit']
    const waiting = spawn(launcher, options, { cwd: consumer, stdio })
    const children = `/proc/${waiting.pid}/task/${waiting.pid}/children`
    await expect.poll(() => readFileSync(children, 'utf8')).not.toBe('')
    waiting.kill('SIGTERM')
    expect(await once(waiting, 'exit')).toEqual([128 + 15, null])
  })

  test('where there is no native part, clients are off and say why', () => {
    const bare = temporaryDirectory()
    cpSync(path.join(consumer, 'node_modules/candor'), path.join(bare, 'candor'), {
      recursive: true,
    })
    rmSync(path.join(bare, 'candor/native'), { recursive: true })
    const script = `const candor = require('./candor')
      const client = candor.open({ catalog: 'x', log: console.log })
      console.log(client.emit('ping', { a: 1 }).result, client.status().rule, client.firstRun, candor.version)
      Promise.all([client.flush(), client.stats(), client.enable(), client.disable(), client.close()]).then((all) => console.log(all[0].complete, all[1].total.captured, all[2].enabled))
      try { client.encode('ping') } catch (error) { console.log(error.message) }`
    const said = run('node', ['-e', script], bare)
    expect(said).toContain(
      `candor: telemetry is off: candor has no native part that runs on ${process.platform}-${process.arch}`,
    )
    expect(said).toContain(`disabled build_switch false ${packed.version}`)
    expect(said).toContain('no catalog')
    expect(said).toContain('true 0 false')
  })
})

describe('types', () => {
  test('the samples compile with --strict, and do what they say', () => {
    expect(tsc('sample.mts', 'sample.cts')).toEqual({ status: 0, said: '' })
    const lines = run('node', ['sample.mjs']).trim().split('\n')
    expect(lines[0]).toMatch(/^wrong_type count/)
    expect(lines[1]).toMatch(/^accepted true true false 4 false/)
    expect(run('node', ['sample.cjs'])).toBe(`accepted true ${packed.version}\n`)
  })

  test('a project without the types of Node can use them', () => {
    writeFileSync(
      path.join(consumer, 'plain.cts'),
      "import candor = require('candor')\nexport const opened = candor.open({ catalog: 'x' })\n",
    )
    const program = path.join(import.meta.dirname, 'node_modules', '.bin', 'tsc')
    const done = spawnSync(
      program,
      [
        '--strict',
        '--noEmit',
        '--types',
        '',
        '--lib',
        'es2022',
        '--module',
        'nodenext',
        'plain.cts',
      ],
      { cwd: consumer, encoding: 'utf8' },
    )
    expect(done.stdout).toBe('')
  })

  test('the code is what the declarations say', () => {
    const options = ['--allowJs', '--checkJs', '--noEmit']
    const files = ['absent.js', 'index.js', 'pack.js', 'testing.js'].map((name) =>
      path.join(source, 'lib', name),
    )
    expect(tsc(...options, ...files)).toEqual({ status: 0, said: '' })
  })

  // A type that has a key which the value lacks, or lacks one that it has, does not compile.
  test('the declarations name what is there, and no more', async () => {
    const home = temporaryDirectory()
    const client = candor.open({
      catalogText: CATALOG,
      home,
      delivery: 'manual',
      productVersion: '1',
    })
    const members = (object) =>
      [
        ...new Set([
          ...Object.keys(object),
          ...Object.getOwnPropertyNames(Object.getPrototypeOf(object)),
        ]),
      ].filter((name) => name !== 'constructor')
    const events = testing.capture({ catalogText: CATALOG })
    const rejection = new candor.RejectedError('a', 'too_long', 'b')
    const shapes = {
      'typeof import("candor")': Object.keys(candor),
      'typeof import("candor/testing")': Object.keys(testing),
      'import("candor").Client': members(client),
      'import("candor").Status': Object.keys(client.status()),
      'import("candor").Ledger': Object.keys(await client.stats()),
      'import("candor").Counts': Object.keys((await client.stats()).total),
      'import("candor").Accepted': Object.keys(client.emit('ping', {}, { uuid: true })),
      'import("candor").Rejected': Object.keys(client.emit('nothing')),
      'Omit<import("candor").RejectedError, keyof Error> & { name: 1 }': [
        ...Object.keys(rejection),
        'name',
      ],
      'Omit<import("candor/testing").Events, symbol>': members(events),
      'import("candor/testing").CapturedEvent':
        (events.client.emit('ping'), Object.getOwnPropertyNames(events.all[0])),
    }
    events.stop()
    await client.close()
    const code = Object.entries(shapes).map(([type, names], at) => {
      const keys = names.filter((name) => typeof name === 'string').map((name) => `${name}: true`)
      return `export const _${at}: Record<Extract<keyof (${type}), string>, true> = { ${keys.join(', ')} }`
    })
    writeFileSync(path.join(consumer, 'shapes.cts'), code.join('\n'))
    expect(tsc('--noEmit', 'shapes.cts')).toEqual({ status: 0, said: '' })
  })

  test('the declarations name all codes and reasons', () => {
    const header = readFileSync(path.join(ROOT, 'core/include/candor/outcome.h'), 'utf8')
    const declared = readFileSync(path.join(source, 'types', 'index.d.ts'), 'utf8')
    const union = (name) =>
      [
        ...new RegExp(`export type ${name} =([^;]*?)\n\n`).exec(declared)[1].matchAll(/'(\w+)'/g),
      ].map((m) => m[1])
    const values = (name) =>
      [...new RegExp(`enum class ${name} [^}]*`).exec(header)[0].matchAll(/^ {2}(\w+) = /gm)]
        .map((m) => m[1])
        .filter((value) => value !== 'none')
    expect(union('Code')).toEqual(values('Code'))
    expect(union('Reason')).toEqual(values('Reason'))
  })
})

// What the documentation tells a user of a clone to do.
describe('npm install of the folder in a clean checkout', () => {
  let user
  beforeAll(() => {
    user = mkdtempSync(path.join(os.tmpdir(), 'candor-checkout-'))
    const clone = path.join(user, 'clone')
    const files = execFileSync('git', ['-C', ROOT, 'ls-files', '-z'], { encoding: 'utf8' })
    for (const file of files.split('\0').filter(Boolean))
      cpSync(path.join(ROOT, file), path.join(clone, file), { verbatimSymlinks: true })
    writeFileSync(path.join(user, 'package.json'), '{"private": true}')
    // Compiles the core. npm downloads packages in the way that this machine is set up for.
    execFileSync('npm', ['install', '--no-audit', '--no-fund', path.join(clone, 'bindings/node')], {
      cwd: user,
      env: inject('machineEnvironment'),
      stdio: 'pipe',
    })
  })
  afterAll(() => rmSync(user, { recursive: true, force: true }))

  test('builds what is missing', () => {
    const env = cleanEnvironment(user)
    const run = (...command) =>
      execFileSync(command[0], command.slice(1), { cwd: user, env, encoding: 'utf8' })
    const script = "console.log(require('candor').open({ catalogText: '{' }).status().problem)"
    expect(run('node', '-e', script)).toContain('catalog:1:2: error:')
    expect(run('npx', '--offline', 'candor', '--version')).toContain(candor.version)
  })
})
