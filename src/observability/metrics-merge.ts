import type { HistogramFamily, HistogramSeries, MetricFamily, ValueFamily, ValueSeries } from '../core/metric.js'
import { addForeign } from './foreign-merge.js'
import type { ForeignFamily } from './foreign-registry.js'

/** What a worker says of its metrics: plain data, which goes to another process as JSON. */
export interface MetricsReport {
  readonly families: readonly MetricFamily[]
  /** What is in the registry of another library. */
  readonly foreign: readonly ForeignFamily[]
  /** What stands before the names of all families. */
  readonly prefix: string
}

/**
 * The metrics of an app that several workers serve: counters, histograms and most gauges added, what is of a process by
 * itself with the label `worker`; what is in registries of prom-client as its metrics say themselves.
 *
 * @param reports by the id of the worker.
 */
export function mergeReports(reports: ReadonlyMap<number | string, MetricsReport>): MetricsReport {
  const families = [...reports].flatMap(([worker, report]) => report.families.map((family) => ofWorker(family, worker)))
  const foreign = addForeign([...reports.values()].flatMap((report) => report.foreign))
  return { families: addFamilies(families), foreign, prefix: [...reports.values()][0]?.prefix ?? '' }
}

/** Families of one name as one, series of the same labels added. One of another type than the first is left out. */
export function addFamilies(families: readonly MetricFamily[]): readonly MetricFamily[] {
  const byName = new Map<string, MetricFamily>()
  for (const family of families) {
    const known = byName.get(family.name)
    if (known === undefined) byName.set(family.name, family)
    else if (known.type === 'histogram' && family.type === 'histogram') {
      byName.set(family.name, addHistograms(known, family))
    } else if (known.type === family.type) {
      byName.set(family.name, addValues(known as ValueFamily, family as ValueFamily))
    }
  }
  return [...byName.values()]
}

function addHistograms(one: HistogramFamily, two: HistogramFamily): HistogramFamily {
  // Counts by other bounds cannot be added: a worker that was started with other options has other buckets.
  if (one.bounds.join() !== two.bounds.join()) return one
  const series = joined<HistogramSeries>(one.series, two.series, (first, second) => ({
    counts: first.counts.map((count, index) => count + (second.counts[index] ?? 0)),
    ...exemplarsOf(first, second),
    labels: first.labels,
    sum: first.sum + second.sum,
  }))
  return { ...one, series }
}

// Of one bucket the latest.
function exemplarsOf(one: HistogramSeries, two: HistogramSeries): Pick<HistogramSeries, 'exemplars'> {
  if (one.exemplars === undefined && two.exemplars === undefined) return {}
  const exemplars = { ...one.exemplars }
  for (const [bucket, exemplar] of Object.entries(two.exemplars ?? {})) {
    const known = exemplars[Number(bucket)]
    if (known === undefined || known.timestamp < exemplar.timestamp) exemplars[Number(bucket)] = exemplar
  }
  return { exemplars }
}

function addValues(one: ValueFamily, two: ValueFamily): ValueFamily {
  const { over = 'sum' } = one
  const add = over === 'max' ? Math.max : over === 'min' ? Math.min : (first: number, second: number) => first + second
  const series = joined<ValueSeries>(one.series, two.series, (first, second) => ({
    labels: first.labels,
    value: add(first.value, second.value),
  }))
  return { ...one, series }
}

function joined<Series extends { readonly labels: object }>(
  one: readonly Series[],
  two: readonly Series[],
  add: (first: Series, second: Series) => Series,
): readonly Series[] {
  const byLabels = new Map(one.map((series) => [keyOf(series), series]))
  for (const series of two) {
    const key = keyOf(series)
    const known = byLabels.get(key)
    byLabels.set(key, known === undefined ? series : add(known, series))
  }
  return [...byLabels.values()]
}

function keyOf({ labels }: { readonly labels: object }): string {
  return JSON.stringify(Object.entries(labels).sort(([one], [two]) => (one < two ? -1 : 1)))
}

function ofWorker(family: MetricFamily, worker: number | string): MetricFamily {
  if (family.over !== 'each') return family
  const label = { worker: String(worker) }
  if (family.type === 'histogram') {
    return { ...family, series: family.series.map((series) => ({ ...series, labels: { ...series.labels, ...label } })) }
  }
  return { ...family, series: family.series.map(({ labels, value }) => ({ labels: { ...labels, ...label }, value })) }
}
