import { Buffer } from 'node:buffer'
import { HotpressError, type HttpError, httpError } from '../errors.js'
import type { BodyFlow, BodyRules } from './body-flow.js'
import { BodyStream } from './body-stream.js'
import { Reader, rejected, type Waiting } from './body-waiting.js'
import { utf8, utf8Strict, withoutMark } from './utf8.js'

/** The answer to a body over its limit, which it tells in bytes. */
export function bodyTooLarge(limit: number): HttpError {
  return httpError('BODY_TOO_LARGE', { limit }, { extensions: { limit } })
}

/** Borrowed memory as memory of one's own, which need not be cleared before. */
function owned(part: Uint8Array): Uint8Array {
  const copy = Buffer.allocUnsafeSlow(part.byteLength)
  copy.set(part)
  return copy
}

const nothing = new Uint8Array(0)

// Up to here the room for a body of known length is taken at once: each part of it is copied to its place, and once.
// Many connections may announce as much and send nothing: what is larger has room for what has come.
const mostRoom = 256 * 1024

/**
 * The body of a request, within its limit. It is kept while it comes, up to the threshold: then the sender is held until
 * somebody reads. A reader of the whole has it collected; a stream has it part by part.
 */
export class RequestBody {
  #error: Error | undefined = undefined
  readonly #flow: BodyFlow
  /** Whether `#whole` is memory of the transport's, good until its callback returns. */
  #isBorrowed = false
  #isDone = false
  #isHeld = false
  #isRead = false
  #parts: Uint8Array[] | undefined = undefined
  /** The first to wait; most bodies have no other. */
  #reader: Waiting<RequestBody> | undefined = undefined
  #readers: Waiting<RequestBody>[] | undefined = undefined
  #room: Uint8Array | undefined = undefined
  #size = 0
  #stream: BodyStream | undefined = undefined
  /** The whole as text, its byte order mark included. */
  #text: string | undefined = undefined
  #whole: Uint8Array | undefined = undefined
  /** The whole without its content codings, once that was asked for. */
  decoded: Promise<Uint8Array> | undefined = undefined
  readonly rules: BodyRules

  constructor(flow: BodyFlow, rules: BodyRules) {
    this.#flow = flow
    this.rules = rules
    if (flow.bodySize > rules.limit) this.#error = bodyTooLarge(rules.limit)
  }

  /** The whole, for a reader that {@link read} calls. */
  get bytes(): Uint8Array {
    if (this.#whole === undefined) this.#whole = Buffer.from(this.#text!)
    else if (this.#isBorrowed) this.#whole = owned(this.#whole)
    this.#isBorrowed = false
    return this.#whole
  }

  /** Whether nothing more is wanted of it: all of it is here, or it has failed. */
  get isOver(): boolean {
    return this.#isDone || this.#error !== undefined
  }

  /** Whether more came than the limit allows. */
  get isOverLimit(): boolean {
    return this.#size > this.rules.limit
  }

  /** Whether somebody has asked for it. */
  get isRead(): boolean {
    return this.#isRead
  }

  /** Bytes that have come. */
  get size(): number {
    return this.#size
  }

  /** The whole as text in UTF-8, its byte order mark included, for a reader that {@link read} calls; undefined for what is not. */
  get strictText(): string | undefined {
    if (this.#text === undefined && this.#whole !== undefined) this.#text = utf8Strict(this.#whole)
    return this.#text
  }

  /** The same without the mark; what is malformed becomes U+FFFD. */
  get text(): string {
    return withoutMark(this.strictText ?? utf8(this.#whole!))
  }

  /**
   * Takes a part of the body that is not the last.
   *
   * @param isBorrowed whether its memory is good for this call only; else the body owns it from now on.
   * @returns false when the body wants no more: it is over its limit, or has failed before.
   */
  add(part: Uint8Array, isBorrowed: boolean): boolean {
    if (!this.#counts(part)) return false
    if (this.#stream !== undefined) this.#stream.push(isBorrowed ? owned(part) : part)
    else this.#keep(part, isBorrowed)
    return true
  }

  /**
   * The body is complete.
   *
   * @param part its last part, where that has not been added.
   * @returns as {@link add}.
   */
  end(part?: Uint8Array, isBorrowed = false): boolean {
    if (part !== undefined && !this.#counts(part)) return false
    if (this.#error !== undefined) return false
    this.#isDone = true
    if (this.#stream !== undefined) {
      this.#stream.end(isBorrowed ? part && owned(part) : part)
      this.release()
      return true
    }
    this.release()
    if (this.#size === (part?.byteLength ?? 0)) {
      this.#whole = part ?? nothing
      this.#isBorrowed = isBorrowed
    } else {
      this.#join(part)
    }
    this.#reader?.serve(this)
    for (const reader of this.#readers ?? []) reader.serve(this)
    this.#reader = undefined
    this.#readers = undefined
    if (this.#isBorrowed) this.#own()
    return true
  }

  /** The body will never be complete. */
  fail(error: Error): void {
    if (this.isOver) return
    this.#error = error
    this.#parts = undefined
    this.#room = undefined
    this.#stream?.fail(error)
    this.#reader?.fail(error)
    for (const reader of this.#readers ?? []) reader.fail(error)
    this.#reader = undefined
    this.#readers = undefined
  }

  /** Lets the rest come, whoever reads. */
  release(): void {
    this.#stream?.letCome()
    if (!this.#isHeld) return
    this.#isHeld = false
    this.#flow.resumeBody()
  }

  /**
   * Calls a function with the body once it is whole; it takes what it needs at once.
   *
   * @throws what the function throws; HttpError 413 `BODY_TOO_LARGE`, 400 `BODY_ABORTED`, `BODY_UNREAD`, and whatever
   * else has ended the body; HotpressError `BODY_USED` after {@link stream}.
   */
  read<Value>(take: (body: RequestBody) => Value): Promise<Value> {
    if (this.#stream !== undefined) return rejected(new HotpressError('BODY_USED', {}))
    if (this.#error !== undefined) return rejected(this.#error)
    if (this.#isDone) {
      try {
        return Promise.resolve(take(this))
      } catch (error) {
        return rejected(error as Error)
      }
    }
    const reader = new Reader(take)
    if (this.#reader === undefined) this.#reader = reader
    else if (this.#readers === undefined) this.#readers = [reader]
    else this.#readers.push(reader)
    this.#demand()
    this.release()
    return reader.promise
  }

  /**
   * The body part by part, no faster than it is asked for. A body that is whole already can be had again and again.
   *
   * @throws HotpressError `BODY_USED` when it is being read already.
   */
  stream(): AsyncIterableIterator<Uint8Array> {
    if (this.#stream !== undefined || this.#reader !== undefined) throw new HotpressError('BODY_USED', {})
    const stream = new BodyStream(this.#flow, this.rules.threshold)
    if (this.#isDone) {
      stream.end(this.bytes)
      return stream
    }
    this.#stream = stream
    if (this.#error !== undefined) {
      stream.fail(this.#error)
      return stream
    }
    if (this.#room !== undefined) stream.push(this.#room.subarray(0, this.#size))
    for (const part of this.#parts ?? []) stream.push(part)
    this.#room = undefined
    this.#parts = undefined
    // From here on the stream holds the sender, and lets it go.
    this.#isHeld = false
    this.#demand()
    return stream
  }

  #counts({ byteLength }: Uint8Array): boolean {
    if (this.#error !== undefined) return false
    this.#size += byteLength
    if (this.#size <= this.rules.limit) return true
    this.fail(bodyTooLarge(this.rules.limit))
    return false
  }

  #demand(): void {
    if (this.#isRead) return
    this.#isRead = true
    this.#flow.receiveBody()
  }

  #join(part: Uint8Array | undefined): void {
    if (this.#room !== undefined) {
      if (part !== undefined) this.#room.set(part, this.#size - part.byteLength)
      this.#whole = this.#room.subarray(0, this.#size)
    } else {
      const parts = this.#parts ?? []
      if (part !== undefined) parts.push(part)
      this.#whole = parts.length === 1 ? parts[0]! : Buffer.concat(parts, this.#size)
    }
    this.#parts = undefined
    this.#room = undefined
  }

  #keep(part: Uint8Array, isBorrowed: boolean): void {
    const before = this.#size - part.byteLength
    const total = this.#flow.bodySize
    if (before === 0 && total > 0 && total <= mostRoom) this.#room = Buffer.allocUnsafeSlow(total)
    if (this.#room !== undefined) this.#room.set(part, before)
    else if (this.#parts === undefined) this.#parts = [isBorrowed ? owned(part) : part]
    else this.#parts.push(isBorrowed ? owned(part) : part)
    if (this.#reader !== undefined || this.#size < this.rules.threshold) return
    this.#isHeld = true
    this.#flow.pauseBody()
  }

  // Text that is right holds the bytes too: to copy them would be the dearer half of a small body.
  #own(): void {
    this.#isBorrowed = false
    this.#whole = this.#text === undefined ? owned(this.#whole!) : undefined
  }
}
