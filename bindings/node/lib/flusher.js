// @ts-check
// The flushes of one client. One is under way at a time; who asks meanwhile shares the next one,
// because what was emitted since may not be in the first.
'use strict'

const TIMER_MAX_MS = 2 ** 31 - 1

class Flusher {
  #flush
  /** @type {Promise<boolean> | null} */
  #running = null
  /** @type {{ until: number, answer: Promise<boolean> } | null} */
  #next = null

  /** @param {(timeoutMs: number) => Promise<boolean>} flush */
  constructor(flush) {
    this.#flush = flush
  }

  /** @param {number} timeoutMs @returns {Promise<boolean>} */
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

  /** @param {Promise<boolean>} running @param {number} timeoutMs @returns {Promise<boolean>} */
  #join(running, timeoutMs) {
    const now = performance.now()
    const next = (this.#next ??= { until: now, answer: running.then(() => this.#startNext()) })
    next.until = Math.max(next.until, now + timeoutMs)
    // Its turn may come later than this caller wants to wait.
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, Math.min(timeoutMs, TIMER_MAX_MS), false)
      void next.answer.then((drained) => {
        clearTimeout(timer)
        resolve(drained)
      })
    })
  }

  #startNext() {
    const until = this.#next?.until ?? 0
    this.#next = null
    return this.#start(Math.max(0, until - performance.now()))
  }
}

module.exports = { Flusher }
