// posthog-node, used as driver.py uses the Python libraries:
// posthog_node.mjs MODULES VERB [URL [N]], where MODULES is the folder that npm installed into.
// Without it (`-`): Node alone.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { performance } from 'node:perf_hooks'

const [modules, verb, url, count = '0'] = process.argv.slice(2)
const n = Number(count)

function fields(i) {
  return {
    driver: 'postgres',
    tableCount: i % 100,
    columnCount: i,
    inferredFkCount: 3,
    declaredFkCount: 4,
    durationMs: 12.5 + (i % 7),
    outcome: 'error',
    errorClass: 'TimeoutError'
  }
}

function emit(client, i) {
  client.capture({
    distinctId: '0f8fad5b-d9cb-469f-a165-70867728950e',
    event: 'scan_completed',
    properties: fields(i)
  })
}

function printMemory() {
  const status = readFileSync('/proc/self/status', 'utf8')
  const kib = (name) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1])
  console.log(JSON.stringify({ now_kib: kib('VmRSS'), peak_kib: kib('VmHWM') }))
}

function printCalls(client) {
  const took = []
  for (let i = 0; i < n; ++i) {
    const before = process.hrtime.bigint()
    emit(client, i)
    took.push(Number(process.hrtime.bigint() - before))
  }
  took.sort((a, b) => a - b)
  console.log(JSON.stringify({ median_ns: took[n >> 1], p99_ns: took[Math.floor(n * 0.99)] }))
  process.exit(0)
}

async function main() {
  if (modules === '-') {
    if (verb === 'memory') printMemory()
    return
  }
  const { PostHog } = createRequire(modules + '/')('posthog-node')
  const roomy = verb === 'drain' ? { maxQueueSize: 1_000_000 } : {}
  const client = new PostHog('phc_benchmark', { host: url, ...roomy })
  if (verb === 'calls') printCalls(client)
  const before = performance.now()
  for (let i = 0; i < n; ++i) emit(client, i)
  if (verb === 'kill') process.kill(process.pid, 'SIGKILL')
  if (verb === 'memory') printMemory()
  await client.shutdown(verb === 'drain' ? 600_000 : undefined)
  if (verb === 'drain') console.log(JSON.stringify({ seconds: (performance.now() - before) / 1000 }))
}

await main()
