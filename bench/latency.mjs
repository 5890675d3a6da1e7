// `npm run bench -- latency`: how late answers are at half of what raw uWebSockets.js can do. README.md says how to
// read it.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { chosen, loadOptions, positive, run } from './lib/arguments.mjs'
import { check, loadRoutes } from './lib/contract.mjs'
import { Failure } from './lib/failure.mjs'
import { mustReach } from './lib/goals.mjs'
import { nodeOf, runnable } from './lib/launch.mjs'
import { machine, machineLine } from './lib/machine.mjs'
import { ServerProcess } from './lib/server-process.mjs'
import { median, medianRatio, rotated } from './lib/stats.mjs'
import { latency, ratio, table, thousands } from './lib/table.mjs'
import { ConstantRate } from './load/constant-rate.mjs'
import { chooseLoad } from './load/load.mjs'
import { peers } from './servers.mjs'

const usual = ['uws', 'hotpress-native']
const help = `npm run bench -- latency [options]

  --connections <n>   connections open                   (64)
  --json <file>       write every single measurement to a file
  --node <major>      the servers run on that Node, fetched from npm (this one); raw uws may not, then give --rate
  --only <ids>        servers: ${peers.map((peer) => peer.id).join(',')} (${usual.join(',')})
  --rate <n>          requests per second (half of what raw uws answers at full load)
  --rounds <n>        rounds, without the warm-up        (9)
  --routes <id>       one route: ${loadRoutes.map((route) => route.id).join(',')} (ping)
  --seconds <n>       whole seconds of load per server and round (3)
`

/** Seconds at the beginning of each load that are not counted. */
const leadIn = 1

/** From this share of the time on, what the generator missed reaches one request in a hundred: the p99 is its own. */
const mostAway = 0.005

/** How often a server's turn is taken again because the generator was away; then its round is thrown away. */
const tries = 4

/** @typedef {import('./load/open-loop.mjs').Hit & { busy: number, round: number, server: string }} Sample */

/** @param {import('./lib/contract.mjs').LoadRoute} route */
function requestOf({ body, method, path }) {
  const entity = body === undefined ? '' : `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`
  return `${method} ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\n${entity}\r\n${body ?? ''}`
}

/**
 * Half of what a server answers when it always has something to do: the best of three tries.
 *
 * @param {ServerProcess | undefined} server
 * @param {import('./lib/contract.mjs').LoadRoute} route
 * @param {{ connections: number, seconds: number }} plan
 */
async function halfLoad(server, { body, path }, plan) {
  if (server === undefined) throw new Failure('Raw uws does not take part, so its full load is unknown: give --rate')
  const load = chooseLoad()
  const rates = []
  // The first warms up.
  for (let shot = 0; shot <= 3; shot++) {
    const { failures, requests, seconds } = await load.fire({
      ...plan,
      body,
      url: `http://127.0.0.1:${server.port}${path}`,
    })
    if (failures.length > 0 || requests === 0) throw new Failure(`raw uws under full load: ${failures.join('; ')}`)
    if (shot > 0) rates.push(requests / seconds)
  }
  const full = Math.max(...rates)
  console.log(`Raw uws at full load by ${load.name}: ${thousands(full)} requests per second`)
  return Math.round(full / 2)
}

/**
 * @param {ServerProcess} server
 * @param {ConstantRate} generator
 * @param {Omit<import('./load/open-loop.mjs').Shot, 'port'>} shot
 */
async function turn(server, generator, shot) {
  for (let left = tries; ; left--) {
    const before = await server.cpu()
    const hit = await generator.fire({ ...shot, port: server.port })
    const busy = ((await server.cpu()) - before) / 1e6 / (shot.leadIn + shot.seconds)
    if (hit.away <= mostAway || left === 1) return { ...hit, busy, server: server.peer.id }
  }
}

/**
 * @param {readonly Sample[]} samples
 * @param {string} id
 */
const of = (samples, id) => samples.filter((sample) => sample.server === id)

/**
 * @param {readonly Sample[]} samples
 * @param {'p50' | 'p99'} percentile
 * @param {string} id
 * @returns {number | undefined} undefined when it or raw uws was not measured
 */
function overUws(samples, percentile, id) {
  const own = of(samples, id).map((sample) => sample[percentile])
  const other = of(samples, 'uws').map((sample) => sample[percentile])
  return own.length === 0 || other.length === 0 ? undefined : medianRatio(own, other)
}

/**
 * @param {readonly Sample[]} samples
 * @param {readonly import('./lib/launch.mjs').Runnable[]} servers
 */
function report(samples, servers) {
  const rows = servers.map(({ id, name }) => {
    const own = of(samples, id)
    const cell = (/** @type {'p50' | 'p99' | 'p999'} */ percentile) => {
      const values = own.map((sample) => sample[percentile])
      return `${latency(median(values))} (${latency(Math.min(...values))}–${latency(Math.max(...values))})`
    }
    return [
      name,
      thousands(median(own.map((sample) => sample.rate))),
      cell('p50'),
      cell('p99'),
      ratio(overUws(samples, 'p99', id)),
      cell('p999'),
      `${(median(own.map((sample) => sample.busy)) * 100).toFixed(0)}%`,
      `${(median(own.map((sample) => sample.away)) * 100).toFixed(1)}%`,
    ]
  })
  return table(['server', 'req/s', 'p50', 'p99', '÷ raw uws', 'p99.9', 'busy', 'generator away'], rows)
}

await run(async () => {
  const { values } = parseArgs({
    options: {
      ...loadOptions({ rounds: '9', seconds: '3' }),
      only: { type: 'string', default: usual.join(',') },
      rate: { type: 'string' },
      routes: { type: 'string', default: 'ping' },
    },
  })
  if (values.help) {
    console.log(help)
    return
  }
  const connections = positive('connections', values.connections, Number.isInteger)
  const rounds = positive('rounds', values.rounds, Number.isInteger)
  const seconds = positive('seconds', values.seconds, Number.isInteger)
  const [route, ...more] = chosen('routes', values.routes, loadRoutes)
  if (more.length > 0) throw new Failure('--routes takes one route here')
  const asked = values.rate === undefined ? undefined : positive('rate', values.rate)
  const wanted = chosen('only', values.only, peers)
  const node = nodeOf(values.node)
  console.log(machineLine(node.version))

  const runnables = runnable(wanted, { node })
  /** @type {ServerProcess[]} */
  const servers = []
  /** @type {Sample[]} */
  const samples = []
  const generator = new ConstantRate()
  let rate = 0
  try {
    for (const peer of runnables) servers.push(await ServerProcess.start(peer))
    for (const server of servers) await check(server.peer.id, server.port, route)
    const uws = servers.find((server) => server.peer.id === 'uws')
    rate = asked ?? (await halfLoad(uws, route, { connections, seconds }))
    console.log(`Load: ${thousands(rate)} requests per second, ${connections} connections, ${rounds} × ${seconds} s\n`)
    const shot = { connections, leadIn, rate, request: requestOf(route), seconds }
    // Round 0 warms servers and generator up.
    for (let round = 0; round <= rounds; round++) {
      /** @type {Sample[]} */
      const turns = []
      for (const server of rotated(servers, round)) turns.push({ ...(await turn(server, generator, shot)), round })
      const isClean = turns.every(({ away }) => away <= mostAway)
      if (round > 0 && isClean) samples.push(...turns)
      const judged = isClean ? '' : ': thrown away, the generator was away too long'
      console.error(round === 0 ? 'Warmed up' : `Round ${round} of ${rounds}${judged}`)
    }
  } finally {
    generator.stop()
    await Promise.all(servers.map((server) => server.stop()))
  }

  const kept = samples.length / servers.length
  if (kept === 0) {
    throw new Failure('In no round did the generator keep time: the machine is busy, or the rate more than it can')
  }
  console.log(`${route.title}; rounds that count: ${kept}\n\n${report(samples, runnables)}\n`)
  const figure = overUws(samples, 'p99', 'hotpress-native')
  const goal = `p99 of hotpress-native ÷ uws on /${route.id} at ${thousands(rate)} requests per second`
  console.log(mustReach([{ figure, goal, most: 1 }]))
  if (values.json !== undefined) {
    const about = { ...machine(node.version), connections, leadIn, rate, route: route.id, seconds }
    writeFileSync(values.json, `${JSON.stringify({ about, samples }, null, 2)}\n`)
  }
})
