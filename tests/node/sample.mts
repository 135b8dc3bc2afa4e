// A consumer in TypeScript, as an ES module; package.test.mjs compiles it with --strict and runs it.
import candor, {
  type Code,
  type Fields,
  open,
  type Outcome,
  RejectedError,
  type Status,
} from 'candor'
import { capture } from 'candor/testing'

const telemetry: candor.Client = open({
  catalog: new URL('acme.telemetry.jsonc', import.meta.url),
  productVersion: '1.2.3',
  delivery: 'manual',
  sources: { 'host.region': undefined, 'host.tier': 3n },
  log: (line) => void line.length,
})

const fields: Fields = {
  flag: true,
  count: 5n,
  text: undefined,
  list: [1, 2],
  map: new Map([['a', true]]),
}
const outcome: Outcome = telemetry.emit('sample', fields, {
  timestamp: new Date(),
  distinctId: 'me',
})
if (outcome.result === 'rejected') {
  const code: Code = outcome.code
  console.log(code, outcome.field)
} else if (outcome.result === 'dropped') {
  console.log(outcome.reason)
}
telemetry.emit('ping')

interface Sample {
  flag?: boolean
  count: number
  readonly list: readonly number[]
  inner?: { name: string | undefined }
}
const sample: Sample = { count: 1, list: [1] }
telemetry.emit('sample', sample)
const asConst = { count: 1, list: [1, 2] } as const
telemetry.emit('sample', asConst)
const bytes: Uint8Array = telemetry.encode('ping', null, { timestamp: 0 })
const status: Status = telemetry.status()
const drained: boolean = (await telemetry.flush({ timeoutMs: 1 })).complete
const { total } = await telemetry.stats()
const after: Status = await telemetry.disable()
await telemetry.enable()
await telemetry.close()

const events = capture({ catalog: new URL('acme.telemetry.jsonc', import.meta.url) })
try {
  events.client.emit('sample', { count: 1.5 })
} catch (error) {
  if (!(error instanceof RejectedError)) throw error
  console.log(error.code, error.field)
}
events.client.emit('ping')
console.log(
  outcome.result,
  bytes.length > 0,
  status.enabled,
  drained,
  total.captured,
  after.enabled,
  events.names,
  telemetry.firstRun,
)
for (const { event, properties } of events) console.log(event, Object.keys(properties).length)
events.stop()

// What must not compile; nobody calls it.
export function wrong() {
  // @ts-expect-error an option that is none
  open({ catlog: 'x' })
  // @ts-expect-error a value that no field can hold
  telemetry.emit('ping', { when: new Date() })
  // @ts-expect-error neither can an object with methods
  telemetry.emit('ping', { inner: { toJSON: () => 1 } })
  // @ts-expect-error nor a Set
  telemetry.emit('ping', { list: new Set([1]) })
  // @ts-expect-error what only a rejected outcome has
  outcome.code.length
  // @ts-expect-error clients are made by open
  new candor.Client()
}
