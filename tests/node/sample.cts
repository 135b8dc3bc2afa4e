// A consumer in TypeScript, as a CommonJS module.
import candor = require('candor')
import testing = require('candor/testing')

const events: testing.Events = testing.capture({ catalog: `${__dirname}/acme.telemetry.jsonc` })
const outcome: candor.Outcome = events.client.emit('sample', { flag: true })
console.log(outcome.result, events.only('sample').flag, candor.version)
events.stop()
