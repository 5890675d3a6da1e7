import type * as Uws from 'uWebSockets.js'
import { Buffer } from 'node:buffer'
import { bodyLength } from '../core/head.js'
import type { HttpRequest } from '../core/request.js'
import type { HttpResponse } from '../core/response.js'
import { isBodiless, statusLine } from '../core/status.js'
import type { StreamSink } from '../core/stream.js'
import { type SocketUpgrade, upgradeOf } from '../core/web-socket.js'
import { type Arrival, ArrivedExchange } from './arrived-exchange.js'
import type { TransportHost } from './transport.js'
import { upgradeConnection } from './uws-socket.js'
import { chunkedSink, lengthSink, type UwsLife } from './uws-writer.js'

/** What was read of a request in its callback. */
export interface UwsArrival extends Arrival {
  /** Whether the client wants the connection closed. */
  readonly closes: boolean
  /** Whether the library closes the connection after the answer: it knows the plainest form of the client's wish only. */
  readonly isLast: boolean
}

/** What an exchange needs of the server that it came by. */
export interface UwsOwner {
  readonly host: TransportHost
  /** Whether every connection is closed after its answer. */
  readonly isClosing: boolean
  readonly protocol: 'http' | 'https'
  /** An exchange outlives its callback. */
  began(): void
  /** An exchange that had begun is over. */
  ended(): void
}

// From here on a body is not handed to the library whole: it would copy what the socket does not take at once, and serve
// a further request meanwhile, even after an answer that closes.
const longBody = 65_536

/** Milliseconds for which a client may take in what is left of the last answer; as long as the library would give it. */
const idleTimeout = 10_000

/** Milliseconds for which a client may see that the last answer is whole, and close. */
const patience = 1000

/** A request of uWebSockets.js and its answer. */
export class UwsExchange extends ArrivedExchange implements UwsLife {
  readonly #arrival: UwsArrival
  readonly #context: Uws.us_socket_context_t | undefined
  #ip: string | undefined = undefined
  #isLate = false
  #onGone: (() => void) | undefined = undefined
  #patience: NodeJS.Timeout | undefined = undefined
  #res: Uws.HttpResponse | undefined
  readonly #server: UwsOwner
  /** The library answers HTTP/1.0 with a 505. */
  readonly httpVersion = '1.1'

  /** @param context of the WebSockets that its connection can become one of. */
  constructor(
    server: UwsOwner,
    res: Uws.HttpResponse,
    arrival: UwsArrival,
    context: Uws.us_socket_context_t | undefined,
  ) {
    super(server.host, arrival)
    this.#arrival = arrival
    this.#context = context
    this.#res = res
    this.#server = server
  }

  get canUpgrade(): boolean {
    return this.#context !== undefined
  }

  get ip(): string {
    if (this.#ip === undefined && this.#res !== undefined) {
      this.#ip = Buffer.from(this.#res.getRemoteAddressAsText()).toString('latin1')
    }
    return this.#ip ?? ''
  }

  get protocol(): 'http' | 'https' {
    return this.#server.protocol
  }

  /** Undefined once the response has ended or its socket is gone: a native call then would end the process. */
  get res(): Uws.HttpResponse | undefined {
    return this.#res
  }

  protected override cut(): void {
    this.detach()
    this.#res?.close()
  }

  detach(): void {
    if (this.#isLate || this.#res === undefined) return
    this.#isLate = true
    this.#server.began()
    // A body of which the end were missed would be waited for.
    if (this.bodySize !== 0) this.startReceiving()
    this.#res.onAborted(() => {
      this.ended()
      if (this.#patience === undefined) this.leave()
      else clearTimeout(this.#patience)
      this.#onGone?.()
    })
  }

  ended(): void {
    this.#res = undefined
    if (this.#isLate) this.#server.ended()
  }

  lingers(isFull: boolean): void {
    this.#patience = setTimeout(() => this.#res?.close(), isFull ? idleTimeout : patience)
  }

  onGone(callback: (() => void) | undefined): void {
    this.#onGone = callback
  }

  pauseBody(): void {
    this.#res?.pause()
  }

  protected override receive(): void {
    this.#res?.onData((chunk, isLast) => {
      // The library takes the chunk's memory back when this returns.
      if (isLast) this.receivedAll(new Uint8Array(chunk), true)
      else if (chunk.byteLength > 0) this.received(new Uint8Array(chunk), true)
    })
  }

  resumeBody(): void {
    this.#res?.resume()
  }

  protected override write(response: HttpResponse, request: HttpRequest, isLate: boolean): void {
    const res = this.#res
    if (res === undefined) return
    const upgrade = this.#context === undefined ? undefined : upgradeOf(response)
    if (upgrade !== undefined) {
      this.#upgrade(res, upgrade, response, request)
      return
    }
    // What follows a chunked body is not trusted to be a request: the library reads chunks too leniently.
    if (this.#arrival.closes || this.bodySize < 0 || response.closes || this.#server.isClosing) {
      this.#sendLast(response, request)
    } else if (isLate) {
      res.cork(() => this.#send(res, response, request, false))
    } else {
      this.#send(res, response, request, false)
    }
  }

  // The library forgets that it is to close a connection when the bytes it is reading hold a further request, and serves
  // that one too. While an answer is outstanding it closes instead: so the last answer waits until the read is over.
  #sendLast(response: HttpResponse, request: HttpRequest): void {
    this.detach()
    const { body } = response
    const isWhole = typeof body !== 'object' || body instanceof Uint8Array
    const when = isWhole && !this.#isEmpty(response) ? this.whenReceived() : Promise.resolve()
    when.then(() =>
      setImmediate(() => {
        const res = this.#res
        if (res === undefined) {
          this.release(response)
          return
        }
        try {
          res.cork(() => this.#send(res, response, request, true))
          // What has no content has been written without the library's knowing of its end.
          if (this.#isEmpty(response)) this.cut()
        } catch (error) {
          request.log.error({ err: error }, 'response could not be written')
          this.release(response)
          this.cut()
        }
      }),
    )
  }

  #isEmpty(response: HttpResponse): boolean {
    return this.method === 'HEAD' || isBodiless(response.statusCode)
  }

  #send(res: Uws.HttpResponse, response: HttpResponse, request: HttpRequest, closes: boolean): void {
    const { body, statusCode } = response
    if (statusCode !== 200) res.writeStatus(statusLine(statusCode))
    const lines = this.host.head.text(request, response)
    if (this.#isEmpty(response)) {
      this.#empty(res, response, lines, closes)
      return
    }
    const isWhole = body === undefined || typeof body === 'string' || body instanceof Uint8Array
    const isEarly = closes && !isWhole && !this.isReceived
    const endsAtOnce = isWhole && (body?.length ?? 0) < longBody
    // Where end() is told to close what the library would not, it writes `Connection: close` itself.
    const connection = closes ? (endsAtOnce && !this.#arrival.isLast ? '' : 'close') : 'keep-alive'
    writeHead(res, connection, lines, response.isAscii)
    if (endsAtOnce) this.#whole(res, body as string | undefined, closes)
    else this.#stream(this.#sink(response, closes, isEarly), response, request, isEarly)
  }

  // Without content; a length is told for HEAD only (RFC 9110, 8.6). The library's endWithoutBody() neither closes nor
  // takes a length: with an argument it leaves the response unfinished, which ends the process. So a head that is to be
  // the last ends with an empty line of its own, and the connection is cut after it.
  #empty(res: Uws.HttpResponse, response: HttpResponse, lines: string, closes: boolean): void {
    const hasLength = this.method === 'HEAD' && !isBodiless(response.statusCode)
    const length = hasLength ? bodyLength(response, this.method) : response.statusCode === 205 ? 0 : undefined
    const all = length === undefined ? lines : `${lines}\r\nContent-Length: ${length}`
    if (closes) {
      writeHead(res, 'close', `${all}\r\nDate: ${new Date().toUTCString()}\r\n`, response.isAscii)
    } else {
      writeHead(res, 'keep-alive', all, response.isAscii)
      res.endWithoutBody()
      this.ended()
    }
    this.release(response)
  }

  // tryEnd(), which a known length needs, cannot close the connection: only the client's own wish does that then.
  #sink(response: HttpResponse, closes: boolean, isEarly: boolean): StreamSink {
    const length = bodyLength(response, this.method)
    if (length !== undefined && !isEarly && (!closes || this.#arrival.isLast)) return lengthSink(this, length)
    return chunkedSink(this, closes ? (this.#arrival.isLast ? 'closes' : 'lingers') : 'keeps', this.isReceived)
  }

  #stream(sink: StreamSink, response: HttpResponse, request: HttpRequest, isEarly: boolean): void {
    this.detach()
    this.writeBody(response, sink, request, isEarly)
  }

  // The handlers of the socket may run before this returns.
  #upgrade(res: Uws.HttpResponse, upgrade: SocketUpgrade, response: HttpResponse, request: HttpRequest): void {
    const head = this.host.head.pairs(request, response)
    const handshake = {
      extensions: this.header('sec-websocket-extensions') ?? '',
      head,
      key: this.header('sec-websocket-key') ?? '',
    }
    this.#res = undefined
    if (this.#isLate) this.#server.ended()
    upgradeConnection(res, this.#context!, upgrade, handshake)
  }

  #whole(res: Uws.HttpResponse, body: string | undefined, closes: boolean): void {
    res.end(body ?? '', closes)
    this.ended()
  }
}

// The whole head in one call: the further lines ride in the value of the first. Each native call has its price.
function writeHead(res: Uws.HttpResponse, connection: string, lines: string, isAscii: boolean): void {
  let name = 'Connection'
  let value = connection + lines
  if (connection === '') {
    if (lines === '') return
    const colon = lines.indexOf(':')
    name = lines.slice(2, colon)
    value = lines.slice(colon + 2)
  }
  res.writeHeader(name, isAscii ? value : Buffer.from(value, 'latin1'))
}
