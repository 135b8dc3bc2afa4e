const { PostHog } = require('posthog-node')
const fields = require('./fields.cjs')

exports.start = (url, roomy) =>
  new PostHog('phc_benchmark', { host: url, ...(roomy ? { maxQueueSize: 1_000_000 } : {}) })

exports.emit = (client, i) =>
  client.capture({
    distinctId: '0f8fad5b-d9cb-469f-a165-70867728950e',
    event: 'scan_completed',
    properties: fields(i),
  })

exports.stop = (client, roomy) => client.shutdown(roomy ? 600_000 : undefined)
