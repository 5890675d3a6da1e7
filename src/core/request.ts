import { multipartOf, readBytes, readForm, readJson, readText, streamOf } from './body-readers.js'
import { type Cookies, readCookies } from './cookies.js'
import type { FormOptions, FormValues } from './form.js'
import { checkHeaderValue, type HeaderPairs, headerName, headerRecord } from './headers.js'
import type { Logger } from './logger.js'
import type { MultipartOptions, MultipartPart } from './multipart.js'
import { type PeerCertificate, peerCertificateOf } from './peer-certificate.js'
import type { RequestContext } from './request-context.js'
import { requestId } from './request-id.js'
import type { RequestKey } from './request-key.js'
import type { HttpVersion, RequestSource } from './request-source.js'
import { type Origin, peerAddressOf } from './trust.js'

/** What a pattern without parameters gives. */
export type NoParams = Record<never, string>

const none: NoParams = Object.freeze({})

let abort: (request: HttpRequest, reason: Error) => void
let bind: (request: HttpRequest, params: Readonly<Record<string, string>>, route: string) => void
let contextOf: (request: HttpRequest) => RequestContext | undefined
let headerPairsOf: (request: HttpRequest) => HeaderPairs
let knownId: (request: HttpRequest) => string | undefined
let sourceOf: (request: HttpRequest) => RequestSource

/**
 * A request. Everything is read from the transport when it is first asked for.
 *
 * @typeParam Params the parameters of the route, by name; typed from the path literal where one is registered.
 */
export class HttpRequest<Params = Readonly<Record<string, string>>> {
  readonly #context: RequestContext
  #controller: AbortController | undefined
  #cookies: Cookies | undefined
  #headers: Readonly<Record<string, string>> | undefined
  #id: string | undefined
  #log: Logger | undefined
  #origin: Origin | undefined
  #params: Params
  #query: URLSearchParams | undefined
  #route: string | undefined
  readonly #source: RequestSource
  #values: Map<RequestKey<unknown>, unknown> | undefined

  constructor(source: RequestSource, context: RequestContext) {
    this.#context = context
    this.#controller = undefined
    this.#cookies = undefined
    this.#headers = undefined
    this.#id = undefined
    this.#log = undefined
    this.#origin = undefined
    this.#params = none as Params
    this.#query = undefined
    this.#route = undefined
    this.#source = source
    this.#values = undefined
  }

  static {
    abort = (request, reason) => {
      // Without a controller nobody has asked for the signal; one that is asked for later is aborted at once.
      if (request.#controller === undefined) request.#controller = new AbortController()
      request.#controller.abort(reason)
    }
    bind = (request, params, route) => {
      request.#params = params
      request.#route = route
    }
    // A request may be of another loaded copy of the package, for values with toResponse.
    contextOf = (request) => (#context in request ? request.#context : undefined)
    headerPairsOf = (request) =>
      #source in request ? request.#source.headers() : Object.entries((request as HttpRequest).headers).flat()
    // Where ids may come from elsewhere, they are settled before the answer: after it headers may be gone.
    knownId = (request) => (request.#context.ids === undefined ? request.#id : request.id)
    sourceOf = (request) => request.#source
  }

  /**
   * The cookies by name, percent-decoded where that gives UTF-8; of two with one name the first. They are what the client
   * says: `CookieKeys` has those that it cannot make up.
   */
  get cookies(): Cookies {
    this.#cookies ??= readCookies(this.#source.headerList('cookie'))
    return this.#cookies
  }

  /** Request headers by lower-case name; repeated ones joined by `, `. */
  get headers(): Readonly<Record<string, string>> {
    this.#headers ??= headerRecord(this.#source.headers())
    return this.#headers
  }

  /** The name and, where there is one, the port that the client asked for: the `Host` header, or what a trusted proxy says. */
  get host(): string {
    return this.#proxied?.host ?? this.header('host') ?? ''
  }

  /** Which HTTP it has come by; `1.1` where it has come by none (`app.inject()`). */
  get httpVersion(): HttpVersion {
    return this.#source.httpVersion
  }

  /**
   * The id that stands in `X-Request-ID` of the response, in log lines and in problem documents: a UUID v4, that of a
   * trusted proxy, or what `generate` of `requestId` made.
   */
  get id(): string {
    if (this.#id === undefined) {
      const { ids } = this.#context
      this.#id = ids?.idFor(this.#source, () => this.#proxied) ?? requestId()
      this.#source.named?.(this.#id)
    }
    return this.#id
  }

  /**
   * The address of the client in its one spelling: that of the peer, or what trusted proxies say (`trustProxy`). The
   * empty string when the peer went away before anybody asked.
   */
  get ip(): string {
    return this.#proxied?.ip ?? this.peerAddress
  }

  /** A child of the app's logger that carries the request's id as `requestId`; made when first used. */
  get log(): Logger {
    this.#log ??= this.#source.trace?.logger(this.id) ?? this.#context.log.child({ requestId: this.id })
    return this.#log
  }

  /** The method, as received: methods are case-sensitive (RFC 9110, 9.1). */
  get method(): string {
    return this.#source.method
  }

  /** The route's parameters, percent-decoded once. */
  get params(): Params {
    return this.#params
  }

  /** The path as received, escapes and all, without the query. */
  get path(): string {
    return this.#source.path
  }

  /** The address of whoever is at the other end of the connection, a proxy perhaps, in its one spelling. */
  get peerAddress(): string {
    return peerAddressOf(this.#source)
  }

  /** The certificate of the client, issued by one of `ca` and proved to be its own; undefined without one. */
  get peerCertificate(): PeerCertificate | undefined {
    return peerCertificateOf(this.#source.peerCertificateDer)
  }

  /** The scheme that the client used: that of the connection, or what a trusted proxy says. */
  get protocol(): 'http' | 'https' {
    return this.#proxied?.protocol ?? this.#source.protocol
  }

  /** The parsed query string. */
  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.#source.query)
    return this.#query
  }

  /** The pattern of the matched route, such as `/users/:id`; undefined where none matched. */
  get route(): string | undefined {
    return this.#route
  }

  /** Aborted when the client goes away, or the answer took longer than `requestTimeout`. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    return this.#controller.signal
  }

  /** The host name that the client asked for by TLS (SNI), in lower case; undefined where it named none, and without TLS. */
  get sni(): string | undefined {
    return this.#source.sni
  }

  /** The path and the query as received. */
  get url(): string {
    const query = this.#source.query
    return query === '' ? this.path : `${this.path}?${query}`
  }

  /**
   * The whole body, however it arrives; once it is here it can be read again, by this or another reader.
   *
   * @throws HttpError 413 `BODY_TOO_LARGE`, 400 `BODY_ABORTED` when the client leaves before its end, `BODY_UNREAD` after
   * the answer; with `decodeBody` 415 `BODY_CODING_UNSUPPORTED` and 400 `BODY_CODING_INVALID`. HotpressError `BODY_USED`
   * after {@link stream}.
   */
  bytes(): Promise<Uint8Array> {
    return readBytes(this.#source, this.#context.bodies)
  }

  /**
   * The body as a form, `application/x-www-form-urlencoded`: texts by name, lists of names that come again, and groups
   * of names with brackets (`address[city]=Paris`).
   *
   * @throws HttpError 415 `MEDIA_TYPE_UNSUPPORTED`, 400 `FORM_INVALID`, 413 `FORM_TOO_LARGE`, and as {@link bytes}.
   */
  form<Values extends object = FormValues>(options: FormOptions = {}): Promise<Values> {
    return readForm(this.#source, this.#context.bodies, options) as Promise<Values>
  }

  /** The value that was {@link set} under a key, or undefined. */
  get<Value>(key: RequestKey<Value>): Value | undefined {
    return this.#values?.get(key) as Value | undefined
  }

  /** The first value of a request header, whatever the letter case of the name. */
  header(name: string): string | undefined {
    return this.#source.header(name.toLowerCase())
  }

  /**
   * Sends early hints (103, RFC 8297) before the answer, so that a browser can fetch what the page will need.
   *
   * @returns whether they were sent: not by uws, to HTTP/1.0, by node without a `link`, nor after the answer has begun.
   * @throws HotpressError `HEADER_INVALID`
   * @example
   * req.hint({ link: '</style.css>; rel=preload; as=style' })
   */
  hint(headers: Readonly<Record<string, string>>): boolean {
    for (const [name, value] of Object.entries(headers)) checkHeaderValue(headerName(name), value)
    return this.#source.hint?.(headers) ?? false
  }

  /**
   * The body parsed as JSON in UTF-8. Its type must be `application/json`, or one with the suffix `+json`.
   *
   * @throws HttpError 415 `MEDIA_TYPE_UNSUPPORTED`, 400 `BODY_NOT_JSON` with the position of a syntax error or the key
   * (`__proto__`, `constructor.prototype`) that is not taken, and as {@link bytes}.
   */
  json<Value = unknown>(): Promise<Value> {
    return readJson(this.#source, this.#context.bodies)
  }

  /**
   * The parts of a `multipart/form-data` body as they arrive, files as streams. What is not read of a file is let go
   * when the next part is asked for.
   *
   * @throws HttpError 415 `MEDIA_TYPE_UNSUPPORTED`, 400 `MULTIPART_INVALID`; while it is read also 413
   * `MULTIPART_TOO_LARGE`, and as {@link bytes}.
   * @example
   * for await (const part of req.multipart({ fileSize: '20mb' })) {
   *   if (part.kind === 'file') await part.saveTo('/var/uploads')
   * }
   */
  multipart(options: MultipartOptions = {}): AsyncGenerator<MultipartPart, void, undefined> {
    return multipartOf(this.#source, this.#context.bodies, options)
  }

  /** Keeps a value with this request, for whatever runs after. */
  set<Value>(key: RequestKey<Value>, value: Value): this {
    this.#values ??= new Map()
    this.#values.set(key, value)
    return this
  }

  /**
   * The body part by part, no faster than it is asked for: a slow reader holds the sender. It can be read once, unless it
   * was read whole before.
   *
   * @throws HotpressError `BODY_USED` when it is being read already. While it is read: as {@link bytes}.
   */
  stream(): AsyncIterableIterator<Uint8Array> {
    return streamOf(this.#source, this.#context.bodies)
  }

  /**
   * The body as text in UTF-8, without a byte order mark; what is malformed becomes U+FFFD.
   *
   * @throws HttpError 415 `BODY_CODING_UNSUPPORTED`, and as {@link bytes}.
   */
  text(): Promise<string> {
    return readText(this.#source, this.#context.bodies)
  }

  /** What came after the body (RFC 9110, 6.5), by lower-case name, once it was read to its end. On native and node. */
  get trailers(): Readonly<Record<string, string>> {
    return headerRecord(this.#source.trailers ?? [])
  }

  get #proxied(): Origin | undefined {
    const { trust } = this.#context
    if (trust !== undefined) this.#origin ??= trust.originOf(this.#source)
    return this.#origin
  }
}

export { abort as abortRequest, bind as bindRoute, contextOf as requestContext, headerPairsOf, knownId, sourceOf }
