import type { HttpRequest } from '../core/request.js'
import { FolderRoute, type StaticOptions, settleStatic } from '../core/static-options.js'
import type { Handler, HandlerResult, Middleware } from '../core/types.js'
import { type WebSocketHandlers, WebSocketRoute } from '../core/web-socket-route.js'
import { describe, HotpressError } from '../errors.js'
import { checkMethod, joinPatterns, type PathParams, parseMethodPattern, parsePattern } from './pattern.js'
import {
  checkMiddleware,
  checkPrefix,
  checkScopeOptions,
  type RouteDefinition,
  type RouteOptions,
  type ScopeOptions,
} from './route-options.js'

/** A handler whose parameters are typed from the path. */
export type PathHandler<Path extends string> = (
  request: HttpRequest<PathParams<Path>>,
) => HandlerResult | Promise<HandlerResult>

type Rest<Path extends string> = [handler: PathHandler<Path>] | [options: RouteOptions, handler: PathHandler<Path>]

type MethodPath<Text extends string> = Text extends `:${string}/${infer Path}` ? `/${Path}` : string

/**
 * The methods that register routes: what an app and a group have in common.
 *
 * @typeParam Prefix the group's prefix, whose parameters its handlers see too.
 */
export abstract class RouteRegistry<Prefix extends string = ''> {
  /**
   * Registers a route in the `:method/path` form.
   *
   * @example
   * app.add(':post/users', createUser)
   */
  add<const Text extends string>(methodAndPath: Text, ...rest: Rest<`${Prefix}${MethodPath<Text>}`>): this {
    const { method, path } = parseMethodPattern(methodAndPath)
    return this.#route('add()', method, path, rest as unknown[])
  }

  /** Registers a DELETE route. */
  delete<const Path extends string>(path: Path, ...rest: Rest<`${Prefix}${Path}`>): this {
    return this.#route('delete()', 'DELETE', path, rest)
  }

  /** Registers a GET route, which answers HEAD too. */
  get<const Path extends string>(path: Path, ...rest: Rest<`${Prefix}${Path}`>): this {
    return this.#route('get()', 'GET', path, rest)
  }

  /** Registers a HEAD route, in place of what GET would answer; the body is never sent. */
  head<const Path extends string>(path: Path, ...rest: Rest<`${Prefix}${Path}`>): this {
    return this.#route('head()', 'HEAD', path, rest)
  }

  /**
   * Takes in the routes of a group, with its prefix and middleware. The group is complete then.
   *
   * @param prefix put before the group's own, so that one group can be mounted in several places.
   */
  mount(group: RouteGroup<string>): this
  mount(prefix: string, group: RouteGroup<string>): this
  mount(first: RouteGroup<string> | string, second?: RouteGroup<string>): this {
    const prefix = typeof first === 'string' ? checkPrefix(first) : ''
    const group = typeof first === 'string' ? second : first
    if (!(group instanceof RouteGroup)) {
      throw new HotpressError('OPTION_INVALID', {
        got: describe(group),
        option: 'group of mount()',
        takes: 'a RouteGroup',
      })
    }
    for (const route of group.routes()) {
      this.register('mount()', { ...route, pattern: parsePattern(joinPatterns(prefix, route.pattern.text)) })
    }
    return this
  }

  /** Registers an OPTIONS route, in place of the automatic answer. */
  options<const Path extends string>(path: Path, ...rest: Rest<`${Prefix}${Path}`>): this {
    return this.#route('options()', 'OPTIONS', path, rest)
  }

  /** Registers a PATCH route. */
  patch<const Path extends string>(path: Path, ...rest: Rest<`${Prefix}${Path}`>): this {
    return this.#route('patch()', 'PATCH', path, rest)
  }

  /** Registers a POST route. */
  post<const Path extends string>(path: Path, ...rest: Rest<`${Prefix}${Path}`>): this {
    return this.#route('post()', 'POST', path, rest)
  }

  /** Registers a PUT route. */
  put<const Path extends string>(path: Path, ...rest: Rest<`${Prefix}${Path}`>): this {
    return this.#route('put()', 'PUT', path, rest)
  }

  /**
   * Registers a route for any method, such as `PURGE`.
   *
   * @throws HotpressError `METHOD_INVALID` when the method is not a token.
   */
  route<const Path extends string>(method: string, path: Path, ...rest: Rest<`${Prefix}${Path}`>): this {
    return this.#route('route()', checkMethod(method), path, rest)
  }

  /**
   * Serves the files of a folder to GET and HEAD. More in docs/files.md.
   *
   * @param prefix where they are: `/assets` gives `/assets/app.css` the file `app.css`; `/` and the empty string give
   * them all paths that no other route answers.
   * @param folder looked for when a file is asked for; below the working directory where it is not absolute.
   * @throws HotpressError `HEADER_INVALID`, `OPTION_INVALID`, `OPTION_UNKNOWN`, `PATTERN_INVALID`, `ROUTE_CONFLICT`
   * @example
   * app.static('/assets', 'public', { immutable: true })
   */
  static(prefix: string, folder: URL | string, options: StaticOptions = {}): this {
    const settings = settleStatic(prefix, folder, options)
    const before = checkPrefix(prefix)
    const add = (pattern: string, isBare: boolean): void => {
      const handler = new FolderRoute(settings, isBare)
      this.register('static()', {
        bodyLimit: undefined,
        handler,
        method: 'GET',
        middleware: [],
        pattern: parsePattern(pattern),
      })
    }
    if (before !== '' && settings.redirect) add(before, true)
    add(`${before}/*`, false)
    return this
  }

  /** Takes one complete definition. */
  protected abstract register(call: string, route: RouteDefinition): void

  /** Adds middleware around every route registered here, before or after this call; the first added is outermost. */
  abstract use(...middleware: readonly Middleware[]): this

  /**
   * Serves WebSockets at a path. The middleware of the app and of groups runs first, with the request that asks for one:
   * what it answers in place of `next()` is answered. More in docs/websockets.md.
   *
   * @param handlers write `upgrade` before the others: what it returns is the type of `data` in them.
   * @throws HotpressError `HANDLER_INVALID`, `OPTION_INVALID`, `OPTION_UNKNOWN`, `PATTERN_INVALID`, `ROUTE_CONFLICT`
   * @example
   * app.ws('/rooms/:room', {
   *   upgrade: (req) => ({ name: req.query.get('name') ?? 'nobody' }),
   *   open: (socket) => socket.subscribe(socket.params.room),
   *   message: (socket, message) => socket.publish(socket.params.room, `${socket.data.name}: ${message}`),
   * })
   */
  ws<const Path extends string, Data = undefined>(
    path: Path,
    handlers: WebSocketHandlers<PathParams<`${Prefix}${Path}`>, Data>,
  ): this {
    const handler = new WebSocketRoute(String(path), handlers)
    const middleware = checkMiddleware(handler.settings.use, `use of the options of ws(${JSON.stringify(path)})`)
    this.register('ws()', { bodyLimit: undefined, handler, method: 'GET', middleware, pattern: parsePattern(path) })
    return this
  }

  #route(call: string, method: string, path: string, rest: readonly unknown[]): this {
    const handler = rest.at(-1)
    if (typeof handler !== 'function' || rest.length > 2) {
      const what = `the route ${method} ${String(path)}`
      throw new HotpressError('HANDLER_INVALID', {
        got: rest.length > 2 ? `${rest.length} values` : describe(handler),
        what,
      })
    }
    const options = rest.length === 2 ? rest[0] : {}
    const { bodyLimit } = checkScopeOptions(options, ` of the route ${method} ${path}`, ['use'])
    const { use = [] } = options as RouteOptions
    const middleware = checkMiddleware(Array.isArray(use) ? use : [use], `use of the route ${method} ${path}`)
    this.register(call, { bodyLimit, handler: handler as Handler, method, middleware, pattern: parsePattern(path) })
    return this
  }
}

/** Options of a {@link RouteGroup}. */
export interface RouteGroupOptions<Prefix extends string = string> extends ScopeOptions {
  /** Put before the path of every route: begins with a slash and does not end in one. None by default. */
  readonly prefix?: Prefix
}

/**
 * Routes that have a prefix, middleware or limits in common. Groups nest.
 *
 * @throws HotpressError `OPTION_UNKNOWN`, `OPTION_INVALID`, `PATTERN_INVALID`
 * @example
 * const admin = new RouteGroup({ prefix: '/admin' })
 * admin.use(auth)
 * admin.get('/', page)
 * app.mount(admin)
 */
export class RouteGroup<const Prefix extends string = ''> extends RouteRegistry<Prefix> {
  readonly #bodyLimit: number | undefined
  #isMounted = false
  readonly #middleware: Middleware[] = []
  readonly #prefix: string
  readonly #routes: RouteDefinition[] = []

  constructor(options: RouteGroupOptions<Prefix> = {}) {
    super()
    this.#bodyLimit = checkScopeOptions(options, ' of a RouteGroup', ['prefix']).bodyLimit
    this.#prefix = checkPrefix(options.prefix ?? '')
  }

  /** @internal The group's routes with all that it adds; from then on it takes no more. */
  *routes(): Generator<RouteDefinition> {
    this.#isMounted = true
    for (const route of this.#routes) {
      yield {
        ...route,
        bodyLimit: route.bodyLimit ?? this.#bodyLimit,
        middleware: [...this.#middleware, ...route.middleware],
        pattern: parsePattern(joinPatterns(this.#prefix, route.pattern.text)),
      }
    }
  }

  override use(...middleware: readonly Middleware[]): this {
    this.#open('use()')
    this.#middleware.push(...checkMiddleware(middleware))
    return this
  }

  protected override register(call: string, route: RouteDefinition): void {
    this.#open(call)
    this.#routes.push(route)
  }

  #open(call: string): void {
    if (this.#isMounted) throw new HotpressError('GROUP_MOUNTED', { call, prefix: this.#prefix || '/' })
  }
}
