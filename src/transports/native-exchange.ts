import { bodyLength, headerLines } from '../core/head.js'
import type { HeaderPairs } from '../core/headers.js'
import { HttpRequest, knownId } from '../core/request.js'
import type { HttpResponse } from '../core/response.js'
import { isBodiless } from '../core/status.js'
import { isStream, type StreamSink } from '../core/stream.js'
import { HotpressError } from '../errors.js'
import type { NativeServer } from '../native/types.js'
import { Exchange } from './exchange.js'
import { Body, bodySize } from './native-body.js'
import type { NodeBridge, TransportHost } from './transport.js'

/** What an exchange needs of the server that it came by. */
export interface NativeOwner {
  readonly host: TransportHost
  readonly io: NativeServer
  readonly typeIndex: ReadonlyMap<string, number>
  /** An exchange outlives its callback, or takes a body. */
  began(exchange: NativeExchange): void
  /** An exchange that had begun is over. */
  ended(exchange: NativeExchange): void
}

// The lists that `native/src/inloop` has too: handover.rs, answer.rs, binding.rs.
export const Event = { Body: 0, BodyEnd: 1, Drain: 2, Ended: 4, Gone: 3, HandedOff: 6, Refused: 5 } as const
const Control = {
  answer: 8,
  body: 4,
  flags: 10,
  lengthHigh: 6,
  lengthLow: 5,
  method: 3,
  returnedFlags: 13,
  returnedStatus: 12,
  route: 2,
  serial: 1,
  slot: 0,
  status: 9,
  upgrades: 11,
} as const
const Flag = { bodiless: 4, close: 1, complete: 8, hasId: 16, head: 2 } as const
const Answer = { bytes: 2, empty: 3, handOff: 4, string: 1 } as const
const Part = { headers: 3, method: 0, path: 1, query: 2 } as const
const methods = ['', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT'] as const

/** A request of the native core and its answer. What is not asked for stays in Rust. */
export class NativeExchange extends Exchange {
  /** What the callback returns to Rust: the body of an answer that is settled by then. */
  #answer: string | Uint8Array | undefined = undefined
  #drained: ((isGone: boolean) => void) | undefined = undefined
  #hasBegun = false
  #headers: HeaderPairs | undefined = undefined
  #ip: string | undefined = undefined
  #method: string
  readonly #owner: NativeOwner
  #path: string | undefined
  #query: string | undefined = undefined
  readonly bodySize: number
  readonly isCoded: boolean
  readonly isJson: boolean
  readonly protocol = 'http'
  readonly routeId: number
  readonly serial: number
  readonly slot: number

  constructor(owner: NativeOwner, path: string | undefined) {
    super(owner.host)
    const { control } = owner.io
    this.#method = methods[control[Control.method]!]!
    this.#owner = owner
    this.#path = path
    const body = control[Control.body]!
    this.bodySize = bodySize(body, control[Control.lengthLow]!, control[Control.lengthHigh]!)
    this.isCoded = (body & Body.coded) !== 0
    this.isJson = (body & Body.json) !== 0
    // 2^32 - 1, for none, becomes -1.
    this.routeId = control[Control.route]! | 0
    this.serial = control[Control.serial]!
    this.slot = control[Control.slot]!
  }

  get ip(): string {
    this.#ip ??= this.#owner.io.ip(this.slot, this.serial)
    if (this.#ip === undefined) throw new HotpressError('REQUEST_OVER', {})
    return this.#ip
  }

  get method(): string {
    if (this.#method === '') this.#method = this.#ask(Part.method)
    return this.#method
  }

  get path(): string {
    this.#path ??= this.#ask(Part.path)
    return this.#path
  }

  get query(): string {
    this.#query ??= this.#ask(Part.query)
    return this.#query
  }

  // Rust keeps the head of a request that goes on by itself.
  detach(): void {
    this.#begin()
  }

  hint(headers: Readonly<Record<string, string>>): boolean {
    return this.#owner.io.hint(this.slot, this.serial, headerLines(Object.entries(headers).flat()))
  }

  headers(): HeaderPairs {
    this.#headers ??= parseHeaders(this.#ask(Part.headers))
    return this.#headers
  }

  /** Whether this request, and the connection with it, goes to Node's own server. */
  leaves(bridge: NodeBridge): boolean {
    const { control } = this.#owner.io
    const isUpgrade = control[Control.upgrades] === 1 && bridge.server.listenerCount('upgrade') > 0
    if (!isUpgrade && !bridge.claims(new HttpRequest(this, this.#owner.host))) return false
    control[Control.answer] = Answer.handOff
    return true
  }

  onBody(chunk: Uint8Array | undefined, isLast: boolean): void {
    if (isLast) this.receivedAll(chunk)
    else if (chunk !== undefined && chunk.byteLength > 0) this.received(chunk)
  }

  onDrain(): void {
    const drained = this.#drained
    this.#drained = undefined
    drained?.(false)
  }

  onEnded(): void {
    this.signalEnd()
  }

  onGone(): void {
    this.#end()
    this.leave()
    const drained = this.#drained
    this.#drained = undefined
    drained?.(true)
  }

  pauseBody(): void {
    this.#owner.io.pause(this.slot, this.serial, 1)
  }

  protected override proceed(): void {
    this.#owner.io.receive(this.slot, this.serial, 1)
  }

  resumeBody(): void {
    this.#owner.io.pause(this.slot, this.serial, 0)
  }

  /** Serves the request; returns the body of an answer that goes back with the callback. */
  run(): string | Uint8Array | undefined {
    this.serve()
    return this.#answer
  }

  protected override cut(): void {
    this.#owner.io.cut(this.slot, this.serial)
  }

  protected override receive(): void {
    this.#begin()
    this.#owner.io.receive(this.slot, this.serial, this.body?.isRead === true ? 1 : 0)
  }

  protected override write(response: HttpResponse, request: HttpRequest, isLate: boolean): void {
    const { body, contentType, statusCode } = response
    const isHead = this.method === 'HEAD'
    let flags = response.closes ? Flag.close : 0
    if (isHead) flags |= Flag.head
    if (statusCode < 200 || statusCode === 204 || statusCode === 304) flags |= Flag.bodiless

    let type = contentType === undefined ? 0 : this.#owner.typeIndex.get(contentType)
    let lines = knownId(request) === undefined && type !== undefined ? this.host.head.ownLines(response) : undefined
    if (lines === undefined || type === undefined) {
      // A default header is replaced, the id is known to the handler, or the type is one without a number.
      lines = `${this.host.head.text(request, response).slice(2)}\r\n`
      flags |= Flag.complete
      type = 0
    }
    const status = statusCode | (type << 16)

    // A HEAD without a body may state the length that a GET would have.
    const isParted = isStream(body) ? !isBodiless(statusCode) : isHead && body === undefined && !(flags & Flag.bodiless)
    if (isParted) this.#stream(response, request, status, flags, lines)
    else if (isLate || lines !== '') this.#respond(response, status, flags, lines)
    else this.#return(response, status, flags)
  }

  // To be asked before the answer: the head is Rust's, and gone with it.
  #ask(part: number): string {
    const text = this.#owner.io.text(this.slot, this.serial, part)
    if (text === undefined) throw new HotpressError('REQUEST_OVER', {})
    return text
  }

  #begin(): void {
    if (this.#hasBegun) return
    this.#hasBegun = true
    this.#owner.began(this)
  }

  #end(): void {
    if (!this.#hasBegun) return
    this.#hasBegun = false
    this.#owner.ended(this)
  }

  #respond(response: HttpResponse, status: number, flags: number, lines: string): void {
    const { body } = response
    this.#end()
    const whole = isStream(body) || isBodiless(response.statusCode) ? undefined : body
    const { io } = this.#owner
    io.control[Control.status] = status
    io.control[Control.flags] = flags
    io.respond(this.slot, this.serial, lines, whole)
    this.release(response)
  }

  #return(response: HttpResponse, status: number, flags: number): void {
    const { body } = response
    const { control } = this.#owner.io
    this.#end()
    control[Control.returnedStatus] = status
    control[Control.returnedFlags] = flags
    if (body === undefined || isStream(body) || isBodiless(response.statusCode)) {
      control[Control.answer] = Answer.empty
      this.release(response)
    } else {
      control[Control.answer] = typeof body === 'string' ? Answer.string : Answer.bytes
      this.#answer = body
    }
  }

  #stream(response: HttpResponse, request: HttpRequest, status: number, flags: number, own: string): void {
    const { io } = this.#owner
    const { serial, slot } = this
    const length = bodyLength(response, this.method) ?? -1
    const names = length < 0 ? response.trailerNames : undefined
    const lines = names === undefined ? own : `${own}Trailer: ${names}\r\n`
    this.detach()
    if (flags & Flag.head) {
      this.#end()
      io.begin(slot, serial, status, flags, lines, length)
      this.release(response)
      return
    }
    io.begin(slot, serial, status, flags, lines, length)
    let sent = 0
    const sink: StreamSink = {
      cut: () => io.cut(slot, serial),
      end: () => {
        this.#end()
        io.end(slot, serial, headerLines(response.trailers().flat()))
      },
      write: (chunk) => {
        sent += chunk.byteLength
        if (length >= 0 && sent > length) {
          throw new RangeError(`the stream gives more than its length of ${length} bytes`)
        }
        if (!this.#hasBegun) return false
        if (io.write(slot, serial, chunk)) return true
        return new Promise((resolve) => {
          this.#drained = (isGone) => resolve(!isGone)
        })
      },
    }
    this.writeBody(response, sink, request, false)
  }
}

// Spaces and tabs only: trim() would take a no-break space of Latin-1 too.
const padding = /^[ \t]+|[ \t]+$/g

/** Header lines as names, in lower case, and values. What is malformed has been refused before. */
function parseHeaders(text: string): string[] {
  const pairs: string[] = []
  let start = 0
  while (start < text.length) {
    const end = text.indexOf('\r\n', start)
    const colon = text.indexOf(':', start)
    pairs.push(text.slice(start, colon).toLowerCase(), text.slice(colon + 1, end).replace(padding, ''))
    start = end + 2
  }
  return pairs
}
