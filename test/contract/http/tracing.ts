// What is traced of requests, on every transport.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { SpanKind, SpanStatusCode, trace } from '@opentelemetry/api'
import { type Hotpress, stream, traceOf } from '../../../src/index.js'
import { type Client, onEveryTransport } from '../../_setup.js'
import { keepLines, keepSpans, ofPath, spanId, traceId } from '../../observability/_spans.js'

// The SDK is the process's: one for all variants, as for all apps of a process. What has a parent is sampled as that is.
const spans = await keepSpans()
const tracer = trace.getTracer('test')
const lines: Record<string, unknown>[] = []
const sampled = `00-${traceId}-${spanId}-01`
const unsampled = `00-${traceId}-${spanId}-00`

/** Tells who calls what it was called with. */
const upstream = createServer(({ headers, url }, res) => {
  if (url === '/broken') res.statusCode = 502
  res.end(JSON.stringify({ baggage: headers.baggage, traceparent: headers.traceparent }))
})
upstream.listen(0, '127.0.0.1')
await once(upstream, 'listening')
const elsewhere = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
after(() => upstream.close().closeAllConnections())

/** Where nobody listens any more. */
const nobody = await (async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  return `http://127.0.0.1:${port}`
})()

const inSpan = <Result>(name: string, call: () => Result): Result =>
  tracer.startActiveSpan(name, (span) => {
    try {
      return call()
    } finally {
      span.end()
    }
  })

async function* traced(name: string): AsyncGenerator<string> {
  for (let index = 0; index < 3; index++) {
    await sleep(1)
    yield inSpan(`${name} ${index}`, () => 'part')
  }
}

function build(app: Hotpress): void {
  app.use((req, next) => {
    if (req.path !== '/nested') return next()
    return tracer.startActiveSpan('middleware', async (span) => {
      const response = await next()
      span.end()
      return response
    })
  })
  app.get('/plain/:id', () => 'plain')
  app.get('/nested', async () => {
    await sleep(1)
    return inSpan('handler', () => 'nested')
  })
  app.get('/parts', () => stream(traced('part')))
  app.get('/logs', async (req) => {
    await sleep(1)
    app.log.info({ of: 'app' }, 'in the app')
    inSpan('logging', () => app.log.warn('in a span'))
    req.log.info('in the request')
    return traceOf(req)
  })
  app.get('/fetch', async () => (await fetch(`${elsewhere}/?key=secret`)).json())
  app.get('/fetch-broken', async () => (await fetch(`${elsewhere}/broken`)).text())
  app.get('/fetch-nobody', async () => {
    await fetch(nobody).catch(() => {})
    return 'nobody'
  })
  app.get('/fault', () => {
    throw new TypeError('a fault')
  })
  app.get('/cut', () => stream(cut()))
  app.get('/ignored', (req) => ({ ids: traceOf(req), span: trace.getActiveSpan() !== undefined }))
  app.post('/read', async (req) => {
    const text = await req.text()
    return inSpan('read', () => text)
  })
}

async function* cut(): AsyncGenerator<string> {
  yield 'a part'
  await sleep(1)
  throw new Error('the source has failed')
}

function cases(client: Client): void {
  // Which of the variants a span is of, a header says.
  const mark = { 'x-variant': client.variant }
  const own =
    (path: string, more: (typeof spans.all)[number]['attributes'] = {}) =>
    (span: (typeof spans.all)[number]) =>
      ofPath(path)(span) &&
      String(span.attributes['http.request.header.x-variant']) === client.variant &&
      Object.entries(more).every(([name, value]) => span.attributes[name] === value)
  const childrenOf = (id: string): readonly string[] =>
    spans.all.filter(({ parentSpanContext }) => parentSpanContext?.spanId === id).map(({ name }) => name)

  test('a request is a span under the names of the conventions', async () => {
    const answer = await client.fetch('/plain/7?a=1&token=secret', { headers: { ...mark, 'user-agent': 'a test' } })
    await answer.text()
    const span = await spans.find(own('/plain/7'))
    const { attributes, kind, name, parentSpanContext, status } = span
    assert.equal(name, 'GET /plain/:id')
    assert.equal(kind, SpanKind.SERVER)
    assert.equal(parentSpanContext, undefined)
    assert.equal(status.code, SpanStatusCode.UNSET)
    assert.equal(attributes['hotpress.request.id'], answer.headers.get('x-request-id'))
    const ids = `00-${span.spanContext().traceId}-${span.spanContext().spanId}-01`
    const timing = answer.headers.get('server-timing') ?? ''
    assert.match(timing, /^total;dur=[\d.]+, middleware;dur=[\d.]+, handler;dur=[\d.]+, /)
    assert.ok(timing.endsWith(`, traceparent;desc="${ids}"`), timing)
    const wanted = {
      'client.address': '127.0.0.1',
      'http.request.method': 'GET',
      'http.response.body.size': 5,
      'http.response.status_code': 200,
      'http.route': '/plain/:id',
      'network.peer.address': '127.0.0.1',
      'network.protocol.version': client.version,
      'url.path': '/plain/7',
      'url.query': 'a=REDACTED&token=REDACTED',
      'url.scheme': client.protocol,
      'user_agent.original': 'a test',
    }
    for (const [key, value] of Object.entries(wanted)) assert.equal(attributes[key], value, key)
    assert.ok(client.transport === 'inject' || attributes['server.port'] === client.address?.port)
  })

  test('it continues the trace of who has sent it', async () => {
    await (await client.fetch('/plain/8', { headers: { ...mark, traceparent: sampled, tracestate: 'a=b' } })).text()
    const span = await spans.find(own('/plain/8'))
    assert.equal(span.spanContext().traceId, traceId)
    assert.equal(span.spanContext().traceState?.get('a'), 'b')
    assert.deepEqual([span.parentSpanContext?.spanId, span.parentSpanContext?.isRemote], [spanId, true])
  })

  const malformed = [
    '',
    '00',
    'x',
    `00-${'0'.repeat(32)}-${spanId}-01`,
    `00-${traceId}-${'0'.repeat(16)}-01`,
    `00-${traceId.toUpperCase()}-${spanId}-01`,
    `00-${traceId}-${spanId}`,
    `00-${traceId}-${spanId}-01-more`,
    `00-${traceId}-${spanId}-zz`,
    `00-${traceId.slice(1)}-${spanId}-01`,
    `ff-${traceId}-${spanId}-01`,
    `${sampled}, ${sampled}`,
    `00-${traceId}-${spanId}-01${'a'.repeat(4000)}`,
  ]
  malformed.forEach((traceparent, index) => {
    test(`a malformed traceparent begins a trace: ${traceparent.slice(0, 70)}`, async () => {
      const path = `/plain/malformed-${index}`
      await (await client.fetch(path, { headers: { ...mark, traceparent, tracestate: 'a=b' } })).text()
      const span = await spans.find(own(path))
      assert.equal(span.parentSpanContext, undefined)
      assert.notEqual(span.spanContext().traceId, traceId)
    })
  })

  test('a malformed tracestate is let go, and the trace goes on', async () => {
    await (await client.fetch('/plain/9', { headers: { ...mark, traceparent: sampled, tracestate: '=,;;=' } })).text()
    const span = await spans.find(own('/plain/9'))
    assert.equal(span.spanContext().traceId, traceId)
    assert.equal(span.spanContext().traceState?.serialize() ?? '', '')
  })

  test('what middleware and handlers trace is nested by itself', async () => {
    await (await client.fetch('/nested', { headers: mark })).text()
    const request = await spans.find(own('/nested'))
    const middleware = spans.all.find(
      ({ name, parentSpanContext }) =>
        name === 'middleware' && parentSpanContext?.spanId === request.spanContext().spanId,
    )
    assert.ok(middleware)
    assert.deepEqual(childrenOf(middleware.spanContext().spanId), ['handler'])
  })

  test('so is what a stream traces, and what comes after the body was read', async () => {
    await (await client.fetch('/parts', { headers: mark })).text()
    const parts = await spans.find(own('/parts'))
    assert.deepEqual(childrenOf(parts.spanContext().spanId), ['part 0', 'part 1', 'part 2'])
    assert.equal(parts.attributes['http.response.body.size'], 12)
    await (await client.fetch('/read', { body: 'a body', headers: mark, method: 'POST' })).text()
    const read = await spans.find(own('/read'))
    assert.equal(read.name, 'POST /read')
    assert.deepEqual(childrenOf(read.spanContext().spanId), ['read'])
  })

  test('log lines carry the ids of the span that they are written in', async () => {
    lines.length = 0
    const told = (await (await client.fetch('/logs', { headers: mark })).json()) as ReturnType<typeof traceOf>
    const span = await spans.find(own('/logs'))
    const { spanId, traceId } = span.spanContext()
    assert.deepEqual(told, { isSampled: true, spanId, traceId })
    const ids = { span_id: spanId, trace_flags: '01', trace_id: traceId }
    const inner = spans.all.find(
      ({ name, parentSpanContext }) => name === 'logging' && parentSpanContext?.spanId === spanId,
    )
    const [app, inSpan, request] = lines.filter(({ trace_id }) => trace_id === traceId)
    assert.deepEqual(app, { ...ids, msg: 'in the app', of: 'app' })
    assert.deepEqual(inSpan, { ...ids, msg: 'in a span', span_id: inner?.spanContext().spanId })
    assert.deepEqual(request, { ...ids, msg: 'in the request', requestId: span.attributes['hotpress.request.id'] })
  })

  test('a call by fetch is a client span and carries trace and baggage on', async () => {
    const headers = { ...mark, baggage: 'tenant=a', traceparent: sampled }
    const told = (await (await client.fetch('/fetch', { headers })).json()) as Record<string, string>
    const request = await spans.find(own('/fetch'))
    const call = await spans.find(({ parentSpanContext }) => parentSpanContext?.spanId === request.spanContext().spanId)
    assert.deepEqual([call.name, call.kind], ['GET', SpanKind.CLIENT])
    assert.equal(told.traceparent, `00-${traceId}-${call.spanContext().spanId}-01`)
    assert.equal(told.baggage, 'tenant=a')
    assert.deepEqual(call.attributes, {
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'server.address': '127.0.0.1',
      'server.port': Number(new URL(elsewhere).port),
      'url.full': `${elsewhere}/?key=REDACTED`,
    })
  })

  for (const [path, type] of [
    ['/fetch-broken', '502'],
    ['/fetch-nobody', 'ECONNREFUSED'],
  ] as const) {
    test(`a call that fails says so: ${type}`, async () => {
      await (await client.fetch(path, { headers: mark })).text()
      const request = await spans.find(own(path))
      const call = await spans.find(
        ({ parentSpanContext }) => parentSpanContext?.spanId === request.spanContext().spanId,
      )
      assert.equal(call.attributes['error.type'], type)
      assert.equal(call.status.code, SpanStatusCode.ERROR)
    })
  }

  test('a fault has its class, and what was thrown', async () => {
    await (await client.fetch('/fault', { headers: mark })).text()
    const { attributes, events, status } = await spans.find(own('/fault'))
    assert.equal(status.code, SpanStatusCode.ERROR)
    assert.equal(attributes['error.type'], 'TypeError')
    assert.equal(attributes['http.response.status_code'], 500)
    assert.equal(events[0]?.attributes?.['exception.message'], 'a fault')
  })

  test('what is not there is no error of the server, and has no route', async () => {
    await (await client.fetch('/nowhere', { headers: mark })).text()
    const { attributes, name, status } = await spans.find(own('/nowhere'))
    assert.equal(name, 'GET')
    assert.equal(attributes['http.route'], undefined)
    assert.equal(status.code, SpanStatusCode.UNSET)
    assert.equal(attributes['error.type'], undefined)
  })

  test('an answer that is cut off says so', async () => {
    await client.fetch('/cut', { headers: mark }).then(
      (answer) => answer.text().catch(() => {}),
      () => {},
    )
    const { attributes, status } = await spans.find(own('/cut'))
    assert.equal(attributes['error.type'], 'aborted')
    assert.equal(status.code, SpanStatusCode.ERROR)
  })

  test('what is not sampled is not recorded, and says so to whom it calls', async () => {
    // Those of connections and streams are of traces of their own.
    const recorded = (): number => spans.all.filter(({ kind }) => kind !== SpanKind.INTERNAL).length
    const before = recorded()
    const headers = { ...mark, traceparent: unsampled, tracestate: 'a=b' }
    const told = (await (await client.fetch('/fetch', { headers })).json()) as Record<string, string>
    assert.match(told.traceparent!, new RegExp(`^00-${traceId}-[0-9a-f]{16}-00$`))
    const ids = (await (await client.fetch('/logs', { headers })).json()) as ReturnType<typeof traceOf>
    assert.equal(ids?.traceId, traceId)
    assert.equal(ids.isSampled, false)
    const own = lines.filter(({ span_id }) => span_id === ids.spanId)
    assert.deepEqual(
      own.map(({ msg, trace_flags }) => [msg, trace_flags]),
      [
        ['in the app', '00'],
        ['in the request', '00'],
      ],
    )
    assert.equal(recorded(), before)
  })

  test('what is ignored is not traced at all', async () => {
    assert.equal(await (await client.fetch('/ignored', { headers: mark })).text(), '{"span":false}')
  })

  test('connections and streams have spans where the transport tells them apart', async () => {
    await (await client.fetch('/plain/10', { headers: mark })).text()
    await (await client.fetch('/plain/11', { headers: mark })).text()
    const { links } = await spans.find(own('/plain/11'))
    if (client.transport === 'inject' || client.transport === 'uws') {
      assert.deepEqual(links, [])
      return
    }
    const [link] = links
    if (client.version === '1.1') {
      assert.equal(links.length, 1)
      return
    }
    const stream = await spans.find((span) => span.spanContext().spanId === link?.context.spanId)
    assert.equal(stream.name, `h${client.version}.stream`)
    // It is a part of its connection, which is there until the app closes.
    assert.equal(stream.parentSpanContext?.traceId, stream.spanContext().traceId)
    const first = await spans.find(own('/plain/10'))
    assert.notEqual(first.links[0]?.context.spanId, link?.context.spanId)
    assert.equal(first.links[0]?.context.traceId, link?.context.traceId)
  })
}

/** Each request is a span, with what happens within it, on every transport. */
export function tracingContract(): void {
  onEveryTransport('tracing', build, cases, {
    logger: keepLines(lines),
    serverTiming: { trace: true },
    tracing: {
      ignore: ({ path }) => path === '/ignored',
      requestHeaders: ['x-variant'],
      spans: ['connection', 'stream'],
    },
  })
}
