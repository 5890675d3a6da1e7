import { Buffer } from 'node:buffer'
import { Framing, violation } from '../core/guard.js'
import { bodyLength } from '../core/head.js'
import { findHeader } from '../core/headers.js'
import type { HttpRequest } from '../core/request.js'
import type { HttpResponse } from '../core/response.js'
import { isBodiless } from '../core/status.js'
import { chunkBytes, counted, isAsyncIterable, type StreamSink } from '../core/stream.js'
import type { HttpError } from '../errors.js'
import { type Arrival, ArrivedExchange } from './arrived-exchange.js'
import { refusal } from './refusal.js'
import type { TransportHost } from './transport.js'

/** A request that is made without a socket. */
export interface InjectOptions {
  /**
   * Text and bytes are sent as they are, an async iterable of bytes in chunks; anything else as JSON, with its content
   * type.
   */
  readonly body?: unknown
  /** `host` is `localhost` unless it is given. */
  readonly headers?: Readonly<Record<string, string>>
  /** GET by default. */
  readonly method?: string
  /** The path and the query, percent-encoded as on the wire; `/` by default. */
  readonly url?: string
}

/** The answer to an injected request. */
export class InjectResult {
  /** The bytes of the body. */
  readonly body: Uint8Array
  readonly headers: Headers
  readonly status: number

  constructor(status: number, headers: Headers, body: Uint8Array) {
    this.body = body
    this.headers = headers
    this.status = status
  }

  /** The body parsed as JSON. */
  json<Value = unknown>(): Value {
    return JSON.parse(this.text()) as Value
  }

  /** The body as text. */
  text(): string {
    return new TextDecoder().decode(this.body)
  }
}

interface InjectArrival extends Arrival {
  readonly body: AsyncIterable<unknown> | Iterable<unknown>
}

interface Outcome {
  cut(error: Error): void
  done(result: InjectResult): void
}

class InjectExchange extends ArrivedExchange {
  readonly #body: InjectArrival['body']
  #isHeld = false
  #isOver = false
  readonly #outcome: Outcome
  #resumed: (() => void) | undefined = undefined
  readonly httpVersion = '1.1'
  readonly ip = '127.0.0.1'
  readonly protocol = 'http'

  constructor(host: TransportHost, arrival: InjectArrival, outcome: Outcome) {
    super(host, arrival)
    this.#body = arrival.body
    this.#outcome = outcome
  }

  detach(): void {}

  protected override cut(): void {
    this.#end()
    this.#outcome.cut(new Error('the response was cut off before its end'))
  }

  pauseBody(): void {
    this.#isHeld = true
  }

  protected override receive(): void {
    this.#send().catch(() => this.#leaveMidway())
  }

  resumeBody(): void {
    this.#isHeld = false
    this.#resumed?.()
  }

  #end(): void {
    this.#isOver = true
    this.resumeBody()
  }

  // A body that fails, or is shorter than its length, is that of a client that leaves.
  #leaveMidway(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.leave()
    this.#outcome.cut(new Error('the body of the request ended before its end'))
  }

  async #send(): Promise<void> {
    let left = this.bodySize < 0 ? Number.POSITIVE_INFINITY : this.bodySize
    for await (const chunk of this.#body) {
      while (this.#isHeld) {
        await new Promise<void>((resolve) => {
          this.#resumed = resolve
        })
      }
      if (this.#isOver) return
      const part = chunkBytes(chunk).subarray(0, left)
      left -= part.byteLength
      if (left === 0) {
        this.receivedAll(part, true)
        return
      }
      this.received(part, true)
    }
    if (this.bodySize < 0) this.receivedAll()
    else this.#leaveMidway()
  }

  protected override write(response: HttpResponse, request: HttpRequest): void {
    const headers = new Headers()
    const pairs = this.host.head.pairs(request, response)
    for (let index = 0; index < pairs.length; index += 2) headers.append(pairs[index]!, pairs[index + 1]!)
    const { statusCode } = response
    const length = bodyLength(response, this.method)
    headers.set('connection', response.closes ? 'close' : 'keep-alive')
    headers.set('date', new Date().toUTCString())
    if (statusCode === 205) headers.set('content-length', '0')
    else if (length !== undefined && !isBodiless(statusCode)) headers.set('content-length', String(length))

    const chunks: Uint8Array[] = []
    const sink: StreamSink = {
      cut: () => this.cut(),
      end: () => {
        this.#end()
        this.#outcome.done(new InjectResult(statusCode, headers, Buffer.concat(chunks)))
      },
      write: (chunk) => chunks.push(Uint8Array.from(chunk)) > 0,
    }
    if (this.method === 'HEAD' || isBodiless(statusCode)) {
      sink.end()
      this.release(response)
    } else {
      this.writeBody(response, length === undefined ? sink : counted(sink, length), request, false)
    }
  }
}

/** Sends a request through an app without a socket, through the same guard and limits as one that came by a socket. */
export function inject(host: TransportHost, options: InjectOptions): Promise<InjectResult> {
  const framing = new Framing()
  const pairs = Object.entries(options.headers ?? {}).flatMap(([name, value]) => [name.toLowerCase(), value])
  const body = encode(options.body, pairs)
  if (findHeader(pairs, 'host') === undefined) pairs.push('host', 'localhost')
  const isFramed =
    findHeader(pairs, 'content-length') !== undefined || findHeader(pairs, 'transfer-encoding') !== undefined
  if (options.body !== undefined && !isFramed) {
    if (body instanceof Uint8Array) pairs.push('content-length', String(body.byteLength))
    else pairs.push('transfer-encoding', 'chunked')
  }
  for (let index = 0; index < pairs.length; index += 2) framing.add(pairs[index]!, pairs[index + 1]!)

  const { method = 'GET', url = '/' } = options
  const mark = url.indexOf('?')
  const path = mark < 0 ? url : url.slice(0, mark)
  const query = mark < 0 ? '' : url.slice(mark + 1)
  framing.query = query
  return new Promise((done, cut) => {
    const error = violation(method, path, framing)
    if (error !== undefined) return done(refused(error))
    const { bodySize } = framing
    const chunks = body instanceof Uint8Array ? slices(body) : body
    const arrival = { body: chunks, bodySize, headers: pairs, method, path, query }
    new InjectExchange(host, arrival, { cut, done }).serve()
  })
}

/** As much as a socket would give at once. */
const chunkSize = 65_536

function* slices(body: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < body.byteLength; at += chunkSize) yield body.subarray(at, at + chunkSize)
}

function encode(body: unknown, pairs: string[]): AsyncIterable<unknown> | Uint8Array {
  if (body === undefined) return new Uint8Array(0)
  if (typeof body === 'string') return Buffer.from(body)
  if (body instanceof Uint8Array) return body
  if (typeof body === 'object' && body !== null && isAsyncIterable(body)) return body
  if (findHeader(pairs, 'content-type') === undefined) pairs.push('content-type', 'application/json')
  return Buffer.from(JSON.stringify(body))
}

function refused(error: HttpError): InjectResult {
  const response = refusal(error)
  const headers = new Headers({ connection: 'close', 'content-type': response.contentType! })
  return new InjectResult(response.statusCode, headers, Buffer.from(response.body as string))
}
