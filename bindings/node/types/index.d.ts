// candor: telemetry with a catalog, consent and a crash-safe spool.
//
//     import candor from 'candor'
//
//     const telemetry = candor.open({ catalog: 'acme.telemetry.jsonc', productVersion: '1.2.3' })
//     const outcome = telemetry.emit('plan_completed', { outcome: 'ok', durationMs: 25.4 })
//
// `const candor = require('candor')` and `import { open } from 'candor'` do as well.
//
// A client belongs to the thread (main or worker) that opened it; open one in each. It keeps
// no event loop alive, installs no handler and is closed when its thread ends.

/** The version of candor. */
export const version: string

/**
 * Opens a client. Reads the catalog and the identity file, within a millisecond or so; mints the
 * identity and shows the notice on standard error on a first run. Opens no socket, starts no
 * process.
 *
 * Whatever is wrong with the catalog or the machine, a client comes back: it is disabled, and
 * `status().problem` says why.
 *
 * @throws TypeError when an option is unknown or has the wrong type; RangeError when it is out
 * of its range; Error when the client is strict and the catalog can't be used.
 */
export function open(options: OpenOptions): Client
/**
 * With the events of one product, as `candor generate --language typescript` declares them:
 * `open<Acme>({ catalog: 'acme.telemetry.jsonc' })`. The client is the same.
 */
export function open<Events extends object>(options: OpenOptions): TypedClient<Events>

/** A URL of the scheme `file:`, e.g. `new URL('acme.telemetry.jsonc', import.meta.url)`. */
export interface FileUrl {
  readonly href: string
  readonly protocol: string
}

/** How a client is opened. What is undefined has the default. */
export interface OpenOptions {
  /** The catalog's path. `catalog` or `catalogText` is required. */
  catalog?: string | FileUrl | undefined
  /** The catalog's text, e.g. embedded in a bundle; wins over `catalog`. */
  catalogText?: string | undefined
  /** Source `product.version`. */
  productVersion?: string | undefined
  /** What an event's `runtimes` names, and source `runtime.name`. Default: `node`. */
  runtime?: string | undefined
  /** Source `runtime.version`. Default: the version of Node. */
  runtimeVersion?: string | undefined
  /** Values for the envelope's `host.NAME` sources, by their whole name; overrides any other source. */
  sources?:
    Readonly<Record<string, string | boolean | number | bigint | null | undefined>> | undefined
  /** Replaces the catalog's product.home; `~` is expanded. */
  home?: string | FileUrl | undefined
  /** Replaces the install id as the sender of every event. 1 to 200 bytes of UTF-8. */
  distinctId?: string | undefined
  /** The directory of the user's project; sent only as a salted hash (group `project`). */
  projectDir?: string | FileUrl | undefined
  /**
   * What this program knows to be secret: its keys, its user's password. Taken out of every
   * diagnostic text, also URL-encoded, escaped as in JSON or in base64. At most 64, of 8 to 4,096
   * bytes; another is refused with a line in the log. Kept in this process's memory only.
   */
  secrets?: readonly string[] | undefined
  /** Machine-wide consent set by an administrator. Default: /etc/candor/policy.json. */
  policyFile?: string | FileUrl | undefined
  /**
   * `background`: a thread of this process, started with the first event. `detached`: a separate
   * `candor` process, at most one per interval on this machine. `manual`: only flush() uploads.
   * Default: `auto`, which is `background` once the process outlives `flushIntervalMs`, else
   * `detached`.
   */
  delivery?: 'auto' | 'background' | 'detached' | 'manual' | undefined
  /** Upload when this many events were emitted since the last upload. Default: 100. */
  flushAt?: number | undefined
  /** Upload when so much time passed, milliseconds. Default: 10,000. */
  flushIntervalMs?: number | undefined
  /** Requests beyond the first in one flush. Default: 3. */
  maxRetries?: number | undefined
  /** Milliseconds. Default: 10,000. */
  requestTimeoutMs?: number | undefined
  /** Of request bodies. Default: `gzip`. */
  compression?: 'none' | 'gzip' | 'zstd' | undefined
  /** The spool's limit in bytes; the oldest events go first. Default: 64 MiB. */
  spoolBytesMax?: number | undefined
  /** The spool's limit in files. Default: 256. */
  spoolFilesMax?: number | undefined
  /** How many days an event waits at most. Default: 30. */
  spoolAgeMaxDays?: number | undefined
  /** The upload part. Default: the one of this package. */
  uploadLibrary?: string | FileUrl | undefined
  /** The `candor` program that a detached uploader runs. Default: the one of this package. */
  uploaderProgram?: string | FileUrl | undefined
  /** For tests: a rejected event, or a catalog that can't be used, throws. Default: false. */
  strict?: boolean | undefined
  /**
   * Hears one line for each kind of misuse and of trouble with files, never a value; what it throws
   * or rejects with is dropped. Default: nobody.
   */
  log?: ((line: string) => void) | undefined
}

/**
 * What a field may hold. An integral number is an integer for the catalog; a bigint must fit an
 * integer field. null and undefined are absent for an optional field and missing for a required
 * one. Objects are plain ones (of any realm) or Maps with string keys: their own enumerable string
 * keys count. Anything else (a Date, a class instance, a function, a symbol, a getter or proxy
 * that throws, a cycle) is rejected as `wrong_type`.
 */
export type Value =
  | boolean
  | number
  | bigint
  | string
  | null
  | undefined
  | readonly Value[]
  | { readonly [key: string]: Value }
  | ReadonlyMap<string, Value>

/** An event's fields by their names: a plain object or a Map. */
export type Fields = { readonly [name: string]: Value } | ReadonlyMap<string, Value>

/** What one emit may say beside its fields. */
export interface EmitOptions {
  /** When the event happened: a Date, or whole milliseconds since 1970 UTC. Default: now. */
  timestamp?: Date | number | undefined
  /** Who the event is about, instead of the client's sender. 1 to 200 bytes of UTF-8. */
  distinctId?: string | undefined
  /** A lower-case UUID for the event instead of a new UUIDv7; true: a new one, in the outcome. */
  uuid?: string | true | undefined
  /**
   * The directory of the project that the event is about, instead of the client's; sent only as a
   * salted hash. A daemon that serves several projects asks `projectId` once and gives that.
   */
  projectDir?: string | FileUrl | undefined
  /** What `projectId` answered; wins over `projectDir`. */
  projectId?: string | undefined
}

/** What emit answers. Frozen. */
export type Outcome = Accepted | Disabled | Rejected | Dropped

/** The event is on disk; it survives the death of this process. */
export interface Accepted {
  readonly result: 'accepted'
  /** When emitted with `uuid: true`. */
  readonly uuid?: string
}
/** Telemetry is off; nothing was written. */
export interface Disabled {
  readonly result: 'disabled'
}
/** The event breaks the catalog. */
export interface Rejected {
  readonly result: 'rejected'
  readonly code: Code
  /** The offending field: `errorClass`, `connectors[2].driver`; never a value. May be empty. */
  readonly field: string
}
/** The event was valid but could not be kept. */
export interface Dropped {
  readonly result: 'dropped'
  readonly reason: Reason
}

/** Why an event was rejected. */
export type Code =
  | 'unknown_event'
  | 'unknown_field'
  | 'duplicate_field'
  | 'missing_field'
  | 'wrong_type'
  | 'out_of_range'
  | 'not_finite'
  | 'too_long'
  | 'too_many'
  | 'invalid_utf8'
  | 'not_in_enum'
  | 'bad_pattern'
  | 'wrong_runtime'
  | 'too_large'

/** Why a valid event was lost. */
export type Reason =
  | 'spool_full'
  | 'too_old'
  | 'opted_out'
  | 'refused'
  | 'oversize'
  | 'disk_error'
  | 'corrupt'
  | 'interrupted'

/**
 * What an event's fields may be typed as: an interface or type whose members can all be fields,
 * or `Fields`. A Date, a function or an object with methods can't.
 */
export type Storable<T> = T extends Value
  ? T
  : T extends (...args: never[]) => unknown
    ? never
    : T extends object
      ? { [K in keyof T]: Storable<T[K]> }
      : never

/** Made by `open`. Its methods may be taken off it: `const { emit } = telemetry`. */
export class Client {
  private constructor()

  /**
   * Hands over one event. Returns within microseconds, never waits for a network, and never throws
   * unless the client is strict and the event is rejected.
   */
  emit<F extends object>(
    event: string,
    fields?: (F & Storable<F>) | null,
    options?: EmitOptions | null,
  ): Outcome

  /**
   * The event's canonical bytes, without keeping it; works when telemetry is off.
   *
   * @throws RejectedError when the event breaks the catalog; Error when the client has no catalog.
   */
  encode<F extends object>(
    event: string,
    fields?: (F & Storable<F>) | null,
    options?: EmitOptions | null,
  ): Uint8Array

  /**
   * Uploads what is in the spool. Complete when nothing is left that may be sent; never after
   * close. The process stays alive until the promise settles, `timeoutMs` (default: 5,000) at most;
   * process.exit does not wait.
   */
  flush(options?: { timeoutMs?: number | undefined }): Promise<FlushResult>

  /**
   * Ends the client; emits after it are `disabled`. What waits stays in the spool for the next run.
   * With `timeoutMs` (default: 0) it flushes first. Needed by nobody: the end of the thread does it.
   */
  close(options?: { timeoutMs?: number | undefined }): Promise<void>

  /** Reads consent anew and explains it. */
  status(): Status

  /** The ledger of this spool, over all processes and since its beginning. */
  stats(): Promise<Ledger>

  /** Writes that the user wants telemetry, and answers what holds now: another rule may decide. */
  enable(): Promise<Status>

  /** Writes that the user wants no telemetry, and deletes what waits, for all processes. */
  disable(): Promise<Status>

  /**
   * The id that events of the project in a directory are sent under, for `emit`. Empty while
   * telemetry is off, because the install id is its salt. Reads the file system.
   *
   * @throws TypeError when the directory is neither a string nor a URL of the scheme `file:`.
   */
  projectId(directory: string | FileUrl): string

  /** True in the one process that minted this install's identity. */
  readonly firstRun: boolean
}

/** What a flush did. Frozen. */
export interface FlushResult {
  /** Nothing is left that may be sent. Events that the server refused are not. */
  readonly complete: boolean
  /** Events that this process delivered since the call. */
  readonly delivered: number
  /** Events that the server refused for good since the call. */
  readonly refused: number
  /** Events that wait now. */
  readonly waiting: number
  /** Why events wait or were refused, as text for people; may be empty. */
  readonly why: string
}

/** A client that takes the events of one product only, with their fields. */
export interface TypedClient<Events extends object> extends Omit<Client, 'emit' | 'encode'> {
  /** As of Client. */
  emit<Name extends keyof Events & string>(event: Name, ...how: Emitted<Events[Name]>): Outcome
  /** As of Client. */
  encode<Name extends keyof Events & string>(event: Name, ...how: Emitted<Events[Name]>): Uint8Array
}

/** What follows the name of an event; the fields may be left out where none is required. */
export type Emitted<EventFields> =
  Record<never, never> extends EventFields
    ? [fields?: EventFields | null, options?: EmitOptions | null]
    : [fields: EventFields, options?: EmitOptions | null]

/** Consent, explained. */
export interface Status {
  readonly enabled: boolean
  /** The rule that decided, stable for programs: `env_disabled`, `file_enabled`, ... */
  readonly rule: string
  /** The same as a sentence for people. */
  readonly explanation: string
  /** Empty when there is none. */
  readonly installId: string
  /** Where consent and identity live. */
  readonly identityFile: string
  /** Where accepted events wait. */
  readonly spoolDir: string
  /** Where they go; `***` for what may be secret in it. */
  readonly endpoint: string
  /** They go there by plain http to another machine, as `PREFIX_TELEMETRY_ENDPOINT` says. */
  readonly endpointInsecure: boolean
  readonly noticeShown: boolean
  /**
   * Answered by disable() alone: what became of an upload that was under way. `idle`: none was;
   * `stopped`: it ended before anything of a request was written; `sent`: it ended, but the server
   * may have read what was written; `running`: it did not end within a second. Else empty.
   */
  readonly upload: '' | 'idle' | 'stopped' | 'sent' | 'running'
  /** Why the client could not do as asked; empty when it could. */
  readonly problem: string
}

/** captured = delivered + pending + the sum of dropped; dropped counts rejections by their code. */
export interface Counts {
  captured: number
  delivered: number
  pending: number
  dropped: { [reasonOrCode: string]: number }
}

export interface Ledger {
  events: { [name: string]: Counts }
  total: Counts
  spool: { bytes: number; segments: number }
}

/** An event breaks the catalog. Thrown by strict clients and by `encode`; holds no value. */
export class RejectedError extends Error {
  private constructor()
  readonly name: 'RejectedError'
  readonly event: string
  readonly code: Code
  readonly field: string
}
