import type { DiagLogger, DiagLogLevel } from '@opentelemetry/api'
import type { Resource } from '@opentelemetry/resources'
import type { SpanLimits, SpanProcessor } from '@opentelemetry/sdk-trace'
import { setEarlySampling } from '../core/early-sampling.js'
import { HotpressError } from '../errors.js'
import { earlySamplingOf } from './early.js'
import { Environment } from './environment.js'
import { exporterOf } from './exporter.js'
import { TraceIdGenerator } from './ids.js'
import { metersOf } from './meters.js'
import { checkOtel, type GivenOptions, type OtelOptions, propagatorNames } from './options.js'
import { packages } from './packages.js'
import { headersOf, propagatorOf } from './propagators.js'
import { samplerOf } from './sampler.js'

/** What {@link otel} has set up. */
export interface Otel {
  /** Has what was traced and counted by now sent. An app with `tracing` has its traces sent when it closes. */
  flush(): Promise<void>
  /** Has what was traced and counted by now sent, and nothing from then on; `otel()` can be called again. */
  shutdown(): Promise<void>
}

/**
 * Sets up tracing for the process by the official SDK of OpenTelemetry: spans go to a collector by OTLP over HTTP, in
 * batches, and traces go on from process to process by W3C Trace Context and Baggage. With `metrics` they are sent too.
 * Options win over the environment (`OTEL_*`), and that over defaults. To be called before the app is made; apps trace with
 * `tracing: true`.
 *
 * The packages are optional peers: `@opentelemetry/api`, `context-async-hooks`, `core`, `exporter-trace-otlp-proto`,
 * `resources` and `sdk-trace`; `sdk-metrics` and `exporter-metrics-otlp-proto` for metrics; `propagator-b3`,
 * `exporter-trace-otlp-http` and `exporter-metrics-otlp-http` where they are asked for.
 *
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`, `PACKAGE_MISSING`, `TRACER_REGISTERED` where the process has an
 * SDK already.
 * @example
 * const telemetry = await otel({ sampler: 0.1, serviceName: 'shop' })
 * const app = new Hotpress({ tracing: true })
 * app.onClose(() => telemetry.shutdown())
 * @example
 * const measured = metrics()
 * await otel({ metrics: measured, serviceName: 'shop' })
 * app.metrics(measured)
 */
export async function otel(options: OtelOptions = {}): Promise<Otel> {
  const given = checkOtel(options)
  const warn = given.onWarning ?? ((text: string) => process.emitWarning(text, { code: 'HOTPRESS_OTEL' }))
  const env = new Environment(warn)
  if (env.boolean('OTEL_SDK_DISABLED')) return { flush: async () => {}, shutdown: async () => {} }

  const api = await packages.api()
  const { AsyncLocalStorageContextManager } = await packages.context()
  const { TracerProvider } = await packages.trace()
  const names = given.propagators ?? env.choices('OTEL_PROPAGATORS', propagatorNames) ?? ['tracecontext', 'baggage']
  const propagator = await propagatorOf(names)
  const ids = new TraceIdGenerator()
  const known = await samplerOf(given.sampler, env)
  const resource = await resourceOf(given)
  const meters = await metersOf(given, env, resource)
  const provider = new TracerProvider({
    idGenerator: ids,
    resource,
    sampler: known.sampler,
    spanLimits: limitsOf(env),
    spanProcessors: [...(given.spanProcessors ?? []), ...(await batchOf(given, env))],
  })
  const shutdown = async (): Promise<void> => {
    await Promise.all([provider.shutdown(), meters?.shutdown()])
  }
  const isFirst = api.trace.setGlobalTracerProvider(provider)
  if (!isFirst || (meters !== undefined && !api.metrics.setGlobalMeterProvider(meters))) {
    if (isFirst) api.trace.disable()
    await shutdown()
    throw new HotpressError('TRACER_REGISTERED', {})
  }
  api.diag.setLogger(tellOnce(warn), { logLevel: levelOf(env), suppressOverrideMessage: true })
  const manager = new AsyncLocalStorageContextManager().enable()
  api.context.setGlobalContextManager(manager)
  api.propagation.setGlobalPropagator(propagator)
  setEarlySampling(earlySamplingOf(known, ids, manager, headersOf(names)))
  let ending: Promise<void> | undefined
  return {
    async flush() {
      await Promise.all([provider.forceFlush(), meters?.forceFlush()])
    },
    shutdown() {
      setEarlySampling(undefined)
      ending ??= shutdown().finally(() => {
        api.trace.disable()
        if (meters !== undefined) api.metrics.disable()
        api.context.disable()
        api.propagation.disable()
        api.diag.disable()
      })
      return ending
    },
  }
}

async function batchOf(given: GivenOptions, env: Environment): Promise<SpanProcessor[]> {
  const exporter = await exporterOf(given, env)
  if (exporter === undefined) return []
  const { BatchSpanProcessor } = await packages.trace()
  const { delay, queue, size, timeout } = given.batch ?? {}
  const maxQueueSize = queue ?? env.number(['OTEL_BSP_MAX_QUEUE_SIZE'], 1) ?? 2048
  const asked = size ?? env.number(['OTEL_BSP_MAX_EXPORT_BATCH_SIZE'], 1) ?? 512
  return [
    new BatchSpanProcessor({
      exporter,
      exportTimeoutMillis: timeout ?? env.number(['OTEL_BSP_EXPORT_TIMEOUT'], 0) ?? 30_000,
      maxExportBatchSize: Math.min(asked, maxQueueSize),
      maxQueueSize,
      scheduledDelayMillis: delay ?? env.number(['OTEL_BSP_SCHEDULE_DELAY'], 0) ?? 5000,
    }),
  ]
}

// What was given wins over the environment, and that over what is found. The arguments of the process are left out: people
// put passwords there.
async function resourceOf({ resource = {}, serviceName, serviceVersion }: GivenOptions): Promise<Resource> {
  const resources = await packages.resources()
  const { envDetector, hostDetector, osDetector, serviceInstanceIdDetector } = resources
  const detectors = [hostDetector, osDetector, serviceInstanceIdDetector, envDetector]
  return resources
    .defaultResource()
    .merge(
      resources.resourceFromAttributes({
        'process.pid': process.pid,
        'process.runtime.name': 'nodejs',
        'process.runtime.version': process.versions.node,
      }),
    )
    .merge(resources.detectResources({ detectors }))
    .merge(
      resources.resourceFromAttributes({
        ...resource,
        ...(serviceName && { 'service.name': serviceName }),
        ...(serviceVersion && { 'service.version': serviceVersion }),
      }),
    )
}

function limitsOf(env: Environment): SpanLimits {
  const limit = (...names: readonly string[]): number | undefined => env.number(names, 0)
  const all = {
    attributeCountLimit: limit('OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', 'OTEL_ATTRIBUTE_COUNT_LIMIT'),
    attributePerEventCountLimit: limit('OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT'),
    attributePerLinkCountLimit: limit('OTEL_LINK_ATTRIBUTE_COUNT_LIMIT'),
    attributeValueLengthLimit: limit('OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', 'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT'),
    eventCountLimit: limit('OTEL_SPAN_EVENT_COUNT_LIMIT'),
    linkCountLimit: limit('OTEL_SPAN_LINK_COUNT_LIMIT'),
  }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
}

// By the numbers of the API's DiagLogLevel.
const levels = { all: 9999, debug: 70, error: 30, info: 60, none: 0, verbose: 80, warn: 50 } as const

function levelOf(env: Environment): DiagLogLevel {
  const words = Object.keys(levels) as (keyof typeof levels)[]
  return levels[env.choice('OTEL_LOG_LEVEL', words) ?? 'warn']
}

/** The most different things that are told of. */
const mostTold = 100

// A collector that is not there fails each batch, and says the same of each.
function tellOnce(warn: (text: string) => void): DiagLogger {
  const told = new Set<string>()
  const tell = (text: string, ...details: readonly unknown[]): void => {
    const all = [text, ...details].map(String).join(' ')
    if (told.has(all) || told.size === mostTold) return
    told.add(all)
    warn(`OpenTelemetry: ${all}`)
  }
  return { debug: tell, error: tell, info: tell, verbose: tell, warn: tell }
}
