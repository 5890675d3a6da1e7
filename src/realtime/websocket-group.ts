import type { Logger } from '../core/logger.js'
import type { HttpRequest } from '../core/request.js'
import { HttpResponse } from '../core/response.js'
import type { Handler } from '../core/types.js'
import { type RawSocket, upgrading } from '../core/web-socket.js'
import type { AnyWebSocketHandlers, WebSocketRoute, WebSocketSettings } from '../core/web-socket-route.js'
import { checkHandshake, checkOrigin, chooseSubprotocol } from './websocket-handshake.js'
import type { SocketHub } from './websocket-hub.js'
import { ServerSocket, type SocketOwner } from './websocket-socket.js'

/** The sockets of one route. */
export class SocketGroup implements SocketOwner {
  readonly handlers: AnyWebSocketHandlers
  readonly hub: SocketHub
  readonly log: Logger
  readonly settings: WebSocketSettings
  readonly #sockets = new Set<ServerSocket>()
  #timer: NodeJS.Timeout | undefined

  constructor({ handlers, settings }: WebSocketRoute, hub: SocketHub, log: Logger) {
    this.handlers = handlers
    this.hub = hub
    this.log = log
    this.settings = settings
  }

  add(socket: ServerSocket): void {
    this.#sockets.add(socket)
    const { idleTimeout } = this.settings
    if (idleTimeout === 0) return
    // One timer for all: twice within the time each is looked at.
    this.#timer ??= setInterval(() => this.#sweep(), Math.max(1, idleTimeout / 2)).unref()
  }

  /** Answers a request with the upgrade that it asks for. */
  async answer(request: HttpRequest): Promise<HttpResponse> {
    const { handlers, settings } = this
    checkHandshake(request)
    await checkOrigin(request, settings)
    const protocol = chooseSubprotocol(request, settings)
    const data = await handlers.upgrade?.(request)
    const refusal = typeof data === 'object' && data !== null ? HttpResponse.from(data) : undefined
    if (refusal !== undefined) return refusal
    // The request itself is not kept: it would be as long as the socket is there.
    const beginning = { data, id: request.id, ip: request.ip, params: request.params, protocol }
    return upgrading({
      compresses: settings.compression,
      maxPayload: settings.maxPayload,
      open: (raw: RawSocket) => new ServerSocket(this, raw, beginning),
      protocol,
    })
  }

  delete(socket: ServerSocket): void {
    this.#sockets.delete(socket)
    if (this.#sockets.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #sweep(): void {
    for (const socket of this.#sockets) socket.sweep()
  }
}

/** The handler of a route of WebSockets. */
export function webSocketHandler(route: WebSocketRoute, hub: SocketHub, log: Logger): Handler {
  const group = new SocketGroup(route, hub, log)
  return (request) => group.answer(request as HttpRequest)
}
