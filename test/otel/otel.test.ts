import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { context, propagation, trace } from '@opentelemetry/api'
import { AlwaysOffSampler } from '@opentelemetry/sdk-trace'
import { Hotpress, traceOf } from '../../src/index.js'
import { type OtelOptions, otel } from '../../src/otel/index.js'
import { says } from '../_says.js'
import { keepLines } from '../observability/_spans.js'
import { receive } from './_receiver.js'

const receiver = await receive()

/** Serves one request with the SDK set up, under an environment, and ends it. */
async function once(
  options: OtelOptions,
  environment: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<{ readonly ids: ReturnType<typeof traceOf>; readonly warnings: readonly string[] }> {
  const before = { ...process.env }
  const warnings: string[] = []
  Object.assign(process.env, environment)
  let ids: ReturnType<typeof traceOf>
  try {
    const set = await otel({ onWarning: (text) => warnings.push(text), ...options })
    const app = new Hotpress({ logger: false, tracing: { fetch: false } })
    app.get('/a/:b', (req) => {
      ids = traceOf(req)
      return 'a'
    })
    await app.inject({ headers, url: '/a/1' })
    await app.close()
    await set.shutdown()
  } finally {
    process.env = before
  }
  return { ids, warnings }
}

const lastRequest = (): (typeof receiver.requests)[number] => receiver.requests.at(-1)!

describe('otel()', () => {
  it('sends spans to a collector by protobuf, with what the process is', async () => {
    const { ids } = await once({
      endpoint: receiver.url,
      headers: { 'x-api-key': 'a key' },
      resource: { 'deployment.environment.name': 'test', shard: 7 },
      serviceName: 'shop',
      serviceVersion: '1.2.3',
    })
    const { headers, spans, url } = lastRequest()
    assert.equal(url, '/v1/traces')
    assert.equal(headers['content-type'], 'application/x-protobuf')
    assert.equal(headers['x-api-key'], 'a key')
    assert.equal(spans.length, 1)
    const [{ attributes, name, parentSpanId, resource, scope, spanId, traceId }] = spans as [(typeof spans)[number]]
    assert.equal(name, 'GET /a/:b')
    assert.equal(parentSpanId, '')
    assert.equal(attributes['http.route'], '/a/:b')
    assert.equal(scope, 'hotpress')
    assert.deepEqual({ isSampled: true, spanId, traceId }, ids)
    assert.equal(resource['service.name'], 'shop')
    assert.equal(resource['service.version'], '1.2.3')
    assert.equal(resource['deployment.environment.name'], 'test')
    assert.equal(Number(resource.shard), 7)
    assert.equal(Number(resource['process.pid']), process.pid)
    assert.ok(typeof resource['host.name'] === 'string')
    // The command line may hold passwords.
    assert.deepEqual(
      Object.keys(resource).filter((key) => key.startsWith('process.command')),
      [],
    )
  })

  it('sends JSON, and gzip, where that is asked for', async () => {
    await once({ compression: 'gzip', endpoint: `${receiver.url}/`, protocol: 'http/json', serviceName: 'json' })
    const { headers, spans } = lastRequest()
    assert.equal(headers['content-type'], 'application/json')
    assert.equal(headers['content-encoding'], 'gzip')
    assert.equal(spans[0]?.resource['service.name'], 'json')
    assert.equal(spans[0]?.name, 'GET /a/:b')
  })

  it('is set up by the environment alone', async () => {
    const { warnings } = await once(
      {},
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
        OTEL_EXPORTER_OTLP_HEADERS: 'x-api-key=of the environment',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=staging,team=a',
        OTEL_SERVICE_NAME: 'by-environment',
        OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: '4',
      },
    )
    const { headers, spans } = lastRequest()
    assert.deepEqual(warnings, [])
    assert.equal(headers['content-type'], 'application/json')
    assert.equal(headers['x-api-key'], 'of the environment')
    const { attributes, resource } = spans[0]!
    assert.equal(resource['service.name'], 'by-environment')
    assert.equal(resource['deployment.environment.name'], 'staging')
    assert.equal(resource.team, 'a')
    assert.equal(attributes['url.path'], '/a/1')
    assert.equal(attributes['http.route'], '/a/:')
  })

  it('takes what is given over the environment', async () => {
    await once(
      { endpoint: receiver.url, protocol: 'http/protobuf', serviceName: 'given' },
      {
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:1',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
        OTEL_SERVICE_NAME: 'by-environment',
      },
    )
    assert.equal(lastRequest().headers['content-type'], 'application/x-protobuf')
    assert.equal(lastRequest().spans[0]?.resource['service.name'], 'given')
  })

  it('tells of what the environment says that is not understood, and goes on', async () => {
    const { ids, warnings } = await once(
      { exporter: 'none' },
      {
        OTEL_BSP_MAX_QUEUE_SIZE: 'many',
        OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
        OTEL_PROPAGATORS: 'tracecontext, jaeger',
        OTEL_SPAN_LINK_COUNT_LIMIT: '-1',
        OTEL_TRACES_SAMPLER: 'sometimes',
      },
    )
    assert.equal(ids?.isSampled, true)
    assert.deepEqual(warnings, [
      'OTEL_PROPAGATORS=jaeger is ignored: it takes b3, b3multi, baggage, none, tracecontext',
      'OTEL_TRACES_SAMPLER=sometimes is ignored: it takes always_off, always_on, parentbased_always_off, parentbased_always_on, parentbased_traceidratio, traceidratio',
      'OTEL_SPAN_LINK_COUNT_LIMIT=-1 is ignored: it takes a number of at least 0',
    ])
    const { warnings: more } = await once(
      { endpoint: receiver.url },
      { OTEL_BSP_MAX_QUEUE_SIZE: 'many', OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' },
    )
    assert.deepEqual(more, [
      'OTEL_EXPORTER_OTLP_PROTOCOL=grpc is ignored: it takes http/json, http/protobuf',
      'OTEL_BSP_MAX_QUEUE_SIZE=many is ignored: it takes a number of at least 1',
    ])
    assert.equal(lastRequest().headers['content-type'], 'application/x-protobuf')
  })

  it('says once that the collector is not there', async () => {
    const warnings: string[] = []
    const set = await otel({
      batch: { delay: 1, size: 1 },
      endpoint: 'http://127.0.0.1:1',
      onWarning: (text) => warnings.push(text),
      timeout: 100,
    })
    const app = new Hotpress({ logger: false, tracing: true })
    app.get('/', () => 'a')
    for (let left = 400; left > 0 && warnings.length === 0; left--) {
      await app.inject()
      await sleep(5)
    }
    assert.match(warnings[0] ?? '', /^OpenTelemetry: .*ECONNREFUSED/)
    await set.shutdown().catch(() => {})
    assert.equal(new Set(warnings).size, warnings.length)
  })

  it('has the log of an app say what could not be sent as it closed', async () => {
    const lines: Record<string, unknown>[] = []
    const set = await otel({ endpoint: 'http://127.0.0.1:1', onWarning() {}, timeout: 100 })
    const app = new Hotpress({ logger: keepLines(lines), tracing: true })
    app.get('/', () => 'a')
    await app.inject()
    await app.close()
    assert.equal(lines[0]?.msg, 'what was traced could not be exported')
    await set.shutdown().catch(() => {})
  })

  it('has all that an app has traced sent when that closes', async () => {
    const set = await otel({ endpoint: receiver.url, serviceName: 'closing' })
    const app = new Hotpress({ logger: false, tracing: { spans: ['connection'] }, transport: 'node' })
    app.onClose(() => set.shutdown())
    app.get('/closing', () => 'a')
    const { url } = await app.listen()
    await (await fetch(`${url}/closing`)).text()
    await app.close()
    const sent = receiver.spans.filter(({ resource }) => resource['service.name'] === 'closing')
    assert.deepEqual(sent.map(({ name }) => name).sort(), ['GET /closing', 'http.connection'])
  })

  it('does nothing where it is disabled', async () => {
    const { ids } = await once({ endpoint: receiver.url }, { OTEL_SDK_DISABLED: 'true' })
    assert.equal(ids, undefined)
  })

  it('is set up once in a process, and again when it was shut down', async () => {
    const first = await otel({ exporter: 'none', onWarning() {} })
    await assert.rejects(otel({ exporter: 'none' }), says('TRACER_REGISTERED', 'one SDK'))
    assert.equal(first.shutdown(), first.shutdown())
    await first.shutdown()
    const second = await otel({ exporter: 'none' })
    await second.flush()
    await second.shutdown()
  })
})

describe('samplers', () => {
  const sampled = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' }
  const unsampled = { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00' }
  const cases: readonly (readonly [
    name: string,
    options: OtelOptions,
    environment: Readonly<Record<string, string>>,
    root: boolean,
    ofSampled: boolean,
    ofUnsampled: boolean,
  ])[] = [
    ['the default', {}, {}, true, true, false],
    ['0', { sampler: 0 }, {}, false, true, false],
    ['1', { sampler: 1 }, {}, true, true, false],
    ['always_off', { sampler: 'always_off' }, {}, false, false, false],
    ['always_on', { sampler: 'always_on' }, {}, true, true, true],
    ['parentbased_always_off', { sampler: 'parentbased_always_off' }, {}, false, true, false],
    ['one of the user', { sampler: new AlwaysOffSampler() }, {}, false, false, false],
    ['always_on of the environment', {}, { OTEL_TRACES_SAMPLER: 'always_on' }, true, true, true],
    ['a ratio', {}, { OTEL_TRACES_SAMPLER: 'traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' }, false, false, false],
    [
      'a ratio of what begins here',
      {},
      { OTEL_TRACES_SAMPLER: 'parentbased_traceidratio', OTEL_TRACES_SAMPLER_ARG: '0' },
      false,
      true,
      false,
    ],
  ]
  for (const [name, options, environment, ...decisions] of cases) {
    it(name, async () => {
      for (const [index, headers] of [{}, sampled, unsampled].entries()) {
        const { ids } = await once({ exporter: 'none', ...options }, environment, headers as Record<string, string>)
        assert.equal(ids?.isSampled, decisions[index], JSON.stringify(headers))
        assert.match(ids!.spanId, /^[0-9a-f]{16}$/)
        if (index > 0) assert.equal(ids?.traceId, '0af7651916cd43dd8448eb211c80319c')
      }
    })
  }

  it('a share is kept, and what is kept is what others would keep by the same trace', async () => {
    const set = await otel({ exporter: 'none', sampler: 0.5 })
    const app = new Hotpress({ logger: false, tracing: true })
    app.get('/', (req) => traceOf(req))
    let kept = 0
    const seen = new Set<string>()
    for (let index = 0; index < 400; index++) {
      const { isSampled, traceId } = (await app.inject()).json<NonNullable<ReturnType<typeof traceOf>>>()
      seen.add(traceId)
      if (isSampled) kept++
      // The sampler's own rule: four numbers of 32 bits of the id.
      const number = [0, 8, 16, 24].reduce((sum, at) => (sum ^ Number.parseInt(traceId.slice(at, at + 8), 16)) >>> 0, 0)
      assert.equal(isSampled, number < 0.5 * 0xffffffff)
    }
    assert.equal(seen.size, 400)
    assert.ok(kept > 100 && kept < 300, String(kept))
    await set.shutdown()
  })
})

describe('propagation', () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  const spanId = 'b7ad6b7169203331'

  /** What a request continues, and what a call within it would carry. */
  async function carried(
    propagators: OtelOptions['propagators'],
    headers: Readonly<Record<string, string>>,
  ): Promise<{ readonly ids: ReturnType<typeof traceOf>; readonly out: Record<string, string> }> {
    const set = await otel({ exporter: 'none', ...(propagators && { propagators }) })
    const app = new Hotpress({ logger: false, tracing: true })
    const out: Record<string, string> = {}
    let ids: ReturnType<typeof traceOf>
    app.get('/', async (req) => {
      await null
      ids = traceOf(req)
      propagation.inject(context.active(), out)
      assert.equal(trace.getActiveSpan()?.spanContext().spanId, ids?.spanId)
      return null
    })
    await app.inject({ headers })
    await set.shutdown()
    return { ids, out }
  }

  it('W3C Trace Context and Baggage by default', async () => {
    const { ids, out } = await carried(undefined, {
      baggage: 'tenant=a%20b,other=c;p=1',
      traceparent: `00-${traceId}-${spanId}-01`,
      tracestate: 'rojo=00f067aa0ba902b7',
    })
    assert.equal(ids?.traceId, traceId)
    assert.deepEqual(out, {
      baggage: 'tenant=a%20b,other=c;p=1',
      traceparent: `00-${traceId}-${ids.spanId}-01`,
      tracestate: 'rojo=00f067aa0ba902b7',
    })
  })

  it('B3 in one header', async () => {
    const { ids, out } = await carried(['b3'], { b3: `${traceId}-${spanId}-1` })
    assert.equal(ids?.traceId, traceId)
    assert.deepEqual(out, { b3: `${traceId}-${ids.spanId}-1` })
  })

  it('B3 in several, which reads the one too', async () => {
    const { ids, out } = await carried(['b3multi'], {
      'x-b3-sampled': '0',
      'x-b3-spanid': spanId,
      'x-b3-traceid': traceId,
    })
    assert.deepEqual([ids?.traceId, ids?.isSampled], [traceId, false])
    assert.deepEqual(out, { 'x-b3-sampled': '0', 'x-b3-spanid': ids?.spanId, 'x-b3-traceid': traceId })
    assert.equal((await carried(['b3multi'], { b3: `${traceId}-${spanId}-1` })).ids?.traceId, traceId)
  })

  it('none', async () => {
    const { ids, out } = await carried(['none'], { traceparent: `00-${traceId}-${spanId}-01` })
    assert.notEqual(ids?.traceId, traceId)
    assert.deepEqual(out, {})
  })

  const malformed: readonly Readonly<Record<string, string>>[] = [
    { b3: '' },
    { b3: 'x' },
    { b3: '-' },
    { b3: `${traceId}` },
    { b3: `${traceId}-${spanId.slice(1)}-1` },
    { b3: `${'0'.repeat(32)}-${spanId}-1` },
    { b3: `${traceId}-${'0'.repeat(16)}-1` },
    { b3: `${traceId}-${spanId}-1, ${traceId}-${spanId}-1` },
    { 'x-b3-traceid': traceId },
    { 'x-b3-spanid': spanId, 'x-b3-traceid': 'zz' },
    { 'x-b3-spanid': '1', 'x-b3-traceid': traceId },
  ]
  for (const headers of malformed) {
    it(`a malformed B3 begins a trace: ${JSON.stringify(headers)}`, async () => {
      for (const propagators of [['b3'], ['b3multi']] as const) {
        const { ids } = await carried(propagators, headers)
        assert.match(ids!.traceId, /^[0-9a-f]{32}$/)
        assert.notEqual(ids!.traceId, traceId)
      }
    })
  }

  it('malformed baggage is let go', async () => {
    for (const baggage of ['', '=', ';;', 'a', `a=${'b'.repeat(9000)}`, ',,,=,']) {
      const { out } = await carried(undefined, { baggage })
      assert.equal(out.baggage, undefined, baggage.slice(0, 20))
    }
  })
})
