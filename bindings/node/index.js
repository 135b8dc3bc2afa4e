// @ts-check
// candor for Node; index.d.ts says what each part does. JavaScript's manners are here, the
// conversion of values is in pack.js, and everything else is in the core.
'use strict'

const { types } = require('node:util')
const { Names, Packer } = require('./pack.js')

/**
 * @typedef {import('./index.js').OpenOptions} OpenOptions
 * @typedef {import('./index.js').EmitOptions} EmitOptions
 * @typedef {import('./index.js').Outcome} Outcome
 * @typedef {import('./index.js').Code} Code
 * @typedef {import('./absent.js').Handle} Handle
 * @typedef {import('./absent.js').Native} Native
 * @typedef {InstanceType<typeof Packer>} Packing
 */

const platform = `${process.platform}-${process.arch}`
/** @type {Native} */
let native
try {
  native = require(`./native/${platform}/candor.node`)
} catch (error) {
  native = require('./absent.js')(platform, error)
}

const DEFAULT_FLUSH_MS = 5000

/** @type {Outcome} */
const ACCEPTED = Object.freeze({ result: 'accepted' })
/** @type {Outcome} */
const DISABLED = Object.freeze({ result: 'disabled' })
/** What Handle.emit answers for these two. */
const IS_ACCEPTED = 0
const IS_DISABLED = 1

// One packer is enough, unless a getter in an event's fields emits an event itself.
const names = new Names()
const packer = new Packer(native.limits, names)
const room = packer.bytes
let busy = false

function takePacker() {
  if (busy) return new Packer(native.limits, names)
  busy = true
  return packer
}

/** @param {Packing} taken */
function returnPacker(taken) {
  if (taken !== packer) return
  packer.use(room) // lets go of what it grew to
  busy = false
}

class RejectedError extends Error {
  /** @param {string} event @param {Code} code @param {string} field */
  constructor(event, code, field) {
    super(`${event} rejected: ${code}${field === '' ? '' : ` (${field})`}`)
    this.event = event
    this.code = code
    this.field = field
  }
}
Object.defineProperty(RejectedError.prototype, 'name', {
  value: 'RejectedError',
  configurable: true,
})

/** @param {Code} code @param {string} field @returns {Outcome} */
function rejected(code, field) {
  return Object.freeze({ result: 'rejected', code, field })
}

/**
 * What emit was told beside the fields, or the outcome of a call that told nonsense.
 * @param {any} options
 */
function readOptions(options) {
  let { timestamp, uuid, distinctId } = options
  if (types.isDate(timestamp)) timestamp = Date.prototype.getTime.call(timestamp)
  // An invalid Date has NaN.
  if (timestamp !== undefined && !Number.isInteger(timestamp))
    return rejected('wrong_type', 'timestamp')
  if (uuid !== undefined && typeof uuid !== 'string') return rejected('wrong_type', 'uuid')
  if (distinctId !== undefined && typeof distinctId !== 'string') {
    return rejected('wrong_type', 'distinct_id')
  }
  return { timestamp, uuid, distinctId }
}

/** @param {unknown} event */
function nameForMessage(event) {
  return typeof event === 'string' ? event.slice(0, 128).toWellFormed() : ''
}

class Client {
  /** @type {Handle} */
  #handle
  #strict
  /** @type {((line: string) => void) | undefined} */
  #log
  /** @type {((event: string) => void) | undefined} */
  #capture

  /**
   * @param {Handle} handle @param {boolean} strict @param {((line: string) => void) | undefined} log
   * @param {((event: string) => void) | undefined} capture
   */
  constructor(handle, strict, log, capture) {
    this.#handle = handle
    this.#strict = strict
    this.#log = log
    this.#capture = capture
    // Own properties, so that each may be taken off the client.
    this.emit = this.emit.bind(this)
    this.encode = this.encode.bind(this)
    this.#tell()
  }

  /**
   * @param {string} event @param {import('./index.js').Fields | null} [fields]
   * @param {EmitOptions | null} [options] @returns {Outcome}
   */
  emit(event, fields, options) {
    const outcome = this.#emit(event, fields, options)
    if (this.#strict && outcome.result === 'rejected') {
      throw new RejectedError(nameForMessage(event), outcome.code, outcome.field)
    }
    return outcome
  }

  /** @param {string} event @param {unknown} fields @param {unknown} options @returns {Outcome} */
  #emit(event, fields, options) {
    try {
      let told = null
      if (options !== undefined && options !== null) {
        const read = readOptions(options)
        if ('result' in read) return read
        told = read
      }
      const packed = takePacker()
      let answer
      try {
        packed.call(event, fields, told)
        answer =
          packed.bytes === room
            ? this.#handle.emit(packed.at)
            : this.#handle.emit(packed.at, packed.bytes)
      } finally {
        returnPacker(packed)
      }
      if (answer === IS_ACCEPTED) {
        if (this.#capture !== undefined) this.#deliverCaptured(this.#capture)
        return ACCEPTED
      }
      if (answer === IS_DISABLED) return DISABLED
      const outcome = this.#handle.outcome()
      this.#tell()
      return outcome
    } catch {
      // Options with a getter that throws; a stack or a memory with no room left.
      return rejected('wrong_type', '')
    }
  }

  /**
   * @param {string} event @param {import('./index.js').Fields | null} [fields]
   * @param {EmitOptions | null} [options] @returns {Buffer}
   */
  encode(event, fields, options) {
    let told = null
    if (options !== undefined && options !== null) {
      const read = readOptions(options)
      if ('result' in read) throw this.#notEncoded(event, read)
      told = read
    }
    const packed = takePacker()
    let bytes
    try {
      packed.call(event, fields, told)
      bytes = this.#handle.encode(packed.at, packed.bytes)
    } finally {
      returnPacker(packed)
    }
    if (bytes === null) throw this.#notEncoded(event, this.#handle.outcome())
    return bytes
  }

  /** @param {unknown} event @param {Outcome} outcome */
  #notEncoded(event, outcome) {
    if (outcome.result === 'rejected') {
      return new RejectedError(nameForMessage(event), outcome.code, outcome.field)
    }
    return new Error('the client has no catalog; status().problem says why')
  }

  /** @param {{ timeoutMs?: number | undefined }} [options] */
  async flush(options) {
    return this.#handle.flush(options?.timeoutMs ?? DEFAULT_FLUSH_MS)
  }

  /** @param {{ timeoutMs?: number | undefined }} [options] */
  async close(options) {
    const timeoutMs = options?.timeoutMs ?? 0
    if (timeoutMs > 0) await this.#handle.flush(timeoutMs)
    this.#handle.close()
  }

  status() {
    return this.#handle.status()
  }

  /** @returns {Promise<import('./index.js').Ledger>} */
  async stats() {
    return JSON.parse(await this.#handle.stats())
  }

  async enable() {
    return this.#handle.choose(true)
  }

  async disable() {
    return this.#handle.choose(false)
  }

  get firstRun() {
    return this.#handle.firstRun()
  }

  // The core said it while it ran; here the host's code may run.
  #tell() {
    if (this.#log === undefined) return
    for (const line of this.#handle.takeLines()) {
      try {
        this.#log(line)
      } catch {
        // The host's logger failed; it is not ours to report.
      }
    }
  }

  /** @param {(event: string) => void} capture */
  #deliverCaptured(capture) {
    for (const event of this.#handle.takeCaptured()) capture(event)
  }
}

/** @type {{ capture: (event: string) => void } | null} */
let capturing = null

/**
 * For testing.js: who takes the events of clients opened from now on; null: nobody.
 * @param {{ capture: (event: string) => void } | null} next
 */
function setCapturing(next) {
  const before = capturing
  capturing = next
  return before
}

/** @param {OpenOptions} options */
function open(options) {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('candor.open needs an object with catalog or catalogText')
  }
  const { strict: strictly = false, log, ...rest } = options
  if (log !== undefined && log !== null && typeof log !== 'function') {
    throw new TypeError("candor.open: 'log' must be a function")
  }
  const strict = Boolean(strictly) || capturing !== null
  // Without a prototype, which somebody may have put properties on.
  /** @type {Record<string, any>} */
  const given = Object.assign(Object.create(null), { runtimeVersion: process.versions.node }, rest)
  for (const [name, value] of Object.entries(given)) {
    if (typeof value?.href === 'string') given[name] = require('node:url').fileURLToPath(value)
  }
  if (typeof given.sources === 'object') {
    given.sources = Object.assign(Object.create(null), given.sources)
  }
  const handle = new native.Handle(given, room, names.bytes, {
    capture: capturing !== null,
    log: typeof log === 'function',
  })
  const client = new Client(handle, strict, log ?? undefined, capturing?.capture)
  if (strict) {
    const { problem } = handle.status()
    if (problem !== '') throw new Error(problem)
  }
  return client
}

module.exports.open = open
module.exports.Client = Client
module.exports.RejectedError = RejectedError
module.exports.version = native.version
Object.defineProperty(module.exports, 'setCapturing', { value: setCapturing })
