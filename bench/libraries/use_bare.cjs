// No library: what Node itself takes to run the driver and to make the same fields.
const fields = require('./fields.cjs')

exports.last = null

exports.start = () => exports

// Kept, or the compiler would find that nobody needs them.
exports.emit = (client, i) => {
  client.last = fields(i)
}

exports.stop = () => {}
