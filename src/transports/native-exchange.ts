import { bodyLength, headerLines } from '../core/head.js'
import { findHeader, type HeaderPairs, joinHeader } from '../core/headers.js'
import { laterCoding } from '../core/later-coding.js'
import { type HttpRequest, knownId } from '../core/request.js'
import type { HttpVersion } from '../core/request-source.js'
import type { HttpResponse } from '../core/response.js'
import { isBodiless } from '../core/status.js'
import { isStream } from '../core/stream.js'
import { Exchange } from './exchange.js'
import {
  Answer,
  answerKind,
  Body,
  beside,
  bodySize,
  Control,
  Flag,
  flagsFor,
  methods,
  Part,
  versions,
} from './native-control.js'
import { longestName, nameBit, parseHeaders } from './native-headers.js'
import { inPieces, isByParts } from './native-long.js'
import type { NativeOwner } from './native-owner.js'
import { NativeSink } from './native-sink.js'
import type { TransportHost } from './transport.js'

/** A request of the native core and its answer. What is not asked for stays in Rust. */
export class NativeExchange extends Exchange {
  /** What the callback returns to Rust: the body of an answer that is settled by then. */
  #answer: string | Uint8Array | undefined = undefined
  readonly #connection: number
  #hasBegun = false
  readonly #hasQuery: boolean
  #headers: HeaderPairs | undefined = undefined
  #ip: string | undefined = undefined
  #method: string
  readonly #names: number
  readonly #owner: NativeOwner<NativeExchange>
  #path: string | undefined
  #query: string | undefined = undefined
  /** What goes back with the callback, while its id is not known. */
  #returned: HttpResponse | undefined = undefined
  #sink: NativeSink | undefined = undefined
  readonly bodySize: number
  readonly encodesAnswers: boolean
  readonly hasLine: boolean
  readonly httpVersion: HttpVersion
  readonly isCoded: boolean
  readonly isJson: boolean
  readonly protocol: 'http' | 'https'
  readonly routeId: number
  readonly serial: number
  readonly slot: number
  declare trailers?: HeaderPairs

  constructor(owner: NativeOwner<NativeExchange>, path: string | undefined, host: TransportHost) {
    super(host)
    const { control } = owner.io
    this.#connection = control[Control.connection]!
    this.#hasQuery = control[Control.querySize]! > 0
    this.#method = methods[control[Control.method]!]!
    this.#names = control[Control.names]!
    this.#owner = owner
    this.#path = path
    this.bodySize = bodySize(control)
    this.httpVersion = versions[control[Control.secure]! >> 1]!
    this.isCoded = (control[Control.body]! & Body.coded) !== 0
    this.isJson = (control[Control.body]! & Body.json) !== 0
    this.protocol = (control[Control.secure]! & 1) === 1 ? 'https' : 'http'
    // 2^32 - 1, for none, becomes -1.
    this.routeId = control[Control.route]! | 0
    this.serial = control[Control.serial]!
    this.slot = control[Control.slot]!
    this.encodesAnswers = (this.slot & beside) !== 0
    this.hasLine = owner.makesLines && !this.encodesAnswers
  }

  get connection(): number {
    return this.#owner.connectionOf(this.slot, this.#connection)
  }

  get ip(): string {
    this.#ip ??= this.#owner.addressOf(this.slot, this.serial, this.#connection)
    return this.#ip
  }

  get method(): string {
    if (this.#method === '') this.#method = this.#owner.textOf(this.slot, this.serial, Part.method)
    return this.#method
  }

  get path(): string {
    this.#path ??= this.#owner.textOf(this.slot, this.serial, Part.path)
    return this.#path
  }

  get peerCertificateDer(): Uint8Array | undefined {
    return this.#owner.certificateOf(this.slot, this.serial, this.#connection)
  }

  get query(): string {
    this.#query ??= this.#hasQuery ? this.#owner.textOf(this.slot, this.serial, Part.query) : ''
    return this.#query
  }

  get sni(): string | undefined {
    return this.#owner.sniOf(this.slot, this.serial, this.#connection)
  }

  // Rust keeps the head of a request that goes on by itself.
  detach(): void {
    this.#begin()
  }

  header(lower: string): string | undefined {
    return this.#header(lower, 0)
  }

  headerList(lower: string): string | undefined {
    return this.#header(lower, 1)
  }

  hint(headers: Readonly<Record<string, string>>): boolean {
    return this.#owner.io.hint(this.slot, this.serial, headerLines(Object.entries(headers).flat()))
  }

  headers(): HeaderPairs {
    this.#headers ??= parseHeaders(this.#owner.textOf(this.slot, this.serial, Part.headers))
    return this.#headers
  }

  onBody(chunk: Uint8Array | undefined, isLast: boolean, trailers?: string): void {
    if (trailers !== undefined) this.trailers = parseHeaders(trailers)
    if (isLast) this.receivedAll(chunk)
    else if (chunk?.byteLength) this.received(chunk)
  }

  onDrain(isGone = false): void {
    this.#sink?.onDrain(isGone)
  }

  onGone(): void {
    this.#end()
    this.leave()
    this.onDrain(true)
  }

  named(id: string): void {
    if (this.hasLine) this.#owner.io.name(this.slot, this.serial, id)
    // Whoever is told of the end of a request may be the first who asks: the answer has not gone yet.
    if (this.#returned !== undefined) this.#owner.nameReturned(this.serial, this.#returned, id)
  }

  pauseBody(): void {
    this.#owner.io.pause(this.slot, this.serial, 1)
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

  protected override proceed(): void {
    this.#owner.io.receive(this.slot, this.serial, 1)
  }

  protected override receive(): void {
    if (this.#takeWhole()) return
    this.#begin()
    this.#owner.io.receive(this.slot, this.serial, this.body?.isRead === true ? 1 : 0)
  }

  protected override write(response: HttpResponse, request: HttpRequest, isLate: boolean): void {
    const { body, contentType, statusCode } = response
    const isHead = this.method === 'HEAD'
    let flags = flagsFor(response, isHead, request.route)
    if (this.encodesAnswers && this.host.settings.compression !== undefined) flags |= laterCoding(response)
    // A HEAD without a body may state the length that a GET would have.
    const isWhole = this.encodesAnswers ? !isStream(body) : !isByParts(body)
    const isParted = isWhole ? isHead && body === undefined && !(flags & Flag.bodiless) : !isBodiless(statusCode)
    let type = contentType === undefined ? 0 : this.#owner.typeIndex.get(contentType)
    // What is logged of a stream after its answer has begun names the id that the answer has.
    let id = isParted ? request.id : knownId(request)
    if (type !== undefined && !isParted && this.#return(response, statusCode | (type << 16), flags, isLate, id)) return
    // So does whoever is told of the end of another.
    if (this.isObserved) id ??= request.id
    let lines = id === undefined ? this.host.head.ownLines(response) : undefined
    if (lines === undefined || type === undefined) {
      // A default header is replaced, the id is known to the handler, or the type is one without a number.
      lines = `${this.host.head.text(request, response).slice(2)}\r\n`
      flags |= Flag.complete
      type = 0
    }
    const status = statusCode | (type << 16)
    if (isParted) this.#stream(response, request, status, flags, lines)
    else this.#respond(response, status, flags, lines)
  }

  #header(lower: string, isWhole: 0 | 1): string | undefined {
    // What was parsed once is there; names of no usual length are left to that.
    if (this.#headers !== undefined || lower.length > longestName) {
      return isWhole === 1 ? joinHeader(this.headers(), lower) : findHeader(this.headers(), lower)
    }
    if ((this.#names & nameBit(lower)) === 0) return undefined
    return this.#owner.wanted.header(this.#owner.io, this.slot, this.serial, lower, isWhole)
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
    this.#end()
    const { io } = this.#owner
    const whole = isStream(response.body) || isBodiless(response.statusCode) ? undefined : response.body
    io.control[Control.status] = status
    io.control[Control.flags] = flags
    if (typeof whole === 'string') io.control[Control.units] = whole.length
    io.respond(this.slot, this.serial, lines, whole)
    this.release(response)
  }

  // Has the answer go back with the callback and the ticks after it; false when that is over, or its headers are not for it.
  #return(response: HttpResponse, status: number, flags: number, isLate: boolean, id: string | undefined): boolean {
    const owner = this.#owner
    const { control } = owner.io
    if (isLate && control[Control.within] !== this.serial) return false
    const isBare = response.headers === undefined && id === undefined
    const size = isBare ? 0 : this.host.head.writeOwnLines(response, owner.lines, id)
    if (size < 0) return false
    const { body } = response
    this.#end()
    this.#returned = response
    control[Control.returnedFlags] = id === undefined ? flags : flags | Flag.hasId
    control[Control.returnedLines] = size
    control[Control.returnedStatus] = status
    if (typeof body === 'string') control[Control.returnedUnits] = body.length
    const kind = answerKind(body)
    if (kind === Answer.empty || isBodiless(response.statusCode)) {
      control[Control.answer] = Answer.empty
      this.release(response)
      return true
    }
    // What the callback returns is lost where a tick throws, and the process goes on.
    owner.later[0] = body as string | Uint8Array
    if (!isLate) this.#answer = body as string | Uint8Array
    control[Control.answer] = isLate ? kind | Answer.later : kind
    return true
  }

  // One that has come with its head is there without a call, until the next request writes over it.
  #takeWhole(): boolean {
    const { io, whole } = this.#owner
    if (io.control[Control.isWhole] !== 1 || io.control[Control.within] !== this.serial) return false
    this.receivedAll(whole.subarray(0, this.bodySize), true)
    return true
  }

  #stream(response: HttpResponse, request: HttpRequest, status: number, flags: number, own: string): void {
    const { io } = this.#owner
    const { serial, slot } = this
    const length = bodyLength(response, this.method) ?? -1
    const names = length < 0 ? response.trailerNames : undefined
    const lines = names === undefined ? own : `${own}Trailer: ${names}\r\n`
    this.detach()
    const isHead = (flags & Flag.head) !== 0
    if (isHead) this.#end()
    io.begin(slot, serial, status, flags, lines, length)
    if (isHead) {
      this.release(response)
      return
    }
    const trailers = (): string => {
      this.#end()
      return headerLines(response.trailers().flat())
    }
    this.#sink = new NativeSink(io, slot, serial, () => this.#hasBegun, trailers)
    this.writeBody(response, inPieces(this.#sink, length), request, false)
  }
}
