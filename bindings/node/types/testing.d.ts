// For the tests of a product that uses candor: events in memory, and misuse that throws.
//
//     const events = capture({ catalog: 'acme.telemetry.jsonc' })
//     plan(events.client)                        // or code that calls candor.open itself
//     events.only('plan_completed').outcome      // 'ok'
//     events.stop()
//
// Nothing is read from or written to the user's home, and nothing is sent.

import type { Client, OpenOptions } from './index.js'

/** An event as it would be sent. */
export interface CapturedEvent {
  event: string
  uuid: string
  /** RFC 3339, UTC. */
  timestamp: string
  /** Envelope and fields. */
  properties: Properties
  /**
   * Who it is about: `distinctId` of the call or the client, '' when neither was given, for a test
   * has no install id. Not enumerable, as `project` isn't.
   */
  readonly sender: string
  /** The project's hash; '' when there is none. */
  readonly project: string
}

export type Properties = { [name: string]: any }

/** The events accepted so far, oldest first. */
export interface Events extends Iterable<CapturedEvent> {
  /** A strict client for the catalog that capture was given. Throws when it was given none. */
  readonly client: Client
  readonly all: CapturedEvent[]
  readonly names: string[]
  readonly length: number
  /** The properties of each event of this name. */
  named(name: string): Properties[]
  /** The properties of the one event of this name; throws unless there is exactly one. */
  only(name: string): Properties
  clear(): void
  /** Ends the capture: clients opened from now on are ordinary again. Idempotent. */
  stop(): void
}

/**
 * Captures the events of every client that this thread opens until `stop`, which are strict.
 * Captures may be nested; the newest takes the events. `productVersion` is 0.0.0 when absent.
 */
export function capture(options?: OpenOptions): Events
