import type { Resource } from '@opentelemetry/resources'
import type { MeterProvider, MetricProducer, PushMetricExporter } from '@opentelemetry/sdk-metrics'
import type { Environment } from './environment.js'
import { otlpConfig, protocolOf } from './exporter.js'
import type { GivenOptions } from './options.js'
import { packages } from './packages.js'

/** What sends metrics, again and again; undefined where nobody has asked for it. */
export async function metersOf(
  given: GivenOptions,
  env: Environment,
  resource: Resource,
): Promise<MeterProvider | undefined> {
  if (given.metrics === undefined) return undefined
  const { interval, of, timeout } = given.metrics
  const exporter = await exporterOf(given, env)
  if (exporter === undefined) return undefined
  const { MeterProvider, PeriodicExportingMetricReader } = await packages.metrics()
  const exportIntervalMillis = interval ?? env.number(['OTEL_METRIC_EXPORT_INTERVAL'], 1) ?? 60_000
  const longest = timeout ?? env.number(['OTEL_METRIC_EXPORT_TIMEOUT'], 1) ?? 30_000
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis,
    // The reader takes no timeout that is longer than its interval.
    exportTimeoutMillis: Math.min(longest, exportIntervalMillis),
    metricProducers: of.map((each) => each.producer<Awaited<ReturnType<MetricProducer['collect']>>>()),
  })
  return new MeterProvider({ readers: [reader], resource })
}

async function exporterOf(given: GivenOptions, env: Environment): Promise<PushMetricExporter | undefined> {
  const kind = given.metrics?.exporter ?? env.choice('OTEL_METRICS_EXPORTER', ['console', 'none', 'otlp']) ?? 'otlp'
  if (typeof kind === 'object') return kind
  if (kind === 'none') return undefined
  if (kind === 'console') return new (await packages.metrics()).ConsoleMetricExporter()
  const isJson = protocolOf(given, env, 'METRICS') === 'http/json'
  const { OTLPMetricExporter } = await (isJson ? packages.metricsJson() : packages.metricsProtobuf())
  return new OTLPMetricExporter(otlpConfig(given, 'metrics'))
}
