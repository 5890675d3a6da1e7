import type { HistogramFamily, MetricFamily, ValueFamily } from '../core/metric.js'

// The numbers of the SDK's enums, which are not loaded for them.
const cumulative = 1
const dataPointTypes = { gauge: 2, histogram: 0, sum: 3 } as const
const double = 1

type Seconds = readonly [seconds: number, nanoseconds: number]

interface DataPoint<Value> {
  readonly attributes: Record<string, string>
  readonly endTime: [number, number]
  readonly startTime: [number, number]
  readonly value: Value
}

interface HistogramValue {
  readonly buckets: { readonly boundaries: number[]; readonly counts: number[] }
  readonly count: number
  readonly sum: number
}

interface DataHead<Type extends number> {
  readonly aggregationTemporality: typeof cumulative
  readonly dataPointType: Type
  readonly descriptor: {
    readonly description: string
    readonly name: string
    readonly unit: string
    readonly valueType: typeof double
  }
}

/** One metric, as `@opentelemetry/sdk-metrics` has it (`MetricData`). */
export type ProducedMetric =
  | (DataHead<0> & { readonly dataPoints: DataPoint<HistogramValue>[] })
  | (DataHead<2> & { readonly dataPoints: DataPoint<number>[] })
  | (DataHead<3> & { readonly dataPoints: DataPoint<number>[]; readonly isMonotonic: boolean })

/** What a `MetricProducer` of `@opentelemetry/sdk-metrics` gives, but for the resource, which its reader knows. */
export interface ProducedMetrics {
  readonly errors: unknown[]
  readonly resourceMetrics: {
    readonly scopeMetrics: { metrics: ProducedMetric[]; scope: { name: string } }[]
  }
}

// What OpenTelemetry calls them (semantic conventions of HTTP, V8 and Node). What is not here keeps its name.
const names: ReadonlyMap<string, string> = new Map([
  ['http_server_active_requests', 'http.server.active_requests'],
  ['http_server_request_body_size_bytes', 'http.server.request.body.size'],
  ['http_server_request_duration_seconds', 'http.server.request.duration'],
  ['http_server_response_body_size_bytes', 'http.server.response.body.size'],
  ['nodejs_eventloop_time_seconds_total', 'nodejs.eventloop.time'],
  ['nodejs_eventloop_utilization_ratio', 'nodejs.eventloop.utilization'],
])
const attributes: ReadonlyMap<string, string> = new Map([
  ['error_type', 'error.type'],
  ['http_request_method', 'http.request.method'],
  ['http_response_status_code', 'http.response.status_code'],
  ['http_route', 'http.route'],
  ['network_protocol_version', 'network.protocol.version'],
  ['nodejs_eventloop_state', 'nodejs.eventloop.state'],
  ['url_scheme', 'url.scheme'],
])
// UCUM, as OpenTelemetry writes units.
const units: readonly (readonly [suffix: string, unit: string])[] = [
  ['_bytes', 'By'],
  ['_ratio', '1'],
  ['_seconds', 's'],
]

/**
 * Families as a `MetricProducer` of OpenTelemetry gives them.
 *
 * @param since when counting began, in milliseconds since 1970.
 */
export function produced(families: readonly MetricFamily[], prefix: string, since: number): ProducedMetrics {
  const times = { endTime: timeOf(Date.now()), startTime: timeOf(since) }
  const metrics = families
    .filter(({ series }) => series.length > 0)
    .map((family) => (family.type === 'histogram' ? histogram(family, prefix, times) : values(family, prefix, times)))
  return { errors: [], resourceMetrics: { scopeMetrics: [{ metrics, scope: { name: 'hotpress' } }] } }
}

interface Times {
  readonly endTime: Seconds
  readonly startTime: Seconds
}

function histogram(family: HistogramFamily, prefix: string, times: Times): ProducedMetric {
  const dataPoints = family.series.map(({ counts, labels, sum }) => ({
    ...pointOf(labels, times),
    value: {
      buckets: { boundaries: [...family.bounds], counts: [...counts] },
      count: counts.reduce((all, count) => all + count, 0),
      sum,
    },
  }))
  return { ...headOf(family, prefix, dataPointTypes.histogram), dataPoints }
}

function values(family: ValueFamily, prefix: string, times: Times): ProducedMetric {
  const dataPoints = family.series.map(({ labels, value }) => ({ ...pointOf(labels, times), value }))
  return family.type === 'counter'
    ? { ...headOf(family, prefix, dataPointTypes.sum), dataPoints, isMonotonic: true }
    : { ...headOf(family, prefix, dataPointTypes.gauge), dataPoints }
}

function headOf<Type extends number>(
  { help, name }: MetricFamily,
  prefix: string,
  dataPointType: Type,
): DataHead<Type> {
  const base = name.replace(/_total$/, '')
  const unit = units.find(([suffix]) => base.endsWith(suffix))?.[1] ?? '1'
  const descriptor = { description: help, name: prefix + (names.get(name) ?? base), unit, valueType: double } as const
  return { aggregationTemporality: cumulative, dataPointType, descriptor }
}

function pointOf(labels: Readonly<Record<string, string>>, { endTime, startTime }: Times) {
  const own = Object.entries(labels).map(([name, value]) => [attributes.get(name) ?? name, value] as const)
  const copy = ([seconds, nanoseconds]: Seconds): [number, number] => [seconds, nanoseconds]
  return { attributes: Object.fromEntries(own), endTime: copy(endTime), startTime: copy(startTime) }
}

function timeOf(milliseconds: number): Seconds {
  const seconds = Math.floor(milliseconds / 1000)
  return [seconds, Math.round((milliseconds - seconds * 1000) * 1e6)]
}
