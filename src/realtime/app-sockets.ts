import type { Logger } from '../core/logger.js'
import type { HttpRequest } from '../core/request.js'
import type { HttpResponse } from '../core/response.js'
import type { Handler, HandlerResult } from '../core/types.js'
import type { SocketLimits, WebSocketData, WebSocketSendOptions } from '../core/web-socket.js'
import type { WebSocketRoute } from '../core/web-socket-route.js'
import { HotpressError } from '../errors.js'
import { type CorsChoice, type SocketIoHost, SocketIoMount } from './socketio.js'
import type { SocketIoServer } from './socketio-auth.js'
import type { SocketIoOptions } from './socketio-options.js'
import { logAdapters } from './socketio-redis.js'
import { webSocketHandler } from './websocket-group.js'
import { SocketHub } from './websocket-hub.js'
import { NodeSockets } from './websocket-node.js'

type Dispatch = (request: HttpRequest) => HttpResponse | Promise<HandlerResult>

/** What an app has of sockets: routes of WebSockets, their topics, and servers of Socket.IO. */
export class AppSockets {
  readonly #chooseCors: CorsChoice
  readonly #hub = new SocketHub()
  readonly #mounts: SocketIoMount[] = []
  readonly #routes: WebSocketRoute[] = []

  constructor(chooseCors: CorsChoice) {
    this.#chooseCors = chooseCors
  }

  /** Whether there are any. */
  get isUsed(): boolean {
    return this.#mounts.length > 0 || this.#routes.length > 0
  }

  addRoute(route: WebSocketRoute): void {
    this.#routes.push(route)
  }

  /** @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`, `SOCKETIO_CONFLICT` */
  addServer(options: SocketIoOptions, log: Logger): SocketIoServer {
    const mount = new SocketIoMount(options, this.#chooseCors)
    const { io, path } = mount
    if (this.#mounts.some((other) => other.path === path)) {
      // Its adapter may have connected.
      mount.close()
      throw new HotpressError('SOCKETIO_CONFLICT', { path })
    }
    logAdapters(io, log)
    this.#mounts.push(mount)
    return io
  }

  /** What dispatches the requests of an app: those of Socket.IO to its servers, and others as before. */
  before(dispatch: Dispatch): Dispatch {
    const mounts = this.#mounts
    if (mounts.length === 0) return dispatch
    return (request) => {
      const mount = mounts.find((each) => each.serves(request))
      return mount === undefined ? dispatch(request) : mount.handle(request)
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.#mounts.map((mount) => mount.close()))
  }

  /** The handler of a route. */
  handlerOf(route: WebSocketRoute, log: Logger): Handler {
    return webSocketHandler(route, this.#hub, log)
  }

  /** The app begins to listen, after it was closed perhaps. */
  open(): void {
    for (const mount of this.#mounts) mount.open()
  }

  publish(topic: string, data: WebSocketData, options: WebSocketSendOptions | undefined): void {
    this.#hub.publish(topic, data, options)
  }

  start(host: SocketIoHost): void {
    for (const mount of this.#mounts) mount.start(host)
  }

  /**
   * The WebSockets for transports; undefined where there are none.
   *
   * @param isRoute whether a path is that of a route of WebSockets.
   */
  forTransports(isRoute: (path: string) => boolean): NodeSockets | undefined {
    if (!this.isUsed) return undefined
    const paths = new Set(this.#mounts.flatMap(({ limits }) => limits.paths))
    const limits = this.#mounts.map((mount) => mount.limits)
    if (this.#routes.length > 0) limits.push(limitsOf(this.#routes))
    return new NodeSockets(limits, (path) => paths.has(path) || isRoute(path))
  }
}

// What is allowed on any route.
function limitsOf(routes: readonly WebSocketRoute[]): SocketLimits {
  return {
    compresses: routes.some(({ settings }) => settings.compression),
    maxBackpressure: Math.max(...routes.map(({ settings }) => settings.maxBackpressure)),
    maxPayload: Math.max(...routes.map(({ settings }) => settings.maxPayload)),
    paths: ['/*'],
  }
}
