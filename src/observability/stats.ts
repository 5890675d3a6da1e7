import { performance } from 'node:perf_hooks'
import { type Census, total } from '../core/drain.js'
import type { Instruments } from '../core/instruments.js'
import type { TransportName } from '../core/settings.js'
import { percentileOf } from './histogram.js'
import { processMetrics } from './process-metrics.js'
import type { RequestMetrics } from './request-metrics.js'

/** How long requests took, in milliseconds, since the app is counted; percentiles to within a sixteenth. */
export interface LatencyStats {
  readonly mean: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly p999: number
}

/** What was counted of an app's requests. */
export interface RequestStats {
  /** Those whose answer did not go out whole. */
  readonly aborted: number
  /** Those under way. */
  readonly active: number
  readonly byStatus: Readonly<Record<'1xx' | '2xx' | '3xx' | '4xx' | '5xx', number>>
  readonly latency: LatencyStats
  /** Those that have ended in a second, in the mean since they are counted. */
  readonly perSecond: number
  /** Those that have ended. */
  readonly total: number
}

/** How an app is. Times are milliseconds, sizes bytes. */
export interface AppStats {
  /** What is open, all listeners together. */
  readonly connections: number
  /** What is open, by the transports that serve it. */
  readonly connectionsBy: Readonly<Partial<Record<TransportName, number>>>
  /** How late the event loop was in the last seconds, and the share of time that it was at work since the process began. */
  readonly eventLoop: {
    readonly max: number
    readonly mean: number
    readonly p50: number
    readonly p99: number
    readonly utilization: number
  }
  readonly memory: {
    readonly arrayBuffers: number
    readonly external: number
    readonly heapTotal: number
    readonly heapUsed: number
    readonly rss: number
  }
  /** Undefined for an app that does not count them: `app.metrics()` and `app.dashboard()` have it do so. */
  readonly requests: RequestStats | undefined
  /** Since the process has begun. */
  readonly uptime: number
  /** WebSockets that are open. */
  readonly webSockets: number
}

/** How an app is now. */
export function statsOf({ listeners }: Instruments, requests: RequestMetrics | undefined): AppStats {
  const open = listeners()
  const { connections, sockets }: Census = total(open.map(({ census }) => census))
  const connectionsBy: Partial<Record<TransportName, number>> = {}
  for (const { census, transport } of open) {
    connectionsBy[transport] = (connectionsBy[transport] ?? 0) + census.connections
  }
  const { delays, utilization } = processMetrics()
  const { arrayBuffers, external, heapTotal, heapUsed, rss } = process.memoryUsage()
  return {
    connections,
    connectionsBy,
    eventLoop: {
      max: delays.max * 1000,
      mean: delays.mean * 1000,
      p50: delays.p50 * 1000,
      p99: delays.p99 * 1000,
      utilization,
    },
    memory: { arrayBuffers, external, heapTotal, heapUsed, rss },
    requests: requests && requestStats(requests),
    uptime: process.uptime() * 1000,
    webSockets: sockets,
  }
}

function requestStats({ active, latencies, series, since }: RequestMetrics): RequestStats {
  let [aborted, seconds, ended] = [0, 0, 0]
  const classes = [0, 0, 0, 0, 0, 0]
  for (const { count, durations, isAborted, statusClass } of series) {
    ended += count
    seconds += durations.sum
    if (isAborted) aborted += count
    classes[statusClass] = (classes[statusClass] ?? 0) + count
  }
  const at = (share: number): number => percentileOf(latencies, share) * 1000
  const time = (performance.now() - since) / 1000
  return {
    aborted,
    active,
    byStatus: { '1xx': classes[1]!, '2xx': classes[2]!, '3xx': classes[3]!, '4xx': classes[4]!, '5xx': classes[5]! },
    latency: {
      mean: ended === 0 ? 0 : (seconds / ended) * 1000,
      p50: at(0.5),
      p90: at(0.9),
      p99: at(0.99),
      p999: at(0.999),
    },
    perSecond: time > 0 ? ended / time : 0,
    total: ended,
  }
}
