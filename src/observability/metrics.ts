import { exempt } from '../core/exempt.js'
import type { Instruments } from '../core/instruments.js'
import type { MetricFamily } from '../core/metric.js'
import { refused } from '../core/options-check.js'
import type { HttpRequest } from '../core/request.js'
import { HttpResponse } from '../core/response.js'
import type { Handler } from '../core/types.js'
import { varyBy } from '../core/vary.js'
import { appFamilies } from './app-metrics.js'
import { type MetricsFormat, metricsTypes, writeMetrics } from './exposition.js'
import { readRegistry } from './foreign-registry.js'
import { type ProducedMetrics, produced } from './metric-producer.js'
import { formatFor } from './metrics-format.js'
import { addFamilies, type MetricsReport } from './metrics-merge.js'
import { type MetricsOptions, type MetricsSettings, settleMetrics } from './metrics-options.js'
import { processMetrics } from './process-metrics.js'
import { countRefusals, refusalFamily } from './refusals.js'
import { RequestMetrics } from './request-metrics.js'

let attach: (metrics: Metrics, instruments: Instruments) => RequestMetrics
let make: (settings: MetricsSettings) => Metrics

/**
 * What is counted of an app: made by {@link metrics}, given to the app by `app.metrics()`. It is read by
 * {@link Metrics.handler}, or as data or text.
 */
export class Metrics {
  #instruments: Instruments | undefined = undefined
  readonly #requests: RequestMetrics
  readonly #settings: MetricsSettings
  readonly #since: number = Date.now()

  private constructor(settings: MetricsSettings) {
    this.#requests = new RequestMetrics(settings.requests)
    this.#settings = settings
    countRefusals()
    if (settings.hasProcess) processMetrics()
  }

  static {
    attach = (metrics, instruments) => {
      if (metrics.#instruments !== undefined) refused('metrics of metrics()', 'those of an app', 'what no app has yet')
      metrics.#instruments = instruments
      return metrics.#requests
    }
    make = (settings) => new Metrics(settings)
  }

  /**
   * Answers with the metrics, for a GET route: in OpenMetrics 1.0.0 where `Accept` asks for it, else in the text format 0.0.4
   * of Prometheus. It answers while the app is at its limits.
   */
  get handler(): Handler {
    return exempt((request: HttpRequest) => this.#answer(formatFor(request.header('accept'))))
  }

  /** All that is told of, but for what is in the registry of another library: plain data. */
  collect(): readonly MetricFamily[] {
    const { hasProcess } = this.#settings
    return addFamilies([
      ...this.#requests.families(),
      ...(this.#instruments === undefined ? [] : appFamilies(this.#instruments)),
      refusalFamily(),
      ...(hasProcess ? processMetrics().families() : []),
    ])
  }

  /**
   * A `MetricProducer` for a reader of `@opentelemetry/sdk-metrics`, to send the metrics by OTLP; the names are those of
   * OpenTelemetry's semantic conventions, such as `http.server.request.duration`.
   *
   * @example
   * const metricProducers = [measured.producer()]
   * const reader = new PeriodicExportingMetricReader({ exporter: new OTLPMetricExporter(), metricProducers })
   * const provider = new MeterProvider({ readers: [reader] })
   */
  producer<Result = ProducedMetrics>(): { collect(): Promise<Result> } {
    const { prefix } = this.#settings
    // What the reader takes of it is there; of the resource, which types ask for too, it has its own.
    return { collect: async () => produced(this.collect(), prefix, this.#since) as Result }
  }

  /** What a worker says to whoever adds the metrics of all workers up: all that is told of, to be sent as JSON. */
  async report(): Promise<MetricsReport> {
    const { prefix, registry } = this.#settings
    const foreign = registry === undefined ? [] : await readRegistry(registry)
    return { families: this.collect(), foreign, prefix }
  }

  /** The metrics as text, to be sent to a gateway that they are pushed to, say. @param format `'prometheus'` by default. */
  async text(format: MetricsFormat = 'prometheus'): Promise<string> {
    return writeMetrics(await this.report(), format)
  }

  async #answer(format: MetricsFormat): Promise<HttpResponse> {
    const response = new HttpResponse(await this.text(format), metricsTypes[format]).header('Cache-Control', 'no-store')
    varyBy(response, 'Accept')
    return response
  }
}

export { attach as attachMetrics }

/**
 * Counts the requests of an app by route, method, status and protocol, with how long they took and how large they were, and
 * tells of its connections, its process and its parts: for Prometheus and what reads its formats. More in docs/metrics.md.
 *
 * `app.metrics()` alone makes it and the route `/metrics`; this is for a group, a route or an export of one's own.
 *
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`
 * @example
 * const measured = metrics({ labels: { tenant: (req) => req.header('x-tenant') }, registry: register })
 * app.metrics(measured)
 * internal.get('/metrics', measured.handler)
 */
export function metrics(options: MetricsOptions = {}): Metrics {
  return make(settleMetrics(options))
}
