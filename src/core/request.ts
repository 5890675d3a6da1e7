import { type BodySource, parseJson, utf8 } from './body.js'
import { checkHeaderValue, findHeader, type HeaderPairs, headerName, headerRecord } from './headers.js'
import type { Logger } from './logger.js'
import { requestId } from './request-id.js'

/**
 * What a transport knows about one request. Each member may be asked for while the transport's callback runs;
 * `detach()` is called once when the request outlives it, and the source then owns what it still has to answer.
 */
export interface RequestSource extends BodySource {
  readonly ip: string
  readonly method: string
  /** The path as received: printable ASCII, escapes and all. */
  readonly path: string
  readonly protocol: 'http' | 'https'
  /** What follows the `?`, or the empty string. */
  readonly query: string
  /** The number that the matcher gives for the path, where the transport has asked it already. */
  readonly routeId?: number
  detach(): void
  /** Sends a 103 with these headers, where the transport can; says whether it did. */
  hint?(headers: Readonly<Record<string, string>>): boolean
  /** Names are lower-case. */
  headers(): HeaderPairs
}

/**
 * A typed name for a request-scoped value.
 *
 * @example
 * const user = requestKey<User>('user')
 * app.use((req, next) => { req.set(user, load(req)); return next() })
 * app.get('/me', (req) => req.get(user)?.name)
 */
export interface RequestKey<Value> {
  readonly name: string
  /** Holds the type; there is nothing here at run time. */
  readonly value?: Value
}

/** Makes a {@link RequestKey}; two keys of one name stay apart. */
export function requestKey<Value>(name: string): RequestKey<Value> {
  return Object.freeze({ name })
}

/** What {@link HttpRequest} needs of its app. */
export interface RequestContext {
  readonly log: Logger
}

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
  #headers: Readonly<Record<string, string>> | undefined
  #id: string | undefined
  #log: Logger | undefined
  #params: Params
  #query: URLSearchParams | undefined
  #route: string | undefined
  readonly #source: RequestSource
  #values: Map<RequestKey<unknown>, unknown> | undefined

  constructor(source: RequestSource, context: RequestContext) {
    this.#context = context
    this.#controller = undefined
    this.#headers = undefined
    this.#id = undefined
    this.#log = undefined
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
    knownId = (request) => request.#id
    sourceOf = (request) => request.#source
  }

  /** Request headers by lower-case name; repeated ones joined by `, `. */
  get headers(): Readonly<Record<string, string>> {
    this.#headers ??= headerRecord(this.#source.headers())
    return this.#headers
  }

  /** The `Host` header: the name and, where there is one, the port that the client asked for. */
  get host(): string {
    return this.header('host') ?? ''
  }

  /** A UUID v4, the same as in `X-Request-ID` of the response. */
  get id(): string {
    this.#id ??= requestId()
    return this.#id
  }

  /** The address of the peer; the empty string when it went away before anybody asked. */
  get ip(): string {
    return this.#source.ip
  }

  /** A child of the app's logger that carries the request's id as `requestId`; made when first used. */
  get log(): Logger {
    this.#log ??= this.#context.log.child({ requestId: this.id })
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

  /** The scheme of the connection. */
  get protocol(): 'http' | 'https' {
    return this.#source.protocol
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

  /** The path and the query as received. */
  get url(): string {
    const query = this.#source.query
    return query === '' ? this.path : `${this.path}?${query}`
  }

  /**
   * The whole body.
   *
   * @throws HttpError 413 when it is larger than the limit, 400 when the client went away before its end.
   */
  bytes(): Promise<Uint8Array> {
    return this.#source.readBody()
  }

  /** The value that was {@link set} under a key, or undefined. */
  get<Value>(key: RequestKey<Value>): Value | undefined {
    return this.#values?.get(key) as Value | undefined
  }

  /** The first value of a request header, whatever the letter case of the name. */
  header(name: string): string | undefined {
    return findHeader(this.#source.headers(), name.toLowerCase())
  }

  /**
   * Sends early hints (103, RFC 8297) before the answer, so that a browser can fetch what the page will need.
   *
   * @returns whether they were sent: uws and HTTP/1.0 have none, node only those with a `link`, and after the answer has
   * begun it is too late.
   * @throws HotpressError `HEADER_INVALID`
   * @example
   * req.hint({ link: '</style.css>; rel=preload; as=style' })
   */
  hint(headers: Readonly<Record<string, string>>): boolean {
    for (const [name, value] of Object.entries(headers)) {
      headerName(name)
      checkHeaderValue(name, value)
    }
    return this.#source.hint?.(headers) ?? false
  }

  /**
   * The body parsed as JSON.
   *
   * @throws HttpError 400 when it is not JSON in UTF-8, and as {@link bytes}.
   */
  json<Value = unknown>(): Promise<Value> {
    return this.#source.readBody().then(parseJson<Value>)
  }

  /** Keeps a value with this request, for whatever runs after. */
  set<Value>(key: RequestKey<Value>, value: Value): this {
    this.#values ??= new Map()
    this.#values.set(key, value)
    return this
  }

  /**
   * The body as text in UTF-8.
   *
   * @throws HttpError as {@link bytes}.
   */
  text(): Promise<string> {
    return this.#source.readBody().then(utf8)
  }
}

export { abort as abortRequest, bind as bindRoute, contextOf as requestContext, headerPairsOf, knownId, sourceOf }
