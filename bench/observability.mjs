// `npm run bench -- observability`: what it costs a request to be observed, against the same app without. README.md says
// how to read it.
import { writeFileSync } from 'node:fs'
import http from 'node:http'
import { parseArgs } from 'node:util'
import { chosen, positive, run } from './lib/arguments.mjs'
import { Failure } from './lib/failure.mjs'
import { mustReach } from './lib/goals.mjs'
import { nodeOf, runnable } from './lib/launch.mjs'
import { lostLines } from './lib/lost-lines.mjs'
import { machine, machineLine } from './lib/machine.mjs'
import { underLoad } from './lib/measure.mjs'
import { headers, observed, route } from './lib/observability.mjs'
import { median } from './lib/stats.mjs'
import { table, thousands } from './lib/table.mjs'
import { chooseLoad } from './load/load.mjs'

/** @typedef {import('./lib/measure.mjs').Sample} Sample */

const transports = ['native', 'uws', 'node'].map((id) => ({ id }))

const help = `npm run bench -- observability [options]

  --connections <n>   connections kept busy              (64)
  --json <file>       write every single measurement to a file
  --node <major>      the servers run on that Node, fetched from npm (this one)
  --only <ids>        of ${observed.map(({ id }) => id).join(',')}
  --rounds <n>        rounds, without the warm-up        (8)
  --seconds <n>       whole seconds of load per server and round (2)
  --transport <id>    ${transports.map(({ id }) => id).join(', ')} (native)
`

/**
 * Asks a server once.
 *
 * @param {string} id
 * @param {number} port
 */
async function check(id, port) {
  const { body, status } = await ask(port)
  if (status !== 200 || body !== route.answer) throw new Failure(`${id} answers otherwise: ${status} ${body}`)
}

/**
 * @param {number} port
 * @returns {Promise<{ body: string, status: number | undefined }>}
 */
function ask(port) {
  return new Promise((resolve, reject) => {
    http
      .get({ headers, host: '127.0.0.1', path: route.path, port }, (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (chunk) => {
          body += chunk
        })
        response.on('end', () => resolve({ body, status: response.statusCode }))
      })
      .on('error', reject)
  })
}

/** @param {readonly Sample[]} samples @param {string} id */
const cpuOf = (samples, id) => samples.filter(({ server }) => server === id).map(({ cpu }) => cpu)

/**
 * What one adds, in the median of the rounds: figures of one round share the machine's mood.
 *
 * @param {readonly Sample[]} samples
 * @param {string} id
 */
function extra(samples, id) {
  const [none, own] = [cpuOf(samples, 'none'), cpuOf(samples, id)]
  return none.length === 0 || own.length === 0 ? undefined : median(own.map((cpu, round) => cpu - none[round]))
}

/** @param {readonly Sample[]} samples @param {readonly import('./lib/launch.mjs').Runnable[]} servers */
function report(samples, servers) {
  const rows = servers.map(({ id, name }) => {
    const cpu = cpuOf(samples, id)
    const rate = median(samples.filter(({ server }) => server === id).map((sample) => sample.rate))
    const spread = `${median(cpu).toFixed(2)} (${Math.min(...cpu).toFixed(2)}–${Math.max(...cpu).toFixed(2)})`
    return [name, thousands(rate), spread, extra(samples, id)?.toFixed(2) ?? '–']
  })
  return table(['observed by', 'req/s', 'CPU µs/req', 'more than nothing, µs'], rows)
}

await run(async () => {
  const { values } = parseArgs({
    options: {
      connections: { type: 'string', default: '64' },
      help: { type: 'boolean', short: 'h', default: false },
      json: { type: 'string' },
      node: { type: 'string' },
      only: { type: 'string' },
      rounds: { type: 'string', default: '8' },
      seconds: { type: 'string', default: '2' },
      transport: { type: 'string', default: 'native' },
    },
  })
  if (values.help) {
    console.log(help)
    return
  }
  const [transport] = chosen('transport', values.transport, transports)
  const needs = transport.id === 'node' ? {} : { needs: /** @type {'native' | 'uws'} */ (transport.id) }
  const asked = chosen('only', values.only, observed)
  const peers = asked.map(({ id, name }) => ({
    args: [transport.id, id],
    file: 'observability.mjs',
    id,
    name,
    ...needs,
  }))
  const node = nodeOf(values.node)
  const plan = {
    check,
    connections: positive('connections', values.connections, Number.isInteger),
    headers: () => headers,
    load: chooseLoad(),
    peers: runnable(peers, { node }),
    rounds: positive('rounds', values.rounds, Number.isInteger),
    routes: [route],
    seconds: positive('seconds', values.seconds, Number.isInteger),
  }
  const settings = `${plan.connections} connections, rounds: ${plan.rounds} × ${plan.seconds} s, on ${transport.id}`
  console.log(`${machineLine(node.version)}\nLoad: ${plan.load.name}, ${settings}\n`)
  const samples = await underLoad(plan)
  console.log(`${report(samples, plan.peers)}\n`)
  const goals = asked.flatMap(({ id, most, name }) =>
    most === undefined ? [] : [{ figure: extra(samples, id), goal: `µs more than nothing: ${name}`, most }],
  )
  if (asked.some(({ id }) => id === 'access-log')) {
    const [rate, seconds] = [20_000, 10]
    console.error(`The access log at ${thousands(rate)} requests per second for ${seconds} s, with rotation`)
    const { lines, lost, requests, ...got } = await lostLines({
      connections: 64,
      rate,
      seconds,
      transport: transport.id,
    })
    const came = `${thousands(requests)} requests at ${thousands(got.rate)} per second, ${thousands(lines)} lines`
    console.log(`Access log: ${came}\n`)
    // Neither a line too few nor one too many.
    goals.push({
      figure: Math.abs(lost),
      goal: `lines lost at ${thousands(rate)} requests per second for ${seconds} s`,
      most: 0,
    })
  }
  console.log(mustReach(goals))
  if (values.json !== undefined) {
    const { connections, load, seconds } = plan
    const about = { ...machine(node.version), connections, load: load.name, seconds, transport: transport.id }
    writeFileSync(values.json, `${JSON.stringify({ about, samples }, null, 2)}\n`)
  }
})
