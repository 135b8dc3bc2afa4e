// What a JavaScript value becomes: canonical bytes, or a rejection. Nothing throws into the host.
import vm from 'node:vm'

import { afterAll, beforeAll, describe, expect, test } from 'vitest'

import { candor, CATALOG, testing } from './support.mjs'

let events
beforeAll(() => {
  events = testing.capture({ catalogText: CATALOG })
})
afterAll(() => events.stop())

/** The outcome of an event: its field's value as sent, or code and field. */
function outcome(fields, options) {
  events.clear()
  try {
    events.client.emit('sample', fields, options)
    const { version, runtime, nodeVersion, ...sent } = events.only('sample')
    return sent
  } catch (error) {
    if (!(error instanceof candor.RejectedError)) throw error
    return `${error.code} ${error.field}`.trim()
  }
}

const thrower = () => {
  throw new Error('a secret')
}
const revoked = () => {
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return proxy
}
const cycle = {}
cycle.name = cycle
const cyclicList = []
cyclicList.push(cyclicList)
class Point {
  name = 'x'
}
class Text extends String {}

describe('values', () => {
  // prettier-ignore
  test.each([
    ['a boolean', { flag: true }, { flag: true }],
    ['an integral number', { count: 5 }, { count: 5 }],
    ['1.0', { count: 1.0 }, { count: 1 }],
    ['-0', { count: -0 }, { count: 0 }],
    ['a bigint', { count: 5n }, { count: 5 }],
    ['the largest safe bigint', { count: 2n ** 53n - 1n }, { count: 2 ** 53 - 1 }],
    ['a bigint beyond it', { count: 2n ** 53n }, 'out_of_range count'],
    ['a bigint of 64 bits and more', { count: 2n ** 64n }, 'out_of_range count'],
    ['a bigint beyond all doubles', { count: 10n ** 400n }, 'not_finite count'],
    ['a negative one', { ratio: -(10n ** 400n) }, 'not_finite ratio'],
    ['a bigint for a number', { ratio: 2n ** 60n }, { ratio: 2 ** 60 }],
    ['a fraction for an integer', { count: 1.5 }, 'wrong_type count'],
    ['NaN', { ratio: NaN }, 'not_finite ratio'],
    ['Infinity', { ratio: Infinity }, 'not_finite ratio'],
    ['a number for text', { text: 5 }, 'wrong_type text'],
    ['a numeral for a number', { count: '5' }, 'wrong_type count'],
    ['a boolean for a number', { count: true }, 'wrong_type count'],
    ['text', { text: 'déjà vu \u{1f600} \u0000' }, { text: 'déjà vu \u{1f600} \u0000' }],
    ['text made of parts', { text: ['a', 'é'.repeat(70), 'b'].join('') }, { text: `a${'é'.repeat(70)}b` }],
    ['text in a row of one kind', { text: 'x'.repeat(2000) }, { text: 'x'.repeat(2000) }],
    ['long text', { text: 'x'.repeat(2001) }, 'too_long text'],
    ['text longer than any event', { text: 'x'.repeat(2 ** 25) }, 'too_long text'],
    ['a high surrogate alone', { text: 'a\ud800' }, 'invalid_utf8 text'],
    ['a low surrogate alone', { text: '\udc00'.repeat(90) }, 'invalid_utf8 text'],
    ['surrogates the wrong way round', { text: '\udc00\ud800' }, 'invalid_utf8 text'],
    ['null', { text: null }, {}],
    ['undefined', { text: undefined }, {}],
    ['an array', { list: [1, 2n, 3.0] }, { list: [1, 2, 3] }],
    ['an empty array', { list: [] }, { list: [] }],
    ['an array of another realm', { list: vm.runInNewContext('[1]') }, { list: [1] }],
    ['an array with a hole', { list: [1, , 2] }, 'wrong_type list[1]'],
    ['null in an array', { list: [null] }, 'wrong_type list[0]'],
    ['an array that is too long', { list: new Array(4_000_000_000) }, 'too_many list'],
    ['a typed array', { list: new Uint8Array(2) }, 'wrong_type list'],
    ['a Set', { list: new Set([1]) }, 'wrong_type list'],
    ['an object', { map: { a: true } }, { map: { a: true } }],
    ['an object without a prototype', { map: Object.assign(Object.create(null), { a: true }) }, { map: { a: true } }],
    ['an object of another realm', { map: vm.runInNewContext('({a: true})') }, { map: { a: true } }],
    ['a Map', { map: new Map([['a', true]]) }, { map: { a: true } }],
    ['a Map of another realm', { map: vm.runInNewContext('new Map([["a", true]])') }, { map: { a: true } }],
    ['a Map whose keys are no strings', { map: new Map([[1, true]]) }, 'wrong_type map'],
    ['keys in any order', { map: { b: true, a: true, 10: true, 9: true } }, { map: { 10: true, 9: true, a: true, b: true } }],
    ['symbol keys', { map: { a: true, [Symbol('s')]: 1 } }, { map: { a: true } }],
    ['keys that are not enumerable', { map: Object.defineProperty({}, 'a', { value: true }) }, { map: {} }],
    ['inherited keys', { map: Object.create({ a: true }) }, 'wrong_type map'],
    ['a key __proto__', { map: JSON.parse('{"__proto__": true}') }, { map: JSON.parse('{"__proto__": true}') }],
    ['a prototype by that key', { map: { __proto__: { a: true } } }, 'wrong_type map'],
    ['the key constructor', { map: { constructor: true } }, { map: { constructor: true } }],
    ['a key with half a character', { map: { '\ud800': true } }, 'invalid_utf8 map[]'],
    ['an instance of a class', { inner: new Point() }, 'wrong_type inner'],
    ['a Date', { text: new Date(0) }, 'wrong_type text'],
    ['a boxed string', { text: new Text('x') }, 'wrong_type text'],
    ['a boxed number', { count: Object(5) }, 'wrong_type count'],
    ['a boxed bigint', { count: Object(5n) }, 'wrong_type count'],
    ['an object with toJSON', { text: { toJSON: () => 'x' } }, 'wrong_type text'],
    ['an object with toString', { text: { toString: () => 'x' } }, 'wrong_type text'],
    ['an Error', { inner: new Error('x') }, 'wrong_type inner'],
    ['a RegExp', { inner: /x/ }, 'wrong_type inner'],
    ['a Promise', { inner: Promise.resolve() }, 'wrong_type inner'],
    ['a function', { text: () => 'x' }, 'wrong_type text'],
    ['a symbol', { text: Symbol('x') }, 'wrong_type text'],
    ['a getter', { get count() { return 5 } }, { count: 5 }],
    ['a getter that throws', { get count() { return thrower() } }, 'wrong_type count'],
    ['one deep inside', { inner: { get name() { return thrower() } } }, 'wrong_type inner.name'],
    ['a well-behaved proxy', { inner: new Proxy({ name: 'x' }, {}) }, { inner: { name: 'x' } }],
    ['a proxy that throws for keys', { inner: new Proxy({}, { ownKeys: thrower }) }, 'wrong_type inner'],
    ['a proxy that throws for values', { inner: new Proxy({ name: 'x' }, { get: thrower }) }, 'wrong_type inner.name'],
    ['a proxy that throws for its prototype', { inner: new Proxy({}, { getPrototypeOf: thrower }) }, 'wrong_type inner'],
    ['a revoked proxy', { inner: revoked() }, 'wrong_type inner'],
    ['a proxy of an array that lies about its length', { list: new Proxy([1], { get: (t, k) => (k === 'length' ? NaN : t[k]) }) }, { list: [] }],
    ['one with less than none', { list: new Proxy([1], { get: (t, k) => (k === 'length' ? -1 : t[k]) }) }, { list: [] }],
    ['one that says it holds the world', { list: new Proxy([1], { get: (_, k) => (k === 'length' ? 2 ** 53 : 1) }) }, 'too_many list'],
    ['a cycle', { inner: cycle }, 'wrong_type inner.name'],
    ['a cycle of arrays', { list: cyclicList }, 'wrong_type list[0]'],
  ])('%s', (_, fields, expected) => {
    expect(outcome(fields)).toEqual(expected)
  })

  test('an object nested beyond any stack', () => {
    let deep = {}
    for (let i = 0; i < 200_000; ++i) deep = { name: deep }
    expect(outcome({ inner: deep })).toBe('wrong_type inner.name')
  })

  test('a map that a getter empties while it is read', () => {
    const map = new Map()
    map
      .set('a', {
        get x() {
          map.clear()
          return 1
        },
      })
      .set('b', true)
      .set('c', true)
    expect(outcome({ map })).toBe('wrong_type map[]')
    expect(outcome({ count: 1 })).toEqual({ count: 1 })
  })

  test('no element is lost silently, where absent ones take no room in the event', () => {
    const fields = {}
    for (let i = 0; i < 64; ++i) fields[`f${i}`] = { type: 'integer', optional: true }
    const catalog = JSON.parse(CATALOG)
    catalog.events.rows = {
      description: 'Rows.',
      owner: '@acme',
      purpose: 'usage',
      fields: { rows: { type: 'array', max_items: 10000, items: { type: 'object', fields } } },
    }
    const client = candor.open({ catalogText: JSON.stringify(catalog), productVersion: '1' })
    const row = Object.fromEntries(Object.keys(fields).map((name) => [name, undefined]))
    row.f63 = 1
    const told = client.encode('rows', { rows: new Array(8000).fill(row) }).toString()
    expect(told.match(/"f63":1/g)).toHaveLength(8000)
    expect(() => client.encode('rows', { rows: new Array(10000).fill(row) })).toThrow(
      'wrong_type (rows[8035])',
    )
    expect(() => client.encode('rows', { rows: new Array(10001).fill({}) })).toThrow(
      'too_many (rows)',
    )
  })

  test('more elements than an event can hold', () => {
    const list = Array.from({ length: 1000 }, () => new Array(1000).fill('x'))
    expect(outcome({ list })).toBe('too_many list')
  })

  test('more text than an event can hold', () => {
    const text = 'x'.repeat(1_000_000)
    expect(
      outcome({ map: Object.fromEntries(Array.from({ length: 100 }, (_, i) => [i, text])) }),
    ).toBe('too_long map[]')
  })
})

describe('fields', () => {
  const nobody = 'unknown_field'
  // prettier-ignore
  test.each([
    ['none', undefined, {}],
    ['null', null, {}],
    ['an empty object', {}, {}],
    ['a Map', new Map([['count', 1]]), { count: 1 }],
    ['a Map whose keys are no strings', new Map([[Symbol('x'), 1]]), nobody],
    ['an array', [], nobody],
    ['text', 'count', nobody],
    ['a number', 5, nobody],
    ['a function', () => {}, nobody],
    ['a Date', new Date(0), nobody],
    ['an instance of a class', new Point(), nobody],
    ['a proxy that throws', new Proxy({}, { ownKeys: thrower }), nobody],
    ['a revoked proxy', revoked(), nobody],
    ['a key __proto__', JSON.parse('{"__proto__": 1}'), 'unknown_field __proto__'],
    ['a prototype by that key', { __proto__: { count: 1 } }, nobody],
    ['an unknown one', { counts: 1 }, 'unknown_field counts'],
    ['a thousand', Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`f${i}`, 1])), 'unknown_field f0'],
  ])('%s', (_, fields, expected) => {
    expect(outcome(fields)).toEqual(expected)
  })

  test('names beyond those that are kept', () => {
    for (let i = 0; i < 5000; ++i) {
      expect(outcome({ [`unknown_field_${i}`]: 1 })).toBe(`unknown_field unknown_field_${i}`)
    }
    expect(outcome({ count: 1, text: 'x' })).toEqual({ count: 1, text: 'x' })
    expect(outcome({ unknown_field_4999: 1 })).toBe('unknown_field unknown_field_4999')
  })

  test('the order of the caller does not matter', () => {
    const one = events.client.encode('sample', { flag: true, count: 1, text: 'x' }, fixed)
    const other = events.client.encode('sample', { text: 'x', count: 1, flag: true }, fixed)
    expect(one.toString()).toBe(other.toString())
  })
})

const fixed = { timestamp: 0, uuid: '019b7d7a-f12e-7000-8000-0123456789ab' }

describe('events and options', () => {
  // prettier-ignore
  test.each([
    ['a Date', { timestamp: new Date(5) }, '1970-01-01T00:00:00.005Z'],
    ['milliseconds', { timestamp: 5 }, '1970-01-01T00:00:00.005Z'],
    ['a Date of another realm', { timestamp: vm.runInNewContext('new Date(5)') }, '1970-01-01T00:00:00.005Z'],
  ])('timestamp: %s', (_, options, expected) => {
    expect(JSON.parse(events.client.encode('ping', {}, options)).timestamp).toBe(expected)
  })

  // prettier-ignore
  test.each([
    ['an invalid Date', { timestamp: new Date(NaN) }, 'wrong_type timestamp'],
    ['text', { timestamp: '2026-01-01' }, 'wrong_type timestamp'],
    ['a bigint', { timestamp: 5n }, 'wrong_type timestamp'],
    ['parts of a millisecond', { timestamp: 5.9 }, 'wrong_type timestamp'],
    ['Infinity', { timestamp: Infinity }, 'wrong_type timestamp'],
    ['beyond 64 bits', { timestamp: -1e300 }, 'out_of_range timestamp'],
    ['before 1970', { timestamp: -1 }, 'out_of_range timestamp'],
    ['after 9999', { timestamp: 253402300800000 }, 'out_of_range timestamp'],
    ['a uuid that is none', { uuid: 'x' }, 'bad_pattern uuid'],
    ['a number for a uuid', { uuid: 5 }, 'wrong_type uuid'],
    ['a number for a sender', { distinctId: 5 }, 'wrong_type distinct_id'],
    ['a getter that throws', { get uuid() { return thrower() } }, 'wrong_type options'],
    ['a revoked proxy', revoked(), 'wrong_type options'],
    ['null', null, {}],
    ['a number', 5, {}],
  ])('%s', (_, options, expected) => {
    expect(outcome({}, options)).toEqual(expected)
  })

  test.each([
    [undefined],
    [null],
    [5],
    [Symbol('x')],
    [{}],
    ['no_such_event'],
    ['\ud800'],
    ['x'.repeat(2 ** 22)],
  ])('an event that is none: %o', (event) => {
    expect(() => events.client.emit(event)).toThrow(
      expect.objectContaining({ code: 'unknown_event', field: '' }),
    )
  })

  test('a getter that emits an event itself', () => {
    events.clear()
    const inner = {
      get count() {
        events.client.emit('sample', { text: 'inner', count: 2 })
        return 3
      },
    }
    events.client.emit('sample', {
      text: 'outer',
      get count() {
        events.client.emit('sample', inner)
        events.client.emit('sample', { text: 'x'.repeat(2000), list: new Array(100).fill(1) })
        return 1
      },
    })
    expect(events.named('sample').map((sent) => sent.count ?? sent.text.length)).toEqual([
      2, 3, 2000, 1,
    ])
    expect(events.named('sample').at(-1).text).toBe('outer')
  })
})
