import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Counter, Gauge, Histogram, Registry, Summary } from 'prom-client'
import { type HistogramFamily, Hotpress, type MetricFamily, type MetricsReport, metrics } from '../../src/index.js'
import { addFamilies, mergeReports } from '../../src/observability/metrics-merge.js'
import { workersMetrics } from '../../src/observability/workers-metrics.js'
import { parseExposition, sampleOf } from './_exposition-parser.js'

const gauge = (value: number, over?: MetricFamily['over']): MetricFamily => ({
  help: 'A gauge.',
  name: 'a_gauge',
  ...(over && { over }),
  series: [{ labels: { kind: 'x' }, value }],
  type: 'gauge',
})

const histogram = (counts: readonly number[], more: Partial<HistogramFamily> = {}): HistogramFamily => ({
  bounds: [1, 2],
  help: 'A histogram.',
  name: 'a_histogram',
  series: [{ counts, labels: { route: '/' }, sum: counts.length }],
  type: 'histogram',
  ...more,
})

function merge(...families: readonly MetricFamily[]): readonly MetricFamily[] {
  const reports = families.map((family, index) => [index + 1, { families: [family], foreign: [], prefix: '' }] as const)
  return mergeReports(new Map(reports)).families
}

describe('merging', () => {
  test('adds, or takes the least or the most, or leaves each to itself', () => {
    const values = (over?: MetricFamily['over']): unknown => merge(gauge(1, over), gauge(3, over))[0]!.series
    assert.deepEqual(values(), [{ labels: { kind: 'x' }, value: 4 }])
    assert.deepEqual(values('max'), [{ labels: { kind: 'x' }, value: 3 }])
    assert.deepEqual(values('min'), [{ labels: { kind: 'x' }, value: 1 }])
    assert.deepEqual(values('each'), [
      { labels: { kind: 'x', worker: '1' }, value: 1 },
      { labels: { kind: 'x', worker: '2' }, value: 3 },
    ])
  })

  test('adds histograms bucket by bucket, and keeps the latest exemplars', () => {
    const exemplar = (timestamp: number) => ({ labels: { trace_id: `${timestamp}` }, timestamp, value: 1 })
    const withExemplars = (counts: readonly number[], exemplars: Record<number, ReturnType<typeof exemplar>>) =>
      histogram(counts, { series: [{ counts, exemplars, labels: { route: '/' }, sum: 1 }] })
    const [merged] = merge(
      withExemplars([1, 2, 3], { 0: exemplar(5), 1: exemplar(5) }),
      histogram([10, 20, 30]),
      withExemplars([0, 0, 1], { 1: exemplar(9), 2: exemplar(1) }),
    )
    assert.deepEqual(merged!.series, [
      {
        counts: [11, 22, 34],
        exemplars: { 0: exemplar(5), 1: exemplar(9), 2: exemplar(1) },
        labels: { route: '/' },
        sum: 5,
      },
    ])
  })

  test('keeps series that only one of them has, in whatever order their labels stand', () => {
    const of = (labels: Record<string, string>, value: number): MetricFamily =>
      ({ ...gauge(0), series: [{ labels, value }] }) as MetricFamily
    const [merged] = merge(of({ a: '1', b: '2' }, 1), of({ b: '2', a: '1' }, 2), of({ a: '1' }, 4))
    assert.deepEqual(merged!.series, [
      { labels: { a: '1', b: '2' }, value: 3 },
      { labels: { a: '1' }, value: 4 },
    ])
  })

  test('does not add what cannot be added: other buckets, another type', () => {
    assert.deepEqual(addFamilies([histogram([1, 2, 3]), histogram([1, 2], { bounds: [1] })]), [histogram([1, 2, 3])])
    const counter: MetricFamily = { ...gauge(1), type: 'counter' } as MetricFamily
    assert.deepEqual(addFamilies([gauge(5), counter]), [gauge(5)])
  })

  test('of nobody is nothing', () => {
    assert.deepEqual(mergeReports(new Map()), { families: [], foreign: [], prefix: '' })
  })
})

test('what workers report goes by JSON, and comes out as one text', async () => {
  async function worker(requests: number): Promise<MetricsReport> {
    const app = new Hotpress({ logger: false, rateLimit: { limit: 3, window: '1h' } })
    const registry = new Registry()
    const registers = [registry]
    new Counter({ help: 'Orders.', name: 'orders_total', registers }).inc(requests)
    new Gauge({ aggregator: 'max', help: 'Age.', name: 'age', registers }).set(requests)
    new Gauge({ aggregator: 'average', help: 'Share.', name: 'share', registers }).set(requests)
    new Gauge({ aggregator: 'omit', help: 'Its own.', name: 'own', registers }).set(requests)
    new Histogram({ buckets: [1, 4], help: 'Sizes.', name: 'sizes', registers }).observe(requests)
    new Summary({ help: 'Times.', name: 'times', percentiles: [0.5], registers }).observe(requests)
    const measured = metrics({ prefix: 'shop_', registry })
    app.metrics(measured).get('/', () => 'ok')
    for (let index = 0; index < requests; index++) await app.inject({})
    return JSON.parse(JSON.stringify(await measured.report())) as MetricsReport
  }
  const reports = new Map([
    [1, await worker(2)],
    [2, await worker(5)],
  ])
  for (const format of ['openmetrics', 'prometheus'] as const) {
    const { text, type } = workersMetrics(
      reports,
      [],
      format === 'openmetrics' ? 'application/openmetrics-text' : '*/*',
    )
    assert.match(type, format === 'openmetrics' ? /^application\/openmetrics-text; / : /^text\/plain; version=0\.0\.4;/)
    const told = parseExposition(text, format)
    const ok = { http_response_status_code: '200', http_route: '/' }
    assert.equal(sampleOf(told, 'shop_http_server_request_duration_seconds_count', ok), 5)
    assert.equal(sampleOf(told, 'shop_hotpress_rate_limit_refused_total', { policy: 'default' }), 2)
    assert.equal(sampleOf(told, 'orders_total'), 7)
    assert.equal(sampleOf(told, 'age'), 5)
    assert.equal(sampleOf(told, 'share'), 3.5)
    assert.equal(told.has('own'), false)
    assert.deepEqual(
      ['1', '4', '+Inf'].map((le) =>
        sampleOf(told, 'sizes_bucket', { le: format === 'prometheus' ? le : le.replace(/^\d$/, '$&.0') }),
      ),
      [0, 1, 2],
    )
    assert.deepEqual([sampleOf(told, 'times', { quantile: '0.5' }), sampleOf(told, 'times_count')], [3.5, 2])
    assert.ok(sampleOf(told, 'shop_process_resident_memory_bytes', { worker: '2' })! > 1e6)
  }
})
