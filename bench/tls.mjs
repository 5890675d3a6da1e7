// `npm run bench -- tls`: Hotpress and its peers over TLS, HTTP/1.1 and HTTP/2: small and large answers, uploads,
// handshakes, and connections that wait. README.md says how to read it.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { chosen, positive, run } from './lib/arguments.mjs'
import { Failure } from './lib/failure.mjs'
import { nodeOf, runnable } from './lib/launch.mjs'
import { machine, machineLine } from './lib/machine.mjs'
import { mostConnections, rerunWithMore } from './lib/open-files.mjs'
import { pinning } from './lib/pin.mjs'
import { rotated } from './lib/stats.mjs'
import { thousands } from './lib/table.mjs'
import { largeRoutes, protocols, smallRoutes } from './lib/tls-contract.mjs'
import { suite, writeBodies } from './lib/tls-files.mjs'
import { handshakeKinds, idling, present, routesOf, shakingHands, underLoad } from './lib/tls-measure.mjs'
import { handshakeTables, idleTable, tlsRouteTable, tlsVerdicts } from './lib/tls-report.mjs'
import { tlsLoads } from './load/tls.mjs'
import { tlsClient } from './load/tls-client.mjs'
import { tlsPeers } from './tls-servers.mjs'

/**
 * @typedef {import('./lib/tls-measure.mjs').Contestant} Contestant
 * @typedef {import('./lib/tls-measure.mjs').IdleSample} IdleSample
 * @typedef {import('./lib/tls-measure.mjs').Sample} Sample
 */

const parts = ['small', 'large', 'handshakes', 'idle'].map((id) => ({ id }))
const protocolIds = /** @type {import('./lib/tls-contract.mjs').Protocol[]} */ (Object.keys(protocols))
const help = `npm run bench -- tls [options]

  --connections <n>   idle connections                   (10000)
  --json <file>       write every single measurement to a file
  --node <major>      the servers run on that Node, fetched from npm (this one)
  --only <ids>        servers: ${tlsPeers.map((peer) => peer.id).join(',')}
  --parts <ids>       ${parts.map((part) => part.id).join(',')}
  --protocols <ids>   ${protocolIds.join(',')}
  --rounds <n>        rounds of everything               (3)
  --rsa               a certificate with RSA 2048, not ECDSA P-256; handshakes are made with both
  --seconds <n>       whole seconds of load of each measurement (3)
`

/** What is open at a time. HTTP/1.1 has as many requests under way as connections. */
const shapes = {
  large: {
    h1: { connections: 16, streams: 1 },
    h2: { connections: 4, streams: 4 },
    h3: { connections: 4, streams: 4 },
  },
  small: {
    h1: { connections: 64, streams: 1 },
    h2: { connections: 16, streams: 10 },
    h3: { connections: 16, streams: 10 },
  },
}

/**
 * @typedef {object} Session what the parts of a run share
 * @property {readonly Contestant[]} contestants
 * @property {import('./lib/tls-files.mjs').KeyType} keys
 * @property {ReturnType<typeof tlsLoads>} loads
 * @property {number} rounds
 * @property {number} seconds
 */

await run(async () => {
  const { values } = parseArgs({
    options: {
      connections: { type: 'string', default: '10000' },
      help: { type: 'boolean', short: 'h', default: false },
      json: { type: 'string' },
      node: { type: 'string' },
      only: { type: 'string' },
      parts: { type: 'string' },
      protocols: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      rsa: { type: 'boolean', default: false },
      seconds: { type: 'string', default: '3' },
    },
  })
  if (values.help) {
    console.log(help)
    return
  }
  const connections = positive('connections', values.connections, Number.isInteger)
  const rounds = positive('rounds', values.rounds, Number.isInteger)
  const seconds = positive('seconds', values.seconds, Number.isInteger)
  const asked = chosen('only', values.only, tlsPeers)
  const wanted = chosen('parts', values.parts, parts).map(({ id }) => id)
  const entries = protocolIds.map((id) => ({ id }))
  const spoken = chosen('protocols', values.protocols, entries).map(({ id }) => id)
  const keys = values.rsa ? 'rsa' : 'ecdsa'
  if (wanted.includes('idle')) {
    const rerun = rerunWithMore(connections)
    if (rerun !== undefined) {
      process.exitCode = rerun
      return
    }
  }

  writeBodies()
  const node = nodeOf(values.node)
  const loads = tlsLoads()
  const program = wanted.includes('handshakes') || wanted.includes('idle') ? tlsClient() : undefined
  // The flag is for the idle connections; it makes no difference to the others.
  const servers = runnable(asked, { flags: ['--expose-gc'], folder: 'servers/tls', node })
  const able = contestantsOf(
    servers,
    spoken.filter((id) => loads[id] !== undefined),
  )
  const contestants = await present(able, { keys, routes: [...smallRoutes, ...largeRoutes] })
  if (contestants.length === 0) throw new Failure('None of these servers runs here')
  const load = [...new Set(Object.values(loads).map(({ name }) => name))].join(', ')
  console.log(`${machineLine(node.version)}, ${pinning}`)
  console.log(`TLS 1.3, ${suite}, ${keys === 'rsa' ? 'RSA 2048' : 'ECDSA P-256'}; load: ${load}`)
  console.log(`Rounds: ${rounds} × ${seconds} s, each measurement in a process of its own\n`)

  /** @type {Session} */
  const session = { contestants, keys, loads, rounds, seconds }
  /** @type {Sample[]} */
  const samples = []
  if (wanted.includes('small')) samples.push(...(await answers(session, 'small', smallRoutes)))
  if (wanted.includes('large')) samples.push(...(await answers(session, 'large', largeRoutes)))
  if (wanted.includes('handshakes') && program !== undefined) samples.push(...(await shaking(session, program)))
  const idle = wanted.includes('idle') && program !== undefined ? await waiting(session, program, connections) : []

  console.log(tlsVerdicts(samples, idle))
  if (values.json !== undefined) {
    const about = { ...machine(node.version), keys, load, pinning, rounds, seconds, suite }
    writeFileSync(values.json, `${JSON.stringify({ about, idle, samples }, null, 2)}\n`)
  }
})

/**
 * Every contestant on every route, once a round; a table of each route and protocol when it is done.
 *
 * @param {Session} session
 * @param {'large' | 'small'} part
 * @param {readonly import('./lib/tls-contract.mjs').LoadRoute[]} routes
 */
async function answers({ contestants, keys, loads, rounds, seconds }, part, routes) {
  /** @type {Sample[]} */
  const samples = []
  for (const route of routes) {
    for (let round = 1; round <= rounds; round++) {
      console.error(`${route.title}, round ${round} of ${rounds}`)
      for (const contestant of rotated(contestants, round)) {
        const load = loads[contestant.protocol]
        if (load === undefined || !routesOf(contestant, routes).includes(route)) continue
        const plan = { ...shapes[part][contestant.protocol], fire: load.fire, keys, seconds }
        samples.push({ ...(await underLoad(contestant, route, plan)), round })
      }
    }
    for (const protocol of protocolIds) {
      const found = tlsRouteTable(samples, contestants, route, protocol)
      if (found !== undefined) console.log(`${found}\n`)
    }
  }
  return samples
}

/**
 * Handshakes of every kind. They are the same in all protocols of a server, and node:http2's are those of node:https:
 * measured over HTTP/1.1.
 *
 * @param {Session} session
 * @param {string} program
 */
async function shaking({ contestants, rounds, seconds }, program) {
  const taking = contestants.filter(({ protocol }) => protocol === 'h1')
  /** @type {Sample[]} */
  const samples = []
  for (const kind of handshakeKinds) {
    for (let round = 1; round <= rounds; round++) {
      console.error(`Handshakes, ${kind.title}, round ${round} of ${rounds}`)
      for (const contestant of rotated(taking, round)) {
        const sample = await shakingHands(contestant, kind, { program, seconds })
        if (sample !== undefined) samples.push({ ...sample, round })
      }
    }
  }
  console.log(`${handshakeTables(samples, taking)}\n`)
  return samples
}

/**
 * @param {Session} session
 * @param {string} program
 * @param {number} connections
 */
async function waiting({ contestants, keys, loads, rounds }, program, connections) {
  /** @type {IdleSample[]} */
  const samples = []
  if (connections > mostConnections()) {
    console.error(`Without ${thousands(connections)} connections: more open files than a process may have (ulimit -Hn)`)
    return samples
  }
  const taking = contestants.filter(({ protocol }) => protocol !== 'h3')
  for (let round = 1; round <= rounds; round++) {
    console.error(`${thousands(connections)} idle connections, round ${round} of ${rounds}`)
    for (const contestant of rotated(taking, round)) {
      const fire = loads[contestant.protocol]?.fire
      samples.push(await idling(contestant, { connections, fire, keys, program }))
    }
  }
  console.log(`${idleTable(samples, taking)}\n`)
  return samples
}

/**
 * @param {readonly import('./lib/launch.mjs').Runnable[]} servers
 * @param {readonly import('./lib/tls-contract.mjs').Protocol[]} spoken
 * @returns {Contestant[]}
 */
function contestantsOf(servers, spoken) {
  return servers.flatMap(({ command, id, isNode }) => {
    const peer = tlsPeers.find((each) => each.id === id)
    if (peer === undefined) return []
    return peer.speaks.flatMap((protocol) => (spoken.includes(protocol) ? [{ command, isNode, peer, protocol }] : []))
  })
}
