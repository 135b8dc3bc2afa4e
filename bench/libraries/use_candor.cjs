const { join } = require('node:path')
const candor = require('candor')
const fields = require('./fields.cjs')

const catalog = join(__dirname, '../../schema/ktx.telemetry.jsonc')

// Where the events go is in the environment.
exports.start = () =>
  candor.open({ catalog, productVersion: '1.2.3', sources: { 'host.nodeVersion': '22.1.0' } })

exports.emit = (client, i) => client.emit('scan_completed', fields(i))

exports.stop = () => {} // at exit it closes by itself
