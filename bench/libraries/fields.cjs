// The eight fields that every library's event carries: fields.py for Node.
module.exports = function fields(i) {
  return {
    driver: 'postgres',
    tableCount: i % 100,
    columnCount: i,
    inferredFkCount: 3,
    declaredFkCount: 4,
    durationMs: 12.5 + (i % 7),
    outcome: 'error',
    errorClass: 'TimeoutError',
  }
}
