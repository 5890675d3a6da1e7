import { describe, HotpressError } from '../errors.js'
import { type Cookie, cookieOf, forgottenCookie, placeCookie } from './cookie.js'
import type { CookieOptions } from './cookie-attributes.js'
import { checkHeaderValue, dropLines, findLine, headerName } from './headers.js'

/** What a response can carry: nothing, a whole body, or a stream of chunks. */
export type ResponseBody = AsyncIterable<Uint8Array | string> | Uint8Array | string | undefined

/** Names and values one after the other; undefined while a response has no header of its own. */
type OwnHeaders = string[] | undefined

const brand = Symbol.for('hotpress.HttpResponse')

let addLine: (response: HttpResponse, name: string, value: string) => void
let fresh: (response: HttpResponse) => HttpResponse
let replaceBody: (response: HttpResponse, body: ResponseBody) => void
let unshared: (response: HttpResponse) => HttpResponse

/**
 * A response as a value: handlers return it, middleware may change it on its way out, a transport's writer sends it.
 * Every setter returns the response itself. Header names and values are checked when they are set.
 *
 * @example
 * json({ id: 7 }).status(Status.Created).header('location', '/users/7')
 */
export class HttpResponse {
  #ascii = true
  #body: ResponseBody
  #closes = false
  #headers: OwnHeaders
  /** Whether nobody but the request that it answers can have it. */
  #isFresh = false
  #isUncompressed = false
  #status: number
  #trailers: [name: string, value: string | (() => string)][] | undefined
  #type: string | undefined
  /** What was thrown, when this response stands for an error: for middleware and logs, never for the client. */
  error: unknown

  constructor(body: ResponseBody, type: string | undefined, status = 200) {
    this.#body = body
    this.#headers = undefined
    this.#status = status
    this.#trailers = undefined
    this.#type = type
    this.error = undefined
  }

  static {
    addLine = (response, name, value) => {
      if (response.#headers === undefined) response.#headers = [name, value]
      else response.#headers.push(name, value)
    }
    fresh = (response) => {
      response.#isFresh = true
      return response
    }
    replaceBody = (response, body) => {
      response.#body = body
    }
    unshared = (response) => {
      const body = response.#body
      // A stream is sent once.
      if (response.#isFresh || (typeof body === 'object' && !(body instanceof Uint8Array))) return response
      const copy = response.clone()
      copy.error = response.error
      copy.#isFresh = true
      return copy
    }
  }

  /**
   * A response of this or of another loaded copy of the package (ESM beside CommonJS) as one of this; undefined for
   * anything else.
   */
  static from(value: object): HttpResponse | undefined {
    if (value instanceof HttpResponse) return value
    if (!(brand in value)) return undefined
    const other = value as unknown as HttpResponse
    const response = new HttpResponse(other.body, other.contentType, other.statusCode)
    for (let index = 0; index < (other.headers?.length ?? 0); index += 2) {
      response.append(other.headers![index]!, other.headers![index + 1]!)
    }
    response.error = other.error
    if (other.isUncompressed) response.uncompressed()
    return other.closes ? response.close() : response
  }

  /** The body: undefined, text, bytes, or a stream. */
  get body(): ResponseBody {
    return this.#body
  }

  /** Whether the connection is closed after this response. */
  get closes(): boolean {
    return this.#closes
  }

  /** The value of `Content-Type`, or undefined. */
  get contentType(): string | undefined {
    return this.#type
  }

  /** The response's own headers beside `Content-Type`: names and values one after the other. */
  get headers(): readonly string[] | undefined {
    return this.#headers
  }

  /** Whether every header value is ASCII. */
  get isAscii(): boolean {
    return this.#ascii
  }

  /** Whether {@link uncompressed} was called. */
  get isUncompressed(): boolean {
    return this.#isUncompressed
  }

  /** The status code. */
  get statusCode(): number {
    return this.#status
  }

  /**
   * Adds a header line beside any of the same name.
   *
   * @throws HotpressError `HEADER_INVALID`
   */
  append(name: string, value: string): this {
    const lower = headerName(name)
    if (lower === 'content-type' || lower === 'content-length') return this.header(name, value)
    if (!checkHeaderValue(name, value)) this.#ascii = false
    if (this.#headers === undefined) this.#headers = [name, value]
    else this.#headers.push(name, value)
    return this
  }

  /**
   * Has the client forget a cookie.
   *
   * @param options those that it was set with, as a client tells cookies by `domain`, `path` and `partitioned` too.
   * @throws HotpressError as {@link cookie}
   */
  clearCookie(name: string, options?: CookieOptions): this {
    return this.cookie(forgottenCookie(name, options))
  }

  /**
   * Another response with the same status, headers and body.
   *
   * @throws TypeError for a stream, which can be sent once only.
   */
  clone(): HttpResponse {
    if (typeof this.#body === 'object' && !(this.#body instanceof Uint8Array)) {
      throw new TypeError('a response with a stream cannot be sent more than once')
    }
    const copy = new HttpResponse(this.#body, this.#type, this.#status)
    copy.#ascii = this.#ascii
    copy.#closes = this.#closes
    copy.#headers = this.#headers?.slice()
    copy.#isUncompressed = this.#isUncompressed
    return copy
  }

  /** Closes the connection after this response (`Connection: close`). */
  close(): this {
    this.#closes = true
    return this
  }

  /**
   * Sets a cookie by a `Set-Cookie` line of its own, in place of one with the same name, domain and path.
   *
   * @throws HotpressError `COOKIE_INVALID` naming the cookie and the attribute, `OPTION_UNKNOWN`.
   * @example
   * json(user).cookie('sid', id, { httpOnly: true, maxAge: 3600, path: '/', sameSite: 'Lax', secure: true })
   */
  cookie(cookie: Cookie): this
  cookie(name: string, value: string, options?: CookieOptions): this
  cookie(first: Cookie | string, value?: string, options?: CookieOptions): this {
    this.#headers ??= []
    placeCookie(this.#headers, cookieOf(first, value, options))
    return this
  }

  /** The value of one of the response's headers; the first where there are several. */
  header(name: string): string | undefined
  /**
   * Sets a header, in place of any of the same name.
   *
   * @throws HotpressError `HEADER_INVALID` for a name that is no token, a value with a control byte or one beyond
   * Latin-1, and for headers that belong to the transport (`Connection`, `Date`, `Keep-Alive`, `Transfer-Encoding`).
   */
  header(name: string, value: string): this
  header(name: string, value?: string): this | string | undefined {
    const lower = headerName(name)
    if (value === undefined)
      return lower === 'content-type' ? this.#type : this.#headers?.[findLine(this.#headers, lower) + 1]
    if (lower === 'content-type') return this.type(value)
    if (!checkHeaderValue(name, value)) this.#ascii = false
    const headers = this.#headers
    if (headers === undefined) {
      this.#headers = [name, value]
      return this
    }
    const at = findLine(this.#headers, lower)
    if (at < 0) {
      headers.push(name, value)
      return this
    }
    headers[at + 1] = value
    dropLines(headers, lower, at + 2)
    return this
  }

  /** Whether the response has a header of this name. */
  has(name: string): boolean {
    const lower = headerName(name)
    return lower === 'content-type' ? this.#type !== undefined : findLine(this.#headers, lower) >= 0
  }

  /** Takes every header of this name away. */
  remove(name: string): this {
    const lower = headerName(name)
    if (lower === 'content-type') this.#type = undefined
    else dropLines(this.#headers, lower, 0)
    return this
  }

  /**
   * Sets the status code.
   *
   * @throws HotpressError `STATUS_INVALID` when it is not a whole number from 200 to 599.
   */
  status(code: number): this {
    if (!Number.isInteger(code) || code < 200 || code > 599) {
      throw new HotpressError('STATUS_INVALID', { got: describe(code) })
    }
    this.#status = code
    return this
  }

  /**
   * Adds a trailer field (RFC 9110, 6.5): sent after a stream that goes in chunks, by native and node. What cannot carry
   * it leaves it out, as every hop may.
   *
   * @param value a text, or a function that is called when the stream has ended: for a checksum of what was sent.
   * @throws HotpressError `HEADER_INVALID`
   */
  trailer(name: string, value: string | (() => string)): this {
    headerName(name)
    if (typeof value === 'string') checkHeaderValue(name, value)
    this.#trailers ??= []
    this.#trailers.push([name, value])
    return this
  }

  /** The names of the trailer fields, as the header `Trailer` announces them; undefined without any. */
  get trailerNames(): string | undefined {
    return this.#trailers?.map(([name]) => name).join(', ')
  }

  /** The trailer fields as they are by now. */
  trailers(): [name: string, value: string][] {
    return (this.#trailers ?? []).map(([name, given]) => {
      const value = typeof given === 'string' ? given : given()
      checkHeaderValue(name, value)
      return [name, value]
    })
  }

  /** Sets `Content-Type`. */
  type(value: string): this {
    if (!checkHeaderValue('content-type', value)) this.#ascii = false
    this.#type = value
    return this
  }

  /**
   * Keeps compression away from this response. For a body in which a secret stands beside text that the request chose:
   * its compressed length tells of the secret (BREACH).
   */
  uncompressed(): this {
    this.#isUncompressed = true
    return this
  }
}

// For what is put on answers by Hotpress itself. `addLine` checks nothing: for names and ASCII values that were checked at
// start. `fresh` marks a response that was made for one request; `unshared` gives one that is: a handler may return the
// same response again and again, and what is for one client must not stay on it.
export { addLine, fresh, replaceBody, unshared }

// On the prototype: every instance has it and none pays for it.
Object.defineProperty(HttpResponse.prototype, brand, { value: true })
