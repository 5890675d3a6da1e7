import type * as Api from '@opentelemetry/api'
import type * as Context from '@opentelemetry/context-async-hooks'
import type * as Core from '@opentelemetry/core'
import type * as MetricsJson from '@opentelemetry/exporter-metrics-otlp-http'
import type * as MetricsProtobuf from '@opentelemetry/exporter-metrics-otlp-proto'
import type * as Json from '@opentelemetry/exporter-trace-otlp-http'
import type * as Protobuf from '@opentelemetry/exporter-trace-otlp-proto'
import type * as B3 from '@opentelemetry/propagator-b3'
import type * as Resources from '@opentelemetry/resources'
import type * as Metrics from '@opentelemetry/sdk-metrics'
import type * as Trace from '@opentelemetry/sdk-trace'
import { peer } from '../core/peer.js'

interface Packages {
  api(): Promise<typeof Api>
  b3(): Promise<typeof B3>
  context(): Promise<typeof Context>
  core(): Promise<typeof Core>
  json(): Promise<typeof Json>
  metrics(): Promise<typeof Metrics>
  metricsJson(): Promise<typeof MetricsJson>
  metricsProtobuf(): Promise<typeof MetricsProtobuf>
  protobuf(): Promise<typeof Protobuf>
  resources(): Promise<typeof Resources>
  trace(): Promise<typeof Trace>
}

const what = 'otel()'

/** What `otel()` is made of, loaded when it is asked for. */
export const packages: Packages = {
  api: peer('@opentelemetry/api', what, () => import('@opentelemetry/api')),
  b3: peer('@opentelemetry/propagator-b3', what, () => import('@opentelemetry/propagator-b3')),
  context: peer('@opentelemetry/context-async-hooks', what, () => import('@opentelemetry/context-async-hooks')),
  core: peer('@opentelemetry/core', what, () => import('@opentelemetry/core')),
  json: peer('@opentelemetry/exporter-trace-otlp-http', what, () => import('@opentelemetry/exporter-trace-otlp-http')),
  metrics: peer('@opentelemetry/sdk-metrics', what, () => import('@opentelemetry/sdk-metrics')),
  metricsJson: peer(
    '@opentelemetry/exporter-metrics-otlp-http',
    what,
    () => import('@opentelemetry/exporter-metrics-otlp-http'),
  ),
  metricsProtobuf: peer(
    '@opentelemetry/exporter-metrics-otlp-proto',
    what,
    () => import('@opentelemetry/exporter-metrics-otlp-proto'),
  ),
  protobuf: peer(
    '@opentelemetry/exporter-trace-otlp-proto',
    what,
    () => import('@opentelemetry/exporter-trace-otlp-proto'),
  ),
  resources: peer('@opentelemetry/resources', what, () => import('@opentelemetry/resources')),
  trace: peer('@opentelemetry/sdk-trace', what, () => import('@opentelemetry/sdk-trace')),
}
