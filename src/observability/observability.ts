import type { Instruments } from '../core/instruments.js'
import type { RequestObserver } from '../core/observer.js'
import { invalid } from '../core/options-check.js'
import type { Handler, Middleware } from '../core/types.js'
import { partFamilies } from './app-metrics.js'
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
  /** The first that the app was told to count. */
  #metrics: Metrics | undefined
  #requests: RequestMetrics | undefined
  /** What the dashboard counts for itself, where nothing else was counted. */
  #shown: RequestMetrics | undefined

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
    if (this.#counted !== undefined) return { observer: undefined, routes }
    this.#shown = attachMetrics(metrics(), this.#instruments)
    return { observer: this.#shown, routes }
  }

  /** What a worker reports of its metrics (`metrics-merge`); undefined where it counts nothing. */
  report(): Promise<MetricsReport> | undefined {
    return this.#metrics?.report()
  }

  stats(): AppStats {
    return statsOf(this.#instruments, this.#counted)
  }

  get #counted(): RequestMetrics | undefined {
    return this.#requests ?? this.#shown
  }

  #snapshot(): Snapshot {
    const counted = this.#counted!
    const stats = statsOf(this.#instruments, counted)
    return snapshotOf({ ...stats, requests: stats.requests! }, counted, partFamilies(this.#instruments))
  }

  #attach(measured: Metrics): RequestObserver {
    const requests = attachMetrics(measured, this.#instruments)
    this.#metrics ??= measured
    this.#requests ??= requests
    return requests
  }
}
