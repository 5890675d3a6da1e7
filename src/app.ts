import type { Server } from 'node:http'
import type { DefaultEventsMap } from 'socket.io'
import { Endings } from './core/endings.js'
import type { Logger } from './core/logger.js'
import { observers, type RequestObserver } from './core/observer.js'
import { Phase } from './core/phase.js'
import type { HttpRequest } from './core/request.js'
import type { Settings } from './core/settings.js'
import type { ErrorHandler, Handler, Middleware } from './core/types.js'
import type { WebSocketData, WebSocketSendOptions } from './core/web-socket.js'
import { WebSocketRoute } from './core/web-socket-route.js'
import { describe, HotpressError } from './errors.js'
import { makeHost } from './host.js'
import type { CloseHook } from './lifecycle/close-hooks.js'
import { healthRoutes } from './lifecycle/health.js'
import type { AppHealthOptions } from './lifecycle/health-options.js'
import { Lifecycle } from './lifecycle/lifecycle.js'
import { type CloseHookOptions, type CloseOptions, settleClose, settleRun } from './lifecycle/options.js'
import { listenOptionNames } from './listen-options.js'
import { type Capabilities, Listeners } from './listeners.js'
import { corsPolicies } from './middleware/cors.js'
import type { Cors } from './middleware/cors-builder.js'
import type { CorsOptions } from './middleware/cors-options.js'
import type { HotpressOptions, ListenOptions, RunOptions } from './option-types.js'
import { settle } from './options.js'
import { AppSockets } from './realtime/app-sockets.js'
import type { SocketIoEvents, SocketIoServer } from './realtime/socketio-auth.js'
import type { SocketIoOptions } from './realtime/socketio-options.js'
import { RouteRegistry } from './routing/registry.js'
import { checkMiddleware, type RouteDefinition } from './routing/route-options.js'
import { RouteTable } from './routing/table.js'
import { type InjectOptions, type InjectResult, inject } from './transports/inject.js'
import type { ListeningServer } from './transports/listening-server.js'
import { createNodeServer } from './transports/node-http1.js'
import type { NodeBridge, TransportHost } from './transports/transport.js'

/**
 * An application: routes, middleware and settings, served by a transport. Everything is registered first; the first
 * `listen()` or `inject()` composes it, and from then on nothing can be added.
 *
 * @throws HotpressError `OPTION_UNKNOWN`, or `OPTION_INVALID` naming the option, what it got and what it takes.
 * @example
 * const app = new Hotpress()
 * app.get('/users/:id', (req) => ({ id: req.params.id }))
 * await app.listen({ port: 3000 })
 */
export class Hotpress extends RouteRegistry {
  #bridge: NodeBridge | undefined
  readonly #endings = new Endings()
  #hasNodeServer = false
  #host: TransportHost | undefined
  readonly #lifecycle: Lifecycle
  readonly #listeners: Listeners
  readonly #middleware: Middleware[] = []
  readonly #observers: RequestObserver[] = []
  #onError: ErrorHandler | undefined
  #onNotFound: Handler | undefined
  readonly #phase = new Phase()
  readonly #settings: Settings
  readonly #sockets = new AppSockets(corsPolicies)
  readonly #table = new RouteTable<RouteDefinition>()

  constructor(options: HotpressOptions = {}) {
    super()
    this.#settings = settle(options)
    this.#listeners = new Listeners({
      endings: this.#endings,
      hasNodeServer: () => this.#hasNodeServer,
      phase: this.#phase,
      settings: this.#settings,
      start: () => {
        const host = this.#start()
        this.#sockets.open()
        return host
      },
    })
    this.#lifecycle = new Lifecycle({
      listeners: () => this.#listeners.settled(),
      log: this.#settings.log,
      phase: this.#phase,
      sockets: this.#sockets,
    })
    const { accessLog } = this.#settings
    // The first hook is the last to run: what the others do may be logged too.
    if (accessLog !== undefined) this.onClose((signal) => accessLog.close(signal), { timeout: accessLog.closeTime })
  }

  /** The app's logger. */
  get log(): Logger {
    return this.#settings.log
  }

  /** What the app runs on: which native core, and which transports it listens by. */
  capabilities(): Capabilities {
    return this.#listeners.capabilities()
  }

  /**
   * Closes the app, and has its clients answered. It turns unready at once (`/readyz` is a 503), goes on for `delay`, and
   * then accepts no more. Requests that are under way, or come within `idleGrace`, are answered as the last of their
   * connections (HTTP/2 and HTTP/3: GOAWAY). Idle connections are closed, WebSockets are told so (1001), server-sent events
   * and clients of Socket.IO are ended: they connect again to whoever listens then. What is left after `drain` is cut off.
   * Then the hooks of {@link onClose} run. One line of the log says what was drained and what was cut.
   *
   * Calls while it closes share the first. When it has closed, the app can listen again.
   *
   * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`
   * @example
   * await app.close({ delay: '5s', drain: '20s', idleGrace: '2s' })
   */
  async close(options: CloseOptions = {}): Promise<void> {
    await this.#lifecycle.close(settleClose(options))
  }

  /**
   * Tells whoever starts, stops and routes to the app how it is: GET `/healthz` (alive), `/readyz` (it listens, does not
   * drain, and all checks pass) and `/startupz` (it has been ready once), each 200 or 503 with JSON. They answer while
   * the app is at its limits, and pass its middleware. More in docs/health.md; `health()` is for groups and single routes.
   *
   * @throws HotpressError `APP_STARTED`, `OPTION_INVALID`, `OPTION_UNKNOWN`, `ROUTE_CONFLICT`
   * @example
   * app.health({ checks: { database: () => pool.query('select 1') } })
   */
  health(options: AppHealthOptions = {}): this {
    this.#open('health()')
    for (const [path, handler] of healthRoutes(options)) this.get(path, handler)
    return this
  }

  /**
   * Makes a request without a socket, through everything that a request from one passes.
   *
   * @example
   * const res = await app.inject({ method: 'POST', url: '/users', body: { name: 'Ada' } })
   * assert.equal(res.status, 201)
   */
  inject(options: InjectOptions = {}): Promise<InjectResult> {
    return inject(this.#start(), options)
  }

  /**
   * Starts to listen. May be called several times, for several addresses: plaintext beside TLS, a listener that redirects
   * to HTTPS.
   *
   * @param onReady called once the address is taken.
   * @returns the listener: its address, with the port that was taken, and what can be done to it.
   * @throws HotpressError `ADDRESS_IN_USE`, `ADDRESS_REFUSED`, `APP_CLOSING`, `CERTIFICATE_UNREADABLE`, `OPTION_INVALID`,
   * `OPTION_REFUSED` when the named transport cannot do what was asked, `OPTION_UNKNOWN`, `TRANSPORT_UNAVAILABLE`.
   * @example
   * const server = await app.listen({ port: 443, tls: { cert: 'cert.pem', key: 'key.pem' } })
   * await app.listen({ port: 80, redirectToHttps: true })
   */
  async listen(options: ListenOptions = {}, onReady?: (server: ListeningServer) => void): Promise<ListeningServer> {
    this.#lifecycle.checkOpen('listen()')
    return this.#listeners.add(options, onReady)
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
    this.#open('nodeServer()')
    this.#hasNodeServer = true
    this.#bridge ??= { claims: checkFunction(claims, 'nodeServer()'), server: createNodeServer(this.#settings) }
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
    this.#open('observe()')
    checkFunction(observer?.began, 'began of observe()')
    checkFunction(observer.ended, 'ended of observe()')
    this.#observers.push(observer)
    return this
  }

  /**
   * Adds what is to be done when the app has closed, such as to end a pool of connections: what was added last comes first.
   * A hook that fails, or takes longer than its time, is told of in the log, and the others run all the same. They run each
   * time that the app closes.
   *
   * @throws HotpressError `HANDLER_INVALID`, `OPTION_INVALID`, `OPTION_UNKNOWN`
   * @example
   * app.onClose(() => database.end(), { timeout: '10s' })
   */
  onClose(hook: CloseHook, options: CloseHookOptions = {}): this {
    this.#lifecycle.hooks.add(hook, options)
    return this
  }

  /**
   * Sets what turns thrown errors into answers, those of Hotpress (404, 405, 413 and so on) included. What it returns
   * is answered as a handler's return would be; undefined leaves the error to the standard answer.
   */
  onError(handler: ErrorHandler): this {
    this.#open('onError()')
    this.#onError = checkFunction(handler, 'onError()')
    return this
  }

  /** Sets what answers requests that no route matches, in place of the standard 404. Its own status is 404 only if it says so. */
  onNotFound(handler: Handler): this {
    this.#open('onNotFound()')
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
    this.#sockets.publish(topic, data, options)
  }

  /**
   * Listens, and has the process end with the app. SIGINT and SIGTERM close it, as {@link close} does with the same options,
   * and then the process exits with 0; a second one ends it at once, with 128 and the number of the signal. An error that
   * nobody has caught outside of any request is told of in the log (`fatal`), the app closes, and the process exits with 1.
   * A service manager (systemd) is told when it is ready and when it stops, and has the signs of life that it asks for.
   *
   * @throws HotpressError what {@link listen} throws.
   * @example
   * await app.run({ delay: '5s', drain: '20s', host: '0.0.0.0', port: 3000 })
   */
  async run(options: RunOptions = {}): Promise<ListeningServer> {
    const { listen, run } = settleRun(options, listenOptionNames)
    return this.#lifecycle.run(run, () => this.listen(listen))
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
    this.#open('socketio()')
    return this.#sockets.addServer(options, this.log) as SocketIoServer<Listen, Emit, Between, Data>
  }

  /** Adds middleware around every request, those that no route answers included; the first added is outermost. */
  override use(...middleware: readonly Middleware[]): this {
    this.#open('use()')
    this.#middleware.push(...checkMiddleware(middleware))
    return this
  }

  protected override register(call: string, route: RouteDefinition): void {
    this.#open(call)
    this.#table.add(route)
    if (route.handler instanceof WebSocketRoute) this.#sockets.addRoute(route.handler)
  }

  #open(call: string): void {
    if (this.#host !== undefined) throw new HotpressError('APP_STARTED', { call })
  }

  #start(): TransportHost {
    // Upgrades go to Node's own server where a transport has none of its own.
    if (this.#sockets.isUsed) this.#bridge ??= { claims: undefined, server: createNodeServer(this.#settings) }
    this.#host ??= makeHost({
      bridge: this.#bridge,
      endings: this.#endings,
      middleware: this.#middleware,
      observer: observers(this.#observers),
      onError: this.#onError,
      onNotFound: this.#onNotFound,
      phase: this.#phase,
      settings: this.#settings,
      sockets: this.#sockets,
      table: this.#table,
    })
    return this.#host
  }
}

function checkFunction<Value>(value: Value, what: string): Value {
  if (typeof value !== 'function') throw new HotpressError('HANDLER_INVALID', { got: describe(value), what })
  return value
}
