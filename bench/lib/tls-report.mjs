import { mustReach } from './goals.mjs'
import { median, medianRatio } from './stats.mjs'
import { latency, none, ratio, table, thousands } from './table.mjs'
import { protocols } from './tls-contract.mjs'
import { each, handshakeKinds } from './tls-measure.mjs'

/**
 * @typedef {import('./tls-contract.mjs').LoadRoute} LoadRoute
 * @typedef {import('./tls-contract.mjs').Protocol} Protocol
 * @typedef {import('./tls-measure.mjs').Contestant} Contestant
 * @typedef {import('./tls-measure.mjs').IdleSample} IdleSample
 * @typedef {import('./tls-measure.mjs').Sample} Sample
 */

/** Node's own server of each protocol; there is none of HTTP/3. */
const nodes = { h1: 'https', h2: 'http2', h3: undefined }

/** The most KB that an idle connection may take. */
const mostIdle = 30

/**
 * @param {readonly Sample[]} samples
 * @param {{ protocol: Protocol, server: string | undefined, what: string }} of
 */
const series = (samples, { protocol, server, what }) =>
  samples.filter((sample) => sample.protocol === protocol && sample.server === server && sample.what === what)

/**
 * A figure of one server over another's on the same route, by rounds.
 *
 * @param {readonly Sample[]} samples
 * @param {'cpu' | 'rate'} figure
 * @param {{ peer: string | undefined, protocol: Protocol, server: string, what: string }} sides
 */
function over(samples, figure, { peer, protocol, server, what }) {
  const others = series(samples, { protocol, server: peer, what })
  // By the number of the round: a server may have been left out of one.
  const pairs = series(samples, { protocol, server, what }).flatMap((own) => {
    const other = others.find(({ round }) => round === own.round)
    return other === undefined ? [] : [{ base: other[figure], value: own[figure] }]
  })
  if (pairs.length === 0) return undefined
  return medianRatio(
    pairs.map(({ value }) => value),
    pairs.map(({ base }) => base),
  )
}

/**
 * One line of a table: the figures that all of them have.
 *
 * @param {readonly Sample[]} samples
 * @param {{ peer: string | undefined, protocol: Protocol, server: string, what: string }} sides
 */
function figures(samples, { peer, protocol, server, what }) {
  const own = series(samples, { protocol, server, what })
  const cpu = own.map((sample) => sample.cpu)
  const mean = median(own.map((sample) => sample.latency))
  return {
    busy: `${(median(own.map((sample) => sample.busy)) * 100).toFixed(0)}%`,
    cpu: `${median(cpu).toFixed(2)} (${Math.min(...cpu).toFixed(2)}–${Math.max(...cpu).toFixed(2)})`,
    cpuOver: ratio(over(samples, 'cpu', { peer, protocol, server, what })),
    latency: mean === 0 ? none : latency(mean),
    rate: thousands(median(own.map((sample) => sample.rate))),
    rateOver: ratio(over(samples, 'rate', { peer, protocol, server, what })),
  }
}

/**
 * @param {readonly Sample[]} samples
 * @param {readonly Contestant[]} contestants
 * @param {LoadRoute} route
 * @param {Protocol} protocol
 * @returns {string | undefined} undefined when none was measured
 */
export function tlsRouteTable(samples, contestants, route, protocol) {
  const rows = contestants.flatMap(({ peer: { id: server, name }, protocol: spoken }) => {
    const sides = { peer: nodes[protocol], protocol, server, what: route.id }
    if (spoken !== protocol || series(samples, sides).length === 0) return []
    const { busy, cpu, cpuOver, latency: mean, rate, rateOver } = figures(samples, sides)
    return [[name, rate, mean, busy, cpu, cpuOver, rateOver]]
  })
  if (rows.length === 0) return undefined
  const node = nodes[protocol] === undefined ? 'Node' : `node:${nodes[protocol]}`
  const head = ['server', 'req/s', 'latency', 'busy', 'CPU µs/req', `CPU ÷ ${node}`, `rate ÷ ${node}`]
  return `${protocols[protocol]} over TLS, ${route.title}\n\n${table(head, rows)}`
}

/** @param {readonly Sample[]} samples @param {readonly Contestant[]} contestants */
export function handshakeTables(samples, contestants) {
  const tables = handshakeKinds.map(({ id, title }) => {
    const rows = contestants.flatMap(({ peer: { id: server, name }, protocol }) => {
      const own = series(samples, { protocol, server, what: id })
      if (own.length === 0) return []
      // Handshakes are held against node:https whatever the protocol: that is where most of them are.
      const peers = samples.filter((sample) => sample.server === 'https' && sample.what === id)
      const compared = [...own, ...peers.map((sample) => ({ ...sample, protocol }))]
      const { busy, cpu, cpuOver, rate, rateOver } = figures(compared, { peer: 'https', protocol, server, what: id })
      return [[name, rate, busy, cpu, cpuOver, rateOver]]
    })
    const head = ['server', 'handshakes/s', 'busy', 'CPU µs each', 'CPU ÷ node:https', 'rate ÷ node:https']
    return rows.length === 0 ? [] : [`Handshakes: ${title}\n\n${table(head, rows)}`]
  })
  return tables.flat().join('\n\n')
}

/** @param {readonly IdleSample[]} samples @param {readonly Contestant[]} contestants */
export function idleTable(samples, contestants) {
  const megabytes = (/** @type {number[]} */ bytes) => (median(bytes) / 1024 / 1024).toFixed(1)
  const rows = contestants.flatMap(({ peer: { id, name }, protocol }) => {
    const own = samples.filter((sample) => sample.server === id && sample.protocol === protocol)
    if (own.length === 0) return []
    const closed = Math.max(...own.map((sample) => sample.closed))
    const kilobytes = each(own)
    const range = `${median(kilobytes).toFixed(1)} (${Math.min(...kilobytes).toFixed(1)}–${Math.max(...kilobytes).toFixed(1)})`
    return [
      [
        name,
        protocols[protocol],
        megabytes(own.map((sample) => sample.before)),
        megabytes(own.map((sample) => sample.after)),
        closed === 0 ? range : `${thousands(closed)} were closed`,
      ],
    ]
  })
  const head = ['server', 'protocol', 'RSS before, MB', 'RSS after, MB', 'KB per connection']
  return `${thousands(samples[0]?.connections ?? 0)} idle connections over TLS\n\n${table(head, rows)}`
}

/**
 * What the project promises. At least 2.5 times the rate is at most 1 / 2.5 of the CPU time, and the other's rate over
 * the own is held to the same.
 *
 * @param {readonly Sample[]} samples
 * @param {readonly IdleSample[]} idle
 */
export function tlsVerdicts(samples, idle) {
  const server = 'hotpress-native'
  const small = [
    { least: 2.3, protocol: /** @type {const} */ ('h1') },
    { least: 2.5, protocol: /** @type {const} */ ('h2') },
  ].flatMap(({ least, protocol }) =>
    ['ping', 'users'].flatMap((what) => {
      const peer = nodes[protocol]
      const where = `/${what} over ${protocols[protocol]}`
      return [
        {
          figure: over(samples, 'cpu', { peer, protocol, server, what }),
          goal: `CPU of ${server} ÷ node:${peer}, ${where}`,
          most: 1 / least,
        },
        {
          figure: over(samples, 'rate', { peer: server, protocol, server: peer, what }),
          goal: `rate of node:${peer} ÷ ${server}, ${where}`,
          most: 1 / least,
        },
      ]
    }),
  )
  const shaking = handshakeKinds.map(({ id, title }) => ({
    figure: over(samples, 'cpu', { peer: 'https', protocol: 'h1', server, what: id }),
    goal: `CPU of ${server} ÷ node:https, a handshake, ${title}`,
    most: 1,
  }))
  const waiting = /** @type {const} */ (['h1', 'h2']).map((protocol) => {
    const own = idle.filter((sample) => sample.server === server && sample.protocol === protocol && sample.closed === 0)
    return {
      figure: own.length === 0 ? undefined : median(each(own)),
      goal: `KB of ${server} per idle connection over ${protocols[protocol]}`,
      most: mostIdle,
    }
  })
  return `${mustReach([...small, ...shaking, ...waiting])}${isHeldBack(samples) ? heldBack : ''}`
}

const heldBack = `

The load or another program held a server back (busy below 90%): go by the CPU time, the rates say little.`

/** Whether a server that the rates are judged by had less to do than it could. @param {readonly Sample[]} samples */
const isHeldBack = (samples) =>
  samples.some(
    ({ busy, server, what }) =>
      busy < 0.9 && ['hotpress-native', 'http2', 'https'].includes(server) && ['ping', 'users'].includes(what),
  )
