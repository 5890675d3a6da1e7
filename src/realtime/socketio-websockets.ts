import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { TransportSocket, TransportSocketEvents } from '../core/upgrade.js'
import type loadSocketIo from './socketio-load.cjs'
import { UpgradeSocket } from './socketio-request.js'

type Sent = (error?: Error) => void
type Libraries = ReturnType<typeof loadSocketIo>

/** A WebSocket of a transport, as the package ws has them: what the library asks of one. */
export class EngineWebSocket extends EventEmitter implements TransportSocketEvents {
  #isClosing = false
  readonly #onOpen: (socket: EngineWebSocket) => void
  #socket: TransportSocket | undefined
  /** Bytes from which a message is compressed; undefined for never. */
  readonly #threshold: number | undefined
  #waiting: Sent[] = []

  constructor(threshold: number | undefined, onOpen: (socket: EngineWebSocket) => void) {
    super()
    this.#onOpen = onOpen
    this.#threshold = threshold
  }

  close(): void {
    this.#isClosing = true
    this.#socket?.close(1000, '')
  }

  onClose(code: number, reason: Buffer): void {
    this.#socket = undefined
    this.#waiting = []
    // Whoever closes is told of it later, as ws does: it may yet have to note that it was its own doing.
    if (this.#isClosing) setImmediate(() => this.emit('close', code, reason))
    else this.emit('close', code, reason)
  }

  onDrain(): void {
    if (this.#socket === undefined || this.#socket.bufferedAmount > 0) return
    const waiting = this.#waiting
    this.#waiting = []
    for (const sent of waiting) sent()
  }

  onMessage(data: Buffer, isBinary: boolean): void {
    this.emit('message', data, isBinary)
  }

  onOpen(socket: TransportSocket): void {
    this.#socket = socket
    this.#onOpen(this)
  }

  /** @param sent called once the system has taken the data: no more is given to it before. */
  send(data: string | Uint8Array, sent: Sent): void {
    const socket = this.#socket
    if (socket === undefined) {
      sent(new Error('the WebSocket is closed'))
      return
    }
    const isCompressed = this.#threshold !== undefined && Buffer.byteLength(data) > this.#threshold
    if (!socket.send(data, typeof data !== 'string', isCompressed)) sent(new Error('the WebSocket takes no more'))
    else if (socket.bufferedAmount > 0) this.#waiting.push(sent)
    else sent()
  }

  terminate(): void {
    this.#socket?.cut()
  }
}

/** What makes WebSockets for the library: of the transport's own, and by ws of Node's streams. */
export type WebSocketEngine = new (options: { readonly perMessageDeflate?: unknown }) => EventEmitter

/** Makes a {@link WebSocketEngine} (the library's option `wsEngine`). */
export function webSocketEngine({ WebSocketServer }: Libraries): WebSocketEngine {
  return class WebSockets extends EventEmitter {
    readonly #options: object
    readonly #threshold: number | undefined
    #ws: InstanceType<Libraries['WebSocketServer']> | undefined

    constructor(options: { readonly perMessageDeflate?: unknown }) {
      super()
      this.#options = options
      const { perMessageDeflate } = options
      const given = typeof perMessageDeflate === 'object' ? (perMessageDeflate as { threshold?: number } | null) : null
      this.#threshold = perMessageDeflate ? (given?.threshold ?? 1024) : undefined
    }

    close(): void {
      this.#ws?.close()
      this.#ws = undefined
    }

    handleUpgrade(
      req: IncomingMessage,
      socket: Duplex | UpgradeSocket,
      head: Buffer,
      callback: (socket: unknown) => void,
    ): void {
      if (!(socket instanceof UpgradeSocket)) {
        this.#streams().handleUpgrade(req, socket, head, callback)
        return
      }
      const lines: string[] = []
      this.emit('headers', lines, req)
      const pairs = lines.flatMap((line) => {
        const colon = line.indexOf(':')
        return [line.slice(0, colon), line.slice(colon + 1).trim()]
      })
      const websocket = new EngineWebSocket(this.#threshold, callback)
      // What the library finds wrong after the upgrade it ends by the connection.
      socket.once('close', () => websocket.terminate())
      websocket.once('close', () => socket.destroy())
      socket.pending.accept(websocket, pairs)
    }

    #streams(): InstanceType<Libraries['WebSocketServer']> {
      if (this.#ws === undefined) {
        this.#ws = new WebSocketServer(this.#options)
        this.#ws.on('headers', (lines, req) => this.emit('headers', lines, req))
      }
      return this.#ws
    }
  }
}
