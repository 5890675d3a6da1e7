// `npm run bench -- idle`: what a connection that waits costs in memory. README.md says how to read it.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { chosen, positive, run } from './lib/arguments.mjs'
import { check, loadRoutes } from './lib/contract.mjs'
import { Failure } from './lib/failure.mjs'
import { mustReach } from './lib/goals.mjs'
import { IdleConnections } from './lib/idle-connections.mjs'
import { nodeOf, runnable } from './lib/launch.mjs'
import { machine, machineLine } from './lib/machine.mjs'
import { mostConnections, rerunWithMore } from './lib/open-files.mjs'
import { ServerProcess } from './lib/server-process.mjs'
import { median, rotated } from './lib/stats.mjs'
import { table, thousands } from './lib/table.mjs'
import { chooseLoad } from './load/load.mjs'
import { peers } from './servers.mjs'

const takingPart = peers.filter(({ id }) =>
  ['uws', 'hotpress-native', 'hotpress-uws', 'hotpress-node', 'fastify'].includes(id),
)
const help = `npm run bench -- idle [options]

  --connections <ns>  how many idle connections, a list  (1000,10000)
  --json <file>       write every single measurement to a file
  --node <major>      the servers run on that Node, fetched from npm (this one)
  --only <ids>        servers: ${takingPart.map((peer) => peer.id).join(',')}
  --runs <n>          processes measured of each server  (5)
`
const most = 2

/**
 * @typedef {object} Sample
 * @property {number} after resident bytes with the connections
 * @property {number} before resident bytes without
 * @property {number} connections
 * @property {string} server
 */

const [ping] = loadRoutes

/**
 * Everything that many requests make a server keep must be there before the first figure is taken: compiled code, and
 * a heap as large as it gets. Eight connections, closed again, do that and leave next to no memory of connections.
 *
 * @param {ServerProcess} server
 * @param {import('./load/load.mjs').Load} load
 */
async function warmUp({ peer, port }, load) {
  await check(peer.id, port, ping)
  const { failures } = await load.fire({ connections: 8, seconds: 2, url: `http://127.0.0.1:${port}${ping.path}` })
  if (failures.length > 0) throw new Failure(`${peer.id} failed under load: ${failures.join('; ')}`)
}

/**
 * @param {import('./lib/launch.mjs').Runnable} peer
 * @param {number} connections
 * @param {import('./load/load.mjs').Load} load
 * @returns {Promise<Sample>}
 */
async function measure(peer, connections, load) {
  const server = await ServerProcess.start(peer)
  const idle = new IdleConnections()
  try {
    await warmUp(server, load)
    const before = await server.memory()
    await idle.open(server.port, connections)
    const after = await server.memory()
    idle.mustBeOpen()
    return { server: peer.id, connections, before, after }
  } catch (error) {
    throw error instanceof Failure ? new Failure(`${peer.id}, ${connections} connections: ${error.message}`) : error
  } finally {
    await idle.close()
    await server.stop()
  }
}

/**
 * KB that each connection added, in every run.
 *
 * @param {readonly Sample[]} samples
 */
const each = (samples) => samples.map(({ after, before, connections }) => (after - before) / 1024 / connections)

/**
 * @param {readonly Sample[]} samples
 * @param {readonly import('./lib/launch.mjs').Runnable[]} servers
 */
function report(samples, servers) {
  const megabytes = (/** @type {number[]} */ bytes) => (median(bytes) / 1024 / 1024).toFixed(1)
  const rows = servers.map(({ id, name }) => {
    const own = samples.filter((sample) => sample.server === id)
    const kilobytes = each(own)
    return [
      name,
      megabytes(own.map((sample) => sample.before)),
      megabytes(own.map((sample) => sample.after)),
      `${median(kilobytes).toFixed(2)} (${Math.min(...kilobytes).toFixed(2)}–${Math.max(...kilobytes).toFixed(2)})`,
    ]
  })
  return table(['server', 'RSS before, MB', 'RSS after, MB', 'KB per connection'], rows)
}

/**
 * @param {readonly Sample[]} samples
 * @param {number} connections
 */
function verdict(samples, connections) {
  const own = samples.filter((sample) => sample.server === 'hotpress-native' && sample.connections === connections)
  const goal = `KB of hotpress-native per idle connection, ${thousands(connections)} of them`
  return { figure: own.length === 0 ? undefined : median(each(own)), goal, most }
}

await run(async () => {
  const { values } = parseArgs({
    options: {
      connections: { type: 'string', default: '1000,10000' },
      help: { type: 'boolean', short: 'h', default: false },
      json: { type: 'string' },
      node: { type: 'string' },
      only: { type: 'string' },
      runs: { type: 'string', default: '5' },
    },
  })
  if (values.help) {
    console.log(help)
    return
  }
  const asked = values.connections.split(',').map((count) => positive('connections', count, Number.isInteger))
  const runs = positive('runs', values.runs, Number.isInteger)
  const wanted = chosen('only', values.only, takingPart)
  const rerun = rerunWithMore(Math.max(...asked))
  if (rerun !== undefined) {
    process.exitCode = rerun
    return
  }
  const counts = asked.filter((count) => {
    if (count <= mostConnections()) return true
    console.error(`Without ${thousands(count)} connections: more open files than a process may have (ulimit -Hn)`)
    return false
  })
  if (counts.length === 0) throw new Failure('Nothing is left to measure')

  const node = nodeOf(values.node)
  const servers = runnable(wanted, { flags: ['--expose-gc'], node })
  const load = chooseLoad()
  console.log(`${machineLine(node.version)}\nProcesses measured of each server: ${runs}\n`)
  /** @type {Sample[]} */
  const samples = []
  for (const connections of counts) {
    for (let round = 1; round <= runs; round++) {
      console.error(`${thousands(connections)} connections, run ${round} of ${runs}`)
      for (const peer of rotated(servers, round)) samples.push(await measure(peer, connections, load))
    }
    const own = samples.filter((sample) => sample.connections === connections)
    console.log(`${thousands(connections)} idle connections\n\n${report(own, servers)}\n`)
  }
  console.log(mustReach(counts.map((connections) => verdict(samples, connections))))
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify({ about: machine(node.version), samples }, null, 2)}\n`)
  }
})
