// The span of one command, and the outcome of one piece of work. It needs nothing but a client and
// Commander: copy it. The catalog's event is `command`, as in schema/ktx.telemetry.jsonc.
import { constants } from 'node:os'

/**
 * One run of one command. Begins before its action and says exactly one `command` event: the
 * first end counts. An event is on disk when emit returns, so that nobody waits at the exit.
 */
export class CommandSpan {
  #telemetry
  #fields
  #elapsed = stopwatch()
  #ended = false

  /**
   * `command` is Commander's, as a preAction hook gets it: parsed, and about to act. `more` are
   * fields of a program's own, for the event to say beside these.
   */
  constructor(telemetry, command, more = {}) {
    this.#telemetry = telemetry
    this.#fields = {
      commandPath: pathOf(command),
      flagsPresent: flagsOf(command),
      ...more,
    }
    for (const signal of ['SIGINT', 'SIGTERM']) {
      // Not `once`: a second signal must not end the process before the span is said to have ended.
      process.on(signal, () => {
        this.#end({ outcome: 'aborted' })
        // As a shell reports a process that the signal ended: 130 for SIGINT, 143 for SIGTERM.
        process.exit(128 + constants.signals[signal])
      })
    }
    // The ends that no `catch` sees: an action that calls process.exit, an exception out of a
    // callback, a promise that nothing can settle any more.
    process.on('exit', (code) => (code ? this.error() : this.ok()))
  }

  /** The action returned. Where it has set an exit code other than 0, it failed without a throw. */
  ok() {
    this.#end(Number(process.exitCode ?? 0) === 0 ? { outcome: 'ok' } : failed())
  }

  error(error) {
    this.#end(failed(error))
  }

  #end(how) {
    if (this.#ended) return
    this.#ended = true
    this.#telemetry.emit('command', { ...this.#fields, ...how, durationMs: this.#elapsed() })
  }
}

/**
 * Runs some work and holds how it went, so that an event can say so before the failure goes on its
 * way: `result()` answers what the work answered, or throws what it threw.
 */
export async function attempt(work) {
  const elapsed = stopwatch()
  try {
    const value = await work()
    return { outcome: 'ok', durationMs: elapsed(), value, result: () => value }
  } catch (error) {
    const result = () => {
      throw error
    }
    return { ...failed(error), durationMs: elapsed(), result }
  }
}

/** Answers a function that answers the milliseconds since now. */
export function stopwatch() {
  const begin = performance.now()
  return () => performance.now() - begin
}

/**
 * What a program throws on purpose has a `kind`, a name out of its source. What other errors say
 * may be the user's own.
 */
function failed(error) {
  if (typeof error?.kind !== 'string') return { outcome: 'error', errorClass: 'InternalError' }
  return { outcome: 'error', errorClass: error.kind, errorDetail: error.message }
}

/** The command and those it is a subcommand of, without the program itself. */
function lineage(command) {
  return command.parent ? [...lineage(command.parent), command] : []
}

/** The names as the program declares them, also where the user typed an alias. */
function pathOf(command) {
  return lineage(command).map((one) => one.name())
}

/** The names of the flags that were given on the command line, never their values. */
function flagsOf(command) {
  const flags = {}
  for (let at = command; at; at = at.parent) {
    for (const option of at.options) {
      if (at.getOptionValueSource(option.attributeName()) === 'cli') flags[option.name()] = true
    }
  }
  return flags
}
