import type { PushMetricExporter } from '@opentelemetry/sdk-metrics'
import type { Sampler, SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace'
import { checkFunction, checkOptions, invalid, refused } from '../core/options-check.js'
import { millisecondsOf } from '../core/units.js'

/** How traces are sent. */
export type OtelProtocol = 'http/json' | 'http/protobuf'

/** By which headers traces go from process to process. */
export type PropagatorName = 'b3' | 'b3multi' | 'baggage' | 'none' | 'tracecontext'

/** The samplers of `OTEL_TRACES_SAMPLER`; those by a ratio are asked for by a number instead. */
export type SamplerName = 'always_off' | 'always_on' | 'parentbased_always_off' | 'parentbased_always_on'

/** How spans are gathered before they are sent. */
export interface BatchOptions {
  /** How long spans wait for others: `'5s'` by default. `OTEL_BSP_SCHEDULE_DELAY` */
  readonly delay?: number | string
  /** Spans that are sent at once: 512 by default. `OTEL_BSP_MAX_EXPORT_BATCH_SIZE` */
  readonly size?: number
  /** Spans that may wait; beyond, they are dropped. 2,048 by default. `OTEL_BSP_MAX_QUEUE_SIZE` */
  readonly queue?: number
  /** How long a batch may take to be sent: `'30s'` by default. `OTEL_BSP_EXPORT_TIMEOUT` */
  readonly timeout?: number | string
}

/** What {@link Metrics} of `metrics()` has for a reader of metrics. */
export interface MetricsSource {
  producer<Result>(): { collect(): Promise<Result> }
}

/** How metrics are sent. */
export interface OtelMetricsOptions {
  /** An exporter in place of OTLP, `'console'`, or `'none'` for none at all. `OTEL_METRICS_EXPORTER` */
  readonly exporter?: PushMetricExporter | 'console' | 'none' | 'otlp'
  /** How often: `'60s'` by default. `OTEL_METRIC_EXPORT_INTERVAL` */
  readonly interval?: number | string
  /** What `metrics()` has made, one or several; none for what is measured by the API of OpenTelemetry alone. */
  readonly of?: MetricsSource | readonly MetricsSource[]
  /** How long it may take, and no longer than the interval: `'30s'` by default. `OTEL_METRIC_EXPORT_TIMEOUT` */
  readonly timeout?: number | string
}

/** Options of `otel()`. What is given here wins over the environment, and the environment over defaults. */
export interface OtelOptions {
  readonly batch?: BatchOptions
  /** Whether what is sent is compressed: none by default. `OTEL_EXPORTER_OTLP_COMPRESSION` */
  readonly compression?: 'gzip' | 'none'
  /**
   * Where the collector takes OTLP over HTTP; `/v1/traces` and `/v1/metrics` are added. `http://localhost:4318` by default.
   * `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, `OTEL_EXPORTER_OTLP_METRICS_ENDPOINT`
   */
  readonly endpoint?: string
  /** An exporter in place of OTLP, `'console'`, or `'none'` for none at all. `OTEL_TRACES_EXPORTER` */
  readonly exporter?: SpanExporter | 'console' | 'none' | 'otlp'
  /** Headers of what is sent, such as an API key. `OTEL_EXPORTER_OTLP_HEADERS` */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * Has metrics sent too: what `metrics()` has made, or how and of what. Nothing of them is sent by default. What is
   * measured by the API of OpenTelemetry goes with them.
   */
  readonly metrics?: MetricsSource | OtelMetricsOptions
  /** Is told of what the environment says that is not understood. `process.emitWarning` by default. */
  readonly onWarning?: (text: string) => void
  /** `['tracecontext', 'baggage']` by default. `OTEL_PROPAGATORS` */
  readonly propagators?: readonly PropagatorName[]
  /** `'http/protobuf'` by default. `OTEL_EXPORTER_OTLP_PROTOCOL`, and the same with `_TRACES` or `_METRICS` */
  readonly protocol?: OtelProtocol
  /** What is said of the process, beside what is found: `{ 'deployment.environment.name': 'staging' }`. `OTEL_RESOURCE_ATTRIBUTES` */
  readonly resource?: Readonly<Record<string, boolean | number | string>>
  /**
   * Which traces are kept: a share from 0 to 1 of those that begin here, while the others are as their parent is; a name; or
   * a sampler. `'parentbased_always_on'` by default. `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG`
   */
  readonly sampler?: Sampler | SamplerName | number
  /** What the process is called. `OTEL_SERVICE_NAME`; `unknown_service:node` by default. */
  readonly serviceName?: string
  readonly serviceVersion?: string
  /** Others that are told of spans, before what exports them. */
  readonly spanProcessors?: readonly SpanProcessor[]
  /** How long sending may take: `'10s'` by default. `OTEL_EXPORTER_OTLP_TIMEOUT` */
  readonly timeout?: number | string
}

export const propagatorNames = ['b3', 'b3multi', 'baggage', 'none', 'tracecontext'] as const
export const samplerNames = ['always_off', 'always_on', 'parentbased_always_off', 'parentbased_always_on'] as const

/** {@link OtelOptions}, checked; times are milliseconds. */
export type GivenOptions = ReturnType<typeof checkOtel>

/** @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN` */
export function checkOtel(options: unknown): { [Name in keyof typeof checks]?: ReturnType<(typeof checks)[Name]> } {
  return checkOptions(options, checks, ' of otel()')
}

function among<Word extends string>(words: readonly Word[], value: unknown, option: string): Word {
  const found = words.find((word) => word === value)
  return found ?? invalid(option, value, words.map((word) => `'${word}'`).join(', '))
}

function checkText(value: unknown, option: string): string {
  return typeof value === 'string' && value !== '' ? value : invalid(option, value, 'a text')
}

function moreThanZero(value: unknown, option: string): number {
  return millisecondsOf(value, option) || invalid(option, value, 'more than 0')
}

function count(value: unknown, option: string): number {
  return Number.isInteger(value) && (value as number) > 0
    ? (value as number)
    : invalid(option, value, 'a whole number from 1')
}

type ExporterOr<Exporter> = Exporter | 'console' | 'none' | 'otlp'

function exporter<Exporter>(value: unknown, option: string, kind: string): ExporterOr<Exporter> {
  if (typeof value === 'object' && value !== null && 'export' in value) return value as Exporter
  const found = (['console', 'none', 'otlp'] as const).find((word) => word === value)
  return found ?? invalid(option, value, `'console', 'none', 'otlp' or a ${kind}`)
}

const isSource = (value: unknown): value is MetricsSource =>
  typeof (value as Partial<MetricsSource> | null)?.producer === 'function'

const metricsChecks = {
  exporter: (value: unknown, option: string): ExporterOr<PushMetricExporter> =>
    exporter(value, option, 'PushMetricExporter'),
  interval: moreThanZero,
  of(value: unknown, option: string): readonly MetricsSource[] {
    const sources: readonly unknown[] = Array.isArray(value) ? value : [value]
    return sources.every(isSource) ? sources : invalid(option, value, 'what metrics() has made, or a list of it')
  },
  timeout: (value: unknown, option: string): number => moreThanZero(value, option),
} as const

const batchChecks = { delay: millisecondsOf, queue: count, size: count, timeout: millisecondsOf } as const

const checks = {
  batch(value: unknown): { delay?: number; queue?: number; size?: number; timeout?: number } {
    const batch = checkOptions(value, batchChecks, ' of batch of otel()')
    const { queue = 2048, size } = batch
    if (size !== undefined && size > queue)
      refused('size of batch of otel()', String(size), `at most what queue has, ${queue}`)
    return batch
  },
  compression: (value: unknown, option: string): 'gzip' | 'none' => among(['gzip', 'none'] as const, value, option),
  endpoint(value: unknown, option: string): string {
    const isUrl = typeof value === 'string' && /^https?:\/\//i.test(value) && URL.canParse(value)
    return isUrl ? value : invalid(option, value, "a URL such as 'http://localhost:4318'")
  },
  exporter: (value: unknown, option: string): ExporterOr<SpanExporter> => exporter(value, option, 'SpanExporter'),
  headers(value: unknown, option: string): Readonly<Record<string, string>> {
    const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value)
    if (!isRecord) return invalid(option, value, 'an object of texts')
    for (const each of Object.values(value)) if (typeof each !== 'string') invalid(option, each, 'an object of texts')
    return value as Record<string, string>
  },
  metrics(value: unknown): {
    readonly exporter?: ExporterOr<PushMetricExporter>
    readonly interval?: number
    readonly of: readonly MetricsSource[]
    readonly timeout?: number
  } {
    if (isSource(value)) return { of: [value] }
    return { of: [], ...checkOptions(value, metricsChecks, ' of metrics of otel()') }
  },
  onWarning: (value: unknown, option: string): ((text: string) => void) =>
    checkFunction(value as (text: string) => void, option),
  propagators(value: unknown, option: string): readonly PropagatorName[] {
    if (!Array.isArray(value)) return invalid(option, value, `a list of ${propagatorNames.join(', ')}`)
    return value.map((each) => among(propagatorNames, each, option))
  },
  protocol: (value: unknown, option: string): OtelProtocol =>
    among(['http/json', 'http/protobuf'] as const, value, option),
  resource(value: unknown, option: string): Readonly<Record<string, boolean | number | string>> {
    const takes = 'an object of texts, numbers and booleans'
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return invalid(option, value, takes)
    for (const each of Object.values(value)) {
      if (!['boolean', 'number', 'string'].includes(typeof each)) invalid(option, each, takes)
    }
    return value as Record<string, string>
  },
  sampler(value: unknown, option: string): Sampler | SamplerName | number {
    if (typeof value === 'number' && value >= 0 && value <= 1) return value
    if (typeof value === 'object' && value !== null && 'shouldSample' in value) return value as Sampler
    const name = samplerNames.find((each) => each === value)
    return name ?? invalid(option, value, `a number from 0 to 1, a Sampler, or one of ${samplerNames.join(', ')}`)
  },
  serviceName: (value: unknown, option: string): string => checkText(value, option),
  serviceVersion: (value: unknown, option: string): string => checkText(value, option),
  spanProcessors(value: unknown, option: string): readonly SpanProcessor[] {
    return Array.isArray(value) ? value : invalid(option, value, 'a list of SpanProcessors')
  },
  timeout(value: unknown, option: string): number {
    return moreThanZero(value, option)
  },
}
