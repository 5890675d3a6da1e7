import { Buffer } from 'node:buffer'
import type { Logger } from '../core/logger.js'
import { headOf } from './native-connect.js'
import { Control, Flag } from './native-control.js'
import { NativeDuplex, type RawStream } from './native-duplex.js'
import type { NativeExchange } from './native-exchange.js'
import { AnswerBody, AnswerHead } from './native-node-answer.js'
import type { NativeIo } from './native-owner.js'

/** What may be told of a stream or connection that Node's own server has. */
export interface NodeEvents {
  readonly serial: number
  onBody(chunk: Uint8Array, isLast: boolean): void
  onDrain(): void
  onGone(): void
}

/**
 * A request of HTTP/2 or HTTP/3 that Node's own server serves: to that server it is a connection of HTTP/1.1 with this one
 * request, and an extended CONNECT (RFC 8441) one that is upgraded.
 */
export class NodeStream implements NodeEvents, RawStream {
  #body: AnswerBody | undefined = undefined
  readonly #head: AnswerHead
  readonly #io: NativeIo
  /** Whether nothing more can be sent. */
  #isOver = false
  readonly #log: Logger
  readonly #method: string
  /** How the server is told of the body. */
  readonly #requestBody: 'chunks' | 'known' | 'stream'
  readonly #slot: number
  readonly duplex: NativeDuplex
  readonly serial: number

  private constructor(exchange: NativeExchange, io: NativeIo, log: Logger) {
    const { bodySize, method, serial, slot } = exchange
    this.#head = new AnswerHead(method)
    this.#io = io
    this.#log = log
    this.#method = method
    const framing = bodySize < 0 ? 'chunks' : 'known'
    this.#requestBody = method === 'CONNECT' ? 'stream' : framing
    this.#slot = slot
    this.serial = serial
    this.duplex = new NativeDuplex(this, {
      address: () => io.ip(slot, serial),
      isSecure: exchange.protocol === 'https',
    })
  }

  /**
   * Takes a request that is being handed over; undefined where it has been refused.
   *
   * @param whole its body, where that has come with it.
   */
  static open(
    exchange: NativeExchange,
    io: NativeIo,
    log: Logger,
    whole: Uint8Array | undefined,
  ): NodeStream | undefined {
    const { bodySize, method, path, query, serial, slot } = exchange
    const head = headOf({ bodySize, headers: exchange.headers(), method, path, query })
    if (typeof head === 'number') {
      io.control[Control.status] = head
      io.control[Control.flags] = Flag.complete
      io.respond(slot, serial, '', undefined)
      return undefined
    }
    const stream = new NodeStream(exchange, io, log)
    stream.duplex.onData(Buffer.from(head, 'latin1'))
    if (whole !== undefined) stream.onBody(whole, true)
    else if (bodySize !== 0 || method === 'CONNECT') io.receive(slot, serial, 1)
    return stream
  }

  cut(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#io.cut(this.#slot, this.serial)
  }

  // The other side's end goes with it: there is no half of an answered request.
  end(): boolean {
    if (this.#body?.mayEnd !== true) this.cut()
    else this.#end()
    queueMicrotask(() => this.duplex.onEnd())
    return true
  }

  onBody(chunk: Uint8Array, isLast: boolean): void {
    const { duplex } = this
    if (chunk.byteLength > 0) {
      if (this.#requestBody !== 'chunks') duplex.onData(chunk)
      else
        duplex.onData(Buffer.concat([Buffer.from(`${chunk.byteLength.toString(16)}\r\n`), chunk, Buffer.from('\r\n')]))
    }
    if (!isLast) return
    if (this.#requestBody === 'chunks') duplex.onData(Buffer.from('0\r\n\r\n'))
    else if (this.#requestBody === 'stream') duplex.onEnd()
  }

  onDrain(): void {
    this.duplex.onDrain()
  }

  onGone(): void {
    this.#isOver = true
    this.duplex.onGone()
  }

  pause(isPaused: boolean): void {
    if (!this.#isOver) this.#io.pause(this.#slot, this.serial, isPaused ? 1 : 0)
  }

  write(bytes: Uint8Array): boolean {
    if (this.#isOver) return true
    try {
      return this.#write(bytes)
    } catch (error) {
      this.#log.error({ err: error }, 'what was written to an upgrade is no answer of HTTP/1.1')
      this.cut()
      this.duplex.destroy(error as Error)
      return true
    }
  }

  #begin(bytes: Uint8Array): Buffer | undefined {
    const read = this.#head.take(bytes)
    if (read === undefined) return undefined
    const { body, length, lines, status } = read.answer
    this.#body = new AnswerBody(body)
    const isHead = this.#method === 'HEAD'
    const flags = Flag.complete | (isHead ? Flag.head : 0)
    this.#io.begin(this.#slot, this.serial, status, flags, lines, length ?? -1)
    this.#isOver = isHead
    return read.rest
  }

  #end(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#io.end(this.#slot, this.serial, '')
  }

  #write(bytes: Uint8Array): boolean {
    const rest =
      this.#body === undefined ? this.#begin(bytes) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    const body = this.#body
    if (rest === undefined || body === undefined || this.#isOver) return true
    let hasRoom = true
    for (const part of body.take(rest)) hasRoom = this.#io.write(this.#slot, this.serial, part)
    if (body.isDone) this.#end()
    return this.#isOver || hasRoom
  }
}
