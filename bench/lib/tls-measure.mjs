// The measurements over TLS. Each has a process of its own, on a core of its own, that is asked once, warmed up, and
// then measured: what one route or protocol leaves behind in a process costs no other.
import { handshakes, IdleTls } from '../load/tls-client.mjs'
import { Failure } from './failure.mjs'
import { pinned } from './pin.mjs'
import { ServerProcess } from './server-process.mjs'
import { checkTls, NotSpoken, protocols, smallRoutes } from './tls-contract.mjs'
import { certificateOf } from './tls-files.mjs'

/**
 * @typedef {import('./tls-contract.mjs').LoadRoute} LoadRoute
 * @typedef {import('./tls-contract.mjs').Protocol} Protocol
 * @typedef {import('./tls-files.mjs').KeyType} KeyType
 * @typedef {import('../tls-servers.mjs').TlsPeer} TlsPeer
 *
 * @typedef {object} Contestant a server with the protocol that it is measured in
 * @property {readonly string[]} command without the arguments of a measurement
 * @property {boolean} isNode
 * @property {TlsPeer} peer
 * @property {Protocol} protocol
 *
 * @typedef {object} Sample
 * @property {number} busy share of the time that the server had a CPU
 * @property {number} cpu µs for one of what was counted
 * @property {number} latency µs, the mean; 0 of handshakes
 * @property {Protocol} protocol
 * @property {number} rate of what was counted, a second
 * @property {number} round
 * @property {string} server
 * @property {string} what a route's id, or the kind of handshake
 */

const warmUp = 1
const [ping] = smallRoutes

/** The kinds of handshake, in the order of the tables. */
export const handshakeKinds = /** @type {const} */ ([
  { id: 'ecdsa-full', isResumed: false, keys: 'ecdsa', title: 'full, ECDSA P-256' },
  { id: 'rsa-full', isResumed: false, keys: 'rsa', title: 'full, RSA 2048' },
  { id: 'ecdsa-resumed', isResumed: true, keys: 'ecdsa', title: 'resumed, ECDSA P-256' },
  { id: 'rsa-resumed', isResumed: true, keys: 'rsa', title: 'resumed, RSA 2048' },
])

/** As many at once as keep a server busy while one waits for its client. */
const atOnce = 32

/**
 * @param {Contestant} contestant
 * @param {KeyType} keys
 */
export function start({ command, isNode, peer, protocol }, keys) {
  const whole = pinned('server', [...command, protocol, ...certificateOf(keys)])
  return ServerProcess.start({ command: whole, id: peer.id, isNode, name: peer.name })
}

/**
 * Those that start and speak their protocol, with a line for each other. One that answers otherwise ends the run.
 *
 * @param {readonly Contestant[]} contestants
 * @param {{ keys: KeyType, routes: readonly LoadRoute[] }} plan
 * @returns {Promise<Contestant[]>}
 */
export async function present(contestants, { keys, routes }) {
  const able = []
  for (const contestant of contestants) {
    const { peer, protocol } = contestant
    const leftOut = (/** @type {unknown} */ error) =>
      console.error(`Without ${peer.name} over ${protocols[protocol]}: ${/** @type {Error} */ (error).message}`)
    let server
    try {
      server = await start(contestant, keys)
    } catch (error) {
      leftOut(error)
      continue
    }
    try {
      for (const route of routesOf(contestant, routes)) await checkTls(peer, server.port, route, protocol)
      able.push(contestant)
    } catch (error) {
      if (!(error instanceof NotSpoken)) throw error
      leftOut(error)
    } finally {
      await server.stop()
    }
  }
  return able
}

/** @param {Contestant} contestant @param {readonly LoadRoute[]} routes */
export const routesOf = ({ peer }, routes) => routes.filter(({ id }) => peer.without?.includes(id) !== true)

/**
 * @param {Contestant} contestant
 * @param {LoadRoute} route
 * @param {{ connections: number, fire: import('../load/tls.mjs').Fire, keys: KeyType, seconds: number, streams: number }} plan
 */
export async function underLoad(contestant, route, { connections, fire, keys, seconds, streams }) {
  const { peer, protocol } = contestant
  const server = await start(contestant, keys)
  try {
    await checkTls(peer, server.port, route, protocol)
    const shot = { connections, isUpload: route.method === 'POST', path: route.path, port: server.port, streams }
    await fire({ ...shot, seconds: warmUp })
    const before = await server.cpu()
    const { failures, latency, requests, seconds: passed } = await fire({ ...shot, seconds })
    const used = (await server.cpu()) - before
    if (failures.length > 0 || requests === 0) {
      const why = failures.join('; ') || 'no answer'
      throw new Failure(`${peer.id} failed under load on ${route.path} over ${protocols[protocol]}: ${why}`)
    }
    return {
      busy: used / 1e6 / passed,
      cpu: used / requests,
      latency,
      protocol,
      rate: requests / passed,
      server: peer.id,
      what: route.id,
    }
  } finally {
    await server.stop()
  }
}

/**
 * @param {Contestant} contestant
 * @param {typeof handshakeKinds[number]} kind
 * @param {{ program: string, seconds: number }} plan
 * @returns {Promise<Omit<Sample, 'round'> | undefined>} undefined, and a line, where it does not resume sessions
 */
export async function shakingHands(contestant, { id, isResumed, keys, title }, { program, seconds }) {
  const { peer, protocol } = contestant
  const server = await start(contestant, keys)
  try {
    await checkTls(peer, server.port, ping, protocol)
    const shot = { connections: atOnce, port: server.port }
    await handshakes(program, { ...shot, isResumed: false, seconds: warmUp })
    let before = 0
    const ready = async () => {
      before = await server.cpu()
    }
    const {
      failed,
      full,
      resumed,
      seconds: passed,
      why,
    } = await handshakes(program, {
      ...shot,
      isResumed,
      ready,
      seconds,
    })
    const used = (await server.cpu()) - before
    if (failed > 0) throw new Failure(`${failed} failed: ${why}`)
    // With the last ticket taken by another, a worker or two make a full one at the end.
    const counted = isResumed ? resumed : full
    if (full + resumed - counted > atOnce) throw new Failure(`${full} were full and ${resumed} resumed`)
    return {
      busy: used / 1e6 / passed,
      cpu: used / counted,
      latency: 0,
      protocol,
      rate: counted / passed,
      server: peer.id,
      what: id,
    }
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    console.error(`Without handshakes of ${peer.name}, ${title}: ${error.message}`)
    return undefined
  } finally {
    await server.stop()
  }
}

/**
 * @typedef {object} IdleSample
 * @property {number} after resident bytes with the connections
 * @property {number} before resident bytes without
 * @property {number} closed connections that the server ended meanwhile, which make the figures worth nothing
 * @property {number} connections
 * @property {Protocol} protocol
 * @property {string} server
 *
 * @param {Contestant} contestant
 * @param {{ connections: number, fire: import('../load/tls.mjs').Fire | undefined, keys: KeyType, program: string }} plan
 * @returns {Promise<IdleSample>}
 */
export async function idling(contestant, { connections, fire, keys, program }) {
  const { peer, protocol } = contestant
  const server = await start(contestant, keys)
  /** @type {IdleTls | undefined} */
  let idle
  try {
    await checkTls(peer, server.port, ping, protocol)
    // Compiled code and a grown heap are to be there before the first figure, as in idle.mjs; and so is what the first
    // handshakes make a server keep.
    const shot = { connections: 8, isUpload: false, path: ping.path, port: server.port, streams: 4 }
    await fire?.({ ...shot, seconds: 2 })
    await handshakes(program, { connections: 8, isResumed: false, port: server.port, seconds: 1 })
    const before = await server.memory()
    idle = new IdleTls(program, { connections, port: server.port, protocol: protocol === 'h2' ? 'h2' : 'h1' })
    await idle.open()
    const after = await server.memory()
    return { after, before, closed: await idle.closed(), connections, protocol, server: peer.id }
  } finally {
    await idle?.close()
    await server.stop()
  }
}

/** @param {readonly IdleSample[]} samples KB that each connection added, in every run */
export const each = (samples) => samples.map(({ after, before, connections }) => (after - before) / 1024 / connections)
