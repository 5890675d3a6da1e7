import { bodyTooLarge } from './core/body.js'
import type { BodyRules } from './core/body-flow.js'
import { decoratorOf, inForce } from './core/decorator.js'
import type { Encoder } from './core/encoder.js'
import { isExempt, isLimit } from './core/exempt.js'
import type { Instrument } from './core/instrument.js'
import { bindRoute, type HttpRequest, sourceOf } from './core/request.js'
import type { RequestSource } from './core/request-source.js'
import type { HttpResponse } from './core/response.js'
import { empty } from './core/responses.js'
import { FolderRoute } from './core/static-options.js'
import { createResponder, type Responder } from './core/to-response.js'
import type { ErrorHandler, Handler, HandlerResult, Middleware, OpenChain } from './core/types.js'
import { WebSocketRoute } from './core/web-socket-route.js'
import { httpError } from './errors.js'
import { staticHandler } from './files/static.js'
import type { NumberedRoutes } from './fixed.js'
import { compose, composeOpen } from './middleware/compose.js'
import { createMatcher, type Matcher } from './routing/matcher.js'
import type { RouteDefinition } from './routing/route-options.js'
import { allowed, type Endpoint, type Entry, type RouteTable, readParams } from './routing/table.js'

/** What an app has gathered by the time it starts. */
export interface DispatcherParts {
  /** Of every body; a route may have a limit of its own. */
  readonly bodyRules: BodyRules
  /** Whether folders are served compressed where they do not say; what is streamed is compressed by middleware then. */
  readonly compressesFiles: boolean
  readonly fileEncoder: () => Encoder
  /** Measures what chains are made of; undefined where nobody wants to know. */
  readonly instrument: Instrument | undefined
  /** Around every request, those that no route answers included. */
  readonly middleware: readonly Middleware[]
  readonly onError: ErrorHandler | undefined
  readonly onNotFound: Handler | undefined
  /** Makes the handler of a route of WebSockets. */
  readonly socketHandler: (route: WebSocketRoute) => Handler
  readonly table: RouteTable<RouteDefinition>
}

const noParams = Object.freeze({})

/** What answers paths where nothing is, unless the app says otherwise. */
export function notFound({ path }: HttpRequest): never {
  throw httpError('NOT_FOUND', { path })
}

function malformed({ path }: HttpRequest): never {
  throw httpError('PATH_MALFORMED', { path })
}

/** From a request to a response: matches a route and runs its chain. Made once, at start, and never changed. */
export class Dispatcher {
  readonly #entries: Entry[] = []
  readonly #made = new Map<RouteDefinition, Handler>()
  readonly #notFound: OpenChain
  readonly #numbered: NumberedRoutes[] = []
  readonly #parts: DispatcherParts
  /** Makes a response of what {@link dispatch} promises. */
  readonly responder: Responder
  /** Filled with the routes; a transport of the native core matches by it itself. */
  readonly matcher: Matcher = createMatcher()

  constructor(parts: DispatcherParts) {
    this.#parts = { ...parts, middleware: inForce(parts.middleware) }
    this.responder = createResponder(parts.onError)
    const methods = new Set<string>()
    for (const [shape, routes] of parts.table.entries()) {
      this.matcher.insert(shape, this.#entries.length)
      this.#numbered.push({ route: this.#entries.length, routes })
      this.#entries.push(this.#entry(shape, routes))
      for (const method of routes.keys()) methods.add(method)
    }
    this.#notFound = this.#refusing((request) => {
      if (request.path === '*') return empty().header('Allow', allowed(methods))
      return (parts.onNotFound ?? notFound)(request)
    })
  }

  /** Whether anything answers while the app has too much to do. */
  get hasExempt(): boolean {
    return this.#entries.some(({ methods }) => [...methods.values()].some(({ isExempt }) => isExempt))
  }

  /** The routes by the matcher's numbers, where nothing but them wants to see a request; undefined else. */
  get unseen(): readonly NumberedRoutes[] | undefined {
    const { instrument, middleware, onError, onNotFound } = this.#parts
    if (instrument !== undefined || middleware.length > 0 || onError !== undefined || onNotFound !== undefined)
      return undefined
    const decorated = this.#numbered.some(({ routes }) => [...routes.values()].some(hasDecorators))
    return decorated ? undefined : this.#numbered
  }

  /** The patterns, by the matcher's numbers and the methods. */
  get patterns(): readonly { readonly method: string; readonly pattern: string; readonly route: number }[] {
    return this.#numbered.flatMap(({ route, routes }) =>
      [...routes].map(([method, { pattern }]) => ({ method, pattern: pattern.text, route })),
    )
  }

  /** By the matcher's numbers: whether a route has parameters, which are read from the path. */
  get wantsPath(): boolean[] {
    return this.#entries.map(({ methods }) => [...methods.values()].some(({ pattern }) => pattern.names.length > 0))
  }

  /** Does to an answer that was made outside of a chain what the chain's decorators would have done. */
  decorate(response: HttpResponse, request: HttpRequest): HttpResponse {
    const { method, path, routeId } = sourceOf(request)
    const entry = this.#entries[routeId ?? this.matcher.match(path)]
    const layers = entry?.methods.get(method)?.layers ?? this.#parts.middleware
    return layers.reduceRight((answer, layer) => decoratorOf(layer)?.(answer, request) ?? answer, response)
  }

  /** Whether a request is one that is answered while the app has too much to do. */
  isExempt(request: HttpRequest): boolean {
    const { method, path, routeId } = sourceOf(request)
    return this.#entries[routeId ?? this.matcher.match(path)]?.methods.get(method)?.isExempt === true
  }

  /** Whether a path is that of WebSockets. */
  servesSockets(path: string): boolean {
    const route = this.#numbered[this.matcher.match(path)]?.routes.get('GET')
    return route?.handler instanceof WebSocketRoute
  }

  dispatch(request: HttpRequest): HttpResponse | Promise<HandlerResult> {
    const source = sourceOf(request)
    const { bodySize, method } = source
    const id = source.routeId ?? this.matcher.match(source.path)
    if (id < 0) return this.#unrouted(this.#notFound, request, source)
    const entry = this.#entries[id]!
    const endpoint = method === 'GET' ? entry.get : entry.methods.get(method)
    if (endpoint === undefined) return this.#unrouted(entry.otherwise, request, source)

    const params = endpoint.pattern.names.length === 0 ? noParams : readParams(source.path, endpoint, this.matcher)
    if (params === undefined) return endpoint.malformed(request)
    bindRoute(request, params, endpoint.pattern.text)

    if (bodySize !== 0) {
      source.acceptBody(endpoint.bodyRules)
      if (bodySize > endpoint.bodyRules.limit) return endpoint.tooLarge(request)
    }
    return endpoint.chain(request)
  }

  // What answers for all routes, a fallback of the user's perhaps, may read a body too.
  #unrouted(chain: OpenChain, request: HttpRequest, source: RequestSource): HttpResponse | Promise<HandlerResult> {
    if (source.bodySize !== 0) source.acceptBody(this.#parts.bodyRules)
    return chain(request)
  }

  #endpoint(shape: string, route: RouteDefinition): Endpoint {
    const { bodyLimit, method, middleware, pattern } = route
    const limit = bodyLimit ?? this.#parts.bodyRules.limit
    const isExempted = isExempt(route.handler)
    const outer = isExempted ? this.#parts.middleware.filter((layer) => !isLimit(layer)) : this.#parts.middleware
    const layers = inForce([...outer, ...middleware])
    const refuse = (): never => {
      throw bodyTooLarge(limit)
    }
    const tooLarge = compose(layers, refuse, this.responder)
    return {
      bodyRules: { ...this.#parts.bodyRules, limit },
      // The bare path of a wildcard has its shape without the last parameter.
      captures: shape === pattern.shape ? pattern.names.length : pattern.names.length - 1,
      chain: this.#compose(layers, this.#handler(route)),
      isExempt: isExempted,
      layers,
      malformed: this.#refusing(malformed, middleware),
      method,
      pattern,
      tooLarge: async (request) => (await tooLarge(request)).close(),
    }
  }

  #compose(layers: readonly Middleware[], handler: Handler): OpenChain {
    const { instrument } = this.#parts
    if (instrument === undefined) return composeOpen(layers, handler, this.responder)
    return composeOpen(instrument.layers(layers), instrument.handler(handler), this.responder)
  }

  // A wildcard's path without anything behind it is another endpoint of the same folder.
  #handler(route: RouteDefinition): Handler {
    const { handler, pattern } = route
    if (handler instanceof WebSocketRoute) return this.#socketHandler(route, handler)
    if (!(handler instanceof FolderRoute)) return handler
    let made = this.#made.get(route)
    if (made === undefined) {
      const { compressesFiles, fileEncoder, onNotFound = notFound } = this.#parts
      const encoder = (handler.settings.compress ?? compressesFiles) ? fileEncoder() : undefined
      const slashes = handler.isBare ? 0 : pattern.text.split('/').length - 1
      made = staticHandler(handler.settings, slashes, {
        compressesStreams: compressesFiles,
        encoder,
        notFound: onNotFound,
      })
      this.#made.set(route, made)
    }
    return made
  }

  #socketHandler(route: RouteDefinition, handler: WebSocketRoute): Handler {
    let made = this.#made.get(route)
    if (made === undefined) {
      made = this.#parts.socketHandler(handler)
      this.#made.set(route, made)
    }
    return made
  }

  #entry(shape: string, routes: ReadonlyMap<string, RouteDefinition>): Entry {
    const methods = new Map<string, Endpoint>()
    for (const [method, route] of routes) methods.set(method, this.#endpoint(shape, route))
    const get = methods.get('GET')
    // A GET answers HEAD too; the writers leave its body out (RFC 9110, 9.3.2).
    if (get !== undefined && !methods.has('HEAD')) methods.set('HEAD', get)
    return { get, methods, otherwise: this.#otherwise(routes) }
  }

  // What no method of a path answers passes the decorators that all its routes share; a preflight (Fetch, 3.3.2) those of
  // the route it asks for.
  #otherwise(routes: ReadonlyMap<string, RouteDefinition>): OpenChain {
    const allow = allowed(routes.keys())
    const refuse: Handler = ({ method }) => {
      if (method === 'OPTIONS') return empty().header('Allow', allow)
      throw httpError('METHOD_NOT_ALLOWED', { allowed: allow, method }, { headers: { Allow: allow } })
    }
    const all = [...routes.values()].map(({ middleware }) => middleware)
    const shared = all[0]!.filter((layer) => all.every((layers) => layers.includes(layer)))
    const plain = this.#refusing(refuse, shared)
    if (![...routes.values()].some(hasDecorators)) return plain
    const preflights = new Map([...routes].map(([method, route]) => [method, this.#refusing(refuse, route.middleware)]))
    const get = preflights.get('GET')
    if (get !== undefined && !preflights.has('HEAD')) preflights.set('HEAD', get)
    return (request) => {
      if (request.method !== 'OPTIONS') return plain(request)
      return (preflights.get(request.header('access-control-request-method') ?? '') ?? plain)(request)
    }
  }

  // What no route answers passes the app's middleware all the same: it sees every request.
  #refusing(handler: Handler, own: readonly Middleware[] = []): OpenChain {
    const decorators = own.filter((layer) => decoratorOf(layer) !== undefined)
    return this.#compose(inForce([...this.#parts.middleware, ...decorators]), handler)
  }
}

function hasDecorators({ middleware }: RouteDefinition): boolean {
  return middleware.some((layer) => decoratorOf(layer) !== undefined)
}
