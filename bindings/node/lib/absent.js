// @ts-check
// Stands in for a native part that can't be loaded: a guest must not end the program for want of
// it. Every client is off, and status().problem says why.
'use strict'

/**
 * @typedef {import('../types/index.js').Ledger} Ledger
 * @typedef {import('../types/index.js').Outcome} Outcome
 * @typedef {import('../types/index.js').Status} Status
 * @typedef {import('../types/index.js').FlushResult} FlushResult
 * @typedef {{
 *   emit(size: number, bytes?: Buffer): number
 *   encode(size: number, bytes: Buffer): Buffer | null
 *   outcome(): Outcome
 *   flush(timeoutMs: number): Promise<FlushResult>
 *   close(): void
 *   status(): Status
 *   stats(): Promise<Ledger>
 *   choose(enabled: boolean): Promise<Status>
 *   projectId(directory: string): string
 *   firstRun(): boolean
 *   takeLines(): string[]
 *   takeCaptured(): string[]
 * }} Handle
 * @typedef {{
 *   version: string
 *   limits: import('./pack.js').Limits
 *   Handle: new (
 *     options: object, environment: object, room: Buffer, names: Buffer,
 *     hear: { capture: boolean, log: boolean },
 *   ) => Handle
 * }} Native
 */

/**
 * @param {string} platform @param {unknown} error what the attempt to load it threw
 * @returns {Native}
 */
function absent(platform, error) {
  const why = error instanceof Error ? error.message.split('\n', 1)[0] : ''
  const problem = `candor has no native part that runs on ${platform}: ${why}`
  /** @type {Status} */
  const status = Object.freeze({
    enabled: false,
    rule: 'build_switch',
    explanation:
      'Telemetry is off because this build of candor has no native part for this machine.',
    installId: '',
    identityFile: '',
    spoolDir: '',
    endpoint: '',
    endpointInsecure: false,
    noticeShown: false,
    upload: '',
    problem,
  })
  class Handle {
    #untold
    /**
     * @param {object} _options @param {object} _environment @param {Buffer} _room
     * @param {Buffer} _names @param {{ log: boolean }} hear
     */
    constructor(_options, _environment, _room, _names, { log }) {
      this.#untold = log ? [`candor: telemetry is off: ${problem}`] : []
    }
    emit() {
      return 1
    }
    encode() {
      return null
    }
    /** @returns {Outcome} */
    outcome() {
      return { result: 'disabled' }
    }
    async flush() {
      const why = 'telemetry is off'
      return Object.freeze({ complete: true, delivered: 0, refused: 0, waiting: 0, why })
    }
    close() {}
    status() {
      return status
    }
    async stats() {
      const none = { captured: 0, delivered: 0, pending: 0, dropped: {} }
      return { events: {}, total: none, spool: { bytes: 0, segments: 0 } }
    }
    async choose() {
      return status
    }
    projectId() {
      return ''
    }
    firstRun() {
      return false
    }
    takeLines() {
      return this.#untold.splice(0)
    }
    takeCaptured() {
      return []
    }
  }
  return {
    version: require('../package.json').version,
    limits: { eventBytesMax: 0, fieldsMax: 0, containerMax: 0, elementsMax: 0, depthMax: 0 },
    Handle,
  }
}

module.exports = absent
