// The conformance vectors through Node: the same bytes, or the same code and field.
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'

import { describe, expect, test } from 'vitest'

import { candor } from './support.mjs'
import { documents, fields, value } from './vectors.mjs'

const clients = new Map()

/** One client for all vectors that agree on the envelope. Emits nothing, so that no home is used. */
function clientFor(catalog, runtime, sources) {
  const key = JSON.stringify([catalog, runtime, sources])
  if (!clients.has(key)) {
    clients.set(
      key,
      candor.open({ catalog, runtime, sources, home: '/nowhere', delivery: 'manual' }),
    )
  }
  return clients.get(key)
}

function verdict(client, vector) {
  try {
    const options = { timestamp: vector.timestamp_ms, uuid: vector.uuid }
    return { bytes: client.encode(value(vector.event), fields(vector.fields), options) }
  } catch (error) {
    if (!(error instanceof candor.RejectedError)) throw error
    return { code: error.code, field: error.field }
  }
}

for (const { name, catalog, vectors, unsayable } of documents()) {
  describe(name, () => {
    test.each(vectors)('$name', (vector) => {
      const { bytes, ...rejection } = verdict(
        clientFor(catalog, vector.runtime, vector.sources),
        vector,
      )
      if (vector.expect.code) {
        expect(rejection).toEqual(vector.expect)
      } else if (vector.expect.bytes !== undefined) {
        expect(bytes?.toString()).toBe(vector.expect.bytes)
      } else {
        expect(bytes?.length).toBe(vector.expect.size)
        expect(createHash('sha256').update(bytes).digest('hex')).toBe(vector.expect.sha256)
      }
    })

    test('nearly all can be said in JavaScript', () => {
      expect(unsayable.length).toBeLessThan(Math.max(1, vectors.length) / 3)
    })
  })
}

const corpus = JSON.parse(
  readFileSync(new URL('../conformance/redact_corpus.json', import.meta.url), 'utf8'),
)

test.each(['texts', 'literals'])('the corpus of secrets and innocent texts: %s', (part) => {
  const client = candor.open({
    catalogText: JSON.stringify(corpus.catalog),
    home: '/nowhere',
    delivery: 'manual',
    secrets: part === 'literals' ? corpus.secrets : undefined,
  })
  for (const { name, text, expect: expected = text } of corpus[part]) {
    const { properties } = JSON.parse(Buffer.from(client.encode('said', { text })).toString())
    expect({ name, text: properties.text }).toEqual({ name, text: expected })
  }
})
