import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Counter, Gauge, Histogram, Registry, Summary } from 'prom-client'
import { isExempt } from '../../src/core/exempt.js'
import {
  type AppMetricsOptions,
  Hotpress,
  type HotpressOptions,
  type MetricsFormat,
  metrics,
  RouteGroup,
  requestKey,
  text,
} from '../../src/index.js'
import { says } from '../_says.js'
import { type Family, parseExposition, type Sample, sampleOf } from './_exposition-parser.js'
import { promtool, promtoolSkip } from './_promtool.js'

const accepts = { openmetrics: 'application/openmetrics-text;version=1.0.0', prometheus: '*/*' }
const count = 'http_server_request_duration_seconds_count'

async function* parts(...all: readonly string[]): AsyncGenerator<string> {
  yield* all
}

function make(options: AppMetricsOptions = {}, appOptions: HotpressOptions = {}): Hotpress {
  const app = new Hotpress({ logger: false, ...appOptions })
  app.metrics(options)
  app.get('/users/:id', ({ params }) => params.id)
  app.post('/echo', async (request) => text(await request.text()))
  app.get('/broken', () => {
    throw new Error('a fault')
  })
  return app
}

async function read(app: Hotpress, format: MetricsFormat = 'prometheus'): Promise<Map<string, Family>> {
  const answer = await app.inject({ headers: { accept: accepts[format] }, url: '/metrics' })
  assert.equal(answer.status, 200)
  return parseExposition(answer.text(), format)
}

describe('what is counted of requests', () => {
  test('stands under the pattern of the route, and never under a path', async () => {
    const app = make()
    for (const id of ['1', '2', '3']) await app.inject({ url: `/users/${id}` })
    await app.inject({ url: '/nowhere/secret' })
    const families = await read(app)
    assert.equal(sampleOf(families, count, { http_response_status_code: '200', http_route: '/users/:id' }), 3)
    assert.equal(sampleOf(families, count, { http_response_status_code: '404' }), 1)
    assert.ok(!JSON.stringify([...families]).includes('secret'))
    const [sample] = families.get('http_server_request_duration_seconds')!.samples
    assert.deepEqual(sample!.labels, {
      http_request_method: 'GET',
      http_response_status_code: '200',
      http_route: '/users/:id',
      le: '0.0005',
      network_protocol_version: '1.1',
      url_scheme: 'http',
    })
  })

  test('is the sizes of both bodies', async () => {
    const app = make()
    await app.inject({ body: 'x'.repeat(2000), method: 'POST', url: '/echo' })
    await app.inject({ body: parts('y'.repeat(300)), method: 'POST', url: '/echo' })
    const families = await read(app)
    assert.equal(sampleOf(families, 'http_server_request_body_size_bytes_sum'), 2300)
    assert.equal(sampleOf(families, 'http_server_response_body_size_bytes_sum'), 2300)
    assert.equal(sampleOf(families, 'http_server_request_body_size_bytes_bucket', { le: '1024' }), 1)
  })

  test('is not their sizes where that is not wanted', async () => {
    const app = make({ sizeBuckets: false })
    await app.inject({ body: 'x', method: 'POST', url: '/echo' })
    assert.deepEqual(
      [...(await read(app)).keys()].filter((name) => name.includes('body_size')),
      [],
    )
  })

  test('names an error, and methods that nobody knows by one name', async () => {
    const app = make()
    app.add(':purge/cache', () => null)
    await app.inject({ url: '/broken' })
    await app.inject({ method: 'FROB1', url: '/nowhere' })
    await app.inject({ method: 'FROB2', url: '/users/1' })
    await app.inject({ method: 'PURGE', url: '/cache' })
    const families = await read(app)
    assert.equal(sampleOf(families, count, { error_type: '500', http_route: '/broken' }), 1)
    assert.equal(sampleOf(families, count, { http_request_method: '_OTHER', http_response_status_code: '404' }), 1)
    assert.equal(sampleOf(families, count, { http_request_method: '_OTHER', http_response_status_code: '405' }), 1)
    assert.equal(sampleOf(families, count, { http_request_method: 'PURGE', http_route: '/cache' }), 1)
  })

  test('is by class of status where that is wanted', async () => {
    const app = make({ status: 'class' })
    await app.inject({ url: '/users/1' })
    await app.inject({ url: '/broken' })
    const families = await read(app)
    assert.equal(sampleOf(families, count, { http_response_status_code: '2xx', http_route: '/users/:id' }), 1)
    assert.equal(sampleOf(families, count, { error_type: '5xx', http_response_status_code: '5xx' }), 1)
  })

  test('is what is under way: whoever asks at least', async () => {
    assert.equal(sampleOf(await read(make()), 'http_server_active_requests'), 1)
  })

  test('has the buckets that it is given', async () => {
    const app = make({ buckets: [0.1, 60], sizeBuckets: [10] })
    await app.inject({ url: '/users/1' })
    const families = await read(app)
    const limits = (name: string): unknown[] =>
      families
        .get(name)!
        .samples.filter(({ labels }) => labels.le)
        .map(({ labels }) => labels.le)
    assert.deepEqual(limits('http_server_request_duration_seconds'), ['0.1', '60', '+Inf'])
    assert.deepEqual(limits('http_server_response_body_size_bytes'), ['10', '+Inf'])
  })
})

describe('labels of a user', () => {
  const tenants = {
    labels: { tenant: (request: { header(name: string): string | undefined }) => request.header('x-tenant') },
  }

  test('are told apart', async () => {
    const app = make(tenants)
    for (const tenant of ['a', 'a', 'b"\\\n'])
      await app.inject({ headers: { 'x-tenant': tenant.replace('\n', ' ') }, url: '/users/1' })
    await app.inject({ url: '/users/1' })
    const families = await read(app)
    assert.equal(sampleOf(families, count, { tenant: 'a' }), 2)
    assert.equal(sampleOf(families, count, { tenant: 'b"\\ ' }), 1)
    assert.equal(sampleOf(families, count, { tenant: '' }), 1)
  })

  test('are bounded: the rest is counted under one', async () => {
    const app = make({ ...tenants, maxSeries: 5 })
    for (let index = 0; index < 50; index++) {
      await app.inject({ headers: { 'x-tenant': `tenant-${index}` }, url: '/users/1' })
    }
    const families = await read(app)
    assert.equal(sampleOf(families, count, { http_route: '/users/:id', tenant: 'tenant-4' }), 1)
    assert.equal(sampleOf(families, count, { http_route: '/users/:id', tenant: '_OTHER' }), 45)
    const series = families.get('http_server_request_duration_seconds')!.samples.filter(({ name }) => name === count)
    assert.equal(series.length, 6)
  })

  test('may be what a handler says, by a key', async () => {
    const plan = requestKey<string>('plan')
    const app = make({ labels: { plan } })
    app.get('/priced', (request) => {
      request.set(plan, 'gold')
      return null
    })
    await app.inject({ url: '/priced' })
    await app.inject({ url: '/users/1' })
    const families = await read(app)
    assert.equal(sampleOf(families, count, { http_route: '/priced', plan: 'gold' }), 1)
    assert.equal(sampleOf(families, count, { http_route: '/users/:id', plan: '' }), 1)
  })

  test('that are several are not mixed up, and what is no text is none', async () => {
    const app = make({
      labels: {
        one: ({ query }) => query.get('one') ?? undefined,
        two: ({ query }) => (query.has('two') ? (7 as unknown as string) : 'none'),
      },
    })
    await app.inject({ url: '/users/1?one=a","b' })
    await app.inject({ url: '/users/1?one=a&two' })
    const families = await read(app)
    assert.equal(sampleOf(families, count, { one: 'a","b', two: 'none' }), 1)
    assert.equal(sampleOf(families, count, { one: 'a', two: '' }), 1)
  })
})

test('a label that fails fails no request', async () => {
  const warned = once(process, 'warning')
  const app = make({
    exemplars: () => {
      throw new Error('no trace')
    },
    labels: {
      broken: () => {
        throw new Error('no value')
      },
    },
  })
  assert.equal((await app.inject({ url: '/users/1' })).status, 200)
  assert.equal((await app.inject({ url: '/users/2' })).status, 200)
  assert.equal(sampleOf(await read(app), count, { broken: '', http_route: '/users/:id' }), 2)
  const [warning] = (await warned) as [Error]
  assert.match(warning.message, /a label of metrics\(\) has failed: Error: no value/)
})

test('routes, methods and statuses are bounded too', async () => {
  const app = make({ maxSeries: 3 })
  app.get('/status/:code', ({ params }) => text('', Number(params.code)))
  for (let code = 400; code < 450; code++) await app.inject({ url: `/status/${code}` })
  const families = await read(app)
  assert.equal(sampleOf(families, count, { http_response_status_code: '402' }), 1)
  assert.equal(sampleOf(families, count, { http_route: '_OTHER' }), 47)
  const series = families.get('http_server_request_duration_seconds')!.samples.filter(({ name }) => name === count)
  assert.equal(series.length, 4)
})

describe('exemplars', () => {
  const ids = { isSampled: true, spanId: '00f067aa0ba902b7', traceId: '4bf92f3577b34da6a3ce929d0e0e4736' }
  const exemplars: AppMetricsOptions['exemplars'] = ({ path }) =>
    path.startsWith('/users') ? { ...ids, isSampled: path.endsWith('1') } : undefined

  async function exemplarsOf(app: Hotpress, format: MetricsFormat): Promise<readonly Sample['exemplar'][]> {
    const samples = [...(await read(app, format)).values()].flatMap((family) => family.samples)
    return samples.map(({ exemplar }) => exemplar).filter((exemplar) => exemplar !== undefined)
  }

  test('are the traces that requests are part of, in OpenMetrics alone', async () => {
    const app = make({ exemplars })
    await app.inject({ url: '/users/1' })
    const [exemplar, ...others] = await exemplarsOf(app, 'openmetrics')
    assert.deepEqual(others, [])
    assert.deepEqual(exemplar!.labels, { span_id: ids.spanId, trace_id: ids.traceId })
    assert.ok(Math.abs(exemplar!.timestamp - Date.now() / 1000) < 600)
    assert.deepEqual(await exemplarsOf(app, 'prometheus'), [])
  })

  test('are none of requests whose trace is not kept, or that have none', async () => {
    const app = make({ exemplars })
    await app.inject({ url: '/users/2' })
    await app.inject({ url: '/nowhere' })
    assert.deepEqual(await exemplarsOf(app, 'openmetrics'), [])
  })

  for (const wanted of [undefined, false, true]) {
    test(`are none where nobody traces (exemplars: ${wanted})`, async () => {
      const app = make({ ...(wanted !== undefined && { exemplars: wanted }) })
      await app.inject({ url: '/users/1' })
      assert.deepEqual(await exemplarsOf(app, 'openmetrics'), [])
    })
  }
})

describe('a registry of prom-client', () => {
  function registered(): Registry {
    const registry = new Registry()
    registry.setDefaultLabels({ service: 'shop' })
    const registers = [registry]
    new Counter({ help: 'Orders.\nAll "of" them \\', labelNames: ['kind'], name: 'orders_total', registers }).inc(
      { kind: 'a"b' },
      3,
    )
    new Counter({ help: 'Without the usual ending.', name: 'jobs', registers }).inc(2)
    new Gauge({ help: 'Temperature.', name: 'temperature', registers }).set(-1.5)
    new Histogram({ buckets: [1, 2], help: 'Sizes.', labelNames: ['of'], name: 'sizes', registers }).observe(
      { of: 'x' },
      1.5,
    )
    new Summary({ help: 'Times.', name: 'times', percentiles: [0.5, 0.99], registers }).observe(2)
    new Gauge({ help: 'Nothing yet.', labelNames: ['kind'], name: 'nothing', registers })
    return registry
  }

  for (const format of ['openmetrics', 'prometheus'] as const) {
    test(`is told of too, in ${format}`, async () => {
      const families = await read(make({ prefix: 'web_', registry: registered() }), format)
      assert.equal(sampleOf(families, 'orders_total', { kind: 'a"b', service: 'shop' }), 3)
      assert.equal(sampleOf(families, 'jobs'), 2)
      assert.equal(families.get('jobs')!.type, format === 'openmetrics' ? 'unknown' : 'counter')
      assert.equal(sampleOf(families, 'temperature'), -1.5)
      assert.equal(sampleOf(families, 'sizes_bucket', { le: format === 'openmetrics' ? '2.0' : '2', of: 'x' }), 1)
      assert.equal(sampleOf(families, 'times', { quantile: '0.5' }), 2)
      assert.ok(families.has('web_http_server_active_requests'))
    })
  }

  test('has its way where it has a name of ours', async () => {
    const registry = new Registry()
    new Gauge({ help: 'Theirs.', name: 'process_resident_memory_bytes', registers: [registry] }).set(42)
    const families = await read(make({ registry }))
    assert.equal(sampleOf(families, 'process_resident_memory_bytes'), 42)
  })

  test('that fails is a 500, and the app goes on', async () => {
    const app = make({ registry: { getMetricsAsJSON: () => Promise.reject(new Error('no')) } })
    assert.equal((await app.inject({ url: '/metrics' })).status, 500)
    assert.equal((await app.inject({ url: '/users/1' })).status, 200)
  })
})

describe('parts of an app', () => {
  test('say their figures: compression and rate limits, each once', async () => {
    const options: HotpressOptions = {
      compression: true,
      maxEventLoopDelay: '10s',
      rateLimit: { limit: 2, window: '1h' },
    }
    const app = make({}, { ...options, accessLog: { destination: { file: '/dev/null' } } })
    for (let index = 0; index < 3; index++) await app.inject({ url: '/users/1' })
    const families = parseExposition(await readWith(app), 'prometheus')
    assert.equal(sampleOf(families, 'hotpress_rate_limit_refused_total', { policy: 'default' }), 1)
    assert.equal(sampleOf(families, 'hotpress_compression_pending', { bodies: 'responses' }), 0)
    assert.equal(sampleOf(families, 'hotpress_overload_refused_total'), 0)
    assert.equal(sampleOf(families, 'hotpress_access_log_dropped_total', { destination: '/dev/null' }), 0)
  })

  // The limit is not for what is exempt.
  const readWith = async (app: Hotpress): Promise<string> => {
    const answer = await app.inject({ url: '/metrics' })
    assert.equal(answer.status, 200)
    return answer.text()
  }
})

describe('the process', () => {
  test('says how it is', async () => {
    // Before its first turn Node 22 and later have counted nothing of the event loop.
    await sleep(20)
    const families = await read(make())
    assert.ok(sampleOf(families, 'process_resident_memory_bytes')! > 1e6)
    assert.ok(sampleOf(families, 'nodejs_heap_size_used_bytes')! > 1e5)
    assert.ok(sampleOf(families, 'process_cpu_seconds_total')! > 0)
    assert.ok(sampleOf(families, 'nodejs_eventloop_time_seconds_total', { nodejs_eventloop_state: 'active' })! > 0)
    assert.ok(sampleOf(families, 'nodejs_eventloop_lag_p99_seconds')! >= 0)
  })

  test('is left out where it is not wanted', async () => {
    const names = [...(await read(make({ process: false }))).keys()]
    assert.deepEqual(
      names.filter((name) => /^(?:nodejs|process)_/.test(name)),
      [],
    )
  })
})

describe('the answer', () => {
  test('is in the format that Prometheus asks for, and is not kept', async () => {
    const app = make()
    const plain = await app.inject({ url: '/metrics' })
    assert.equal(plain.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
    assert.equal(plain.headers.get('cache-control'), 'no-store')
    assert.equal(plain.headers.get('vary'), 'Accept')
    const open = await app.inject({ headers: { accept: accepts.openmetrics }, url: '/metrics' })
    assert.equal(open.headers.get('content-type'), 'application/openmetrics-text; version=1.0.0; charset=utf-8')
  })

  test('passes the middleware of its route', async () => {
    const app = make({ use: () => text('no', 403) })
    assert.equal((await app.inject({ url: '/metrics' })).status, 403)
  })

  test('is in a group of a user, for an app that is counted', async () => {
    const app = new Hotpress({ logger: false })
    const measured = metrics({ prefix: 'app_', process: false })
    app.metrics(measured)
    app.mount(new RouteGroup({ prefix: '/internal' }).get('/figures', measured.handler))
    await app.inject({ url: '/internal/figures' })
    assert.equal((await app.inject({ url: '/metrics' })).status, 404)
    const told = (await app.inject({ url: '/internal/figures' })).text()
    assert.equal(sampleOf(parseExposition(told, 'prometheus'), `app_${count}`, { http_route: '/internal/figures' }), 1)
    assert.equal(await measured.text('openmetrics').then((all) => parseExposition(all, 'openmetrics').size > 0), true)
  })

  test('comes while the app is at its limits', () => {
    assert.equal(isExempt(metrics().handler), true)
  })

  test('is of one app', () => {
    const measured = metrics()
    new Hotpress({ logger: false }).metrics(measured)
    const again = (): unknown => new Hotpress({ logger: false }).metrics(measured)
    assert.throws(again, says('OPTION_INVALID', 'those of an app'))
  })

  test('passes promtool', { skip: promtoolSkip }, async () => {
    const app = make(
      { labels: { tenant: () => 'a\\"\n' } },
      { compression: true, rateLimit: { limit: 2, window: '1h' } },
    )
    await app.inject({ body: 'x', method: 'POST', url: '/echo' })
    await app.inject({ url: '/broken' })
    promtool((await app.inject({ url: '/metrics' })).text())
  })
})

describe('options', () => {
  const wrong: readonly (readonly [options: object, option: string])[] = [
    [{ buckets: [] }, 'buckets'],
    [{ buckets: [2, 1] }, 'buckets'],
    [{ buckets: [0, 1] }, 'buckets'],
    [{ buckets: [1, Number.POSITIVE_INFINITY] }, 'buckets'],
    [{ buckets: Array.from({ length: 101 }, (_, index) => index + 1) }, 'buckets'],
    [{ buckets: '1' }, 'buckets'],
    [{ exemplars: 1 }, 'exemplars'],
    [{ labels: [] }, 'labels'],
    [{ labels: { 'x-y': () => '' } }, 'labels'],
    [{ labels: { http_route: () => '' } }, 'labels'],
    [{ labels: { __name: () => '' } }, 'labels'],
    [{ labels: { tenant: 'x' } }, 'labels.tenant'],
    [{ labels: Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`a${index}`, () => ''])) }, 'labels'],
    [{ maxSeries: 0 }, 'maxSeries'],
    [{ maxSeries: 1.5 }, 'maxSeries'],
    [{ path: 'metrics' }, 'path'],
    [{ prefix: '1a' }, 'prefix'],
    [{ prefix: 'a-b' }, 'prefix'],
    [{ process: 'yes' }, 'process'],
    [{ registry: {} }, 'registry'],
    [{ sizeBuckets: true }, 'sizeBuckets'],
    [{ status: 'codes' }, 'status'],
  ]
  for (const [index, [options, option]] of wrong.entries()) {
    test(`that are wrong are told of: ${option} (${index})`, () => {
      assert.throws(
        () => new Hotpress({ logger: false }).metrics(options),
        says('OPTION_INVALID', `${option} of metrics()`),
      )
    })
  }

  test('that nobody knows are told of', () => {
    assert.throws(() => metrics({ bucket: [1] } as object), says('OPTION_UNKNOWN', 'bucket'))
    assert.throws(() => new Hotpress().metrics(null as never), says('OPTION_INVALID', 'metrics()'))
  })

  test('come too late once the app has started', async () => {
    const app = new Hotpress({ logger: false })
    await app.inject({})
    assert.throws(() => app.metrics(), says('APP_STARTED', 'metrics()'))
  })
})
