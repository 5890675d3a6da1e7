import { performance } from 'node:perf_hooks'
import { type HistogramFamily, type HistogramSeries, type MetricFamily, single } from '../core/metric.js'
import type { RequestEnd, RequestObserver } from '../core/observer.js'
import { type HttpRequest, sourceOf } from '../core/request.js'
import type { TraceIds } from '../core/trace.js'
import { Latencies } from './histogram.js'
import { type LabelSource, LabelValues } from './label-values.js'
import type { RequestSeries } from './request-series.js'
import { type SeriesRules, SeriesTable } from './series-table.js'

/** How requests are counted. */
export interface RequestRules extends SeriesRules {
  readonly labelSources: readonly (readonly [name: string, source: LabelSource])[]
  /** The trace of a request, for exemplars; undefined where none are wanted. */
  readonly traceOf: ((request: HttpRequest) => TraceIds | undefined) | undefined
}

/**
 * Counts the requests of an app. A request costs it a few look-ups and additions: what is to be told of them is made of
 * these numbers when somebody asks.
 */
export class RequestMetrics implements RequestObserver {
  #active = 0
  readonly #labels: LabelValues | undefined
  readonly #latencies = new Latencies()
  readonly #rules: RequestRules
  readonly #table: SeriesTable
  /** When counting has begun, as `performance.now()` has it. */
  readonly since: number = performance.now()

  constructor(rules: RequestRules) {
    this.#labels = rules.labels.length === 0 ? undefined : new LabelValues(rules.labelSources)
    this.#rules = rules
    this.#table = new SeriesTable(rules)
  }

  /** Requests under way. */
  get active(): number {
    return this.#active
  }

  /** Of all requests, finely: for percentiles. */
  get latencies(): readonly number[] {
    return this.#latencies.counts
  }

  get series(): readonly RequestSeries[] {
    return this.#table.all
  }

  began(request: HttpRequest): void {
    this.#active++
    this.#labels?.began(request)
  }

  ended(request: HttpRequest, end: RequestEnd): void {
    this.#active--
    const series = this.#table.of(request, end, this.#labels?.of(request))
    const seconds = end.duration / 1000
    const trace = this.#rules.traceOf?.(request)
    series.add(seconds, end.bytes, trace?.isSampled === true ? trace : undefined)
    const { body, bodySize } = sourceOf(request)
    if (bodySize !== 0) series.addRequestBody(bodySize < 0 ? (body?.size ?? 0) : bodySize)
    this.#latencies.add(seconds)
  }

  families(): readonly MetricFamily[] {
    const { durations, sizes } = this.#rules
    const all = this.#table.all.filter(({ count }) => count > 0)
    const families: MetricFamily[] = [
      single('gauge', 'http_server_active_requests', 'Requests under way.', this.#active),
      histogram(
        'http_server_request_duration_seconds',
        'Time from the head of a request until the last of its answer was handed to the transport.',
        durations,
        all.map((series) => series.durations),
      ),
    ]
    if (sizes === undefined) return families
    const bodies = all.map(({ requestSizes }) => requestSizes).filter((each) => each !== undefined)
    const answers = all.map(({ responseSizes }) => responseSizes).filter((each) => each !== undefined)
    return [
      ...families,
      histogram('http_server_request_body_size_bytes', 'Bodies of those requests that have one.', sizes, bodies),
      histogram('http_server_response_body_size_bytes', 'Bodies of answers, none being 0.', sizes, answers),
    ]
  }
}

function histogram(
  name: string,
  help: string,
  bounds: readonly number[],
  series: readonly HistogramSeries[],
): HistogramFamily {
  return { bounds, help, name, series, type: 'histogram' }
}
