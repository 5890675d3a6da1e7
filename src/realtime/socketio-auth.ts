import type { IncomingMessage } from 'node:http'
import type { DefaultEventsMap, Namespace, Server, Socket } from 'socket.io'
import { checkFunction, refused } from '../core/options-check.js'
import type { HttpRequest } from '../core/request.js'
import { describe } from '../errors.js'

/** Events by name, each a function type; an interface of them fits. */
export interface SocketIoEvents {
  // biome-ignore lint/suspicious/noExplicitAny: the library's own constraint, which no interface would meet with unknown
  [event: string]: any
}

/** What is known of a client beside what it sent. */
export interface SocketIoHandshake<Sock = Socket> {
  /** The request by which it came, with what the middleware of handshakes has set. */
  readonly request: HttpRequest
  readonly socket: Sock
}

/**
 * Says who a client is: returns claims, or throws what the client gets as its `connect_error`, with message and `data`.
 *
 * @param payload what the client gave as `auth`; not to be believed.
 */
export type SocketIoAuthHandler<Claims, Sock = Socket> = (
  payload: Readonly<Record<string, unknown>>,
  handshake: SocketIoHandshake<Sock>,
) => Claims | Promise<Claims>

/** A namespace whose sockets have passed {@link SocketIoAuth.useAuth}. */
export type AuthenticatedNamespace<
  Claims,
  Listen extends SocketIoEvents,
  Emit extends SocketIoEvents,
  Between extends SocketIoEvents,
  Data,
> = {
  on(
    event: 'connect' | 'connection',
    listener: (socket: Socket<Listen, Emit, Between, Data> & { readonly auth: Claims }) => void,
  ): AuthenticatedNamespace<Claims, Listen, Emit, Between, Data>
} & Namespace<Listen, Emit, Between, Data>

/** What a server and each of its namespaces have beside what the library gives them. */
export interface SocketIoAuth<
  Listen extends SocketIoEvents,
  Emit extends SocketIoEvents,
  Between extends SocketIoEvents,
  Data,
> {
  /**
   * Has every client of this namespace prove who it is before it is connected; what the handler returns is `socket.auth`. Of
   * a dynamic namespace each child asks.
   *
   * @returns the namespace, with `socket.auth` in the type of its sockets.
   * @throws HotpressError `OPTION_INVALID` for what is no function, and with `skipMiddlewares`, which would let clients pass.
   * @example
   * io.of('/admin')
   *   .useAuth(async ({ token }) => verify(token))
   *   .on('connection', (socket) => socket.emit('welcome', socket.auth.name))
   */
  useAuth<Claims>(
    handler: SocketIoAuthHandler<Claims, Socket<Listen, Emit, Between, Data>>,
  ): AuthenticatedNamespace<Claims, Listen, Emit, Between, Data>
}

/** A namespace, with {@link SocketIoAuth.useAuth}. */
export type SocketIoNamespace<
  Listen extends SocketIoEvents,
  Emit extends SocketIoEvents,
  Between extends SocketIoEvents,
  Data,
> = Namespace<Listen, Emit, Between, Data> & SocketIoAuth<Listen, Emit, Between, Data>

/** The server of the package socket.io, with {@link SocketIoAuth.useAuth} for it and its namespaces. */
export type SocketIoServer<
  Listen extends SocketIoEvents = DefaultEventsMap,
  Emit extends SocketIoEvents = Listen,
  Between extends SocketIoEvents = DefaultEventsMap,
  Data = unknown,
> = {
  of(
    name: Parameters<Server['of']>[0],
    listener?: (socket: Socket<Listen, Emit, Between, Data>) => void,
  ): SocketIoNamespace<Listen, Emit, Between, Data>
} & SocketIoAuth<Listen, Emit, Between, Data> &
  Server<Listen, Emit, Between, Data>

/** The request of a handshake, by what the library has of it. */
export type HandshakeOf = (req: IncomingMessage) => HttpRequest

/**
 * Gives a server and its namespaces `useAuth()`, those that are made later included; to these objects alone.
 *
 * @param skips whether clients that come back pass no middleware.
 */
export function withAuth(io: Server, handshakeOf: HandshakeOf, skips: boolean): SocketIoServer {
  function authenticated(
    namespace: Namespace,
  ): SocketIoNamespace<DefaultEventsMap, DefaultEventsMap, DefaultEventsMap, unknown> {
    const use = (handler: SocketIoAuthHandler<unknown>): Namespace => {
      checkFunction(handler, 'handler of useAuth()')
      if (skips) {
        refused(
          'skipMiddlewares of connectionStateRecovery',
          'true',
          'false beside useAuth(), which would be passed over',
        )
      }
      return namespace.use((socket, next) => {
        const { auth } = socket.handshake
        const payload = typeof auth === 'object' && auth !== null ? auth : {}
        // Within a promise, so that what is thrown at once is a refusal as well.
        new Promise((resolve) => {
          resolve(handler(payload, { request: handshakeOf(socket.request), socket }))
        }).then(
          (claims) => {
            Object.defineProperty(socket, 'auth', { enumerable: true, value: claims })
            next()
          },
          (thrown: unknown) => next(asError(thrown)),
        )
      })
    }
    return Object.assign(namespace, Object.hasOwn(namespace, 'useAuth') ? {} : { useAuth: use }) as never
  }
  const of = io.of.bind(io)
  const root = authenticated(io.sockets)
  io.on('new_namespace', authenticated)
  return Object.assign(io, {
    of: (...[name, listener]: Parameters<Server['of']>) => authenticated(of(name, listener)),
    useAuth: root.useAuth,
  }) as never
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(typeof thrown === 'string' ? thrown : describe(thrown))
}
