import { Buffer } from 'node:buffer'
import { randomFillSync } from 'node:crypto'
import { describe } from '../errors.js'
import type { Logger } from './logger.js'
import { checkOptions, invalid } from './options-check.js'
import type { RequestSource } from './request-source.js'
import type { Origin } from './trust.js'

/** Where the ids of requests come from. */
export interface RequestIdOptions {
  /** Makes an id of 1 to 128 characters of `A-Z a-z 0-9 . _ ~ : = + / @ -`. A random UUID by default. */
  readonly generate?: () => string
  /**
   * The request header whose id is taken over from proxies that `trustProxy` names: `x-request-id` by default, false for
   * none.
   */
  readonly header?: string | false
}

// Nothing that means something to HTTP, HTML, JSON, a shell or a log.
const wellFormed = /^[A-Za-z0-9._~:=+/@-]{1,128}$/

/** The ids of an app that takes them over, or makes its own. */
export class RequestIds {
  readonly #generate: (() => unknown) | undefined
  #hasFailed = false
  readonly #header: string | undefined
  readonly #log: Logger

  /** @param header undefined where none is taken over. */
  constructor(generate: (() => unknown) | undefined, header: string | undefined, log: Logger) {
    this.#generate = generate
    this.#header = header
    this.#log = log
  }

  /**
   * The id that a proxy has given a request, else one of the app's generator; undefined where any will do.
   *
   * @param originOf asked only where an id was sent.
   */
  idFor(source: RequestSource, originOf: () => Pick<Origin, 'isProxied'> | undefined): string | undefined {
    const sent = this.#sent(source, originOf)
    if (sent !== undefined || this.#generate === undefined) return sent
    return this.#generated(this.#generate)
  }

  #sent(source: RequestSource, originOf: () => Pick<Origin, 'isProxied'> | undefined): string | undefined {
    if (this.#header === undefined) return undefined
    try {
      const sent = source.headerList(this.#header)
      // Two lines are joined by a comma, and taken for none.
      return sent !== undefined && wellFormed.test(sent) && originOf()?.isProxied === true ? sent : undefined
    } catch {
      // An id may be asked for when the request is over, and its headers gone with it.
      return undefined
    }
  }

  // A request does not fail for its id. A generator that fails does so for each: it is told of once.
  #generated(generate: () => unknown): string {
    let thrown: unknown
    try {
      const id = generate()
      if (typeof id === 'string' && wellFormed.test(id)) return id
      thrown = new TypeError(`it gave ${describe(id)}, and an id is 1 to 128 of A-Z a-z 0-9 . _ ~ : = + / @ -`)
    } catch (error) {
      thrown = error
    }
    if (!this.#hasFailed) {
      this.#hasFailed = true
      this.#log.error({ err: thrown }, 'generate of requestId failed: UUIDs stand in, and this is said once')
    }
    return requestId()
  }
}

/**
 * The ids of an app; undefined where any will do, and the transport may make them.
 *
 * @param takesOver whether there are trusted proxies, whose ids are taken over.
 */
export function createRequestIds(
  { generate, header }: RequestIdSettings,
  takesOver: boolean,
  log: Logger,
): RequestIds | undefined {
  const taken = takesOver && header !== false ? header : undefined
  return generate === undefined && taken === undefined ? undefined : new RequestIds(generate, taken, log)
}

/** What the option `requestId` says. */
export interface RequestIdSettings {
  readonly generate: (() => unknown) | undefined
  /** In lower case; false for none. */
  readonly header: string | false
  readonly isSent: boolean
}

/**
 * Checks the option `requestId`.
 *
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function settleRequestId(value: unknown): RequestIdSettings {
  if (value === false) return { generate: undefined, header: false, isSent: false }
  if (value === true || value === undefined) return { generate: undefined, header: defaultHeader, isSent: true }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return invalid('requestId', value, 'true or false, or an object with generate or header')
  }
  const given = checkOptions(value, checks, ' of requestId') as RequestIdOptions
  return { generate: given.generate, header: given.header ?? defaultHeader, isSent: true }
}

const defaultHeader = 'x-request-id'

const checks = {
  generate: (value: unknown, option: string): unknown =>
    typeof value === 'function' ? value : invalid(option, value, 'a function that returns an id'),
  header: (value: unknown, option: string): unknown => {
    if (value === false) return value
    const isName = typeof value === 'string' && /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(value)
    return isName ? value.toLowerCase() : invalid(option, value, 'the name of a header, or false')
  },
}

// Identifiers are written out a batch at a time into one text and cut from it: half the cost of
// crypto.randomUUID(). Not more than 64, because a cut keeps the whole text alive for as long as it is kept itself.
const perBatch = 64
const idLength = 36

/** Where each byte of an identifier stands in its text. */
const places = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34]

/** Both digits of each byte, as they stand in memory. */
const digits = Uint16Array.from({ length: 256 }, (_, byte) => {
  const [first, second] = Buffer.from(byte.toString(16).padStart(2, '0'), 'latin1')
  return first! * 256 + second!
})
// One call of the generator serves several batches: the call costs more than the bytes.
const random = new Uint8Array(16 * perBatch * 8)
// The hyphens are there from the beginning.
const written = Buffer.alloc(idLength * perBatch, '-')
const view = new DataView(written.buffer, written.byteOffset, written.byteLength)
let batch = ''
let last: string | undefined
let next = written.length
let used = random.length

/** A random UUID (version 4, RFC 9562, 5.4), from the operating system's generator. */
export function requestId(): string {
  if (next === written.length) writeBatch()
  const start = next
  next += idLength
  const id = batch.slice(start, next)
  last = id
  return id
}

/**
 * Writes an id as bytes, if it is the last that was made: of most requests it still is when they are answered. It is there as
 * bytes already, from which it costs a tenth of what it does from a text that was cut.
 */
export function copyRequestId(id: string, into: DataView, at: number): boolean {
  if (id !== last) return false
  const start = next - idLength
  for (let index = 0; index < idLength; index += 4) into.setUint32(at + index, view.getUint32(start + index))
  return true
}

function writeBatch(): void {
  if (used === random.length) {
    randomFillSync(random)
    used = 0
  }
  for (let at = 0; at < written.length; at += idLength) {
    random[used + 6] = (random[used + 6]! & 0x0f) | 0x40
    random[used + 8] = (random[used + 8]! & 0x3f) | 0x80
    for (let index = 0; index < 16; index++) view.setUint16(at + places[index]!, digits[random[used + index]!]!)
    used += 16
  }
  batch = written.toString('latin1')
  next = 0
}
