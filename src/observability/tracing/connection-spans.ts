import type * as Api from '@opentelemetry/api'
import { type HttpRequest, sourceOf } from '../../core/request.js'
import type { TracedSpan } from './options.js'

/** Milliseconds without a request after which a connection is taken to be over, and between two looks at that. */
const quiet = 60_000
const pause = 10_000

/** Connections that are kept; of what comes beyond there is no span. */
const mostOpen = 10_000

interface Connection {
  /** When the last answer was at its end. */
  ended: number
  readonly span: Api.Span
  underWay: number
}

/** What a request is linked to, and ends. */
export interface Companion {
  readonly link: Api.SpanContext
  end(): void
}

/**
 * The spans of connections and of streams. They make traces of their own, and the spans of requests are linked to them: a
 * request's parent is whoever has sent it. No transport tells of a connection that has no request, so a span reaches from
 * the first request until the last answer.
 */
export class ConnectionSpans {
  readonly #api: typeof Api
  readonly #asked: ReadonlySet<TracedSpan>
  readonly #open = new Map<object | number, Connection>()
  #sweep: NodeJS.Timeout | undefined
  readonly #tracer: Api.Tracer

  constructor(api: typeof Api, tracer: Api.Tracer, asked: ReadonlySet<TracedSpan>) {
    this.#api = api
    this.#asked = asked
    this.#tracer = tracer
  }

  /** A request has come; undefined where its transport tells of neither. */
  began(request: HttpRequest): Companion | undefined {
    const { connection: key } = sourceOf(request)
    const { httpVersion: version } = request
    const connection = this.#asked.has('connection') && key !== undefined ? this.#connectionOf(key, request) : undefined
    const hasStream = this.#asked.has('stream') && (version === '2' || version === '3')
    const span = hasStream ? this.#stream(connection?.span, version) : undefined
    const link = (span ?? connection?.span)?.spanContext()
    if (link === undefined) return undefined
    if (connection !== undefined) connection.underWay++
    return {
      end() {
        span?.end()
        if (connection === undefined) return
        connection.ended = Date.now()
        connection.underWay--
      },
      link,
    }
  }

  /** Ends the spans of connections that nothing is under way on. */
  close(): void {
    this.#endIdle(Number.POSITIVE_INFINITY)
  }

  #connectionOf(key: object | number, request: HttpRequest): Connection | undefined {
    const known = this.#open.get(key)
    if (known !== undefined || this.#open.size >= mostOpen) return known
    const attributes = {
      'network.peer.address': request.peerAddress,
      'network.protocol.version': request.httpVersion,
      'url.scheme': request.protocol,
    }
    const span = this.#tracer.startSpan('http.connection', { attributes }, this.#api.ROOT_CONTEXT)
    const connection = { ended: Date.now(), span, underWay: 0 }
    this.#open.set(key, connection)
    this.#sweep ??= setInterval(() => this.#endIdle(Date.now() - quiet), pause).unref()
    return connection
  }

  #stream(connection: Api.Span | undefined, version: string): Api.Span {
    const { ROOT_CONTEXT, trace } = this.#api
    const parent = connection === undefined ? ROOT_CONTEXT : trace.setSpan(ROOT_CONTEXT, connection)
    return this.#tracer.startSpan(`h${version}.stream`, {}, parent)
  }

  #endIdle(before: number): void {
    for (const [key, { ended, span, underWay }] of this.#open) {
      if (underWay > 0 || ended > before) continue
      span.end(ended)
      this.#open.delete(key)
    }
    if (this.#open.size > 0) return
    clearInterval(this.#sweep)
    this.#sweep = undefined
  }
}
