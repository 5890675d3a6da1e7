import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import { Hotpress, metrics } from '../../src/index.js'

interface Point {
  readonly asDouble?: number
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[]
  readonly bucketCounts?: readonly number[]
  readonly count?: number | string
  readonly explicitBounds?: readonly number[]
  readonly startTimeUnixNano: string
  readonly sum?: number
}

interface Metric {
  readonly gauge?: { readonly dataPoints: readonly Point[] }
  readonly histogram?: { readonly aggregationTemporality: number; readonly dataPoints: readonly Point[] }
  readonly name: string
  readonly sum?: { readonly dataPoints: readonly Point[]; readonly isMonotonic: boolean }
  readonly unit: string
}

test('metrics are sent by OTLP, by the official SDK, under the names of OpenTelemetry', async () => {
  const sent: string[] = []
  const receiver = createServer(async (request, response) => {
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += String(chunk)
    sent.push(body)
    response.setHeader('content-type', 'application/json').end('{}')
  })
  await once(receiver.listen(0, '127.0.0.1'), 'listening')
  const { port } = receiver.address() as AddressInfo

  const app = new Hotpress({ logger: false, rateLimit: { limit: 100, window: '1h' } })
  const measured = metrics({ buckets: [10, 20] })
  app.metrics(measured).get('/users/:id', ({ params }) => params.id)
  for (const id of [1, 2, 3]) await app.inject({ url: `/users/${id}` })

  const exporter = new OTLPMetricExporter({ url: `http://127.0.0.1:${port}/v1/metrics` })
  const reader = new PeriodicExportingMetricReader({ exporter, metricProducers: [measured.producer()] })
  const provider = new MeterProvider({ readers: [reader] })
  await provider.forceFlush()
  await provider.shutdown()
  receiver.closeAllConnections()
  receiver.close()

  const told = JSON.parse(sent[0]!) as {
    readonly resourceMetrics: readonly { readonly scopeMetrics: readonly { readonly metrics: readonly Metric[] }[] }[]
  }
  const all = told.resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
  const named = (name: string): Metric => {
    const metric = all.find((each) => each.name === name)
    assert.ok(metric, `${name} is not among ${all.map((each) => each.name)}`)
    return metric
  }

  const durations = named('http.server.request.duration')
  assert.equal(durations.unit, 's')
  // 2 is cumulative.
  assert.equal(durations.histogram!.aggregationTemporality, 2)
  const [point] = durations.histogram!.dataPoints
  assert.deepEqual(point!.explicitBounds, [10, 20])
  assert.deepEqual(point!.bucketCounts, [3, 0, 0])
  assert.equal(Number(point!.count), 3)
  const attributes = Object.fromEntries(point!.attributes.map(({ key, value }) => [key, value.stringValue]))
  assert.deepEqual(attributes, {
    'http.request.method': 'GET',
    'http.response.status_code': '200',
    'http.route': '/users/:id',
    'network.protocol.version': '1.1',
    'url.scheme': 'http',
  })
  assert.ok(Number(point!.startTimeUnixNano) <= Date.now() * 1e6)
  assert.equal(named('http.server.active_requests').gauge!.dataPoints[0]!.asDouble, 0)
  const refused = named('hotpress_rate_limit_refused').sum!
  assert.deepEqual([refused.isMonotonic, refused.dataPoints[0]!.asDouble], [true, 0])
  assert.equal(named('process_resident_memory_bytes').unit, 'By')
})
