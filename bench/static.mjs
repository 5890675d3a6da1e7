// `npm run bench -- static`: a file of 32 KB from Hotpress and its peers. README.md says how to read it.
import { writeFileSync } from 'node:fs'
import http from 'node:http'
import { parseArgs } from 'node:util'
import { chosen, loadOptions, positive, run } from './lib/arguments.mjs'
import { ask } from './lib/contract.mjs'
import { Failure } from './lib/failure.mjs'
import { mustReach } from './lib/goals.mjs'
import { nodeOf, runnable } from './lib/launch.mjs'
import { machine, machineLine } from './lib/machine.mjs'
import { underLoad } from './lib/measure.mjs'
import { makeCss, name, writeFiles } from './lib/static-files.mjs'
import { median, medianRatio } from './lib/stats.mjs'
import { latency, ratio, table, thousands } from './lib/table.mjs'
import { chooseLoad } from './load/load.mjs'

/**
 * @typedef {import('./lib/contract.mjs').LoadRoute} LoadRoute
 * @typedef {import('./lib/measure.mjs').Sample} Sample
 * @typedef {import('./servers.mjs').Peer} Peer
 */

/** @type {readonly Peer[]} */
const peers = [
  { id: 'nginx', name: 'nginx, one process', file: 'static-nginx.mjs', needs: 'nginx' },
  { id: 'hotpress-native', name: 'hotpress on native', file: 'static-hotpress.mjs', args: ['native'], needs: 'native' },
  { id: 'hotpress-uws', name: 'hotpress on uws', file: 'static-hotpress.mjs', args: ['uws'], needs: 'uws' },
  { id: 'hotpress-node', name: 'hotpress on node', file: 'static-hotpress.mjs', args: ['node'] },
  { id: 'fastify', name: '@fastify/static', file: 'static-fastify.mjs' },
  { id: 'express', name: 'express.static', file: 'static-express.mjs' },
]

const help = `npm run bench -- static [options]

  --connections <n>   connections kept busy              (64)
  --json <file>       write every single measurement to a file
  --node <major>      the servers run on that Node, fetched from npm (this one)
  --only <ids>        servers: ${peers.map((peer) => peer.id).join(',')}
  --rounds <n>        rounds, without the warm-up        (5)
  --seconds <n>       whole seconds of load per server and round (4)
`

/** @type {LoadRoute} */
const route = {
  answer: makeCss(),
  id: name,
  method: 'GET',
  path: `/${name}`,
  title: '',
  type: 'text/css; charset=utf-8',
}

/**
 * Asks a server for the file, and again for a newer one than it has said.
 *
 * @param {string} server for the message
 * @param {number} port
 */
async function check(server, port) {
  const { body, headers, status } = await ask(port, route)
  const found = []
  if (status !== 200) found.push(`status ${status}, not 200`)
  if (body !== route.answer) found.push('another body')
  const wanted = {
    'accept-ranges': /^bytes$/,
    'content-type': /^text\/css; ?charset=utf-8$/i,
    etag: /"/,
    'last-modified': /GMT$/,
  }
  for (const [header, value] of Object.entries(wanted)) {
    if (!value.test(String(headers[header] ?? ''))) found.push(`header ${header}: ${headers[header]}, not ${value}`)
  }
  const again = await statusWith(port, String(headers.etag))
  if (again !== 304) found.push(`status ${again} for If-None-Match, not 304`)
  if (found.length > 0) throw new Failure(`${server} answers ${route.path} otherwise:\n  ${found.join('\n  ')}`)
}

/**
 * @param {number} port
 * @param {string} etag
 * @returns {Promise<number | undefined>}
 */
function statusWith(port, etag) {
  return new Promise((resolve, reject) => {
    http
      .get({ headers: { 'If-None-Match': etag }, host: '127.0.0.1', path: route.path, port }, (response) => {
        response.resume().on('end', () => resolve(response.statusCode))
      })
      .on('error', reject)
  })
}

/**
 * @param {readonly Sample[]} samples
 * @param {string} server
 * @param {'cpu' | 'rate'} figure
 */
const series = (samples, server, figure) => samples.filter((each) => each.server === server).map((each) => each[figure])

/**
 * @param {readonly Sample[]} samples
 * @param {'cpu' | 'rate'} figure
 * @param {string} server
 * @param {string} peer
 */
function over(samples, figure, server, peer) {
  const [own, other] = [series(samples, server, figure), series(samples, peer, figure)]
  return own.length === 0 || other.length === 0 ? undefined : medianRatio(own, other)
}

/** @param {readonly Sample[]} samples @param {readonly import('./lib/launch.mjs').Runnable[]} servers */
function report(samples, servers) {
  const rows = servers.map(({ id, name: label }) => {
    const own = samples.filter((sample) => sample.server === id)
    const [cpu, rate] = [own.map((sample) => sample.cpu), median(own.map((sample) => sample.rate))]
    return [
      label,
      thousands(rate),
      thousands((rate * route.answer.length) / 1e6),
      latency(median(own.map((sample) => sample.p50))),
      latency(median(own.map((sample) => sample.p99))),
      `${(median(own.map((sample) => sample.busy)) * 100).toFixed(0)}%`,
      `${median(cpu).toFixed(2)} (${Math.min(...cpu).toFixed(2)}–${Math.max(...cpu).toFixed(2)})`,
      ratio(over(samples, 'rate', id, 'fastify')),
      ratio(over(samples, 'rate', id, 'nginx')),
      ratio(over(samples, 'cpu', id, 'nginx')),
    ]
  })
  const head = [
    'server',
    'req/s',
    'MB/s',
    'p50',
    'p99',
    'busy',
    'CPU µs/req',
    'rate ÷ @fastify',
    'rate ÷ nginx',
    'CPU ÷ nginx',
  ]
  return `GET /${name}: 32 KB of CSS\n\n${table(head, rows)}`
}

/** At least three times the rate is at most a third of the other's, and so on. @param {readonly Sample[]} samples */
function verdicts(samples) {
  return mustReach(
    ['hotpress-native', 'hotpress-uws'].flatMap((id) => [
      { figure: over(samples, 'rate', 'fastify', id), goal: `rate of @fastify/static ÷ ${id}`, most: 1 / 3 },
      { figure: over(samples, 'cpu', id, 'fastify'), goal: `CPU of ${id} ÷ @fastify/static`, most: 1 / 3 },
      { figure: over(samples, 'rate', 'nginx', id), goal: `rate of nginx ÷ ${id}`, most: 1 / 0.6 },
      { figure: over(samples, 'cpu', id, 'nginx'), goal: `CPU of ${id} ÷ nginx`, most: 1 / 0.6 },
    ]),
  )
}

await run(async () => {
  const { values } = parseArgs({ options: loadOptions() })
  if (values.help) {
    console.log(help)
    return
  }
  writeFiles()
  const asked = chosen('only', values.only, peers)
  const node = nodeOf(values.node)
  const plan = {
    check,
    connections: positive('connections', values.connections, Number.isInteger),
    load: chooseLoad(),
    peers: runnable(asked, { node }),
    rounds: positive('rounds', values.rounds, Number.isInteger),
    routes: [route],
    seconds: positive('seconds', values.seconds, Number.isInteger),
  }
  const settings = `${plan.connections} connections, rounds: ${plan.rounds} × ${plan.seconds} s`
  console.log(`${machineLine(node.version)}\nLoad: ${plan.load.name}, ${settings}\n`)
  const samples = await underLoad(plan)
  console.log(`${report(samples, plan.peers)}\n`)
  console.log(verdicts(samples))
  if (values.json !== undefined) {
    const { connections, load, seconds } = plan
    const about = { ...machine(node.version), connections, load: load.name, seconds }
    writeFileSync(values.json, `${JSON.stringify({ about, samples }, null, 2)}\n`)
  }
})
