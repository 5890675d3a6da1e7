// `npm run bench -- workers`: what a second worker is worth, and what it costs. README.md says how to read it.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { chosen, loadOptions, positive, run } from './lib/arguments.mjs'
import { check, loadRoutes } from './lib/contract.mjs'
import { Failure } from './lib/failure.mjs'
import { nodeOf, runnable } from './lib/launch.mjs'
import { machine, machineLine } from './lib/machine.mjs'
import { cpuOf, memoryOf, mustCountTrees, treeOf } from './lib/process-tree.mjs'
import { ServerProcess } from './lib/server-process.mjs'
import { median, medianRatio, rotated } from './lib/stats.mjs'
import { none, ratio, table, thousands } from './lib/table.mjs'
import { chooseLoad } from './load/load.mjs'

/** @type {readonly (import('./servers.mjs').Peer)[]} */
const takingPart = [
  { id: 'hotpress-uws', name: 'hotpress on uws', file: 'hotpress.mjs', args: ['uws'], needs: 'uws' },
  { id: 'hotpress-native', name: 'hotpress on native', file: 'hotpress.mjs', args: ['native'], needs: 'native' },
  { id: 'hotpress-node', name: 'hotpress on node', file: 'hotpress.mjs', args: ['node'] },
  { id: 'node', name: 'node:http, node:cluster', file: 'cluster.mjs', args: ['node.mjs'] },
  { id: 'fastify', name: 'Fastify 5, node:cluster', file: 'cluster.mjs', args: ['fastify.mjs'] },
]

const help = `npm run bench -- workers [options]

  --connections <n>   connections kept busy                     (64)
  --json <file>       write every single measurement to a file
  --node <major>      the servers run on that Node, fetched from npm (this one)
  --only <ids>        servers: ${takingPart.map((peer) => peer.id).join(',')}
  --rounds <n>        rounds, without the warm-up               (5)
  --routes <ids>      routes: ${loadRoutes.map((route) => route.id).join(',')} (ping,json)
  --seconds <n>       whole seconds of load per server and round (4)
  --workers <ns>      how many workers, a list                  (1,2)
`

/**
 * @typedef {object} Sample
 * @property {number} cpu µs per request, of all processes of the server
 * @property {number} rate requests per second
 * @property {string} route
 * @property {string} server
 * @property {number} workers
 *
 * @typedef {object} Footprint
 * @property {readonly import('./lib/process-tree.mjs').Memory[]} processes the first of them first
 * @property {string} server
 * @property {number} workers
 */

/**
 * @param {{ server: ServerProcess, workers: number }} running
 * @param {import('./lib/contract.mjs').LoadRoute} route
 * @param {{ connections: number, load: import('./load/load.mjs').Load, seconds: number }} plan
 * @returns {Promise<Sample>}
 */
async function measure({ server, workers }, route, { connections, load, seconds }) {
  const { peer, pid, port } = server
  const pids = treeOf(pid)
  const before = cpuOf(pids)
  const url = `http://127.0.0.1:${port}${route.path}`
  const { failures, requests, seconds: took } = await load.fire({ body: route.body, connections, seconds, url })
  if (failures.length > 0 || requests === 0) {
    throw new Failure(`${peer.id} failed under load on ${route.path}: ${failures.join('; ') || 'no answer'}`)
  }
  const cpu = (cpuOf(pids) - before) / requests
  return { cpu, rate: requests / took, route: route.id, server: peer.id, workers }
}

/**
 * @param {readonly Sample[]} samples
 * @param {readonly { id: string, name: string }[]} servers
 * @param {readonly number[]} counts
 * @param {import('./lib/contract.mjs').LoadRoute} route
 */
function loadTable(samples, servers, counts, route) {
  const of = (/** @type {string} */ id, /** @type {number} */ count, /** @type {'cpu' | 'rate'} */ figure) =>
    samples
      .filter(({ route: each, server, workers }) => each === route.id && server === id && workers === count)
      .map((sample) => sample[figure])
  const rows = servers.flatMap(({ id, name }) =>
    counts.map((count) => [
      count === counts[0] ? name : '',
      String(count),
      thousands(median(of(id, count, 'rate'))),
      ratio(medianRatio(of(id, count, 'rate'), of(id, counts[0], 'rate'))),
      median(of(id, count, 'cpu')).toFixed(2),
      ratio(medianRatio(of(id, count, 'cpu'), of(id, counts[0], 'cpu'))),
    ]),
  )
  const head = ['server', 'workers', 'req/s', `÷ ${counts[0]}`, 'CPU µs/req', `÷ ${counts[0]}`]
  return `${route.title}\n\n${table(head, rows)}`
}

const megabytes = (/** @type {number} */ bytes) => (bytes / 1024 / 1024).toFixed(1)

/**
 * @param {readonly Footprint[]} footprints
 * @param {readonly { id: string, name: string }[]} servers
 */
function memoryTable(footprints, servers) {
  const rows = servers.flatMap(({ id, name }) =>
    footprints
      .filter(({ server }) => server === id)
      .map(({ processes, workers }, index, own) => {
        const sum = (/** @type {'pss' | 'rss' | 'uss'} */ figure) =>
          processes.reduce((all, process) => all + process[figure], 0)
        // With several, the first process serves nothing.
        const serving = workers === 1 ? processes : processes.slice(1)
        const before = own[index - 1]
        const each =
          before === undefined
            ? none
            : megabytes(
                (sum('pss') - before.processes.reduce((all, { pss }) => all + pss, 0)) / (workers - before.workers),
              )
        return [
          index === 0 ? name : '',
          String(workers),
          megabytes(sum('rss')),
          megabytes(sum('pss')),
          each,
          megabytes(median(serving.map(({ uss }) => uss))),
          workers === 1 ? none : megabytes(processes[0]?.uss ?? 0),
        ]
      }),
  )
  const head = ['server', 'workers', 'RSS', 'PSS', 'PSS each further', 'USS of a worker', 'USS of the first process']
  return `Memory after the load, MB, all processes together\n\n${table(head, rows)}`
}

await run(async () => {
  const { values } = parseArgs({
    options: {
      ...loadOptions(),
      routes: { type: 'string', default: 'ping,json' },
      workers: { type: 'string', default: '1,2' },
    },
  })
  if (values.help) {
    console.log(help)
    return
  }
  mustCountTrees()
  const counts = values.workers.split(',').map((count) => positive('workers', count, Number.isInteger))
  const node = nodeOf(values.node)
  const plan = {
    connections: positive('connections', values.connections, Number.isInteger),
    load: chooseLoad(),
    seconds: positive('seconds', values.seconds, Number.isInteger),
  }
  const rounds = positive('rounds', values.rounds, Number.isInteger)
  const routes = chosen('routes', values.routes, loadRoutes)
  const servers = runnable(chosen('only', values.only, takingPart), { folder: 'servers/workers', node })
  const settings = `${plan.connections} connections, rounds: ${rounds} × ${plan.seconds} s`
  console.log(
    `${machineLine(node.version)}\nLoad: ${plan.load.name}, ${settings}; it has its share of the same cores\n`,
  )

  /** @type {{ server: ServerProcess, workers: number }[]} */
  const running = []
  /** @type {Sample[]} */
  const samples = []
  /** @type {Footprint[]} */
  let footprints = []
  try {
    for (const server of servers) {
      for (const workers of counts) {
        const command = [...server.command, String(workers)]
        running.push({ server: await ServerProcess.start({ ...server, command }), workers })
      }
    }
    for (const { server } of running) for (const route of routes) await check(server.peer.id, server.port, route)
    console.error('Every server gives the same answers. Warming up.')
    for (let round = 0; round <= rounds; round++) {
      if (round > 0) console.error(`Round ${round} of ${rounds}`)
      for (const route of routes) {
        for (const each of rotated(running, round)) {
          const sample = await measure(each, route, plan)
          if (round > 0) samples.push(sample)
        }
      }
    }
    footprints = running.map(({ server, workers }) => ({
      processes: treeOf(server.pid).map(memoryOf),
      server: server.peer.id,
      workers,
    }))
  } finally {
    await Promise.all(running.map(({ server }) => server.stop()))
  }
  for (const route of routes) console.log(`${loadTable(samples, servers, counts, route)}\n`)
  console.log(memoryTable(footprints, servers))
  if (values.json !== undefined) {
    const about = {
      ...machine(node.version),
      load: plan.load.name,
      connections: plan.connections,
      seconds: plan.seconds,
    }
    writeFileSync(values.json, `${JSON.stringify({ about, footprints, samples }, null, 2)}\n`)
  }
})
