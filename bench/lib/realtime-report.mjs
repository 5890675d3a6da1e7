// The tables of `npm run bench -- realtime`, and what the project asks of itself there.
import { mustReach } from './goals.mjs'
import { median, medianRatio } from './stats.mjs'
import { latency, none, ratio, table, thousands } from './table.mjs'

/**
 * @typedef {import('./realtime-measure.mjs').MemorySample} MemorySample
 * @typedef {import('./realtime-measure.mjs').RealtimeSample} RealtimeSample
 * @typedef {import('./realtime-measure.mjs').UserSample} UserSample
 * @typedef {{ id: string, name: string }} Named
 */

/** Whom the others are held against: the server that most use. */
const bases = ['official', 'ws-ws']

/**
 * @param {readonly RealtimeSample[]} samples
 * @param {string} server
 * @param {string} part
 * @param {'cpu' | 'rate'} figure
 */
const figuresOf = (samples, server, part, figure) =>
  samples.filter((sample) => sample.server === server && sample.part === part).map((sample) => sample[figure])

/**
 * @param {readonly RealtimeSample[]} samples of one part
 * @param {readonly Named[]} servers
 */
export function loadTable(samples, servers) {
  const [{ part }] = samples
  const base = servers.find(({ id }) => bases.includes(id))
  const rows = servers.map(({ id, name }) => {
    const own = samples.filter(({ server }) => server === id)
    const over = (/** @type {'cpu' | 'rate'} */ figure) =>
      base === undefined
        ? undefined
        : medianRatio(figuresOf(samples, id, part, figure), figuresOf(samples, base.id, part, figure))
    const cpus = own.map(({ cpu }) => cpu)
    return [
      name,
      thousands(median(own.map(({ rate }) => rate))),
      `${Math.round(median(own.map(({ busy }) => busy)) * 100)}%`,
      `${median(cpus).toFixed(2)} (${Math.min(...cpus).toFixed(2)}–${Math.max(...cpus).toFixed(2)})`,
      ratio(over('rate')),
      ratio(over('cpu')),
    ]
  })
  const against = base?.name ?? none
  return table(['server', 'messages/s', 'busy', 'CPU µs/message', `rate ÷ ${against}`, `CPU ÷ ${against}`], rows)
}

/** @param {readonly MemorySample[]} samples KB of each socket, in every round */
const each = (samples) => samples.map(({ after, before, sockets }) => (after - before) / 1024 / sockets)

/**
 * @param {readonly MemorySample[]} samples
 * @param {readonly (Named & { protocol: string })[]} servers
 */
export function memoryTable(samples, servers) {
  const rows = servers.map(({ id, name, protocol }) => {
    const kilobytes = each(samples.filter(({ server }) => server === id))
    const spread = `(${Math.min(...kilobytes).toFixed(2)}–${Math.max(...kilobytes).toFixed(2)})`
    return [
      `${name}, ${protocol === 'socketio' ? 'Socket.IO' : 'WebSockets'}`,
      `${median(kilobytes).toFixed(2)} ${spread}`,
    ]
  })
  return table(['server', 'KB per idle socket'], rows)
}

/** @param {readonly number[]} values @param {number} of */
function percentile(values, of) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * of) / 100))] ?? 0
}

/**
 * @param {readonly UserSample[]} stories
 * @param {readonly Named[]} servers
 */
export function userTable(stories, servers) {
  const rows = stories.map((story) => [
    servers.find(({ id }) => id === story.server)?.name ?? story.server,
    `${story.completed} of ${story.users}`,
    String(story.failures.length),
    thousands(story.emits),
    `${story.most}/s`,
    `${(median(story.sessions) / 1000).toFixed(1)} s`,
    latency(percentile(story.times, 50) * 1000),
    latency(percentile(story.times, 99) * 1000),
    `${(story.cpu / 1000).toFixed(0)} ms`,
  ])
  return table(['server', 'completed', 'failed', 'emits', 'most', 'session', 'p50', 'p99', 'CPU of the server'], rows)
}

/**
 * @param {readonly RealtimeSample[]} samples
 * @param {readonly MemorySample[]} memory
 * @param {readonly UserSample[]} stories
 */
export function realtimeVerdicts(samples, memory, stories) {
  const over = (/** @type {string} */ part) => {
    const own = figuresOf(samples, 'hotpress-uws', part, 'cpu')
    const official = figuresOf(samples, 'official', part, 'cpu')
    return own.length === 0 || official.length !== own.length ? undefined : medianRatio(own, official)
  }
  const idle = memory.filter(({ server }) => server === 'ws-hotpress-uws')
  const failed = stories.filter(({ server }) => server.startsWith('hotpress')).map(({ failures }) => failures.length)
  return mustReach([
    {
      figure: over('echo'),
      goal: 'Socket.IO round trips on uws: CPU time over the official server on node:http',
      most: 1 / 1.5,
    },
    { figure: over('broadcast'), goal: 'Socket.IO broadcasts to 1,000 on uws, four under way: the same', most: 0.5 },
    {
      figure: over('broadcast-1'),
      goal: 'Socket.IO broadcasts to 1,000 on uws, one after the other: the same',
      most: 0.5,
    },
    { figure: idle.length === 0 ? undefined : median(each(idle)), goal: 'KB of an idle WebSocket on uws', most: 6 },
    { figure: failed.length === 0 ? undefined : Math.max(...failed), goal: 'virtual users that failed', most: 0 },
  ])
}
