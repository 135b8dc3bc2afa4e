// Uses one telemetry library as a Node program would: `driver.cjs LIBRARY VERB [URL [N]]`.
//
// What driver.py is for Python, with the same verbs, and `open` beside them. LIBRARY is a module
// use_LIBRARY.cjs beside this file with start(url, roomy), emit(client, i) and
// stop(client, roomy); `bare` makes the fields of the same events and drops them, so that what V8
// needs for those is counted to nobody. NODE_PATH says where the libraries are.
//
//     open     requires the library and opens a client; prints what each took; JSON
//     run      emits N events and ends as the library's manual says
//     kill     emits N events and is killed
//     calls    times N calls one by one, and as many readings of the clock alone; JSON
//     memory   emits N events; prints the memory of this process after them, and its peak when
//              the library has stopped; JSON
//     drain    emits N events into queues that have room for them; prints the seconds until
//              the library says that all is sent; JSON
const { readFileSync } = require('node:fs')

const [name, verb, url = '', count = '0'] = process.argv.slice(2)
const n = Number(count)
const clock = process.hrtime.bigint
const roomy = verb === 'drain'

const print = (found) => console.log(JSON.stringify(found))

const ms = (from, to) => Number(to - from) / 1e6

function kib(name) {
  const status = readFileSync('/proc/self/status', 'utf8')
  return Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1])
}

// How long each call took, sorted.
function timed(emit, client) {
  const took = new Float64Array(n)
  for (let i = 0; i < n; ++i) {
    const before = clock()
    emit(client, i)
    took[i] = Number(clock() - before)
  }
  return took.sort()
}

function printCalls(library, client) {
  // First, so that what V8 does about the clock's code is over when the library's is timed.
  const alone = timed(() => {}, client)
  const took = timed(library.emit, client)
  print({ median_ns: took[n >> 1], p99_ns: took[Math.floor(n * 0.99)], clock_ns: alone[n >> 1] })
  // What is queued for a server that isn't there is of no interest.
  process.exit(0)
}

async function main() {
  const begin = clock()
  const library = require(`./use_${name.replace('-', '_')}.cjs`)
  const required = clock()
  const client = library.start(url, roomy)
  if (verb === 'open') print({ require_ms: ms(begin, required), open_ms: ms(required, clock()) })
  if (verb === 'calls') printCalls(library, client)
  const before = clock()
  for (let i = 0; i < n; ++i) library.emit(client, i)
  if (verb === 'kill') process.kill(process.pid, 'SIGKILL')
  const now = verb === 'memory' ? kib('VmRSS') : 0
  await library.stop(client, roomy)
  if (verb === 'memory') print({ now_kib: now, peak_kib: kib('VmHWM') })
  if (verb === 'drain') print({ seconds: ms(before, clock()) / 1000 })
}

main()
