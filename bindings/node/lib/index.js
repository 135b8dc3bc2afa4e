// @ts-check
// candor for Node; index.d.ts says what each part does. JavaScript's manners are here, the
// conversion of values is in pack.js, and everything else is in the core.
'use strict'

const { types } = require('node:util')
const { Names, Packer } = require('./pack.js')

/**
 * @typedef {import('../types/index.js').OpenOptions} OpenOptions
 * @typedef {import('../types/index.js').Outcome} Outcome
 * @typedef {import('../types/index.js').Code} Code
 * @typedef {import('../types/index.js').FlushResult} FlushResult
 * @typedef {import('./absent.js').Handle} Handle
 * @typedef {import('./absent.js').Native} Native
 * @typedef {import('./pack.js').Told} Told
 * @typedef {InstanceType<typeof Packer>} Packing
 * @typedef {InstanceType<typeof import('./flusher.js').Flusher>} Flushing
 * @typedef {{ timeoutMs?: number | undefined }} Waiting
 */

const platform = `${process.platform}-${process.arch}`
/** @type {Native} */
let native
try {
  native = require(`../native/${platform}/candor.node`)
} catch (error) {
  native = require('./absent.js')(platform, error)
}

const DEFAULT_FLUSH_MS = 5000
const PATHS = ['catalog', 'home', 'projectDir', 'policyFile', 'uploadLibrary', 'uploaderProgram']

/** @type {Outcome} */
const ACCEPTED = Object.freeze({ result: 'accepted' })
/** @type {Outcome} */
const DISABLED = Object.freeze({ result: 'disabled' })
/** What Handle.emit answers for these two. */
const IS_ACCEPTED = 0
const IS_DISABLED = 1

// One is enough, unless a getter in an event's fields emits an event itself.
const names = new Names()
const first = new Packer(native.limits, names)
const room = first.bytes
const idle = [first]

/** @param {Packing} packer */
function returnPacker(packer) {
  if (packer !== first || packer.bytes !== room) packer.shrink()
  // More than one only after a nested emit.
  if (packer === first || idle.length === 0) idle.push(packer)
}

class RejectedError extends Error {
  /** @param {unknown} event @param {Code} code @param {string} field */
  constructor(event, code, field) {
    const name = typeof event === 'string' ? event.slice(0, 128).toWellFormed() : ''
    super(`${name} rejected: ${code}${field === '' ? '' : ` (${field})`}`)
    this.event = name
    this.code = code
    this.field = field
  }
}
Object.defineProperty(RejectedError.prototype, 'name', {
  value: 'RejectedError',
  configurable: true,
})

/**
 * What a call says beside the fields.
 * @param {any} options @returns {Told | null}
 */
function readOptions(options) {
  if (options === undefined || options === null) return null
  try {
    let { timestamp, uuid, distinctId, projectDir, projectId } = options
    if (types.isDate(timestamp)) timestamp = Date.prototype.getTime.call(timestamp)
    // An invalid Date has NaN.
    if (timestamp !== undefined && !Number.isInteger(timestamp)) return { wrongType: 'timestamp' }
    const returnUuid = uuid === true
    if (returnUuid) uuid = undefined
    if (uuid !== undefined && typeof uuid !== 'string') return { wrongType: 'uuid' }
    if (distinctId !== undefined && typeof distinctId !== 'string') {
      return { wrongType: 'distinct_id' }
    }
    if (projectDir !== undefined) projectDir = pathOf(projectDir)
    if (projectDir !== undefined && typeof projectDir !== 'string') {
      return { wrongType: 'project_dir' }
    }
    if (projectId !== undefined && typeof projectId !== 'string') return { wrongType: 'project_id' }
    return { timestamp, uuid, distinctId, projectDir, projectId, returnUuid }
  } catch {
    return { wrongType: 'options' } // a getter or a proxy threw
  }
}

/**
 * A path for a URL; what is no URL as it is.
 * @param {any} path
 */
function pathOf(path) {
  const { href } = path ?? {}
  return typeof href === 'string' ? require('node:url').fileURLToPath(href) : path
}

/** @param {Waiting | undefined} options @param {number} otherwise */
function timeoutOf(options, otherwise) {
  const timeoutMs = options?.timeoutMs
  return typeof timeoutMs === 'number' ? timeoutMs : otherwise
}

class Client {
  /** @type {Handle} */
  #handle
  #strict
  /** @type {((line: string) => unknown) | undefined} */
  #log
  /** @type {((event: string) => void) | undefined} */
  #capture
  /** @type {Flushing | undefined} */
  #flusher

  /**
   * @param {Handle} handle @param {boolean} strict
   * @param {((line: string) => unknown) | undefined} log
   * @param {((event: string) => void) | undefined} capture
   */
  constructor(handle, strict, log, capture) {
    if (!(handle instanceof native.Handle)) throw new TypeError('use candor.open to make a client')
    this.#handle = handle
    this.#strict = strict
    this.#log = log
    this.#capture = capture
    // Own properties, so that each may be taken off the client.
    this.emit = this.emit.bind(this)
    this.encode = this.encode.bind(this)
    this.flush = this.flush.bind(this)
    this.close = this.close.bind(this)
    this.status = this.status.bind(this)
    this.stats = this.stats.bind(this)
    this.enable = this.enable.bind(this)
    this.disable = this.disable.bind(this)
    this.projectId = this.projectId.bind(this)
    this.#tell()
  }

  /** @param {string} event @param {unknown} [fields] @param {unknown} [options] @returns {Outcome} */
  emit(event, fields, options) {
    const outcome = this.#emit(event, fields, options)
    if (this.#strict && outcome.result === 'rejected') {
      throw new RejectedError(event, outcome.code, outcome.field)
    }
    return outcome
  }

  /** @param {string} event @param {unknown} fields @param {unknown} options @returns {Outcome} */
  #emit(event, fields, options) {
    try {
      const packer = idle.pop() ?? new Packer(native.limits, names)
      packer.call(event, fields, options === undefined ? null : readOptions(options))
      const answer =
        packer.bytes === room
          ? this.#handle.emit(packer.at)
          : this.#handle.emit(packer.at, packer.bytes)
      if (answer === IS_ACCEPTED && packer.fresh.length !== 0) packer.learn()
      returnPacker(packer)
      if (answer === IS_ACCEPTED) {
        if (this.#capture !== undefined) this.#deliverCaptured(this.#capture)
        return ACCEPTED
      }
      // Neither a number nor anything else where this thread is being terminated.
      if (answer === IS_DISABLED || answer === undefined) return DISABLED
      const outcome = this.#handle.outcome()
      // Accepted, and carries the uuid that was asked for.
      if (outcome.result === 'accepted' && this.#capture !== undefined) {
        this.#deliverCaptured(this.#capture)
      }
      this.#tell()
      return outcome
    } catch {
      // A stack or a memory with no room left. The packer that was in use is not used again.
      return Object.freeze({ result: 'rejected', code: 'too_large', field: '' })
    }
  }

  /** @param {string} event @param {unknown} [fields] @param {unknown} [options] @returns {Buffer} */
  encode(event, fields, options) {
    const packer = idle.pop() ?? new Packer(native.limits, names)
    packer.call(event, fields, readOptions(options))
    const bytes = this.#handle.encode(packer.at, packer.bytes)
    returnPacker(packer)
    if (bytes !== null) return bytes
    const outcome = this.#handle.outcome()
    if (outcome.result === 'rejected') throw new RejectedError(event, outcome.code, outcome.field)
    throw new Error('the client has no catalog; status().problem says why')
  }

  /** @param {Waiting} [options] @returns {Promise<FlushResult>} */
  async flush(options) {
    // Loaded here, because most programs never flush.
    this.#flusher ??= new (require('./flusher.js').Flusher)(
      (ms) => this.#handle.flush(ms),
      async () => (await this.stats()).total.pending,
    )
    const result = await this.#flusher.flush(timeoutOf(options, DEFAULT_FLUSH_MS))
    this.#tell()
    return result
  }

  /** @param {Waiting} [options] */
  async close(options) {
    const timeoutMs = timeoutOf(options, 0)
    if (timeoutMs > 0) await this.flush({ timeoutMs })
    this.#handle.close()
  }

  status() {
    return this.#handle.status()
  }

  /** @returns {Promise<import('../types/index.js').Ledger>} */
  async stats() {
    return this.#handle.stats()
  }

  async enable() {
    return this.#handle.choose(true)
  }

  async disable() {
    return this.#handle.choose(false)
  }

  /** @param {string | import('../types/index.js').FileUrl} directory */
  projectId(directory) {
    const path = pathOf(directory)
    if (typeof path !== 'string') throw new TypeError('the directory must be a string or a URL')
    return this.#handle.projectId(path)
  }

  get firstRun() {
    return this.#handle.firstRun()
  }

  // The core said it while it ran; here the host's code may run.
  #tell() {
    if (this.#log === undefined) return
    for (const line of this.#handle.takeLines()) {
      try {
        const said = this.#log(line)
        if (types.isPromise(said)) said.catch(() => {})
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

/**
 * Who takes the events of clients opened from now on: the last one, when there is any. Not in
 * index.d.ts, for it is testing.js's alone.
 * @type {((event: string) => void)[]}
 */
const captures = []

/** @param {OpenOptions} options */
function open(options) {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('candor.open needs an object with catalog or catalogText')
  }
  const { strict: strictly, log, ...rest } = options
  if (log !== undefined && log !== null && typeof log !== 'function') {
    throw new TypeError("candor.open: 'log' must be a function")
  }
  const capture = captures.at(-1)
  const strict = Boolean(strictly) || capture !== undefined
  const hear = { capture: capture !== undefined, log: typeof log === 'function' }
  const handle = new native.Handle(plain(rest), process.env, room, names.bytes, hear)
  const client = new Client(handle, strict, log ?? undefined, capture)
  if (strict) {
    const { problem } = handle.status()
    if (problem !== '') throw new Error(problem)
  }
  return client
}

/**
 * The options as native code takes them: without a prototype, which somebody may have put
 * properties on, and with paths for URLs.
 * @param {OpenOptions} options
 */
function plain(options) {
  /** @type {Record<string, any>} */
  const given = Object.assign(
    Object.create(null),
    { runtimeVersion: process.versions.node },
    options,
  )
  for (const name of PATHS) {
    given[name] = pathOf(given[name])
  }
  if (typeof given.sources === 'object') {
    given.sources = Object.assign(Object.create(null), given.sources)
  }
  return given
}

module.exports.open = open
module.exports.Client = Client
module.exports.RejectedError = RejectedError
module.exports.version = native.version
Object.defineProperty(module.exports, 'captures', { value: captures })
