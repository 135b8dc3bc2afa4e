// @ts-check
// Events in memory, and misuse that throws; testing.d.ts says how.
'use strict'

const candor = require('./index.js')

/** @typedef {import('../types/testing.js').CapturedEvent} CapturedEvent */

/** @type {((event: string) => void)[]} */
const captures = /** @type {any} */ (candor).captures

class Events {
  /** @type {string[]} */
  #received = []
  /** @type {import('../types/index.js').Client | null} */
  #client = null
  #capture = (/** @type {string} */ captured) => void this.#received.push(captured)

  /** @param {import('../types/index.js').OpenOptions} [options] */
  constructor(options) {
    captures.push(this.#capture)
    if (options === undefined) return
    try {
      this.#client = candor.open({ productVersion: '0.0.0', ...options })
    } catch (error) {
      this.stop()
      throw error
    }
  }

  get client() {
    if (this.#client === null) throw new Error('capture() was given no catalog')
    return this.#client
  }

  /** @returns {CapturedEvent[]} */
  get all() {
    return this.#received.map(eventOf)
  }

  get names() {
    return this.all.map((event) => event.event)
  }

  get length() {
    return this.#received.length
  }

  /** @param {string} name */
  named(name) {
    return this.all.filter((event) => event.event === name).map((event) => event.properties)
  }

  /** @param {string} name */
  only(name) {
    const [found, ...more] = this.named(name)
    if (found === undefined || more.length > 0) {
      const count = found === undefined ? 0 : 1 + more.length
      const all = this.names.join(', ') || 'none'
      throw new Error(`expected one ${name}, got ${count}; events: ${all}`)
    }
    return found
  }

  clear() {
    this.#received.length = 0
  }

  stop() {
    const at = captures.indexOf(this.#capture)
    if (at < 0) return
    captures.splice(at, 1)
    void this.#client?.close()
  }

  [Symbol.iterator]() {
    return this.all[Symbol.iterator]()
  }
}

/**
 * The project, the event and the sender, a line each, but that the last may hold line ends itself.
 * Not enumerable: what is compared with an event compares what is sent as one.
 * @param {string} captured @returns {CapturedEvent}
 */
function eventOf(captured) {
  const first = captured.indexOf('\n')
  const second = captured.indexOf('\n', first + 1)
  return Object.defineProperties(JSON.parse(captured.slice(first + 1, second)), {
    sender: { value: captured.slice(second + 1) },
    project: { value: captured.slice(0, first) },
  })
}

/** @param {import('../types/index.js').OpenOptions} [options] */
function capture(options) {
  return new Events(options)
}

module.exports.capture = capture
