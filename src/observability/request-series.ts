import type { Exemplar, HistogramSeries, MetricLabels } from '../core/metric.js'
import type { TraceIds } from '../core/trace.js'
import { Counts } from './histogram.js'

/** Milliseconds for which an exemplar is kept before another takes its place: scrapes are further apart. */
const exemplarTime = 1000

/** What is counted by size of the requests of one series. */
export interface SeriesBounds {
  /** Seconds. */
  readonly durations: readonly number[]
  /** Bytes; undefined where bodies are not counted. */
  readonly sizes: readonly number[] | undefined
}

/** What was counted of the requests that have all labels in common. */
export class RequestSeries {
  readonly #bounds: SeriesBounds
  readonly #durations: Counts
  #exemplars: Record<number, Exemplar> | undefined = undefined
  #requestSizes: Counts | undefined = undefined
  readonly #responseSizes: Counts | undefined
  readonly isAborted: boolean
  readonly labels: MetricLabels
  /** Of the status, 1 to 5; 0 where there was none. */
  readonly statusClass: number

  constructor(bounds: SeriesBounds, labels: MetricLabels, statusClass: number, isAborted: boolean) {
    this.#bounds = bounds
    this.#durations = new Counts(bounds.durations)
    this.#responseSizes = bounds.sizes && new Counts(bounds.sizes)
    this.isAborted = isAborted
    this.labels = labels
    this.statusClass = statusClass
  }

  /** Requests. */
  get count(): number {
    return this.#durations.counts.reduce((all, count) => all + count, 0)
  }

  get durations(): HistogramSeries {
    const { counts, sum } = this.#durations
    const exemplars = this.#exemplars
    return { counts, ...(exemplars && { exemplars: { ...exemplars } }), labels: this.labels, sum }
  }

  /** Undefined where no request had a body. */
  get requestSizes(): HistogramSeries | undefined {
    return this.#sizesOf(this.#requestSizes)
  }

  get responseSizes(): HistogramSeries | undefined {
    return this.#sizesOf(this.#responseSizes)
  }

  /**
   * @param seconds from the head until the last of the answer.
   * @param size bytes of the answer's body.
   * @param trace undefined where none is recorded.
   */
  add(seconds: number, size: number, trace: TraceIds | undefined): void {
    const bucket = this.#durations.add(seconds)
    this.#responseSizes?.add(size)
    if (trace !== undefined) this.#exemplify(bucket, seconds, trace)
  }

  /** @param size bytes of the body of a request that has one. */
  addRequestBody(size: number): void {
    if (this.#bounds.sizes === undefined) return
    this.#requestSizes ??= new Counts(this.#bounds.sizes)
    this.#requestSizes.add(size)
  }

  #exemplify(bucket: number, value: number, { spanId, traceId }: TraceIds): void {
    const timestamp = Date.now() / 1000
    this.#exemplars ??= {}
    const known = this.#exemplars[bucket]
    if (known !== undefined && timestamp - known.timestamp < exemplarTime / 1000) return
    this.#exemplars[bucket] = { labels: { span_id: spanId, trace_id: traceId }, timestamp, value }
  }

  #sizesOf(sizes: Counts | undefined): HistogramSeries | undefined {
    return sizes && { counts: sizes.counts, labels: this.labels, sum: sizes.sum }
  }
}
