import type { Buffer } from 'node:buffer'
import type { EventEmitter } from 'node:events'
import { EngineWebSocket } from './socketio-websockets.js'

/** How the library wants a message sent. */
interface WriteOptions {
  readonly compress?: boolean
  /** The head and the payload of a frame that many sockets are sent. */
  readonly wsPreEncodedFrame?: readonly Uint8Array[]
}

type Written = (transport: unknown) => void
type Write = (this: unknown, data: Buffer | string, options?: WriteOptions, callback?: Written) => unknown

/** What is used here of a connection of engine.io. */
export interface EngineConnection extends EventEmitter {
  readonly protocol: number
  readonly readyState: string
  readonly server: EventEmitter
  readonly transport: EventEmitter & { readonly socket?: unknown; readonly supportsBinary: boolean; writable: boolean }
  readonly upgrading: boolean
  readonly writeBuffer: readonly unknown[]
  write: Write
}

/**
 * Gives a connection of engine.io a shorter way for messages, on this object alone. The library puts each into a queue, has
 * the queue flushed and a drain told of, for every socket of a broadcast. Where the queue is empty and the connection is a
 * WebSocket that takes more, a message goes there at once; else, and where somebody listens for what the queue tells, it
 * goes the library's own way.
 */
export function shorten(connection: EngineConnection): void {
  const ordinary = connection.write
  // Nothing follows a WebSocket: the transport is still the one that was full.
  const ready = (): void => {
    connection.transport.writable = true
    connection.transport.emit('ready')
  }
  connection.write = function write(data, options, callback) {
    const websocket = callback === undefined ? idleSocketOf(connection) : undefined
    if (websocket === undefined || data === '' || (typeof data !== 'string' && !connection.transport.supportsBinary)) {
      return ordinary.call(connection, data, options, callback)
    }
    // RFC 6455 has one payload for both; engine.io marks texts with what kind of packet they are.
    const frame = options?.wsPreEncodedFrame
    const payload = typeof data !== 'string' ? data : frame === undefined ? `${message}${data}` : frame[1]!
    const isSent = websocket.sendNow(payload, typeof data !== 'string', options?.compress !== false, ready)
    if (!isSent) connection.transport.writable = false
    return connection
  }
}

/** The kind of packet that carries a message, in version 4 of the protocol. */
export const message = '4'

/** The WebSocket of a connection where nothing stands in front of what is sent by it, and nobody watches the queue. */
export function idleSocketOf(connection: EngineConnection): EngineWebSocket | undefined {
  const { protocol, readyState, server, transport, upgrading, writeBuffer } = connection
  const { socket } = transport
  const isIdle = transport.writable && writeBuffer.length === 0 && readyState === 'open' && !upgrading
  if (!isIdle || protocol !== 4 || !(socket instanceof EngineWebSocket) || !socket.isOpen) return undefined
  return isWatched(connection) || isWatched(server) ? undefined : socket
}

// What the queue tells.
function isWatched(emitter: EventEmitter): boolean {
  return (
    emitter.listenerCount('packetCreate') > 0 ||
    emitter.listenerCount('flush') > 0 ||
    emitter.listenerCount('drain') > 0
  )
}
