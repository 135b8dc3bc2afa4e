// candor/testing: events in memory, and misuse that throws.
import { readdirSync } from 'node:fs'

import { expect, test } from 'vitest'

import { candor, CATALOG, optionsFor, PACKAGE, temporaryDirectory, testing } from './support.mjs'

test('captures what a client of its own and those opened meanwhile emit', () => {
  const home = temporaryDirectory()
  const events = testing.capture({ catalogText: CATALOG })
  events.client.emit('sample', { count: 1 })
  const other = candor.open(optionsFor(home))
  other.emit('sample', { count: 2 })
  other.emit('ping')
  expect(events.names).toEqual(['sample', 'sample', 'ping'])
  expect(events.named('sample').map(({ count }) => count)).toEqual([1, 2])
  expect(events.only('ping')).toEqual({
    version: '1.2.3',
    runtime: 'node',
    nodeVersion: process.versions.node,
  })
  expect(() => events.only('sample')).toThrow('expected one sample, got 2')
  expect(() => events.only('nothing')).toThrow(
    'expected one nothing, got 0; events: sample, sample, ping',
  )
  expect([...events]).toEqual(events.all)
  expect(events.all[0]).toMatchObject({ event: 'sample', properties: { version: '0.0.0' } })
  expect(events.length).toBe(3)
  events.clear()
  expect(events.length).toBe(0)
  events.stop()
  events.stop()
  expect(readdirSync(home)).toEqual([])
})

test('an event says who it is about', () => {
  const home = temporaryDirectory()
  const events = testing.capture({ catalogText: CATALOG, projectDir: home })
  events.client.emit('ping')
  events.client.emit('ping', null, { distinctId: 'some\nbody' })
  expect(events.all.map((event) => event.sender)).toEqual(['', 'some\nbody'])
  expect(events.all[0].project).toMatch(/^[0-9a-f]{64}$/)
  expect(Object.keys(events.all[0])).toEqual(['event', 'uuid', 'timestamp', 'properties'])
  events.stop()
})

test('misuse throws', () => {
  const events = testing.capture()
  expect(() => events.client).toThrow('given no catalog')
  const client = candor.open({ catalogText: CATALOG, productVersion: '1' })
  expect(() => client.emit('sample', { count: 'x' })).toThrow('sample rejected: wrong_type (count)')
  expect(() => candor.open({ catalog: '/no/such/file' })).toThrow('/no/such/file')
  events.stop()
  expect(() => testing.capture({ catalogText: '{' })).toThrow('catalog:1:')
  expect(candor.open({ catalogText: '{' }).emit('ping')).toEqual({ result: 'disabled' })
})

test('captures are nested', () => {
  const outer = testing.capture()
  const inner = testing.capture({ catalogText: CATALOG })
  inner.client.emit('ping')
  inner.stop()
  candor.open({ catalogText: CATALOG, productVersion: '1' }).emit('ping')
  outer.stop()
  expect([inner.length, outer.length]).toEqual([1, 1])
})

test('captures may be stopped in any order', () => {
  const first = testing.capture()
  const second = testing.capture({ catalogText: CATALOG })
  first.stop()
  candor.open({ catalogText: CATALOG, productVersion: '1' }).emit('ping')
  second.stop()
  expect([first.length, second.length]).toEqual([0, 1])
  expect(candor.open({ catalogText: '{' }).emit('ping')).toEqual({ result: 'disabled' })
})

test('neither the home nor a spool is looked at', async () => {
  const events = testing.capture({ catalogText: CATALOG })
  expect(events.client.status()).toMatchObject({
    enabled: true,
    rule: 'captured',
    identityFile: '',
  })
  expect((await events.client.stats()).total).toMatchObject({ captured: 0 })
  expect((await events.client.flush()).complete).toBe(true)
  events.stop()
})

test('the ES modules, copied by a test runner, are still of the one state', async () => {
  const { open, RejectedError } = await import(/* @vite-ignore */ `${PACKAGE}/lib/index.mjs`)
  const { capture } = await import(/* @vite-ignore */ `${PACKAGE}/lib/testing.mjs`)
  const events = capture()
  const client = open({ catalogText: CATALOG, productVersion: '1' })
  client.emit('ping')
  expect(() => client.emit('nothing')).toThrow(RejectedError)
  events.stop()
  expect(events.names).toEqual(['ping'])
  expect(open).toBe(candor.open)
})

test('an opt-out of this machine changes nothing', () => {
  process.env.DO_NOT_TRACK = '1'
  const events = testing.capture({ catalogText: CATALOG })
  delete process.env.DO_NOT_TRACK
  events.client.emit('ping')
  events.stop()
  expect(events.names).toEqual(['ping'])
})
