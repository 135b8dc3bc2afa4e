// The conformance vectors as JavaScript's values; tests/conformance/README.md describes the files.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const conformance = new URL('../conformance/', import.meta.url)

/** What a vector says and JavaScript can't: strings that no UTF-16 stands for, a name twice. */
export class Unsayable extends Error {}

/**
 * A value out of a vector's JSON, with its tagged forms. `$pairs` becomes a Map, because an object
 * moves names like "10" to its front.
 */
export function value(form) {
  if (Array.isArray(form)) return form.map(value)
  if (form === null || typeof form !== 'object') return form
  const keys = Object.keys(form)
  const tagged = keys.length === 1 ? form[keys[0]] : undefined
  switch (keys.length === 1 && keys[0]) {
    case '$float':
    case '$number':
      return Number(tagged)
    case '$int':
      return BigInt(tagged)
    case '$repeat':
      return tagged[0].repeat(tagged[1])
    case '$bytes':
      return text(Buffer.from(tagged, 'hex'))
    case '$unsupported':
      return Symbol('unsupported')
    case '$pairs':
      return pairs(tagged)
  }
  const made = {}
  for (const key of keys) {
    // Assigned to, `__proto__` would be no property.
    Object.defineProperty(made, key, { value: value(form[key]), enumerable: true })
  }
  return made
}

/** A vector's fields: an object's, or a list of pairs. */
export function fields(form) {
  return Array.isArray(form) ? pairs(form) : value(form)
}

/**
 * The files of events, each with the path of its `catalog`, the `vectors` that can be said here,
 * completed with the file's defaults, and the names of the `unsayable` others. A vector's
 * `sources` are values; its `fields` are still in the file's form.
 */
export function documents() {
  const found = []
  for (const file of readdirSync(conformance).sort()) {
    if (!file.endsWith('.json')) continue
    const document = JSON.parse(readFileSync(new URL(file, conformance), 'utf8'))
    if (document.kind !== 'events') continue
    const vectors = document.vectors.map((vector) => ({
      ...document.defaults,
      ...vector,
      sources: value({ ...document.defaults.sources, ...vector.sources }),
    }))
    found.push({
      name: file.replace('.json', ''),
      catalog: fileURLToPath(new URL(document.catalog, conformance)),
      vectors: vectors.filter(sayable),
      unsayable: vectors.filter((vector) => !sayable(vector)).map((vector) => vector.name),
    })
  }
  return found
}

function sayable(vector) {
  if (vector.skip?.includes('node')) return false
  try {
    fields(vector.fields)
    return true
  } catch (error) {
    if (error instanceof Unsayable) return false
    throw error
  }
}

function pairs(entries) {
  const made = new Map(entries.map(([key, one]) => [value(key), value(one)]))
  if (made.size < entries.length) throw new Unsayable('a name twice')
  return made
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

// Bytes that are UTF-8, but may hold lone surrogates as if they were characters.
function text(bytes) {
  const latin = bytes.toString('latin1')
  if (/\xed[\xa0-\xaf][\x80-\xbf]\xed[\xb0-\xbf][\x80-\xbf]/.test(latin)) {
    throw new Unsayable('two lone surrogates would be one character')
  }
  const parts = latin.split(/(\xed[\xa0-\xbf][\x80-\xbf])/)
  return parts.map((part, at) => (at % 2 ? surrogate(part) : wellFormed(part))).join('')
}

function surrogate(latin) {
  return String.fromCharCode(
    0xd000 | ((latin.charCodeAt(1) & 0x3f) << 6) | (latin.charCodeAt(2) & 0x3f),
  )
}

function wellFormed(latin) {
  try {
    return utf8.decode(Buffer.from(latin, 'latin1'))
  } catch {
    throw new Unsayable('bytes that are no text')
  }
}
