// `npm run bench -- compress`: compressed answers of Hotpress and its peers, and the codecs by themselves. README.md
// says how to read it.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { chosen, positive, run } from './lib/arguments.mjs'
import { codecGoals, codecs, codecTable } from './lib/codecs.mjs'
import { checkCompressed, compressRoutes } from './lib/compress-contract.mjs'
import { Failure } from './lib/failure.mjs'
import { mustReach } from './lib/goals.mjs'
import { runnable } from './lib/launch.mjs'
import { machine, machineLine } from './lib/machine.mjs'
import { ServerProcess } from './lib/server-process.mjs'
import { median, medianRatio, rotated } from './lib/stats.mjs'
import { latency, ratio, table, thousands } from './lib/table.mjs'
import { chooseLoad } from './load/load.mjs'

/** @type {readonly import('./servers.mjs').Peer[]} */
const peers = [
  {
    id: 'hotpress',
    name: 'hotpress, memo off',
    file: 'compress/hotpress.mjs',
    args: ['native', 'off'],
    needs: 'native',
  },
  {
    id: 'hotpress-memo',
    name: 'hotpress, memo on',
    file: 'compress/hotpress.mjs',
    args: ['native', 'memo'],
    needs: 'native',
  },
  { id: 'node', name: 'node:http, node:zlib', file: 'compress/node.mjs' },
  { id: 'fastify', name: 'Fastify, @fastify/compress', file: 'compress/fastify.mjs' },
  { id: 'express', name: 'Express, compression', file: 'compress/express.mjs' },
]

const help = `npm run bench -- compress [options]

  --connections <n>   connections kept busy              (32)
  --json <file>       write every single measurement to a file
  --only <ids>        servers: ${peers.map((peer) => peer.id).join(',')}
  --rounds <n>        rounds, without the warm-up        (5)
  --routes <ids>      routes: ${compressRoutes.map((route) => route.id).join(',')}; none for the codecs alone
  --seconds <n>       whole seconds of load per server, route and round (4)
`

/**
 * @typedef {object} Sample
 * @property {number} busy share of the time that the server had a CPU; above 1 with the thread pool
 * @property {number} bytes of a body as sent
 * @property {number} cpu µs per request
 * @property {number} late µs, the 99th percentile of the event loop's lateness
 * @property {number} p99 µs
 * @property {number} rate requests per second
 * @property {string} route
 * @property {string} server
 */

/**
 * @param {ServerProcess} server
 * @param {import('./lib/compress-contract.mjs').CompressRoute} route
 * @param {{ connections: number, load: import('./load/load.mjs').Load, seconds: number }} plan
 * @returns {Promise<Sample>}
 */
async function measure(server, route, { connections, load, seconds }) {
  const { peer, port } = server
  const bytes = await checkCompressed(peer.id, port, route)
  await server.late()
  const before = await server.cpu()
  const url = `http://127.0.0.1:${port}${route.path}`
  const fired = await load.fire({ connections, headers: { 'Accept-Encoding': route.coding }, seconds, url })
  const used = (await server.cpu()) - before
  const late = await server.late()
  if (fired.failures.length > 0 || fired.requests === 0) {
    throw new Failure(`${peer.id} failed under load on ${route.path}: ${fired.failures.join('; ') || 'no answer'}`)
  }
  const busy = used / 1e6 / fired.seconds
  const rate = fired.requests / fired.seconds
  return { server: peer.id, route: route.id, busy, bytes, cpu: used / fired.requests, late, p99: fired.p99, rate }
}

/**
 * @param {readonly import('./lib/launch.mjs').Runnable[]} able
 * @param {readonly import('./lib/compress-contract.mjs').CompressRoute[]} routes
 * @param {{ connections: number, load: import('./load/load.mjs').Load, rounds: number, seconds: number }} plan
 */
async function underLoad(able, routes, plan) {
  const servers = []
  const samples = []
  try {
    for (const peer of able) servers.push(await ServerProcess.start(peer))
    // Round 0 brings each server's code to its final form.
    for (let round = 0; round <= plan.rounds; round++) {
      console.error(round === 0 ? 'Warming up' : `Round ${round} of ${plan.rounds}`)
      for (const route of routes) {
        for (const server of rotated(servers, round)) {
          const sample = await measure(server, route, plan)
          if (round > 0) samples.push(sample)
        }
      }
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
  }
  return samples
}

/**
 * @param {readonly Sample[]} samples
 * @param {string} server
 * @param {string} route
 * @param {'bytes' | 'cpu' | 'late' | 'rate'} member
 */
const figures = (samples, server, route, member) =>
  samples.filter((sample) => sample.server === server && sample.route === route).map((sample) => sample[member])

/**
 * A peer's figure over another's; undefined when one of them did not run.
 *
 * @param {readonly number[]} own
 * @param {readonly number[]} other
 */
const over = (own, other) => (own.length === 0 || other.length === 0 ? undefined : medianRatio(own, other))

/** @param {readonly Sample[]} samples */
function routeTable(samples, /** @type {import('./lib/compress-contract.mjs').CompressRoute} */ route) {
  const rows = peers.flatMap(({ id, name }) => {
    const own = samples.filter((sample) => sample.server === id && sample.route === route.id)
    if (own.length === 0) return []
    const rate = over(figures(samples, id, route.id, 'rate'), figures(samples, 'fastify', route.id, 'rate'))
    return [
      [
        name,
        thousands(median(own.map((sample) => sample.rate))),
        ratio(rate),
        `${(median(own.map((sample) => sample.busy)) * 100).toFixed(0)}%`,
        median(own.map((sample) => sample.cpu)).toFixed(0),
        thousands(own[0].bytes),
        latency(median(own.map((sample) => sample.p99))),
        latency(median(own.map((sample) => sample.late))),
      ],
    ]
  })
  const head = ['server', 'req/s', '÷ Fastify', 'busy', 'CPU µs/req', 'bytes', 'p99', 'loop late p99']
  return `${route.title}\n\n${table(head, rows)}`
}

/** @param {readonly Sample[]} samples */
function goals(samples, /** @type {import('./lib/compress-contract.mjs').CompressRoute} */ { id, title }) {
  const of = (/** @type {string} */ server, /** @type {'bytes' | 'late' | 'rate'} */ member) =>
    figures(samples, server, id, member)
  const late = of('hotpress', 'late')
  const memoGoal = {
    figure: over(of('fastify', 'rate'), of('hotpress-memo', 'rate')),
    goal: `${title}: Fastify's rate over ours, memo on`,
    most: 0.1,
  }
  return [
    {
      figure: over(of('fastify', 'rate'), of('hotpress', 'rate')),
      goal: `${title}: Fastify's rate over ours, memo off`,
      most: 0.5,
    },
    { figure: over(of('hotpress', 'bytes'), of('fastify', 'bytes')), goal: `${title}: bytes over Fastify's`, most: 1 },
    {
      figure: late.length === 0 ? undefined : median(late) / 1e3,
      goal: `${title}: ms that the event loop is late, p99`,
      most: 5,
    },
    memoGoal,
  ]
}

await run(async () => {
  const { values } = parseArgs({
    options: {
      connections: { type: 'string', default: '32' },
      help: { type: 'boolean', short: 'h', default: false },
      json: { type: 'string' },
      only: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      routes: { type: 'string' },
      seconds: { type: 'string', default: '4' },
    },
  })
  if (values.help) {
    console.log(help)
    return
  }
  const able = runnable(chosen('only', values.only, peers))
  const routes = values.routes === 'none' ? [] : chosen('routes', values.routes, compressRoutes)
  const plan = {
    connections: positive('connections', values.connections, Number.isInteger),
    load: chooseLoad(),
    rounds: positive('rounds', values.rounds, Number.isInteger),
    seconds: positive('seconds', values.seconds, Number.isInteger),
  }
  const settings = `${plan.connections} connections, rounds: ${plan.rounds} × ${plan.seconds} s`
  console.log(`${machineLine()}\nLoad: ${plan.load.name}, ${settings}\n`)

  const codecSamples = codecs(plan.rounds)
  console.log(`${codecTable(codecSamples)}\n`)
  const samples = routes.length === 0 ? [] : await underLoad(able, routes, plan)
  for (const route of routes) console.log(`${routeTable(samples, route)}\n`)
  console.log(mustReach([...codecGoals(codecSamples), ...routes.flatMap((route) => goals(samples, route))]))
  if (values.json !== undefined) {
    const about = { ...machine(), connections: plan.connections, load: plan.load.name, seconds: plan.seconds }
    writeFileSync(values.json, `${JSON.stringify({ about, codecs: codecSamples, samples }, null, 2)}\n`)
  }
})
