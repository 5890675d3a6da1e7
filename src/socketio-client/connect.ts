import type * as Library from 'socket.io-client'
import { invalid } from '../core/options-check.js'
import { peer } from '../core/peer.js'
import { askEachTime, checkAuth, type SocketIoClientAuth } from './auth.js'
import { discard, newSocket } from './connections.js'
import { FirstConnection } from './first-connection.js'
import { type SocketIoClientOptions, settleClient } from './options.js'
import { originOf } from './origin.js'
import type { AnyEvents, SocketIoClient, SocketIoClientEvents } from './types.js'

type Connecting<Listen extends SocketIoClientEvents, Emit extends SocketIoClientEvents> = Promise<
  SocketIoClient<Listen, Emit>
>

// The same types stand in each of the library's two builds, and classes of one are not those of the other.
const load = peer(
  'socket.io-client',
  'hotpress/socketio-client',
  () => import('socket.io-client') as Promise<unknown> as Promise<typeof Library>,
)

/**
 * Connects to the main namespace of a server of Socket.IO, by WebSocket. Resolves when the server has let the client in;
 * listeners that are added right then miss no event. A connection that is lost later is made again by itself, but for one
 * that the server has ended on purpose.
 *
 * @param url where the server is: `https://api.example.com`, without a path.
 * @throws HotpressError (by rejection) `OPTION_INVALID`, `OPTION_UNKNOWN`, `PACKAGE_MISSING` without socket.io-client;
 * `SOCKETIO_REFUSED`, `SOCKETIO_TIMEOUT`, `SOCKETIO_UNREACHABLE`. Nothing is tried again or left open then.
 * @example
 * const socket = await connect<ServerEvents, ClientEvents>('http://127.0.0.1:3000')
 * socket.on('said', (name, text) => console.log(name, text))
 * const at = await socket.emitWithAck('say', 'Hello')
 * socket.close()
 */
export async function connect<
  Listen extends SocketIoClientEvents = AnyEvents,
  Emit extends SocketIoClientEvents = Listen,
>(url: string | URL, options: SocketIoClientOptions = {}): Connecting<Listen, Emit> {
  return open('connect()', url, '/', undefined, options)
}

/**
 * As {@link connect}, and says who the client is: what the server's `useAuth()` gets.
 *
 * @param auth an object, or a function that gives one and is asked at each connection. No error shows it.
 * @throws HotpressError (by rejection) as {@link connect}, and what the function throws.
 * @example
 * const socket = await connectWithAuth(url, async () => ({ token: await freshToken() }))
 */
export async function connectWithAuth<
  Listen extends SocketIoClientEvents = AnyEvents,
  Emit extends SocketIoClientEvents = Listen,
>(url: string | URL, auth: SocketIoClientAuth, options: SocketIoClientOptions = {}): Connecting<Listen, Emit> {
  return open('connectWithAuth()', url, '/', { auth }, options)
}

/**
 * As {@link connect}, to a namespace. Namespaces of one server share a connection, unless their options differ.
 *
 * @param namespace such as `/admin`.
 * @throws HotpressError (by rejection) as {@link connect}.
 * @example
 * const jobs = await connectTo(url, '/jobs')
 */
export async function connectTo<
  Listen extends SocketIoClientEvents = AnyEvents,
  Emit extends SocketIoClientEvents = Listen,
>(url: string | URL, namespace: string, options: SocketIoClientOptions = {}): Connecting<Listen, Emit> {
  return open('connectTo()', url, namespace, undefined, options)
}

/**
 * As {@link connectTo}, with the `auth` of {@link connectWithAuth}.
 *
 * @throws HotpressError (by rejection) as {@link connectWithAuth}.
 * @example
 * const admin = await connectToWithAuth(url, '/admin', { token })
 */
export async function connectToWithAuth<
  Listen extends SocketIoClientEvents = AnyEvents,
  Emit extends SocketIoClientEvents = Listen,
>(
  url: string | URL,
  namespace: string,
  auth: SocketIoClientAuth,
  options: SocketIoClientOptions = {},
): Connecting<Listen, Emit> {
  return open('connectToWithAuth()', url, namespace, { auth }, options)
}

async function open<Listen extends SocketIoClientEvents, Emit extends SocketIoClientEvents>(
  call: string,
  url: unknown,
  namespace: unknown,
  given: { readonly auth: unknown } | undefined,
  options: SocketIoClientOptions,
): Connecting<Listen, Emit> {
  const origin = originOf(url, call)
  if (typeof namespace !== 'string' || !/^\/[^,?#]*$/.test(namespace)) {
    return invalid(`namespace of ${call}`, namespace, "a text such as '/admin'")
  }
  const auth = given === undefined ? undefined : checkAuth(given.auth, call)
  const { connection, ofCall } = settleClient(options, call)
  ofCall.signal?.throwIfAborted()
  const library = await load()
  ofCall.signal?.throwIfAborted()

  const first = new FirstConnection({ namespace, origin, signal: ofCall.signal, timeout: connection.timeout })
  const socket: Library.Socket = newSocket(
    library,
    origin,
    namespace,
    connection,
    {
      ackTimeout: ofCall.ackTimeout,
      ...(isFunction(auth)
        ? {
            auth: askEachTime(
              auth,
              call,
              () => socket,
              (error) => first.authFailed(socket, error),
            ),
          }
        : auth && { auth }),
    },
    ofCall.multiplex,
  )
  try {
    await first.of(socket)
  } catch (error) {
    discard(socket, origin, namespace)
    throw error
  }
  return socket as SocketIoClient<Listen, Emit>
}

function isFunction(auth: SocketIoClientAuth | undefined): auth is () => Readonly<object> | Promise<Readonly<object>> {
  return typeof auth === 'function'
}
