import { isDeepStrictEqual } from 'node:util'
import type * as Library from 'socket.io-client'
import type { ConnectionSettings } from './options.js'

type Manager = Library.Manager
type Socket = Library.Socket

/** A connection that several namespaces may have in common. */
interface Connection {
  readonly manager: Manager
  readonly settings: ConnectionSettings
  readonly sockets: Map<string, Socket>
}

// By origin, for as long as one of its sockets is in use. The library has such a table too, which keeps them for ever, and
// gives a connection to whoever comes second whatever options it asks for.
const connections = new Map<string, Connection[]>()

/** A new socket of a namespace, not yet connecting, on a connection that there is or on a new one. */
export function newSocket(
  { Manager }: Pick<typeof Library, 'Manager'>,
  origin: string,
  namespace: string,
  settings: ConnectionSettings,
  options: Partial<Library.SocketOptions>,
  isShared: boolean,
): Socket {
  const connection = (isShared ? find(origin, namespace, settings) : undefined) ?? make(Manager, origin, settings)
  const socket = connection.manager.socket(namespace, options)
  connection.sockets.set(namespace, socket)
  if (isShared) keep(origin, connection)
  return socket
}

/**
 * Makes room for another socket of its namespace on the same connection, where nobody was given this one: the library would
 * give it, with its old `auth`, to whoever asks next.
 */
export function discard({ io }: Socket, origin: string, namespace: string): void {
  const sockets: unknown = Reflect.get(io, 'nsps')
  if (typeof sockets === 'object' && sockets !== null) Reflect.deleteProperty(sockets, namespace)
  for (const connection of connections.get(origin) ?? []) {
    if (connection.manager === io) connection.sockets.delete(namespace)
  }
}

/** How many connections there are to share. */
export function sharedConnections(): number {
  return [...connections.values()].reduce((sum, list) => sum + list.length, 0)
}

function find(origin: string, namespace: string, settings: ConnectionSettings): Connection | undefined {
  return connections
    .get(origin)
    ?.find((each) => !each.sockets.has(namespace) && areEqual(each.settings, settings) && isUsed(each))
}

function make(Manager: typeof Library.Manager, origin: string, settings: ConnectionSettings): Connection {
  // The library writes into what it is given.
  const manager = new Manager(origin, { ...settings })
  manager.on('error', hideRequest)
  return { manager, settings, sockets: new Map() }
}

function keep(origin: string, connection: Connection): void {
  const list = connections.get(origin) ?? []
  if (list.includes(connection)) return
  connections.set(origin, [...list, connection])
  connection.manager.on('close', () => {
    if (!isUsed(connection)) forget(origin, connection)
  })
}

function forget(origin: string, connection: Connection): void {
  const left = connections.get(origin)?.filter((each) => each !== connection) ?? []
  if (left.length === 0) connections.delete(origin)
  else connections.set(origin, left)
}

function isUsed({ sockets }: Connection): boolean {
  return [...sockets.values()].some((socket) => socket.active)
}

// Two agents or parsers are two things, however alike they look.
function areEqual(one: ConnectionSettings, other: ConnectionSettings): boolean {
  const { agent, parser, ...rest } = one
  const { agent: otherAgent, parser: otherParser, ...others } = other
  return agent === otherAgent && parser === otherParser && isDeepStrictEqual(rest, others)
}

// These hold the request of the handshake with its headers and query: not for a log that takes all members of an error.
function hideRequest(error: Error): void {
  for (const name of ['context', 'description']) {
    if (name in error) Object.defineProperty(error, name, { enumerable: false })
  }
}
