import type { Exemplar } from '../core/metric.js'

/** What a registry of prom-client gives of one metric. */
interface RegistryMetric {
  readonly aggregator?: unknown
  readonly help: string
  readonly name: string
  readonly type: unknown
  readonly values?: readonly {
    readonly exemplar?: unknown
    readonly labels: Readonly<Record<string, number | string | undefined>>
    readonly metricName?: string
    readonly value: number
  }[]
}

/** A registry of metrics as the package prom-client has it. */
export interface MetricsRegistry {
  getMetricsAsJSON(): Promise<readonly object[]>
}

/** One value of another registry. */
export interface ForeignSample {
  readonly exemplar?: Exemplar
  readonly labels: Readonly<Record<string, number | string>>
  /** What stands behind the name of the family. */
  readonly suffix: string
  readonly value: number
}

/** The values of one name in another registry. */
export interface ForeignFamily {
  /** How those of several workers are added up: `sum` unless it says another. */
  readonly aggregator?: string
  readonly help: string
  readonly name: string
  readonly samples: readonly ForeignSample[]
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary' | 'unknown'
}

const types = ['counter', 'gauge', 'histogram', 'summary'] as const

/** What a registry has now. */
export async function readRegistry(registry: MetricsRegistry): Promise<readonly ForeignFamily[]> {
  const metrics = (await registry.getMetricsAsJSON()) as readonly RegistryMetric[]
  return metrics.map(({ aggregator, help, name, type, values = [] }) => {
    const samples = values.map(({ exemplar, labels, metricName = name, value }) => ({
      ...exemplarOf(exemplar),
      labels: defined(labels),
      suffix: metricName.startsWith(name) ? metricName.slice(name.length) : '',
      value: Number(value),
    }))
    return {
      ...(typeof aggregator === 'string' && { aggregator }),
      help,
      name,
      samples,
      type: types.find((each) => each === type) ?? 'unknown',
    }
  })
}

function defined(labels: Readonly<Record<string, number | string | undefined>>): Record<string, number | string> {
  const own: Record<string, number | string> = {}
  for (const [name, value] of Object.entries(labels)) {
    if (value === undefined) continue
    // What is no finite number stays a text: JSON has no other.
    own[name] = isLimit(name, value) ? Number(value) : String(value)
  }
  return own
}

function isLimit(name: string, value: number | string): boolean {
  return (name === 'le' || name === 'quantile') && value !== '' && Number.isFinite(Number(value))
}

function exemplarOf(value: unknown): { exemplar?: Exemplar } {
  if (typeof value !== 'object' || value === null) return {}
  const {
    labelSet,
    timestamp,
    value: number,
  } = value as {
    readonly labelSet?: Readonly<Record<string, string>>
    readonly timestamp?: number
    readonly value?: number
  }
  if (labelSet === undefined || number === undefined || timestamp === undefined) return {}
  return { exemplar: { labels: labelSet, timestamp, value: number } }
}
