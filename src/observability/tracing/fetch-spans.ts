import { subscribe } from 'node:diagnostics_channel'
import type * as Api from '@opentelemetry/api'
import { nameOf, shownQuery } from './attributes.js'
import type { TracedQuery } from './options.js'

/** What undici tells of a request; Node's own fetch is undici. */
interface Call {
  readonly headers?: unknown
  readonly method?: string
  readonly origin?: URL | string
  readonly path?: string
  addHeader?(name: string, value: string): void
}

const watched = Symbol.for('hotpress.tracing.fetch')

/**
 * Makes client spans of calls by `fetch` and undici that are made while a span is active, and has them carry the trace on.
 * undici tells of its calls by diagnostics channels, so nothing of it is changed. They are the process's: what asks second
 * changes nothing.
 */
export function watchFetch(api: typeof Api, tracer: Api.Tracer, query: TracedQuery): void {
  const process = globalThis as { [watched]?: true }
  if (process[watched] === true) return
  process[watched] = true
  const spans = new WeakMap<Call, Api.Span>()

  subscribe('undici:request:create', (message) => {
    const { request } = message as { readonly request: Call }
    const active = api.context.active()
    if (api.trace.getSpan(active) === undefined) return
    const { method = 'GET' } = request
    const span = tracer.startSpan(nameOf(method), { kind: api.SpanKind.CLIENT }, active)
    if (!api.isSpanContextValid(span.spanContext())) return
    if (span.isRecording()) {
      span.setAttributes(attributesOf(request, method, query))
      spans.set(request, span)
    }
    if (!carries(request.headers, 'traceparent')) {
      api.propagation.inject(api.trace.setSpan(active, span), request, carrier)
    }
  })
  subscribe('undici:request:headers', (message) => {
    const { request, response } = message as {
      readonly request: Call
      readonly response: { readonly statusCode: number }
    }
    const { statusCode } = response
    const span = spans.get(request)
    span?.setAttribute('http.response.status_code', statusCode)
    if (statusCode >= 400) {
      span?.setAttribute('error.type', String(statusCode)).setStatus({ code: api.SpanStatusCode.ERROR })
    }
  })
  subscribe('undici:request:trailers', (message) => {
    const { request } = message as { readonly request: Call }
    spans.get(request)?.end()
    spans.delete(request)
  })
  subscribe('undici:request:error', (message) => {
    const { error, request } = message as {
      readonly error: Error & { readonly code?: unknown }
      readonly request: Call
    }
    const span = spans.get(request)
    spans.delete(request)
    if (span === undefined) return
    span.setAttribute('error.type', typeof error.code === 'string' ? error.code : error.name)
    span.setStatus({ code: api.SpanStatusCode.ERROR, message: error.message })
    span.end()
  })
}

// Headers go on by the method for that; what is sent is left as it is by an undici that has none.
const carrier: Api.TextMapSetter<Call> = { set: (call, name, value) => call.addHeader?.(name, value) }

function attributesOf({ origin, path = '/' }: Call, method: string, query: TracedQuery): Api.Attributes {
  const attributes: Api.Attributes = { 'http.request.method': nameOf(method) === 'HTTP' ? '_OTHER' : method }
  if (nameOf(method) === 'HTTP') attributes['http.request.method_original'] = method
  if (origin === undefined || !URL.canParse(path, String(origin))) return attributes
  // A URL without a user and a password, and without what is secret of its query.
  const url = new URL(path, origin)
  const shown = shownQuery(url.search.slice(1), query)
  attributes['server.address'] = url.hostname.replace(/^\[|\]$/g, '')
  attributes['server.port'] = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  attributes['url.full'] = `${url.origin}${url.pathname}${shown === undefined ? '' : `?${shown}`}`
  return attributes
}

// A text of lines, or names and values one after the other: it is as undici's version has it.
function carries(headers: unknown, name: string): boolean {
  if (typeof headers === 'string') return headers.toLowerCase().includes(`${name}:`)
  return Array.isArray(headers) && headers.some((each, index) => index % 2 === 0 && String(each).toLowerCase() === name)
}
