import { type Check, checkBoolean, checkOptions, invalid, refused } from '../core/options-check.js'
import type { HttpRequest } from '../core/request.js'
import { type TraceIds, traceOf } from '../core/trace.js'
import type { Middleware } from '../core/types.js'
import type { MetricsRegistry } from './foreign-registry.js'
import type { LabelSource } from './label-values.js'
import type { RequestRules } from './request-metrics.js'

/** Options of `metrics()`. */
export interface MetricsOptions {
  /** Seconds: the upper bounds of the buckets of durations, rising; from 0.5 ms to 10 s by default. */
  readonly buckets?: readonly number[]
  /**
   * Whether the traces of requests are told of in OpenMetrics; or which trace a request is part of. True by default: those of
   * whoever traces the app with Hotpress, if anybody does.
   */
  readonly exemplars?: boolean | ((request: HttpRequest) => TraceIds | undefined)
  /**
   * Further labels, by name: functions that are called when a request has come, or keys (`requestKey()`) that a handler or a
   * middleware sets. At most 10, of texts of at most 128 characters.
   */
  readonly labels?: Readonly<Record<string, LabelSource>>
  /**
   * How many combinations of route, method, status and so on are told apart, and how many with the labels of `labels`; what
   * comes beyond is counted as `_OTHER`. 2,000 by default.
   */
  readonly maxSeries?: number
  /** Stands before all names but those of `registry`; nothing by default. */
  readonly prefix?: string
  /** Whether memory, CPU, event loop and garbage collector are told of: true by default. */
  readonly process?: boolean
  /** A registry of the package `prom-client`, whose metrics are told of too; where it has a name of these, it has its way. */
  readonly registry?: MetricsRegistry
  /** Bytes: the bounds of the buckets of bodies, rising; false for not to count them. From 128 B to 256 MB by default. */
  readonly sizeBuckets?: false | readonly number[]
  /** Whether each status is told apart (`404`), or each class (`4xx`): `'code'` by default. */
  readonly status?: 'class' | 'code'
}

/** Options of `app.metrics()`. */
export interface AppMetricsOptions extends MetricsOptions {
  /** Where they are asked for: `/metrics` by default. */
  readonly path?: string
  /** Middleware around that route, such as authentication. */
  readonly use?: Middleware | readonly Middleware[]
}

/** The options of `metrics()`, checked and complete. */
export interface MetricsSettings {
  readonly hasProcess: boolean
  readonly prefix: string
  readonly registry: MetricsRegistry | undefined
  readonly requests: RequestRules
}

const where = ' of metrics()'

// Those that OpenTelemetry advises for this histogram, and three below them.
const durations = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10]
const sizes = [128, 1024, 8192, 65_536, 524_288, 4_194_304, 33_554_432, 268_435_456]

const mostBuckets = 100
const mostLabels = 10

const ownLabels = new Set([
  'error_type',
  'http_request_method',
  'http_response_status_code',
  'http_route',
  'le',
  'network_protocol_version',
  'quantile',
  'url_scheme',
  'worker',
])

const checks = {
  buckets: checkBuckets,
  exemplars: (value, option) => (typeof value === 'function' ? (value as typeof traceOf) : checkBoolean(value, option)),
  labels: checkLabels,
  maxSeries: (value, option) =>
    Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= 1_000_000
      ? Number(value)
      : invalid(option, value, 'a whole number from 1 to 1,000,000'),
  prefix: (value, option) =>
    typeof value === 'string' && /^(?:[a-zA-Z_:][a-zA-Z0-9_:]*)?$/.test(value)
      ? value
      : invalid(option, value, 'letters, digits, _ and :, the first no digit'),
  process: checkBoolean,
  registry: checkRegistry,
  sizeBuckets: (value, option) => (value === false ? value : checkBuckets(value, option)),
  status: (value, option) =>
    value === 'class' || value === 'code' ? value : invalid(option, value, `'class' or 'code'`),
} as const satisfies Readonly<Record<keyof MetricsOptions, Check>>

/** @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN` */
export function settleMetrics(options: MetricsOptions): MetricsSettings {
  const given = checkOptions(options, checks, where)
  const exemplars = given.exemplars ?? true
  return {
    hasProcess: given.process ?? true,
    prefix: given.prefix ?? '',
    registry: given.registry,
    requests: {
      labelSources: given.labels ?? [],
      durations: given.buckets ?? durations,
      labels: (given.labels ?? []).map(([name]) => name),
      maxSeries: given.maxSeries ?? 2000,
      sizes: given.sizeBuckets === false ? undefined : (given.sizeBuckets ?? sizes),
      status: given.status ?? 'code',
      traceOf: typeof exemplars === 'function' ? guarded(exemplars) : exemplars ? traceOf : undefined,
    },
  }
}

// What is counted is no reason to fail a request.
function guarded(read: typeof traceOf): typeof traceOf {
  return (request) => {
    try {
      return read(request)
    } catch {
      return undefined
    }
  }
}

function checkBuckets(value: unknown, option: string): readonly number[] {
  const takes = `1 to ${mostBuckets} rising numbers above 0`
  if (!Array.isArray(value) || value.length === 0 || value.length > mostBuckets) return invalid(option, value, takes)
  const bounds: readonly unknown[] = [...value]
  for (const [index, bound] of bounds.entries()) {
    const before = index === 0 ? 0 : Number(bounds[index - 1])
    if (typeof bound !== 'number' || !Number.isFinite(bound) || bound <= before) {
      return refused(option, `${String(bound)} behind ${before}`, takes)
    }
  }
  return bounds as readonly number[]
}

function checkLabels(value: unknown, option: string): readonly (readonly [string, LabelSource])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return invalid(option, value, 'an object of functions or keys, by name')
  }
  const labels: readonly (readonly [string, unknown])[] = Object.entries(value)
  if (labels.length > mostLabels) return refused(option, `${labels.length}`, `${mostLabels} at most`)
  return labels.map(([name, source]) => {
    if (!/^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) || ownLabels.has(name)) {
      const takes = 'letters, digits and _, no name that metrics() has itself, none with __ first'
      return refused(option, `the name ${name}`, takes)
    }
    if (typeof source === 'function' || isKey(source)) return [name, source as LabelSource]
    return invalid(`labels.${name}${where}`, source, 'a function, or what requestKey() makes')
  })
}

function isKey(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'name' in value && typeof value.name === 'string'
}

function checkRegistry(value: unknown, option: string): MetricsRegistry {
  const isRegistry =
    typeof value === 'object' &&
    value !== null &&
    typeof (value as Partial<MetricsRegistry>).getMetricsAsJSON === 'function'
  return isRegistry ? (value as MetricsRegistry) : invalid(option, value, 'a Registry of prom-client')
}
