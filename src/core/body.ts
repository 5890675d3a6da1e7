import { httpError } from '../errors.js'

/** The part of a request's source that has to do with its body. */
export interface BodySource {
  /** Bytes as `Content-Length` says, 0 for no body, -1 for a chunked body of unknown size. */
  readonly bodySize: number
  /** Lets the transport take in up to `limit` bytes; called once, before {@link readBody}. */
  acceptBody(limit: number): void
  readBody(): Promise<Uint8Array>
}

const nothing = new Uint8Array(0)

interface Waiting {
  readonly promise: Promise<Uint8Array>
  reject(error: Error): void
  resolve(body: Uint8Array): void
}

// Promise.withResolvers, which Node 20 does not have.
function waiting(): Waiting {
  let reject!: Waiting['reject']
  let resolve!: Waiting['resolve']
  const promise = new Promise<Uint8Array>((yes, no) => {
    reject = no
    resolve = yes
  })
  return { promise, reject, resolve }
}

/** Where the parts of a body are put together, within a limit. */
export class BodyCollector {
  #chunks: Uint8Array[] = []
  #done = false
  #error: Error | undefined
  #size = 0
  #waiting: Waiting | undefined
  /** In bytes. */
  readonly limit: number

  constructor(limit: number) {
    this.limit = limit
  }

  /** Whether somebody waits for the body. */
  get isAwaited(): boolean {
    return this.#waiting !== undefined
  }

  /** Whether more came than the limit allows. */
  get isOverLimit(): boolean {
    return this.#size > this.limit
  }

  /**
   * Takes a part of the body, which the collector then owns.
   *
   * @returns false when the limit is passed: what came is dropped, and readers get a 413.
   */
  add(chunk: Uint8Array): boolean {
    if (this.#error !== undefined) return false
    this.#size += chunk.byteLength
    if (this.#size > this.limit) {
      this.fail(httpError('BODY_TOO_LARGE', { limit: this.limit }))
      return false
    }
    this.#chunks.push(chunk)
    return true
  }

  /** The body is complete. */
  end(): void {
    if (this.#error !== undefined) return
    this.#done = true
    this.#waiting?.resolve(this.#join())
  }

  /** The body will never be complete. */
  fail(error: Error): void {
    if (this.#done || this.#error !== undefined) return
    this.#error = error
    this.#chunks = []
    this.#waiting?.reject(error)
  }

  read(): Promise<Uint8Array> {
    if (this.#waiting === undefined) {
      if (this.#done) return Promise.resolve(this.#join())
      if (this.#error !== undefined) return Promise.reject(this.#error)
      this.#waiting = waiting()
    }
    return this.#waiting.promise
  }

  #join(): Uint8Array {
    if (this.#chunks.length > 1) this.#chunks = [Buffer.concat(this.#chunks, this.#size)]
    return this.#chunks[0] ?? nothing
  }
}

const decoder = new TextDecoder()
const strictDecoder = new TextDecoder('utf-8', { fatal: true })

/** Bytes as text in UTF-8, without a byte order mark; what is malformed becomes U+FFFD. */
export function utf8(body: Uint8Array): string {
  return decoder.decode(body)
}

/**
 * Bytes as JSON in UTF-8 (RFC 8259).
 *
 * @throws HttpError 400 `BODY_NOT_JSON` with the reason.
 */
export function parseJson<Value>(body: Uint8Array): Value {
  try {
    return JSON.parse(strictDecoder.decode(body)) as Value
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : 'it is not UTF-8'
    throw httpError('BODY_NOT_JSON', { reason }, { cause: error })
  }
}
