import type { MetricFamily } from '../core/metric.js'
import { metricsTypes, writeMetrics } from './exposition.js'
import { formatFor } from './metrics-format.js'
import { type MetricsReport, mergeReports } from './metrics-merge.js'

/** The metrics of several workers as one answer. */
export interface WorkersMetrics {
  readonly text: string
  /** Of the text, for `Content-Type`. */
  readonly type: string
}

/**
 * What whoever watches over workers answers for all of them.
 *
 * @param reports what each has said, by its id: a `MetricsReport`.
 * @param known what is known of them without asking; where they say the same, it is theirs that counts.
 * @param accept of whoever asks.
 */
export function workersMetrics(
  reports: ReadonlyMap<number | string, unknown>,
  known: readonly MetricFamily[],
  accept: string | undefined,
): WorkersMetrics {
  const format = formatFor(accept)
  const { families, foreign, prefix } = mergeReports(reports as ReadonlyMap<number | string, MetricsReport>)
  const said = new Set(families.map(({ name }) => name))
  const all = [...known.filter(({ name }) => !said.has(name)), ...families]
  return { text: writeMetrics({ families: all, foreign, prefix }, format), type: metricsTypes[format] }
}
