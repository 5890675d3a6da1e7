import {
  type EventLoopUtilization,
  monitorEventLoopDelay,
  type PerformanceEntry,
  PerformanceObserver,
  performance,
} from 'node:perf_hooks'
import { type MetricFamily, single, type ValueFamily } from '../core/metric.js'
import { Counts } from './histogram.js'

/** How often the event loop is looked at, in milliseconds: 50 times a second costs it nothing that shows. */
const resolution = 20

/** Milliseconds that a look at the delay covers at least, however many ask. */
const shortestWindow = 5000

/** Seconds; those of prom-client. */
const collectionBounds = [0.001, 0.01, 0.1, 1, 2, 5] as const

// As V8 calls them, by node's constants (NODE_PERFORMANCE_GC_*).
const kinds = new Map([
  [1, 'minor'],
  [4, 'major'],
  [8, 'incremental'],
  [16, 'weakcb'],
])

/** What node tells of a run of the collector; its types have it as of any entry. */
interface Collection {
  readonly detail?: { readonly kind?: number }
}

/** How late the event loop was, in seconds. */
export interface LoopDelays {
  readonly max: number
  readonly mean: number
  readonly min: number
  readonly p50: number
  readonly p90: number
  readonly p99: number
  readonly stddev: number
}

const delayNames: readonly (readonly [name: string, key: keyof LoopDelays, help: string])[] = [
  ['nodejs_eventloop_lag_seconds', 'mean', 'How late the event loop was in the mean.'],
  ['nodejs_eventloop_lag_max_seconds', 'max', 'How late the event loop was at most.'],
  ['nodejs_eventloop_lag_min_seconds', 'min', 'How late the event loop was at least.'],
  ['nodejs_eventloop_lag_p50_seconds', 'p50', 'How late the event loop was in half of the looks, at most.'],
  ['nodejs_eventloop_lag_p90_seconds', 'p90', 'How late the event loop was in 90 of 100 looks, at most.'],
  ['nodejs_eventloop_lag_p99_seconds', 'p99', 'How late the event loop was in 99 of 100 looks, at most.'],
  ['nodejs_eventloop_lag_stddev_seconds', 'stddev', 'Standard deviation of how late the event loop was.'],
]

/** What the process does: its event loop, memory, CPU and garbage collector. */
export class ProcessMetrics {
  readonly #collections = new Map<string, Counts>()
  readonly #delay = monitorEventLoopDelay({ resolution })
  #delays: LoopDelays | undefined
  #lastUtilization: EventLoopUtilization = performance.eventLoopUtilization()
  #since = performance.now()
  // Or it would be collected itself.
  readonly #watch = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) this.#collected(entry as PerformanceEntry & Collection)
  })

  constructor() {
    this.#delay.enable()
    this.#watch.observe({ entryTypes: ['gc'] })
  }

  /** Of the last seconds: of as many as have passed since somebody asked, and no less than five. */
  get delays(): LoopDelays {
    const now = performance.now()
    if (this.#delays !== undefined && now - this.#since < shortestWindow) return this.#delays
    const { max, mean, min, stddev } = this.#delay
    // What is measured is the time from one look to the next, in nanoseconds.
    const late = (nanoseconds: number): number =>
      this.#delay.count === 0 ? 0 : Math.max(0, nanoseconds / 1e9 - resolution / 1e3)
    this.#delays = {
      max: late(max),
      mean: late(mean),
      min: late(min),
      p50: late(this.#delay.percentile(50)),
      p90: late(this.#delay.percentile(90)),
      p99: late(this.#delay.percentile(99)),
      stddev: this.#delay.count === 0 ? 0 : stddev / 1e9,
    }
    this.#since = now
    this.#delay.reset()
    return this.#delays
  }

  /** The share of time that the event loop was at work since the process has started. */
  get utilization(): number {
    return performance.eventLoopUtilization().utilization
  }

  families(): readonly MetricFamily[] {
    return [...this.#loop(), ...this.#collector(), ...memory(), ...cpu()]
  }

  #collected({ detail, duration }: PerformanceEntry & Collection): void {
    const kind = kinds.get(detail?.kind ?? 0) ?? 'other'
    let counts = this.#collections.get(kind)
    if (counts === undefined) {
      counts = new Counts(collectionBounds)
      this.#collections.set(kind, counts)
    }
    counts.add(duration / 1000)
  }

  #collector(): readonly MetricFamily[] {
    const series = [...this.#collections].map(([kind, { counts, sum }]) => ({ counts, labels: { kind }, sum }))
    const help = 'Time that the garbage collector took, by its kind.'
    const name = 'nodejs_gc_duration_seconds'
    return [{ bounds: collectionBounds, help, name, over: 'each', series, type: 'histogram' }]
  }

  #loop(): readonly MetricFamily[] {
    const { delays } = this
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, this.#lastUtilization)
    this.#lastUtilization = now
    const state = (name: string, milliseconds: number) => ({
      labels: { nodejs_eventloop_state: name },
      value: milliseconds / 1000,
    })
    return [
      ...delayNames.map(([name, key, help]) => single('gauge', name, help, delays[key], 'each')),
      {
        help: 'Time that the event loop was at work, and that it has waited.',
        name: 'nodejs_eventloop_time_seconds_total',
        over: 'each',
        series: [state('active', now.active), state('idle', now.idle)],
        type: 'counter',
      },
      single(
        'gauge',
        'nodejs_eventloop_utilization_ratio',
        'The share of time that the event loop was at work since it was last asked.',
        utilization,
        'each',
      ),
    ]
  }
}

function cpu(): readonly ValueFamily[] {
  const { system, user } = process.cpuUsage()
  const started = Math.round(Date.now() / 1000 - process.uptime())
  return [
    single('counter', 'process_cpu_seconds_total', 'CPU time, user and system.', (system + user) / 1e6, 'each'),
    single('counter', 'process_cpu_system_seconds_total', 'CPU time in the system.', system / 1e6, 'each'),
    single('counter', 'process_cpu_user_seconds_total', 'CPU time of the process itself.', user / 1e6, 'each'),
    single('gauge', 'process_start_time_seconds', 'When the process has started, since 1970.', started, 'each'),
  ]
}

function memory(): readonly ValueFamily[] {
  const { arrayBuffers, external, heapTotal, heapUsed, rss } = process.memoryUsage()
  return [
    single(
      'gauge',
      'nodejs_array_buffers_bytes',
      'Memory of buffers, which external memory includes.',
      arrayBuffers,
      'each',
    ),
    single('gauge', 'nodejs_external_memory_bytes', 'Memory of objects outside of the heap.', external, 'each'),
    single('gauge', 'nodejs_heap_size_total_bytes', 'The heap of V8.', heapTotal, 'each'),
    single('gauge', 'nodejs_heap_size_used_bytes', 'What is in use of the heap of V8.', heapUsed, 'each'),
    single('gauge', 'process_resident_memory_bytes', 'Resident memory.', rss, 'each'),
  ]
}

let watched: ProcessMetrics | undefined

/** Those of this process, which begin to be counted when they are first asked for. */
export function processMetrics(): ProcessMetrics {
  watched ??= new ProcessMetrics()
  return watched
}
