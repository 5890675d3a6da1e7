// The two measurements of a run: servers under load, and the time until a new process answers.
import { ask, check } from './contract.mjs'
import { Failure } from './failure.mjs'
import { ServerProcess } from './server-process.mjs'
import { rotated } from './stats.mjs'

/**
 * @typedef {object} Sample
 * @property {string} server
 * @property {string} route
 * @property {number} busy share of the time that the server had a CPU; above 1 with helper threads
 * @property {number} cpu µs per request
 * @property {number} p50 µs
 * @property {number} p99 µs
 * @property {number} requests
 * @property {number} rate requests per second
 * @property {number} round
 */

/**
 * @typedef {object} Plan
 * @property {typeof check} [check] compares what a server answers with what it must
 * @property {number} connections
 * @property {(server: string) => Readonly<Record<string, string>>} [headers] of each request
 * @property {import('../load/load.mjs').Load} load
 * @property {readonly import('./launch.mjs').Runnable[]} peers
 * @property {number} rounds
 * @property {readonly import('./contract.mjs').LoadRoute[]} routes
 * @property {number} seconds
 */

/**
 * Runs every server on every route, once a round. All servers stay up; one at a time has load. Servers follow each
 * other directly on the same route, in an order that turns from round to round.
 *
 * @param {Plan} plan
 * @returns {Promise<Sample[]>}
 */
export async function underLoad(plan) {
  /** @type {ServerProcess[]} */
  const servers = []
  /** @type {Sample[]} */
  const samples = []
  try {
    for (const peer of plan.peers) servers.push(await ServerProcess.start(peer))
    for (const server of servers) {
      for (const route of plan.routes) await (plan.check ?? check)(server.peer.id, server.port, route)
    }
    console.error('Every server gives the same answers. Warming up.')
    // Round 0 brings each server's code to its final form; what it measures is thrown away.
    for (let round = 0; round <= plan.rounds; round++) {
      if (round > 0) console.error(`Round ${round} of ${plan.rounds}`)
      for (const route of plan.routes) {
        for (const server of rotated(servers, round)) {
          const sample = await measure(server, route, plan)
          if (round > 0) samples.push({ ...sample, round })
        }
      }
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
  }
  return samples
}

/**
 * @param {ServerProcess} server
 * @param {import('./contract.mjs').LoadRoute} route
 * @param {Plan} plan
 */
async function measure(server, route, { connections, headers, load, seconds }) {
  const before = await server.cpu()
  const url = `http://127.0.0.1:${server.port}${route.path}`
  const fired = await load.fire({ body: route.body, connections, headers: headers?.(server.peer.id), seconds, url })
  const after = await server.cpu()
  const { failures, p50, p99, requests } = fired
  if (failures.length > 0 || requests === 0) {
    throw new Failure(`${server.peer.id} failed under load on ${route.path}: ${failures.join('; ') || 'no answer'}`)
  }
  const cpu = (after - before) / requests
  const busy = (after - before) / 1e6 / fired.seconds
  return { server: server.peer.id, route: route.id, busy, cpu, p50, p99, requests, rate: requests / fired.seconds }
}

/**
 * The time from spawning a process to its first 200, and the part of it until it listens, in ms: one figure a round.
 *
 * @typedef {{ server: string, answered: number, listening: number }} Start
 *
 * @param {readonly import('./launch.mjs').Runnable[]} peers
 * @param {import('./contract.mjs').LoadRoute} ping
 * @param {number} rounds
 * @returns {Promise<Start[]>}
 */
export async function startTimes(peers, ping, rounds) {
  /** @type {Start[]} */
  const starts = []
  console.error('Starting each server', rounds, 'times')
  // Round 0 brings the files into the page cache.
  for (let round = 0; round <= rounds; round++) {
    for (const peer of rotated(peers, round)) {
      const spawned = performance.now()
      const server = await ServerProcess.start(peer)
      try {
        const { status } = await ask(server.port, ping)
        const answered = performance.now() - spawned
        if (status !== 200) throw new Failure(`${peer.id} answers ${ping.path} with ${status}`)
        if (round > 0) starts.push({ server: peer.id, answered, listening: server.startup })
      } finally {
        await server.stop()
      }
    }
  }
  return starts
}
