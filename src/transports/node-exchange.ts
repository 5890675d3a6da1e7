import { Buffer } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { TLSSocket } from 'node:tls'
import type { Deadlines } from '../core/deadlines.js'
import { bodyLength } from '../core/head.js'
import type { HttpRequest } from '../core/request.js'
import type { HttpVersion } from '../core/request-source.js'
import type { HttpResponse } from '../core/response.js'
import { isBodiless, reasonPhrase } from '../core/status.js'
import { counted, type StreamSink } from '../core/stream.js'
import { type Arrival, ArrivedExchange, pairsOf } from './arrived-exchange.js'
import { BodyClock } from './body-clock.js'
import { hostNameOf, peerCertificateDerOf } from './node-tls.js'
import type { TransportHost } from './transport.js'

/** What the requests of one server have in common. */
export interface NodeConnection {
  /** For each pause within a body. */
  readonly bodyDeadlines: Deadlines
  readonly bodyTimeout: number
  /** Sockets whose next answer is to be their last, as their listener closes. */
  readonly closing: Set<Duplex>
  /** Sockets beyond `maxConnections`. */
  readonly excess: WeakSet<Duplex>
  /** Sockets whose last answer has been given: what else comes by them is no request (RFC 9112, 9.6). */
  readonly last: Set<Socket>
  /** What serves a socket: another than the app itself beyond `maxConnections`. */
  hostFor(socket: Duplex): TransportHost
  /** Answers a request whose body does not come, and closes its connection. */
  refuseLate(socket: Socket): void
  /** Whether somebody takes requests for another protocol that are for a path. */
  wantsUpgrade(path: string): boolean
}

/** Notes that an answer is the last on its socket. */
export function endWith(last: Set<Socket>, socket: Socket): void {
  if (last.has(socket)) return
  last.add(socket)
  socket.once('close', () => last.delete(socket))
}

/** A request of node:http and its answer. */
export class NodeExchange extends ArrivedExchange {
  #clock: BodyClock | undefined = undefined
  readonly #connection: NodeConnection
  readonly #expectsContinue: boolean
  readonly #ip: string
  #isDetached = false
  readonly #req: IncomingMessage
  readonly #res: ServerResponse

  constructor(
    host: TransportHost,
    req: IncomingMessage,
    res: ServerResponse,
    arrival: Arrival,
    connection: NodeConnection,
    expectsContinue = false,
  ) {
    super(host, arrival)
    this.#connection = connection
    this.#expectsContinue = expectsContinue
    this.#ip = req.socket.remoteAddress ?? ''
    this.#req = req
    this.#res = res
  }

  get connection(): object {
    return this.#req.socket
  }

  // The guard has refused others.
  get httpVersion(): HttpVersion {
    return this.#req.httpVersionMinor === 0 ? '1.0' : '1.1'
  }

  get ip(): string {
    return this.#ip
  }

  /** The verified certificate of the client, as DER. */
  get peerCertificateDer(): Uint8Array | undefined {
    return peerCertificateDerOf(this.#req.socket)
  }

  // One server may have connections of both kinds.
  get protocol(): 'http' | 'https' {
    return (this.#req.socket as Partial<TLSSocket>).encrypted === true ? 'https' : 'http'
  }

  get sni(): string | undefined {
    return hostNameOf(this.#req.socket)
  }

  detach(): void {
    if (this.#isDetached) return
    this.#isDetached = true
    // An answer that was sent whole closes too.
    this.#res.once('close', () => {
      if (!this.#res.writableFinished) this.leave()
    })
  }

  hint(headers: Readonly<Record<string, string>>): boolean {
    // Without a link node writes nothing.
    const { link } = headers
    if (link === undefined || this.#req.httpVersionMinor === 0 || this.#res.headersSent) return false
    this.#res.writeEarlyHints({ ...headers, link })
    return true
  }

  // A response that is over has no socket any more.
  protected override cut(): void {
    if (this.#res.writableFinished) this.#req.socket.destroy()
    else this.#res.destroy()
  }

  pauseBody(): void {
    this.#clock?.stop()
    this.#req.pause()
  }

  // Once the answer has begun, its head stands where the 100 would.
  protected override proceed(): void {
    if (this.#expectsContinue && !this.#res.headersSent) this.#res.writeContinue()
  }

  protected override receive(): void {
    const req = this.#req
    const { bodyDeadlines, bodyTimeout } = this.#connection
    const clock = new BodyClock(bodyDeadlines, bodyTimeout, () => this.#late())
    this.#clock = clock
    req.on('data', (chunk: Uint8Array) => {
      clock.took(chunk.byteLength)
      this.received(chunk)
    })
    req.once('end', () => {
      const { rawTrailers } = req
      if (rawTrailers.length > 0) this.trailers = pairsOf(rawTrailers)
      this.#stopClock()
      this.receivedAll()
    })
    req.once('close', () => this.#stopClock())
    // The response's `close` tells of the same; without a listener it would be thrown.
    req.on('error', () => {})
    if (this.body?.isRead === true) this.proceed()
  }

  resumeBody(): void {
    this.#clock?.start()
    this.#req.resume()
  }

  protected override write(response: HttpResponse, request: HttpRequest): void {
    const res = this.#res
    const { body, statusCode } = response
    const isEmpty = this.method === 'HEAD' || isBodiless(statusCode)
    const length = bodyLength(response, this.method)
    const { closing } = this.#connection
    const closes = response.closes || (closing.size > 0 && closing.has(this.#req.socket))
    const isEarly = closes && !this.isReceived
    // The rest is counted as it comes; node itself would take in any number of bytes.
    if (!this.isReceived) this.startReceiving()
    const pairs = this.host.head.pairs(request, response)
    if (closes) {
      pairs.push('Connection', 'close')
      endWith(this.#connection.last, this.#req.socket)
    }
    // Only chunks can have trailers, and HTTP/1.0 has no chunks.
    const hasTrailers = response.trailerNames !== undefined && length === undefined && this.#req.httpVersionMinor > 0
    if (hasTrailers) pairs.push('Trailer', response.trailerNames!)
    if (statusCode === 205) pairs.push('Content-Length', '0')
    else if (length !== undefined && !isBodiless(statusCode)) pairs.push('Content-Length', String(length))
    res.writeHead(statusCode, reasonPhrase(statusCode), pairs)

    if (isEmpty) {
      res.end()
      this.release(response)
    } else if (!isEarly && (body === undefined || typeof body === 'string' || body instanceof Uint8Array)) {
      // node writes head and text together in the text's encoding, and the head must stay Latin-1.
      res.end(typeof body === 'string' && !response.isAscii ? Buffer.from(body) : body)
    } else {
      this.detach()
      const sink =
        length === undefined ? this.#sink(response, hasTrailers) : counted(this.#sink(response, hasTrailers), length)
      this.writeBody(response, sink, request, isEarly)
    }
  }

  // Into an answer that has begun, nothing else can be written.
  #late(): void {
    if (this.#res.headersSent) this.#req.socket.destroy()
    else this.#connection.refuseLate(this.#req.socket)
  }

  #stopClock(): void {
    this.#clock?.stop()
    this.#clock = undefined
  }

  #sink(response: HttpResponse, hasTrailers: boolean): StreamSink {
    const res = this.#res
    return {
      cut: () => res.destroy(),
      end() {
        if (hasTrailers) res.addTrailers(response.trailers())
        res.end()
      },
      write(chunk) {
        if (res.destroyed) return false
        if (res.write(chunk)) return true
        return new Promise((resolve) => {
          const settle = (): void => {
            res.off('close', settle)
            res.off('drain', settle)
            resolve(!res.destroyed)
          }
          res.once('close', settle)
          res.once('drain', settle)
        })
      },
    }
  }
}
