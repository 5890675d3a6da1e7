import { mustReach } from './goals.mjs'
import { median, medianRatio } from './stats.mjs'
import { latency, ratio, table, thousands } from './table.mjs'

/**
 * @typedef {import('../servers.mjs').Peer} Peer
 * @typedef {import('./contract.mjs').LoadRoute} LoadRoute
 * @typedef {import('./measure.mjs').Sample} Sample
 * @typedef {import('./measure.mjs').Start} Start
 */

/**
 * The goals of the HTTP benchmark: server CPU time per request against a peer. `/async` is held against raw
 * uWebSockets.js on its plain /ping, which awaits nothing: the two middlewares are inside the allowance.
 *
 * @type {readonly { server: string, route: string, peer: string, peerRoute: string, most: number }[]}
 */
const goals = [
  ...against('hotpress-native', 'uws', 0.9),
  { server: 'hotpress-native', route: 'async', peer: 'uws', peerRoute: 'ping', most: 1 },
  ...against('hotpress-native', 'fastify', 0.5),
  ...against('hotpress-uws', 'uws', 1.15),
  { server: 'hotpress-uws', route: 'async', peer: 'uws', peerRoute: 'ping', most: 1.4 },
  ...against('hotpress-uws', 'fastify', 0.5),
]

/**
 * The same goal on the two routes that do least.
 *
 * @param {string} server
 * @param {string} peer
 * @param {number} most
 */
function against(server, peer, most) {
  return ['ping', 'users'].map((route) => ({ server, route, peer, peerRoute: route, most }))
}

/**
 * CPU time of a server on a route, in the order of the rounds.
 *
 * @param {readonly Sample[]} samples
 * @param {string} server
 * @param {string} route
 */
const cpuOf = (samples, server, route) =>
  samples.filter((sample) => sample.server === server && sample.route === route).map((sample) => sample.cpu)

/**
 * @param {readonly Sample[]} samples
 * @param {{ server: string, route: string, peer: string, peerRoute: string }} sides
 * @returns {number | undefined} undefined when a side was not measured
 */
function cpuRatio(samples, { peer, peerRoute, route, server }) {
  const own = cpuOf(samples, server, route)
  const other = cpuOf(samples, peer, peerRoute)
  return own.length === 0 || other.length === 0 ? undefined : medianRatio(own, other)
}

/**
 * @param {readonly Sample[]} samples
 * @param {readonly Peer[]} peers
 * @param {LoadRoute} route
 */
export function routeTable(samples, peers, route) {
  const rows = peers.map((peer) => {
    const own = samples.filter((sample) => sample.server === peer.id && sample.route === route.id)
    const cpu = own.map((sample) => sample.cpu)
    const over = (/** @type {string} */ id) =>
      ratio(cpuRatio(samples, { server: peer.id, route: route.id, peer: id, peerRoute: route.id }))
    return [
      peer.name,
      thousands(median(own.map((sample) => sample.rate))),
      latency(median(own.map((sample) => sample.p50))),
      latency(median(own.map((sample) => sample.p99))),
      `${(median(own.map((sample) => sample.busy)) * 100).toFixed(0)}%`,
      `${median(cpu).toFixed(2)} (${Math.min(...cpu).toFixed(2)}–${Math.max(...cpu).toFixed(2)})`,
      over('uws'),
      over('fastify'),
    ]
  })
  return `${route.title}\n\n${table(['server', 'req/s', 'p50', 'p99', 'busy', 'CPU µs/req', '÷ raw uws', '÷ Fastify'], rows)}`
}

/**
 * @param {readonly Start[]} starts
 * @param {readonly Peer[]} peers
 */
export function startTable(starts, peers) {
  const rows = peers.map((peer) => {
    const own = starts.filter((start) => start.server === peer.id)
    const answered = own.map((start) => start.answered)
    return [
      peer.name,
      `${median(answered).toFixed(0)} (${Math.min(...answered).toFixed(0)}–${Math.max(...answered).toFixed(0)})`,
      median(own.map((start) => start.listening)).toFixed(0),
    ]
  })
  return `Start of a process, ms\n\n${table(['server', 'to the first 200', 'to listening'], rows)}`
}

/** @param {readonly Sample[]} samples */
export const httpVerdicts = (samples) =>
  mustReach(
    goals.map((goal) => ({
      figure: cpuRatio(samples, goal),
      goal: `CPU of ${goal.server} on /${goal.route} ÷ ${goal.peer} on /${goal.peerRoute}`,
      most: goal.most,
    })),
  )
