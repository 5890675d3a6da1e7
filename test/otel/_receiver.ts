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

/** A metric as OTLP has it, of one kind. */
export interface SentMetric {
  readonly gauge?: { readonly dataPoints: readonly SentPoint[] }
  readonly histogram?: { readonly dataPoints: readonly SentPoint[] }
  readonly name: string
  readonly sum?: { readonly dataPoints: readonly SentPoint[] }
}

interface SentPoint {
  readonly asDouble?: number
  readonly attributes: readonly KeyValue[]
  readonly count?: number | string
}

interface SentMetrics {
  readonly resourceMetrics: readonly {
    readonly resource: { readonly attributes: readonly KeyValue[] }
    readonly scopeMetrics: readonly {
      readonly metrics: readonly SentMetric[]
      readonly scope: { readonly name: string }
    }[]
  }[]
}

interface MessageType {
  decode(bytes: Uint8Array): unknown
  toObject(message: unknown, options: { bytes?: unknown; longs?: unknown }): unknown
}

// The schema as the project itself has generated it; the version that exports by it has it written out by hand.
const { opentelemetry } = createRequire(import.meta.url)('otlp-schema/build/src/generated/root.js') as {
  readonly opentelemetry: {
    readonly proto: {
      readonly collector: Record<'metrics' | 'trace', { readonly v1: Record<string, MessageType> }>
    }
  }
}
const { metrics, trace } = opentelemetry.proto.collector
const types = {
  '/v1/metrics': metrics.v1.ExportMetricsServiceRequest!,
  '/v1/traces': trace.v1.ExportTraceServiceRequest!,
}

/** A server that takes OTLP over HTTP, as a collector does. */
export interface Receiver {
  readonly requests: {
    readonly headers: IncomingHttpHeaders
    /** By scope. */
    readonly metrics: ReadonlyMap<string, readonly SentMetric[]>
    readonly resource: Readonly<Record<string, unknown>>
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
    const sent = isJson ? JSON.parse(plain.toString()) : decode(plain, types[req.url as keyof typeof types])
    const { resourceMetrics = [], resourceSpans = [] } = sent as Partial<Sent & SentMetrics>
    const { resource } = [...resourceMetrics, ...resourceSpans][0]!
    const metrics = resourceMetrics.flatMap(({ scopeMetrics }) =>
      scopeMetrics.map(({ metrics: all, scope }) => [scope.name, all] as const),
    )
    requests.push({
      headers: req.headers,
      metrics: new Map(metrics),
      resource: record(resource.attributes),
      spans: spansOf({ resourceSpans }),
      url: req.url!,
    })
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

function decode(bytes: Uint8Array, type: MessageType): unknown {
  return type.toObject(type.decode(bytes), { longs: String })
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
