import type { Server } from 'node:http'
import type { Server as NetServer, Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { Census } from '../core/drain.js'

/** A socket, or what stands for one. */
type Connection = Duplex & Pick<Socket, 'bytesRead' | 'destroySoon'>

/** What begins to close a WebSocket, by its connection. */
export const leaveTakings: WeakMap<Duplex, () => void> = new WeakMap()

/** How many listeners give connections to a server of Node that does not listen itself. */
const listeners = new WeakMap<Server, number>()

/**
 * The connections of HTTP/1.1 that one listener has given to a server of Node. Others may have given it theirs, which are
 * not to be closed with these.
 */
export class NodeConnections {
  /** With how many bytes had been read of it when it was last found idle. */
  readonly #all = new Map<Connection, number | undefined>()
  readonly #closing: Set<Duplex>
  #isClosing = false
  readonly #server: Server

  /** @param closing sockets whose next answer is to be their last, of all listeners. */
  constructor(server: Server, closing: Set<Duplex>) {
    this.#closing = closing
    this.#server = server
  }

  get size(): number {
    return this.#all.size
  }

  /** Gives the server a connection. */
  accept(socket: Connection): void {
    this.add(socket)
    this.#server.emit('connection', socket)
  }

  /** Counts one that the server has already. */
  add(socket: Connection): void {
    this.#all.set(socket, undefined)
    if (this.#isClosing) this.#closing.add(socket)
    socket.once('close', () => {
      this.#all.delete(socket)
      this.#closing.delete(socket)
    })
  }

  /** From here on each ends with the request that is under way. */
  close(): void {
    this.#isClosing = true
    for (const socket of this.#all.keys()) {
      this.#closing.add(socket)
      leaveTakings.get(socket)?.()
    }
    this.closeIdle()
  }

  /**
   * Closes what stands between two requests, when it is found so for the second time: what is read meanwhile may be the
   * beginning of one. What a client has yet to take of the last answer is sent all the same. What was upgraded has no
   * parser any more, and is for who upgraded it to close.
   */
  closeIdle(): void {
    for (const [socket, seen] of this.#all) {
      const isUpgraded = (Reflect.get(socket, 'parser') ?? null) === null
      if (isUpgraded || isAnswering(socket) || socket.readableLength > 0 || socket.writableEnded) continue
      if (seen === socket.bytesRead) socket.destroySoon()
      else this.#all.set(socket, socket.bytesRead)
    }
  }

  /** What is open. */
  count(): Census {
    let [requests, sockets] = [0, 0]
    for (const socket of this.#all.keys()) {
      if (leaveTakings.has(socket)) sockets++
      else if (isAnswering(socket)) requests++
    }
    return { connections: this.size, requests, sockets }
  }

  /** Closes all, whatever they do. */
  destroy(): void {
    for (const socket of this.#all.keys()) socket.destroy()
  }
}

/** Whether an answer has a socket, by Node's own mark of it. */
export function isAnswering(socket: Connection): boolean {
  return (Reflect.get(socket, '_httpMessage') ?? null) !== null
}

/** Has a function see each connection of a server before anything else does, and say when it is to be served. */
export function interpose(server: NetServer, take: (socket: Socket, serve: () => void) => void): void {
  const listeners = server.rawListeners('connection')
  server.removeAllListeners('connection')
  server.on('connection', (socket: Socket) =>
    take(socket, () => {
      for (const listener of listeners) Reflect.apply(listener, server, [socket])
    }),
  )
}

/** Has a server that does not listen itself do what it does then: it looks at the time that heads take. */
export function beginServing(server: Server): void {
  const count = listeners.get(server) ?? 0
  listeners.set(server, count + 1)
  if (count === 0) server.emit('listening')
}

/** Ends what {@link beginServing} has begun, with the last of the listeners. */
export function endServing(server: Server): void {
  const count = (listeners.get(server) ?? 1) - 1
  listeners.set(server, count)
  if (count === 0) server.close(() => {})
}
