// Puts events to the Node client; README.md says what is read and answered. CANDOR_NODE names the
// directory of the package.
import { createRequire } from 'node:module'
import { createInterface } from 'node:readline'
import { Unsayable, fields, value } from '../node/vectors.mjs'

const candor = createRequire(import.meta.url)(process.env.CANDOR_NODE)

function openClient({ catalog, runtime, sources, home }) {
  const policyFile = '/nonexistent'
  const options = {
    catalog,
    runtime,
    sources: value(sources),
    home,
    policyFile,
    delivery: 'manual',
  }
  return candor.open(options)
}

// What is not said is undefined here.
const option = (form) => value(form) ?? undefined

// A time may come as a Date or as milliseconds, never as a bigint. A fraction is no mistake here:
// clocks of JavaScript have one.
function time(form) {
  const given = option(form)
  const ms = typeof given === 'bigint' ? Number(given) : given
  if (typeof ms === 'number' && !Number.isInteger(ms) && ms === ms) {
    throw new Unsayable('a time that must not have a fraction')
  }
  return Number.isInteger(ms) && ms % 2 && Math.abs(ms) < 8.64e15 ? new Date(ms) : ms
}

function answer(client, emit, event) {
  const options = {
    timestamp: time(event.timestamp_ms),
    uuid: option(event.uuid),
    distinctId: option(event.distinct_id),
  }
  const given = [value(event.event), fields(event.fields), options]
  if (!emit) return client.encode(...given)
  const outcome = client.emit(...given)
  if (outcome.result === 'rejected') return said({ code: outcome.code, field: outcome.field })
  return said(outcome.result === 'accepted' ? { accepted: true } : { trouble: outcome.result })
}

function answerOrError(...given) {
  try {
    return answer(...given)
  } catch (error) {
    if (error instanceof Unsayable) return said({ unsayable: error.message })
    if (error instanceof candor.RejectedError) return said({ code: error.code, field: error.field })
    return said({ trouble: String(error) })
  }
}

const said = (members) => JSON.stringify(members)

const answers = []
let client
let emit
for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
  const given = JSON.parse(line)
  if (given.client) {
    await client?.close()
    client = openClient(given.client)
    emit = given.emit
  } else {
    answers.push(Buffer.from(answerOrError(client, emit, given)), Buffer.from('\n'))
  }
}
process.stdout.write(Buffer.concat(answers))
