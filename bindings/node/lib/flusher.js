// @ts-check
// The flushes of one client. One is under way at a time; a caller that asks meanwhile shares the
// next one, because what was emitted since may not be in the first.
'use strict'

const TIMER_MAX_MS = 2 ** 31 - 1

/** @typedef {import('../types/index.js').FlushResult} FlushResult */

class Flusher {
  #flush
  #countWaiting
  /** @type {Promise<FlushResult> | null} */
  #running = null
  /** @type {{ until: number, answer: Promise<FlushResult> } | null} */
  #next = null
  /** @type {Promise<FlushResult> | null} */
  #late = null

  /**
   * @param {(timeoutMs: number) => Promise<FlushResult>} flush
   * @param {() => Promise<number>} countWaiting
   */
  constructor(flush, countWaiting) {
    this.#flush = flush
    this.#countWaiting = countWaiting
  }

  /** @param {number} timeoutMs @returns {Promise<FlushResult>} */
  flush(timeoutMs) {
    return this.#running === null ? this.#start(timeoutMs) : this.#join(this.#running, timeoutMs)
  }

  /** @param {number} timeoutMs */
  #start(timeoutMs) {
    const running = this.#flush(timeoutMs)
    this.#running = running
    void running.then(() => {
      this.#running = null
    })
    return running
  }

  /**
   * @param {Promise<FlushResult>} running @param {number} timeoutMs
   * @returns {Promise<FlushResult>}
   */
  #join(running, timeoutMs) {
    const now = performance.now()
    const next = (this.#next ??= { until: now, answer: running.then(() => this.#startNext()) })
    next.until = Math.max(next.until, now + timeoutMs)
    // Its turn may come later than this caller wants to wait.
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(this.#tooLate()), Math.min(timeoutMs, TIMER_MAX_MS))
      void next.answer.then((result) => {
        clearTimeout(timer)
        resolve(result)
      })
    })
  }

  /** One answer for all callers that are too late at this moment. */
  #tooLate() {
    this.#late ??= this.#countWaiting().then((waiting) => {
      this.#late = null
      const why = 'there was not enough time'
      return Object.freeze({ complete: false, delivered: 0, refused: 0, waiting, why })
    })
    return this.#late
  }

  #startNext() {
    const until = this.#next?.until ?? 0
    this.#next = null
    return this.#start(Math.max(0, until - performance.now()))
  }
}

module.exports = { Flusher }
