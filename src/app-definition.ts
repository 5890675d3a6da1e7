import type { Server } from 'node:http'
import type { DefaultEventsMap } from 'socket.io'
import type { Endings } from './core/endings.js'
import type { Logger } from './core/logger.js'
import type { Meter } from './core/metric.js'
import { observers, type RequestObserver } from './core/observer.js'
import type { Phase } from './core/phase.js'
import type { HttpRequest } from './core/request.js'
import type { Settings } from './core/settings.js'
import type { ErrorHandler, Handler, Middleware } from './core/types.js'
import type { WebSocketData, WebSocketSendOptions } from './core/web-socket.js'
import { WebSocketRoute } from './core/web-socket-route.js'
import { describe, HotpressError } from './errors.js'
import { type AppHost, makeHost, outerLayers } from './host.js'
import { corsPolicies } from './middleware/cors.js'
import type { Cors } from './middleware/cors-builder.js'
import type { CorsOptions } from './middleware/cors-options.js'
import type { HotpressOptions } from './option-types.js'
import { settle } from './options.js'
import { AppSockets } from './realtime/app-sockets.js'
import type { SocketIoEvents, SocketIoServer } from './realtime/socketio-auth.js'
import type { SocketIoOptions } from './realtime/socketio-options.js'
import { RouteRegistry } from './routing/registry.js'
import { type RouteInfo, routeInfos } from './routing/route-info.js'
import { checkMiddleware, type RouteDefinition } from './routing/route-options.js'
import { RouteTable } from './routing/table.js'
import { createNodeServer } from './transports/node-http1.js'
import type { NodeBridge, TransportHost } from './transports/transport.js'

/**
 * What an app is made of: its settings, routes, middleware, and who else takes part. `Hotpress` adds what it does.
 *
 * @throws HotpressError `OPTION_UNKNOWN`, or `OPTION_INVALID` naming the option, what it got and what it takes.
 */
export abstract class AppDefinition extends RouteRegistry {
  #bridge: NodeBridge | undefined
  #hasNodeServer = false
  #host: AppHost | undefined
  readonly #middleware: Middleware[] = []
  readonly #observers: RequestObserver[] = []
  #onError: ErrorHandler | undefined
  #onNotFound: Handler | undefined
  readonly #table = new RouteTable<RouteDefinition>()
  protected readonly settings: Settings
  protected readonly sockets: AppSockets = new AppSockets(corsPolicies)

  constructor(options: HotpressOptions) {
    super()
    this.settings = settle(options)
  }

  /** The app's logger. */
  get log(): Logger {
    return this.settings.log
  }

  /**
   * A server of Node's own on the app's addresses, for libraries that want one: a WebSocket server, Connect middleware.
   * It serves every ordinary route as well. On the transport node it is the listening server itself; on native a
   * connection goes over to it with the first request that `claims` takes, or that asks for an upgrade while somebody
   * listens for `upgrade`; uws cannot do it, and `auto` takes another.
   *
   * @param claims must not throw; none by default.
   * @example
   * new WebSocketServer({ path: '/ws', server: app.nodeServer() })
   */
  nodeServer(claims: (request: HttpRequest) => boolean = () => false): Server {
    this.checkNotStarted('nodeServer()')
    this.#hasNodeServer = true
    this.#bridge ??= { claims: checkFunction(claims, 'nodeServer()'), server: createNodeServer(this.settings) }
    return this.#bridge.server
  }

  /**
   * Has each request told of: when it has come, and when it has ended, on every transport and by every protocol. Observers
   * change nothing; middleware does. They cost each request some tenths of a microsecond, and must not throw.
   *
   * @throws HotpressError `APP_STARTED`, `HANDLER_INVALID`
   * @example
   * app.observe({ began() {}, ended: ({ route }, { duration }) => histogram.record(duration, { route }) })
   */
  observe(observer: RequestObserver): this {
    this.checkNotStarted('observe()')
    checkFunction(observer?.began, 'began of observe()')
    checkFunction(observer.ended, 'ended of observe()')
    this.#observers.push(observer)
    return this
  }

  /**
   * Sets what turns thrown errors into answers, those of Hotpress (404, 405, 413 and so on) included. What it returns
   * is answered as a handler's return would be; undefined leaves the error to the standard answer.
   */
  onError(handler: ErrorHandler): this {
    this.checkNotStarted('onError()')
    this.#onError = checkFunction(handler, 'onError()')
    return this
  }

  /** Sets what answers requests that no route matches, in place of the standard 404. Its own status is 404 only if it says so. */
  onNotFound(handler: Handler): this {
    this.checkNotStarted('onNotFound()')
    this.#onNotFound = checkFunction(handler, 'onNotFound()')
    return this
  }

  /**
   * Sends a message to all WebSockets that are subscribed to a topic.
   *
   * @throws HotpressError `MESSAGE_INVALID`
   * @example
   * app.publish('news', JSON.stringify(article))
   */
  publish(topic: string, data: WebSocketData, options?: WebSocketSendOptions): void {
    this.sockets.publish(topic, data, options)
  }

  /**
   * The routes in the order in which they are asked: of two that match a path, the first answers. `hotpress routes` prints
   * them.
   */
  routes(): RouteInfo[] {
    const { bodyLimit } = this.settings
    return routeInfos(this.#table.all(), {
      bodyLimit,
      middleware: outerLayers(this.settings, this.#middleware, this.#onNotFound),
    })
  }

  /**
   * Adds a server of Socket.IO on the app's addresses, on every transport: polling, also by HTTP/2 and HTTP/3, and
   * WebSockets. It is the ordinary one of the package socket.io, and `useAuth()` beside it. The app's own middleware is not
   * run for it; `middleware` says what is.
   *
   * @typeParam Listen events from clients.
   * @typeParam Emit events to clients.
   * @typeParam Between events between processes.
   * @typeParam Data `socket.data`.
   * @throws HotpressError `APP_STARTED`, `OPTION_INVALID`, `OPTION_UNKNOWN`, `SOCKETIO_CONFLICT` for a second one on a path.
   * @example
   * const io = app.socketio<ClientEvents, ServerEvents>({ pingInterval: '20s' })
   * io.useAuth(({ token }) => verify(token)).on('connection', (socket) => {
   *   socket.on('say', (text) => io.emit('said', socket.auth.name, text))
   * })
   */
  socketio<
    Listen extends SocketIoEvents = DefaultEventsMap,
    Emit extends SocketIoEvents = Listen,
    Between extends SocketIoEvents = DefaultEventsMap,
    Data = unknown,
  >(options: SocketIoOptions<boolean | Cors | CorsOptions> = {}): SocketIoServer<Listen, Emit, Between, Data> {
    this.checkNotStarted('socketio()')
    return this.sockets.addServer(options, this.log) as SocketIoServer<Listen, Emit, Between, Data>
  }

  /** Adds middleware around every request, those that no route answers included; the first added is outermost. */
  override use(...middleware: readonly Middleware[]): this {
    this.checkNotStarted('use()')
    this.#middleware.push(...checkMiddleware(middleware))
    return this
  }

  /** Whether Node's own server shares the connections. */
  protected get hasNodeServer(): boolean {
    return this.#hasNodeServer
  }

  protected get hasStarted(): boolean {
    return this.#host !== undefined
  }

  /** Parts of it that have figures of their own. */
  protected get meters(): readonly Meter[] {
    return this.#host?.meters ?? []
  }

  /** @throws HotpressError `APP_STARTED` */
  protected checkNotStarted(call: string): void {
    if (this.#host !== undefined) throw new HotpressError('APP_STARTED', { call })
  }

  /** Makes of it what transports serve; once. */
  protected compose(endings: Endings, phase: Phase): TransportHost {
    // Upgrades go to Node's own server where a transport has none of its own.
    if (this.sockets.isUsed) this.#bridge ??= { claims: undefined, server: createNodeServer(this.settings) }
    this.#host ??= makeHost({
      bridge: this.#bridge,
      endings,
      middleware: this.#middleware,
      observer: observers(this.#observers),
      onError: this.#onError,
      onNotFound: this.#onNotFound,
      phase,
      settings: this.settings,
      sockets: this.sockets,
      table: this.#table,
    })
    return this.#host
  }

  protected override register(call: string, route: RouteDefinition): void {
    this.checkNotStarted(call)
    this.#table.add(route)
    if (route.handler instanceof WebSocketRoute) this.sockets.addRoute(route.handler)
  }
}

function checkFunction<Value>(value: Value, what: string): Value {
  if (typeof value !== 'function') throw new HotpressError('HANDLER_INVALID', { got: describe(value), what })
  return value
}
