import type { Instruments } from '../core/instruments.js'
import type { RequestObserver } from '../core/observer.js'
import { invalid } from '../core/options-check.js'
import type { Handler, Middleware } from '../core/types.js'
import { type DashboardRoute, dashboardRoutes } from './dashboard/dashboard.js'
import type { DashboardOptions } from './dashboard/options.js'
import { type Snapshot, snapshotOf } from './dashboard/snapshot.js'
import { attachMetrics, Metrics, metrics } from './metrics.js'
import type { MetricsReport } from './metrics-merge.js'
import type { AppMetricsOptions } from './metrics-options.js'
import type { RequestMetrics } from './request-metrics.js'
import { type AppStats, statsOf } from './stats.js'

/** What `app.metrics()` adds to an app. */
export interface Measured {
  readonly observer: RequestObserver
  /** Undefined where the user has one. */
  readonly route:
    | { readonly handler: Handler; readonly options: { readonly use: readonly Middleware[] }; readonly path: string }
    | undefined
}

/** What an app counts of itself. */
export class Observability {
  readonly #instruments: Instruments
  /** Whether what is counted was asked for, and not only what the dashboard needs. */
  #isAsked = true
  #metrics: Metrics | undefined
  #requests: RequestMetrics | undefined

  constructor(instruments: Instruments) {
    this.#instruments = instruments
  }

  /** @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN` */
  measure(given: AppMetricsOptions | Metrics): Measured {
    if (typeof given !== 'object' || given === null) invalid('options of metrics()', given, 'an object')
    if (given instanceof Metrics) return { observer: this.#attach(given), route: undefined }
    const { path = '/metrics', use = [], ...options } = given
    if (typeof path !== 'string' || !path.startsWith('/')) invalid('path of metrics()', path, 'a path')
    const measured = metrics(options)
    const layers: readonly Middleware[] = typeof use === 'function' ? [use] : use
    return { observer: this.#attach(measured), route: { handler: measured.handler, options: { use: layers }, path } }
  }

  /** What the dashboard adds to an app; it counts its requests where nothing else has it do so. */
  show(options: DashboardOptions): {
    readonly observer: RequestObserver | undefined
    readonly routes: readonly DashboardRoute[]
  } {
    const routes = dashboardRoutes(options, () => this.#snapshot())
    if (this.#requests !== undefined) return { observer: undefined, routes }
    const observer = this.#attach(metrics())
    // What the app is told to count, later, takes its place.
    this.#isAsked = false
    return { observer, routes }
  }

  /** What a worker reports of its metrics (`metrics-merge`); undefined where it counts nothing. */
  report(): Promise<MetricsReport> | undefined {
    return this.#metrics?.report()
  }

  stats(): AppStats {
    return statsOf(this.#instruments, this.#requests)
  }

  #snapshot(): Snapshot {
    const counted = this.#requests!
    const stats = statsOf(this.#instruments, counted)
    return snapshotOf({ ...stats, requests: stats.requests! }, counted)
  }

  #attach(measured: Metrics): RequestObserver {
    const requests = attachMetrics(measured, this.#instruments)
    if (this.#isAsked) {
      this.#metrics ??= measured
      this.#requests ??= requests
    } else {
      this.#metrics = measured
      this.#requests = requests
    }
    this.#isAsked = true
    return requests
  }
}
