import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import { gunzipSync } from 'node:zlib'

/** A span as OTLP has it. */
export interface SentSpan {
  readonly attributes: Readonly<Record<string, unknown>>
  readonly kind: number | string
  readonly name: string
  readonly parentSpanId: string
  readonly resource: Readonly<Record<string, unknown>>
  readonly scope: string
  readonly spanId: string
  readonly traceId: string
}

interface KeyValue {
  readonly key: string
  readonly value: Readonly<Record<string, unknown>>
}

interface Sent {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] }
    readonly scopeSpans: readonly {
      readonly scope: { readonly name: string }
      readonly spans: readonly {
        readonly attributes?: readonly KeyValue[]
        readonly kind: number | string
        readonly name: string
        readonly parentSpanId?: string
        readonly spanId: string
        readonly traceId: string
      }[]
    }[]
  }[]
}

interface MessageType {
  decode(bytes: Uint8Array): unknown
  toObject(message: unknown, options: { bytes?: unknown; longs?: unknown }): Sent
}

// The schema as the project itself has generated it; the version that exports by it has it written out by hand.
const { opentelemetry } = createRequire(import.meta.url)('otlp-schema/build/src/generated/root.js') as {
  readonly opentelemetry: {
    readonly proto: { readonly collector: { readonly trace: { readonly v1: Record<string, MessageType> } } }
  }
}
const request = opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest!

/** A server that takes OTLP over HTTP, as a collector does. */
export interface Receiver {
  readonly requests: {
    readonly headers: IncomingHttpHeaders
    readonly spans: readonly SentSpan[]
    readonly url: string
  }[]
  readonly spans: readonly SentSpan[]
  readonly url: string
}

export async function receive(): Promise<Receiver> {
  const requests: Receiver['requests'] = []
  const server = createServer(async (req, res) => {
    const parts: Uint8Array[] = []
    for await (const part of req) parts.push(part as Uint8Array)
    const body = Buffer.concat(parts)
    const plain = req.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body
    const isJson = req.headers['content-type'] === 'application/json'
    const sent = isJson ? (JSON.parse(plain.toString()) as Sent) : decode(plain)
    requests.push({ headers: req.headers, spans: spansOf(sent), url: req.url! })
    res.setHeader('Content-Type', req.headers['content-type']!)
    res.end(isJson ? '{}' : '')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  after(() => server.close().closeAllConnections())
  return {
    requests,
    get spans() {
      return requests.flatMap(({ spans }) => spans)
    },
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  }
}

function decode(bytes: Uint8Array): Sent {
  return request.toObject(request.decode(bytes), { longs: String })
}

function spansOf({ resourceSpans }: Sent): SentSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ scope, spans }) =>
      spans.map(({ attributes = [], kind, name, parentSpanId, spanId, traceId }) => ({
        attributes: record(attributes),
        kind,
        name,
        parentSpanId: hex(parentSpanId),
        resource: record(resource.attributes),
        scope: scope.name,
        spanId: hex(spanId),
        traceId: hex(traceId),
      })),
    ),
  )
}

// Bytes by protobuf, and hexadecimal digits by JSON.
function hex(id: string | Uint8Array | undefined): string {
  return typeof id === 'string' ? id : Buffer.from(id ?? []).toString('hex')
}

function record(pairs: readonly KeyValue[]): Record<string, unknown> {
  return Object.fromEntries(pairs.map(({ key, value }) => [key, Object.values(value)[0]]))
}
