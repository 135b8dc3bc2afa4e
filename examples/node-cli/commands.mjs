// What each command does, and the events it says about it. `ktx` is what cli.mjs hands to each
// command: { project, telemetry }.
import { createReadStream, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Failure, NO_MODELS, linesOf, wordsOf } from './project.mjs'
import { attempt, stopwatch } from './span.mjs'

const WATCH_MS = 20

export function setup({ project, telemetry }) {
  const say = (step, outcome, elapsed) =>
    telemetry.emit('setup_step', { step, outcome, durationMs: elapsed() })

  const creating = stopwatch()
  project.create()
  say('project', 'completed', creating)

  const reading = stopwatch()
  const connections = project.connections()
  say('databases', connections.length > 0 ? 'completed' : 'skipped', reading)

  telemetry.emit('project_stack_snapshot', {
    connectors: connections.map(({ driver, demo }) => ({ driver, isDemo: demo })),
    connectionCount: connections.length,
    hasSl: project.has('models'),
    hasWiki: project.has('wiki'),
    hasMcp: project.has('mcp'),
    hasManagedRuntime: project.has('runtime'),
  })
  console.log('project ready')
}

export function connectionAdd({ project, telemetry }, name, { driver, file, demo = false }) {
  project.add({ name, driver, file, demo })
  telemetry.emit('connection_added', { driver, isDemoConnection: demo })
  console.log('added')
}

export async function connectionTest({ project, telemetry }, name) {
  const connection = project.connection(name)
  const tried = await attempt(() => rowsOf(connection))
  telemetry.emit('connection_test', {
    driver: connection.driver,
    isDemoConnection: connection.demo,
    outcome: tried.outcome,
    errorClass: tried.errorClass,
    errorDetail: tried.errorDetail,
    durationMs: tried.durationMs,
  })
  tried.result()
  console.log('connected')
}

/** With `watch`, again each time the models change, until a signal ends the process. */
export async function ingest({ project, telemetry }, name, { watch }) {
  const connection = project.connection(name)
  await ingestOnce({ project, telemetry }, connection)
  if (!watch) return
  console.log('watching')
  const changed = () => statSync(join(project.directory, 'models'), { bigint: true }).mtimeNs
  for (let seen = changed(); ;) {
    await sleep(WATCH_MS)
    const now = changed()
    if (now === seen) continue
    seen = now
    await ingestOnce({ project, telemetry }, connection)
  }
}

async function ingestOnce({ project, telemetry }, connection) {
  let rows = 0
  const tried = await attempt(async () => {
    rows = await rowsOf(connection)
    return project.models()
  })
  const models = tried.value ?? NO_MODELS
  telemetry.emit('ingest_completed', {
    driver: connection.driver,
    isDemoConnection: connection.demo,
    schemaCount: models.files,
    tableCount: models.tables,
    columnCount: models.columns,
    rowsBucket: rowsBucket(rows),
    durationMs: tried.durationMs,
    outcome: tried.outcome,
    errorClass: tried.errorClass,
    errorDetail: tried.errorDetail,
  })
  tried.result()
  console.log(`${models.tables} tables, ${models.columns} columns`)
}

export async function scan({ project, telemetry }, name) {
  const connection = project.connection(name)
  const tried = await attempt(() => project.models())
  const models = tried.value ?? NO_MODELS
  telemetry.emit('scan_completed', {
    driver: connection.driver,
    tableCount: models.tables,
    columnCount: models.columns,
    inferredFkCount: models.impliedJoins,
    declaredFkCount: models.joins,
    durationMs: tried.durationMs,
    outcome: tried.outcome,
    errorClass: tried.errorClass,
    errorDetail: tried.errorDetail,
  })
  tried.result()
  console.log(`${models.joins} joins declared, ${models.impliedJoins} implied`)
}

export async function slValidate({ project, telemetry }) {
  let models = NO_MODELS
  const tried = await attempt(() => {
    models = project.models()
    if (models.brokenJoins > 0) throw new Failure('ValidationError', 'a join names no known table')
  })
  telemetry.emit('sl_validate_completed', {
    sourceCount: models.tables,
    modelCount: models.files,
    validationErrorCount: models.brokenJoins,
    outcome: tried.outcome,
    errorClass: tried.errorClass,
    durationMs: tried.durationMs,
  })
  tried.result()
  console.log('valid')
}

export async function slQuery({ project, telemetry }, query, { execute }) {
  const words = wordsOf(query)
  const measures = words.filter((word) => word.endsWith('()')).length
  const dimensions = words.length - measures
  const tried = await attempt(() => {
    if (measures > project.models().measures) {
      throw new Failure('UnknownMeasure', 'the models have no such measure')
    }
  })
  telemetry.emit('sl_query_completed', {
    mode: execute ? 'execute' : 'compile',
    referencedSourceCount: dimensions > 0 ? 1 : 0,
    referencedDimensionCount: dimensions,
    referencedMeasureCount: measures,
    durationMs: tried.durationMs,
    outcome: tried.outcome,
    errorClass: tried.errorClass,
  })
  tried.result()
  console.log('compiled')
}

export async function sql({ project, telemetry }, name, query) {
  const connection = project.connection(name)
  const words = wordsOf(lower(query))
  const verb = ['select', 'explain', 'show', 'with'].find((known) => known === words[0]) ?? 'other'
  const tried = await attempt(() => {
    if (verb === 'other') throw new Failure('ReadOnly', 'ktx only reads')
    return rowsOf(connection)
  })
  telemetry.emit('sql_completed', {
    driver: connection.driver,
    isDemoConnection: connection.demo,
    queryVerb: verb,
    referencedTableCount: words.filter((word) => word === 'from' || word === 'join').length,
    durationMs: tried.durationMs,
    outcome: tried.outcome,
    errorClass: tried.errorClass,
  })
  console.log(`${tried.result()} rows`)
}

export async function wikiQuery({ project, telemetry }, text) {
  const tried = await attempt(() => project.searchWiki(text))
  telemetry.emit('wiki_query_completed', {
    // Characters are code points in every language; `length` counts an emoji twice.
    queryLength: [...text].length,
    resultCount: tried.value ?? 0,
    durationMs: tried.durationMs,
    outcome: tried.outcome,
  })
  console.log(`${tried.result()} pages`)
}

export async function mcpCall({ project, telemetry }, tool, { clientName, clientVersion }) {
  const tried = await attempt(() => {
    if (tool === 'list_connections') return project.connections()
    if (tool === 'describe_models') return project.models()
    throw new Failure('UnknownTool', 'there is no tool of that name')
  })
  telemetry.emit('mcp_request_completed', {
    toolName: tool,
    outcome: tried.outcome,
    durationMs: tried.durationMs,
    errorClass: tried.errorClass,
    sampleRate: 1,
    mcpClientName: clientName || undefined,
    mcpClientVersion: clientVersion || undefined,
  })
  tried.result()
  // Standard output carries the protocol, and nothing else.
  console.log(JSON.stringify({ jsonrpc: '2.0', id: 1, result: {} }))
}

/** Reads lines `ROLE QUERY` and counts the roles whose queries are worth learning from. */
export async function historyFilter({ telemetry }, file, { dialect }) {
  const [roles, excluded] = [new Set(), new Set()]
  let unreadable = 0
  const tried = await attempt(() => {
    for (const [name, ...query] of readHistory(file)) {
      const role = lower(name)
      roles.add(role)
      if (query.length === 0) ++unreadable
      if (role.startsWith('service_')) excluded.add(role)
    }
  })
  telemetry.emit('query_history_filter_completed', {
    dialect,
    consideredRoleCount: roles.size,
    excludedRoleCount: excluded.size,
    parseFailedCount: unreadable,
    outcome: tried.outcome,
  })
  tried.result()
  console.log(`${roles.size - excluded.size} of ${roles.size} roles kept`)
}

export function telemetryStatus({ telemetry }) {
  const status = telemetry.status()
  console.log(status.explanation)
  const rows = {
    rule: status.rule,
    'install id': status.installId,
    identity: status.identityFile,
    endpoint: status.endpoint,
  }
  if (status.problem) rows.problem = status.problem
  for (const [label, value] of Object.entries(rows)) {
    console.log(`  ${label.padEnd(12)}${value || 'none'}`)
  }
}

export async function telemetryEnable({ telemetry }) {
  told(await telemetry.enable(), true)
}

export async function telemetryDisable({ telemetry }) {
  told(await telemetry.disable(), false)
}

/** Says what holds after the user chose: a rule above the choice may still decide. */
function told(status, chosen) {
  if (status.problem) throw new Failure('TelemetryError', status.problem)
  console.log((status.enabled === chosen ? '' : 'Noted, but: ') + status.explanation)
}

/** How many lines the connection's file has. */
async function rowsOf(connection) {
  let rows = 0
  try {
    for await (const chunk of createReadStream(connection.file)) {
      for (const byte of chunk) if (byte === 0x0a) ++rows
    }
  } catch (error) {
    if (error.syscall !== 'open') throw error
    throw new Failure('ConnectionError', "can't open the connection's file")
  }
  return rows
}

function rowsBucket(rows) {
  if (rows < 10_000) return '<10k'
  if (rows < 100_000) return '<100k'
  if (rows < 1_000_000) return '<1M'
  if (rows < 10_000_000) return '<10M'
  return '>=10M'
}

function readHistory(file) {
  try {
    return linesOf(file).filter((words) => words.length > 0)
  } catch {
    throw new Failure('NoHistory', "can't read the query history")
  }
}

/** ASCII only, as the command line in C++ has it. */
function lower(text) {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())
}
