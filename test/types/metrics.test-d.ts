// Checked by tsc alone: nothing here runs.
import { subscribe } from 'node:diagnostics_channel'
import { PeriodicExportingMetricReader, type PushMetricExporter } from '@opentelemetry/sdk-metrics'
import { expectTypeOf } from 'expect-type'
import {
  type AppStats,
  basicAuth,
  type Handler,
  Hotpress,
  type HttpVersion,
  type MetricFamily,
  type Metrics,
  type MetricsReport,
  metrics,
  type RequestEvents,
  type RequestStats,
  RouteGroup,
  requestKey,
} from 'hotpress'
import { register } from 'prom-client'

const app = new Hotpress()

expectTypeOf(app.metrics()).toEqualTypeOf<Hotpress>()
app.metrics({
  buckets: [0.1, 1],
  exemplars: () => undefined,
  labels: { plan: requestKey<string>('plan'), tenant: (request) => request.header('x-tenant') },
  maxSeries: 100,
  path: '/internal/metrics',
  prefix: 'shop_',
  process: false,
  registry: register,
  sizeBuckets: false,
  status: 'class',
  use: basicAuth({ users: { prometheus: '$2b$10$' } }),
})

const measured = metrics({ registry: register })
expectTypeOf(measured).toEqualTypeOf<Metrics>()
expectTypeOf(measured.handler).toEqualTypeOf<Handler>()
expectTypeOf(measured.collect()).toEqualTypeOf<readonly MetricFamily[]>()
expectTypeOf(measured.report()).toEqualTypeOf<Promise<MetricsReport>>()
expectTypeOf(measured.text('openmetrics')).toEqualTypeOf<Promise<string>>()
app.metrics(measured)
new RouteGroup().get('/metrics', measured.handler)

declare const exporter: PushMetricExporter
new PeriodicExportingMetricReader({ exporter, metricProducers: [measured.producer()] })

expectTypeOf(app.stats()).toEqualTypeOf<AppStats>()
expectTypeOf(app.stats().requests).toEqualTypeOf<RequestStats | undefined>()

subscribe('hotpress:request:error', (event) => {
  const { error, request } = event as RequestEvents['hotpress:request:error']
  expectTypeOf(error).toBeUnknown()
  expectTypeOf(request.httpVersion).toEqualTypeOf<HttpVersion>()
})

// @ts-expect-error: where it answers is for an app alone
metrics({ path: '/metrics' })
// @ts-expect-error: the value of a label is a text
metrics({ labels: { tenant: () => 7 } })
// @ts-expect-error: and that of a key
metrics({ labels: { plan: requestKey<number>('plan') } })
// @ts-expect-error: metrics() makes them
new Metrics()
