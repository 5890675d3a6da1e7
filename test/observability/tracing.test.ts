import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after, describe, it } from 'node:test'
import { SpanStatusCode, trace } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import { Hotpress, type TracingOptions, traceOf } from '../../src/index.js'
import { says } from '../_says.js'
import { keepLines, keepSpans, ofPath, spanId, traceId } from './_spans.js'

const spans = await keepSpans()
const traceparent = `00-${traceId}-${spanId}-01`
let made = 0

/** The span of a request of an app that traces so. */
async function spanOf(
  tracing: TracingOptions | true,
  { headers = {}, query = '', ...more }: { headers?: Record<string, string>; method?: string; query?: string } = {},
  options: ConstructorParameters<typeof Hotpress>[0] = {},
): Promise<ReadableSpan> {
  const app = new Hotpress({ logger: false, tracing, ...options })
  const path = `/of/${made++}`
  app.get('/of/:id', () => 'a')
  await app.inject({ headers, url: path + query, ...more })
  return spans.find(ofPath(path))
}

describe('tracing', () => {
  it('tells queries as it is asked to', async () => {
    const query = '?a=1&flag&b=c=d&'
    assert.equal((await spanOf(true, { query })).attributes['url.query'], 'a=REDACTED&REDACTED&b=REDACTED&REDACTED')
    assert.equal((await spanOf({ query: 'full' }, { query })).attributes['url.query'], query.slice(1))
    assert.equal((await spanOf({ query: 'none' }, { query })).attributes['url.query'], undefined)
  })

  it('has the older names beside the others where that is asked for', async () => {
    const headers = { host: 'app.example.com:8080', 'user-agent': 'a test' }
    const wanted = {
      'http.client_ip': '127.0.0.1',
      'http.flavor': '1.1',
      'http.method': 'GET',
      'http.route': '/of/:id',
      'http.scheme': 'http',
      'http.status_code': 200,
      'http.user_agent': 'a test',
      'net.host.name': 'app.example.com',
      'net.host.port': 8080,
      'net.sock.peer.addr': '127.0.0.1',
    }
    process.env.OTEL_SEMCONV_STABILITY_OPT_IN = 'database, http/dup'
    const byEnvironment = await spanOf(true, { headers, query: '?a=1' })
    delete process.env.OTEL_SEMCONV_STABILITY_OPT_IN
    for (const { attributes } of [await spanOf({ semconv: 'http/dup' }, { headers, query: '?a=1' }), byEnvironment]) {
      for (const [name, value] of Object.entries(wanted)) assert.equal(attributes[name], value, name)
      assert.equal(attributes['http.target'], `${attributes['url.path']}?a=REDACTED`)
      assert.equal(attributes['http.request_id'], attributes['hotpress.request.id'])
      assert.ok((attributes['http.latency_ms'] as number) >= 0)
      assert.equal(attributes['server.address'], 'app.example.com')
    }
    assert.equal((await spanOf(true, { headers })).attributes['http.method'], undefined)
  })

  it('takes hosts apart', async () => {
    for (const [host, address, port] of [
      ['a.example.com', 'a.example.com', undefined],
      ['[::1]:3000', '::1', 3000],
      ['[::1]', '::1', undefined],
    ] as const) {
      const { attributes } = await spanOf(true, { headers: { host } })
      assert.deepEqual([attributes['server.address'], attributes['server.port']], [address, port])
    }
  })

  it('has the headers that it is asked for', async () => {
    const app = { requestHeaders: ['X-A', 'x-none'], responseHeaders: ['X-Request-Id', 'content-type'] }
    const { attributes } = await spanOf(app, { headers: { 'x-a': 'b' } })
    assert.deepEqual(attributes['http.request.header.x-a'], ['b'])
    assert.equal('http.request.header.x-none' in attributes, false)
    assert.deepEqual(attributes['http.response.header.content-type'], ['text/plain; charset=utf-8'])
  })

  it('names no method that it does not know', async () => {
    const { attributes, name } = await spanOf(true, { method: 'BREW' })
    assert.equal(name, 'HTTP')
    assert.equal(attributes['http.request.method'], '_OTHER')
    assert.equal(attributes['http.request.method_original'], 'BREW')
  })

  it('gives samplers the attributes where that is asked for', async () => {
    const { attributes } = await spanOf({ attributesAtStart: true })
    assert.equal(attributes['http.request.method'], 'GET')
    assert.equal(attributes['http.response.status_code'], 200)
  })

  it('continues the trace of whom it trusts, and is linked to that of others', async () => {
    const headers = { traceparent }
    const untrusted: readonly [TracingOptions, object][] = [
      [{ trust: false }, {}],
      [{ trust: 'proxies' }, {}],
      [{ trust: 'proxies' }, { trustProxy: '10.0.0.0/8' }],
    ]
    for (const [tracing, options] of untrusted) {
      const span = await spanOf(tracing, { headers }, options)
      assert.equal(span.parentSpanContext, undefined)
      assert.notEqual(span.spanContext().traceId, traceId)
      assert.deepEqual(
        span.links.map(({ context }) => [context.traceId, context.spanId]),
        [[traceId, spanId]],
      )
    }
    const trusted = await spanOf({ trust: 'proxies' }, { headers }, { trustProxy: 'loopback' })
    assert.equal(trusted.parentSpanContext?.spanId, spanId)
    assert.deepEqual(trusted.links, [])
    assert.equal((await spanOf({ trust: false })).links.length, 0)
  })

  it('lets requests go on that it cannot trace, and says so', async () => {
    const lines: Record<string, unknown>[] = []
    const ignore = (): boolean => {
      throw new Error('no')
    }
    const app = new Hotpress({ logger: keepLines(lines), tracing: { ignore } })
    app.get('/', (req) => String(traceOf(req)))
    assert.equal((await app.inject()).text(), 'undefined')
    assert.equal(lines[0]?.msg, 'a request could not be traced')
  })

  it('leaves log lines alone where that is asked for', async () => {
    const lines: Record<string, unknown>[] = []
    const app = new Hotpress({ logger: keepLines(lines), tracing: { logs: false } })
    app.get('/', (req) => {
      req.log.info('a')
      app.log.info('b')
    })
    await app.inject()
    assert.deepEqual(
      lines.map(({ trace_id }) => trace_id),
      [undefined, undefined],
    )
  })

  it('writes each form of a log line', async () => {
    const lines: Record<string, unknown>[] = []
    const app = new Hotpress({ logger: keepLines(lines), tracing: true })
    const error = new Error('why')
    app.get('/', (req) => {
      req.log.info('text')
      req.log.warn({ a: 1 }, 'fields')
      req.log.error(error)
      req.log.child({ b: 2 }).debug({ c: 3 })
    })
    app.log.info('outside')
    await app.inject()
    const [outside, text, fields, thrown, child] = lines
    assert.deepEqual(outside, { msg: 'outside' })
    assert.equal(text?.msg, 'text')
    assert.deepEqual([fields?.a, fields?.msg], [1, 'fields'])
    assert.deepEqual([thrown?.err, thrown?.msg], [error, 'why'])
    assert.deepEqual([child?.b, child?.c], [2, 3])
    for (const line of [text, fields, thrown, child]) assert.match(String(line?.trace_id), /^[0-9a-f]{32}$/)
  })

  it('has what is late and outside of the request logged with its ids', async () => {
    const lines: Record<string, unknown>[] = []
    const app = new Hotpress({ logger: keepLines(lines), requestTimeout: 20, tracing: true })
    app.get('/late', () => new Promise((resolve) => setTimeout(resolve, 2000).unref()))
    const result = app.inject({ url: '/late' })
    const hold = setInterval(() => {}, 10)
    assert.equal((await result).status, 503)
    clearInterval(hold)
    const span = await spans.find(ofPath('/late'))
    assert.equal(span.status.code, SpanStatusCode.ERROR)
    assert.equal(lines.find(({ msg }) => msg === 'request timed out')?.trace_id, span.spanContext().traceId)
  })

  it('nests requests that a handler makes of the app by no way but the headers', async () => {
    const app = new Hotpress({ logger: false, tracing: true })
    app.get('/inner', (req) => traceOf(req)?.traceId)
    app.get('/outer', async (req) => [traceOf(req)?.traceId, (await app.inject({ url: '/inner' })).text()])
    const [outer, inner] = (await app.inject({ url: '/outer' })).json<string[]>()
    assert.notEqual(outer, inner)
  })

  it('leaves a call its own trace, and traces none outside of a span', async () => {
    const upstream = createServer(({ headers }, res) => void res.end(headers.traceparent ?? 'none'))
    upstream.listen(0, '127.0.0.1')
    await once(upstream, 'listening')
    const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
    const app = new Hotpress({ logger: false, tracing: true })
    app.get('/', async () => {
      const own = await fetch(url, { headers: { traceparent } })
      const other = await fetch(url)
      return [await own.text(), await other.text()]
    })
    const [own, other] = (await app.inject()).json<string[]>()
    assert.equal(own, traceparent)
    assert.match(other!, /^00-[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    assert.equal(await (await fetch(url)).text(), 'none')
    upstream.close().closeAllConnections()
  })

  it('does not trace where nobody asked for it', async () => {
    const app = new Hotpress({ logger: false })
    app.get('/', (req) => String([traceOf(req), trace.getActiveSpan()]))
    assert.equal((await app.inject()).text(), ',')
  })

  const wrong: readonly (readonly [option: string, value: unknown, ...parts: string[]])[] = [
    ['attributesAtStart', 1, '1', 'true or false'],
    ['fetch', 'yes', '"yes"'],
    ['ignore', '/healthz', '"/healthz"', 'a function'],
    ['logs', null, 'null'],
    ['query', true, 'true', "'full', 'keys' or 'none'"],
    ['requestHeaders', 'x-a', '"x-a"', 'a list of header names'],
    ['requestHeaders', ['x a'], '"x a"'],
    ['responseHeaders', [1], '1'],
    ['semconv', 'old', '"old"', "'http' or 'http/dup'"],
    ['spans', 'stream', '"stream"', "a list of 'connection' and 'stream'"],
    ['spans', ['middleware'], '"middleware"'],
    ['trust', 'all', '"all"', "true, false or 'proxies'"],
  ]
  for (const [option, value, ...parts] of wrong) {
    it(`${option} does not take ${JSON.stringify(value)}`, () => {
      assert.throws(
        () => new Hotpress({ tracing: { [option]: value } }),
        says('OPTION_INVALID', `${option} of tracing`, ...parts),
      )
    })
  }
})

after(() => spans.otel.shutdown())
