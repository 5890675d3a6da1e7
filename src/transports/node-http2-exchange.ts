import { constants, type OutgoingHttpHeaders, type ServerHttp2Stream } from 'node:http2'
import { bodyLength } from '../core/head.js'
import { headerName } from '../core/headers.js'
import type { HttpRequest } from '../core/request.js'
import type { HttpResponse } from '../core/response.js'
import { isBodiless } from '../core/status.js'
import { counted, type StreamSink } from '../core/stream.js'
import { ArrivedExchange, pairsOf } from './arrived-exchange.js'
import { BodyClock } from './body-clock.js'
import type { NodeConnection } from './node-exchange.js'
import type { Http2Arrival } from './node-http2-arrival.js'
import type { NodeHttp2Session } from './node-http2-session.js'
import { refusalOf } from './refusal.js'
import type { TransportHost } from './transport.js'

// What belongs to a connection of HTTP/1.1 has no place here (RFC 9113, 8.2.2), and node would throw.
const unsent = new Set(['http2-settings', 'proxy-connection', 'te', 'upgrade'])

/** A request of node:http2 and its answer. */
export class NodeHttp2Exchange extends ArrivedExchange {
  #clock: BodyClock | undefined = undefined
  readonly #connection: NodeConnection
  readonly #expectsContinue: boolean
  #isDetached = false
  /** Whether the body has not come in time, and that was the answer. */
  #isLate = false
  readonly #session: NodeHttp2Session
  readonly #stream: ServerHttp2Stream
  readonly httpVersion = '2'

  constructor(
    host: TransportHost,
    stream: ServerHttp2Stream,
    arrival: Http2Arrival,
    session: NodeHttp2Session,
    connection: NodeConnection,
  ) {
    super(host, arrival)
    this.#connection = connection
    this.#expectsContinue = arrival.expectsContinue
    this.#session = session
    this.#stream = stream
  }

  get ip(): string {
    return this.#session.ip
  }

  get peerCertificateDer(): Uint8Array | undefined {
    return this.#session.peerCertificateDer
  }

  get protocol(): 'http' | 'https' {
    return this.#session.protocol
  }

  get sni(): string | undefined {
    return this.#session.sni
  }

  detach(): void {
    if (this.#isDetached) return
    this.#isDetached = true
    const stream = this.#stream
    let hasLeft = false
    const leave = (): void => {
      if (hasLeft) return
      hasLeft = true
      this.leave()
    }
    // A stream that is paused is not closed before it has been read to its end.
    stream.once('aborted', leave)
    stream.once('close', () => {
      if (!stream.writableFinished || this.#isLate) leave()
    })
  }

  hint(headers: Readonly<Record<string, string>>): boolean {
    const stream = this.#stream
    if (stream.headersSent || stream.destroyed) return false
    stream.additionalHeaders({ ':status': 103, ...headers })
    return true
  }

  protected override cut(): void {
    const { NGHTTP2_INTERNAL_ERROR: broken, NGHTTP2_NO_ERROR: whole } = constants
    this.#session.cut(this.#stream, this.#stream.writableFinished ? whole : broken)
  }

  pauseBody(): void {
    this.#clock?.stop()
    this.#stream.pause()
  }

  // Once the answer has begun, its head stands where the 100 would.
  protected override proceed(): void {
    const stream = this.#stream
    if (this.#expectsContinue && !stream.headersSent && !stream.destroyed) stream.additionalHeaders({ ':status': 100 })
  }

  protected override receive(): void {
    const stream = this.#stream
    const { bodyDeadlines, bodyTimeout } = this.#connection
    const clock = new BodyClock(bodyDeadlines, bodyTimeout, () => this.#late())
    this.#clock = clock
    stream.on('data', (chunk: Uint8Array) => {
      clock.took(chunk.byteLength)
      this.received(chunk)
    })
    stream.once('trailers', (_fields: unknown, _flags: unknown, raw: string[]) => {
      this.trailers = pairsOf(raw)
    })
    stream.once('end', () => {
      this.#stopClock()
      // A stream that is given up has an end too.
      if (!stream.aborted) this.receivedAll()
    })
    stream.once('close', () => this.#stopClock())
    if (this.body?.isRead === true) this.proceed()
  }

  resumeBody(): void {
    this.#clock?.start()
    this.#stream.resume()
  }

  protected override write(response: HttpResponse, request: HttpRequest): void {
    const stream = this.#stream
    if (stream.destroyed || stream.closed) {
      this.release(response)
      return
    }
    const { body, statusCode } = response
    const isEmpty = this.method === 'HEAD' || isBodiless(statusCode)
    const length = bodyLength(response, this.method)
    // The rest is counted as it comes; node itself would hold it, and with it what the connection may be ahead.
    if (!this.isReceived) this.startReceiving()
    const headers = this.#headers(response, request)
    const hasTrailers = response.trailerNames !== undefined && length === undefined
    if (hasTrailers) headers.trailer = response.trailerNames
    if (statusCode === 205) headers['content-length'] = '0'
    else if (length !== undefined && !isBodiless(statusCode)) headers['content-length'] = String(length)

    if (isEmpty || body === undefined) {
      stream.respond(headers, { endStream: true })
      this.release(response)
      this.#linger(response)
    } else if (typeof body === 'string' || body instanceof Uint8Array) {
      stream.respond(headers)
      stream.end(body)
      this.#linger(response)
    } else {
      this.detach()
      stream.respond(headers, { waitForTrailers: hasTrailers })
      if (hasTrailers) stream.once('wantTrailers', () => stream.sendTrailers(Object.fromEntries(response.trailers())))
      const sink = this.#sink(response)
      this.writeBody(response, length === undefined ? sink : counted(sink, length), request, false)
    }
  }

  #headers(response: HttpResponse, request: HttpRequest): OutgoingHttpHeaders {
    const headers: OutgoingHttpHeaders = Object.create(null)
    headers[':status'] = response.statusCode
    const pairs = this.host.head.pairs(request, response)
    for (let index = 0; index < pairs.length; index += 2) {
      const name = headerName(pairs[index]!)
      const value = pairs[index + 1]!
      const before = headers[name]
      if (unsent.has(name)) continue
      if (before === undefined) headers[name] = name === 'set-cookie' ? [value] : value
      else if (Array.isArray(before)) before.push(value)
      else headers[name] = `${before}, ${value}`
    }
    return headers
  }

  // Into an answer that has begun, nothing else can be written.
  #late(): void {
    const stream = this.#stream
    if (stream.headersSent || stream.destroyed) {
      this.cut()
      return
    }
    this.#isLate = true
    refuseStream(stream, refusalOf(408))
    stream.once('finish', () => this.cut())
  }

  // Whoever asks for the connection to be closed wants nothing more of the body. The connection has other requests.
  #linger(response: HttpResponse): void {
    if (response.closes && !this.isReceived) this.whenReceived().then(() => this.isReceived || this.cut())
  }

  #stopClock(): void {
    this.#clock?.stop()
    this.#clock = undefined
  }

  #sink(response: HttpResponse): StreamSink {
    const stream = this.#stream
    return {
      cut: () => this.cut(),
      end: () => {
        stream.end()
        this.#linger(response)
      },
      write(chunk) {
        if (stream.destroyed || stream.closed) return false
        if (stream.write(chunk)) return true
        return new Promise((resolve) => {
          const settle = (): void => {
            stream.off('aborted', settle).off('close', settle).off('drain', settle)
            resolve(!stream.destroyed && !stream.aborted)
          }
          stream.once('aborted', settle).once('close', settle).once('drain', settle)
        })
      },
    }
  }
}

/** Answers what never became a request. */
export function refuseStream(stream: ServerHttp2Stream, response: HttpResponse): void {
  if (stream.destroyed || stream.closed) return
  stream.respond({
    ':status': response.statusCode,
    'content-type': response.contentType,
    'x-content-type-options': 'nosniff',
  })
  stream.end(response.body)
}
