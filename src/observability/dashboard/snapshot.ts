import { performance } from 'node:perf_hooks'
import type { MetricFamily, MetricLabels } from '../../core/metric.js'
import { workerId } from '../../core/worker-id.js'
import type { RequestMetrics } from '../request-metrics.js'
import type { AppStats, RequestStats } from '../stats.js'

/** What was counted of one route and method. */
interface RouteSnapshot {
  /** Requests. */
  readonly count: number
  /** Those with a 5xx. */
  readonly errors: number
  readonly method: string
  /** Empty where none matched. */
  readonly route: string
  /** Seconds that they took together. */
  readonly seconds: number
}

/** A figure that a part of the app has of itself. */
interface PartSnapshot {
  readonly help: string
  /** Whether it only rises. */
  readonly isCounter: boolean
  readonly labels: MetricLabels
  readonly name: string
  readonly value: number
}

/** How an app is at a moment. The page makes rates of the difference between two. */
export interface Snapshot extends Omit<AppStats, 'eventLoop' | 'requests'> {
  /** Milliseconds since it is counted, and those in which the event loop had something to do. */
  readonly eventLoop: Omit<AppStats['eventLoop'], 'utilization'> & { readonly active: number; readonly time: number }
  readonly parts: readonly PartSnapshot[]
  readonly pid: number
  readonly requests: Pick<RequestStats, 'aborted' | 'active' | 'byStatus' | 'total'> & {
    /** By bucket; see `percentileOf` of `histogram`. */
    readonly latencies: readonly number[]
  }
  readonly routes: readonly RouteSnapshot[]
  /** Milliseconds by a clock that only goes on. */
  readonly time: number
  readonly worker: number | undefined
}

/** Routes that are told of, those with the most requests; and figures of parts. */
const mostRows = 100

/** Takes one. */
export function snapshotOf(
  { eventLoop: { utilization: _, ...delays }, requests, ...stats }: AppStats & { readonly requests: RequestStats },
  metrics: RequestMetrics,
  parts: readonly MetricFamily[],
): Snapshot {
  const { active, idle } = performance.eventLoopUtilization()
  const { aborted, active: underWay, byStatus, total } = requests
  return {
    ...stats,
    eventLoop: { ...delays, active, time: active + idle },
    parts: parts.flatMap(partsOf).slice(0, mostRows),
    pid: process.pid,
    requests: { aborted, active: underWay, byStatus, latencies: metrics.latencies, total },
    routes: routesOf(metrics),
    time: performance.now(),
    worker: workerId(),
  }
}

// Of what is counted by size, how many there were.
function partsOf({ help, name, series, type }: MetricFamily): readonly PartSnapshot[] {
  return series.map((each) => {
    const value = 'value' in each ? each.value : each.counts.reduce((all, count) => all + count, 0)
    return { help, isCounter: type !== 'gauge', labels: each.labels, name, value }
  })
}

function routesOf({ series }: RequestMetrics): readonly RouteSnapshot[] {
  const found = new Map<string, { -readonly [Name in keyof RouteSnapshot]: RouteSnapshot[Name] }>()
  for (const { count, durations, labels, statusClass } of series) {
    const { http_request_method: method = '', http_route: route = '' } = labels
    const key = `${method} ${route}`
    let known = found.get(key)
    if (known === undefined) {
      known = { count: 0, errors: 0, method, route, seconds: 0 }
      found.set(key, known)
    }
    known.count += count
    known.seconds += durations.sum
    if (statusClass === 5) known.errors += count
  }
  return [...found.values()].sort((one, other) => other.count - one.count).slice(0, mostRows)
}
