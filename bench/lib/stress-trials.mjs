// What `npm run stress` does to a server. Each trial gives what was to be and what was.
import { setTimeout as sleep } from 'node:timers/promises'
import { percentile } from './stats.mjs'
import { latency, thousands } from './table.mjs'
import { get, Wire } from './wire.mjs'

export const limits = { bodyLimit: '10mb', maxConnections: 4096, patience: '4s' }

/** @typedef {{ name: string, wanted: string, got: string, passed: boolean }} Outcome */

const connections = 5000
const slowOfEachKind = 20
const megabytes = 15
const concurrent = 1000
const rounds = 10
const busy = 64

/** Connections opened at once: less than the backlog. */
const batch = 200
/** Milliseconds within which a slow client must have been cut: the time of uws, which is fixed, and some more. */
const slowTime = 30_000
const largeSize = 32 * 1024 ** 2

/** @param {number} port @param {number} count */
async function openMany(port, count) {
  /** @type {Wire[]} */
  const wires = []
  while (wires.length < count) {
    const some = Array.from({ length: Math.min(batch, count - wires.length) }, () => Wire.open(port))
    wires.push(...(await Promise.all(some)))
  }
  return wires
}

/** @param {readonly Wire[]} wires */
async function closeAll(wires) {
  for (const { socket } of wires) socket.destroy()
  await Promise.all(wires.map(({ closed }) => closed))
}

/** How many of ten probes, each by a connection of its own, find the app well. @param {number} port @param {string} path */
async function probes(port, path) {
  let ok = 0
  for (let index = 0; index < 10; index++) {
    const wire = await Wire.open(port)
    if ((await wire.ask(get(path))) === 200) ok++
    await closeAll([wire])
  }
  return ok
}

/** @param {readonly number[]} statuses @param {number} status */
const countOf = (statuses, status) => statuses.filter((each) => each === status).length

/** @param {number} port @returns {Promise<Outcome[]>} */
async function tooMany(port) {
  const most = limits.maxConnections
  const wires = await openMany(port, connections)
  const statuses = await Promise.all(wires.map((wire) => wire.ask(get('/ping'))))
  const answered = wires.filter((_, index) => statuses[index] === 200)
  const refused = countOf(statuses, 503)
  const closed = countOf(statuses, 0)
  // Beyond the limit there is room for so many, those included that are just being refused.
  await Promise.all(wires.filter((_, index) => statuses[index] !== 200).map((wire) => wire.closed))
  await sleep(100)
  const well = await probes(port, '/healthz')
  const again = countOf(await Promise.all(answered.map((wire) => wire.ask(get('/ping')))), 200)
  await closeAll(wires)
  return [
    {
      name: `${thousands(connections)} connections, ${thousands(most)} at most`,
      wanted: `${most} answered, ${connections - most} refused`,
      got: `${answered.length} answered, ${refused} a 503, ${closed} closed`,
      passed: answered.length === most && refused + closed === connections - most,
    },
    {
      name: 'those that were answered, once more',
      wanted: `${most} answered`,
      got: `${again} answered`,
      passed: again === most,
    },
    { name: 'probes beyond the limit', wanted: '10 of 10', got: `${well} of 10`, passed: well === 10 },
  ]
}

/** Sends a little every half second. @param {Wire} wire @param {string} first @param {string} next */
function drip(wire, first, next) {
  wire.socket.write(first)
  const timer = setInterval(() => !wire.socket.destroyed && wire.socket.write(next), 500)
  wire.closed.then(() => clearInterval(timer))
}

/** @param {number} port @returns {Promise<Outcome[]>} */
async function slow(port) {
  const heads = await openMany(port, slowOfEachKind)
  const bodies = await openMany(port, slowOfEachKind)
  const readers = await openMany(port, slowOfEachKind)
  const start = performance.now()
  for (const wire of heads) drip(wire, 'GET / HTTP/1.1\r\nHost: localhost\r\n', 'X-A: b\r\n')
  for (const wire of bodies)
    drip(wire, `POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n`, 'x')
  let taken = 0
  let whole = 0
  for (const { socket } of readers) {
    let size = 0
    socket.removeAllListeners('data')
    socket.on('data', (chunk) => {
      size += chunk.byteLength
      taken += chunk.byteLength
      if (size >= largeSize) {
        whole++
        socket.destroy()
      }
    })
    socket.pause()
    socket.write(get('/large'))
  }
  const ordinary = await openMany(port, slowOfEachKind)
  let answered = 0
  const each = 100
  await Promise.all(
    ordinary.map(async (wire) => {
      for (let index = 0; index < each; index++) if ((await wire.ask(get('/async'))) === 200) answered++
    }),
  )
  await closeAll(ordinary)
  const cut = async (/** @type {readonly Wire[]} */ wires) => {
    const closed = wires.map((wire) => wire.closed.then(() => true))
    const late = sleep(Math.max(0, start + slowTime - performance.now()), false, { ref: false })
    return (await Promise.all(closed.map((one) => Promise.race([one, late])))).filter(Boolean).length
  }
  // Who takes nothing does not see that it was cut: it takes what was on its way, when there was time enough for that.
  await sleep(Math.max(0, start + slowTime / 2 - performance.now()))
  for (const { socket } of readers) socket.resume()
  const ends = [await cut(heads), await cut(bodies), (await cut(readers)) - whole]
  await closeAll([...heads, ...bodies, ...readers])
  const wanted = slowOfEachKind * each
  const kinds = `${slowOfEachKind}, ${slowOfEachKind}, ${slowOfEachKind}`
  return [
    {
      name: `beside ${slowOfEachKind} slow heads, ${slowOfEachKind} bodies and ${slowOfEachKind} readers`,
      wanted: `${thousands(wanted)} answered`,
      got: `${thousands(answered)} answered`,
      passed: answered === wanted,
    },
    { name: 'slow ones cut', wanted: kinds, got: ends.join(', '), passed: ends.join(', ') === kinds && taken > 0 },
  ]
}

/** @param {number} port @returns {Promise<Outcome[]>} */
async function tooLarge(port) {
  const size = megabytes * 1024 ** 2
  const [counted, chunked] = await openMany(port, 2)
  const post = 'POST /echo HTTP/1.1\r\nHost: localhost\r\n'
  const first = await counted.ask(`${post}Content-Length: ${size}\r\n\r\n`, Buffer.alloc(size))
  const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536), Buffer.from('\r\n')])
  const chunks = Array.from({ length: size / 65_536 }, () => chunk)
  const second = await chunked.ask(`${post}Transfer-Encoding: chunked\r\n\r\n`, ...chunks, '0\r\n\r\n')
  await closeAll([counted, chunked])
  const got = `${first}, ${second}`
  return [
    {
      name: `${megabytes} MB against ${limits.bodyLimit}, and in chunks`,
      wanted: '413, 413',
      got,
      passed: got === '413, 413',
    },
  ]
}

/** @param {number} port @returns {Promise<Outcome[]>} */
async function atOnce(port) {
  const wires = await openMany(port, concurrent)
  let answered = 0
  for (let round = 0; round < rounds; round++) {
    answered += countOf(await Promise.all(wires.map((wire) => wire.ask(get('/async')))), 200)
  }
  await closeAll(wires)
  const wanted = concurrent * rounds
  return [
    {
      name: `${thousands(concurrent)} at once, ${rounds} times`,
      wanted: `${thousands(wanted)} answered`,
      got: `${thousands(answered)} answered`,
      passed: answered === wanted,
    },
  ]
}

/** @param {number} port @param {number} seconds @returns {Promise<Outcome[]>} */
async function sustained(port, seconds) {
  const wires = await openMany(port, busy)
  const body = 'x'.repeat(1024)
  const post = `POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  const end = performance.now() + seconds * 1000
  let asked = 0
  let failed = 0
  /** @type {number[]} */
  const times = []
  await Promise.all(
    wires.map(async (wire) => {
      for (let now = performance.now(); now < end; ) {
        const status = await wire.ask(asked++ % 4 === 3 ? post : get('/ping'))
        if (status !== 200) {
          failed++
          return
        }
        const then = performance.now()
        // All of them would be more memory than the server's.
        if (asked % 16 === 0) times.push((then - now) * 1000)
        now = then
      }
    }),
  )
  await closeAll(wires)
  const p99 = latency(percentile(times, 0.99))
  return [
    {
      name: `${seconds} s by ${busy} connections`,
      wanted: 'all answered',
      got: `${thousands(asked - failed)} answered, ${failed} not; ${thousands(asked / seconds)}/s, p99 ${p99}`,
      passed: failed === 0,
    },
  ]
}

/** @param {number} port @returns {Promise<Outcome[]>} */
async function healthy(port) {
  const well = await probes(port, '/readyz')
  return [{ name: 'health checks after it', wanted: '10 of 10', got: `${well} of 10`, passed: well === 10 }]
}

/**
 * @param {number} port
 * @param {number} seconds of load
 * @param {(outcome: Outcome) => void} tell
 */
export async function runTrials(port, seconds, tell) {
  for (const trial of [
    tooMany,
    slow,
    tooLarge,
    atOnce,
    (/** @type {number} */ at) => sustained(at, seconds),
    healthy,
  ]) {
    for (const outcome of await trial(port)) tell(outcome)
  }
}
