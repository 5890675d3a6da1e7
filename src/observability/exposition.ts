import type { Exemplar, HistogramFamily, HistogramSeries, MetricFamily, MetricLabels } from '../core/metric.js'
import type { ForeignFamily } from './foreign-registry.js'
import type { MetricsReport } from './metrics-merge.js'

/** The formats that metrics are told in. */
export type MetricsFormat = 'openmetrics' | 'prometheus'

/** The media types of the formats: OpenMetrics 1.0.0, and Prometheus's text of version 0.0.4. */
export const metricsTypes: Readonly<Record<MetricsFormat, string>> = {
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
}

const units = ['bytes', 'ratio', 'seconds'] as const

// Labels of a series are one object for as long as there is the series.
const texts = new WeakMap<MetricLabels, string>()

/**
 * Metrics as text. Those of other registries are written by the same rules; where one has a name of ours, it has its way: a
 * name stands once, and the user's own are what dashboards were made for.
 */
export function writeMetrics({ families, foreign, prefix }: MetricsReport, format: MetricsFormat): string {
  const writer = new Writer(format)
  const taken = new Set(foreign.map(({ name }) => name))
  for (const family of families) if (!taken.has(prefix + family.name)) writer.family(family, prefix)
  for (const family of foreign) writer.foreign(family)
  return writer.end()
}

class Writer {
  readonly #isOpen: boolean
  #text = ''

  constructor(format: MetricsFormat) {
    this.#isOpen = format === 'openmetrics'
  }

  end(): string {
    return this.#isOpen ? `${this.#text}# EOF\n` : this.#text
  }

  family(family: MetricFamily, prefix: string): void {
    if (family.series.length === 0) return
    const name = prefix + family.name
    this.#head(name, family.help, family.type)
    if (family.type === 'histogram') {
      this.#histogram(name, family)
      return
    }
    for (const { labels, value } of family.series) this.#line(name, textOf(labels), value)
  }

  foreign({ help, name, samples, type }: ForeignFamily): void {
    if (samples.length === 0) return
    // A counter of OpenMetrics must be called so. To call it otherwise there would make two of one for whoever reads both.
    const isNamed = type !== 'counter' || !this.#isOpen || name.endsWith('_total')
    this.#head(name, help, isNamed ? type : 'unknown')
    for (const { exemplar, labels, suffix, value } of samples) {
      this.#line(name + suffix, labelText(labels, this.#isOpen), value, exemplar)
    }
  }

  #head(name: string, help: string, type: ForeignFamily['type']): void {
    const family = this.#isOpen && type === 'counter' ? name.replace(/_total$/, '') : name
    const said = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')
    this.#text += `# HELP ${family} ${this.#isOpen ? said.replaceAll('"', '\\"') : said}\n`
    this.#text += `# TYPE ${family} ${type === 'unknown' && !this.#isOpen ? 'untyped' : type}\n`
    const unit = this.#isOpen ? units.find((each) => family.endsWith(`_${each}`)) : undefined
    if (unit !== undefined) this.#text += `# UNIT ${family} ${unit}\n`
  }

  #histogram(name: string, { bounds, series }: HistogramFamily): void {
    const limits = [...bounds, Number.POSITIVE_INFINITY].map((bound) => `le="${limitText(bound, this.#isOpen)}"`)
    for (const each of series) this.#counts(name, each, limits)
  }

  #counts(name: string, { counts, exemplars, labels, sum }: HistogramSeries, limits: readonly string[]): void {
    const own = textOf(labels)
    const before = own === '' ? '' : `${own},`
    let all = 0
    for (let index = 0; index < limits.length; index++) {
      all += counts[index] ?? 0
      this.#line(`${name}_bucket`, before + limits[index]!, all, exemplars?.[index])
    }
    this.#line(`${name}_sum`, own, sum)
    this.#line(`${name}_count`, own, all)
  }

  #line(name: string, labels: string, value: number, exemplar?: Exemplar): void {
    this.#text += labels === '' ? `${name} ${numberText(value)}` : `${name}{${labels}} ${numberText(value)}`
    this.#text += exemplar !== undefined && this.#isOpen ? exemplarText(exemplar) : '\n'
  }
}

function exemplarText({ labels, timestamp, value }: Exemplar): string {
  return ` # {${labelText(labels, true)}} ${numberText(value)} ${timestamp.toFixed(3)}\n`
}

function textOf(labels: MetricLabels): string {
  let text = texts.get(labels)
  if (text === undefined) {
    text = labelText(labels, false)
    texts.set(labels, text)
  }
  return text
}

function labelText(labels: Readonly<Record<string, number | string>>, isOpen: boolean): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${typeof value === 'number' ? limitText(value, isOpen) : escaped(value)}"`)
    .join(',')
}

function escaped(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')
}

// The value of `le` and `quantile`: in OpenMetrics a whole number has a point too.
function limitText(limit: number, isOpen: boolean): string {
  const text = numberText(limit)
  return isOpen && /^\d+$/.test(text) ? `${text}.0` : text
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value)
}
