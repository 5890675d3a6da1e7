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
 * @param reports what each has said, by its id; one that has said nothing is left out.
 * @param accept of whoever asks.
 */
export function workersMetrics(
  reports: ReadonlyMap<number | string, MetricsReport>,
  accept: string | undefined,
): WorkersMetrics {
  const format = formatFor(accept)
  return { text: writeMetrics(mergeReports(reports), format), type: metricsTypes[format] }
}
