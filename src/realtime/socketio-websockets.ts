import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { RawEvents, RawSocket, SocketUpgrade } from '../core/web-socket.js'
import type { UpgradeSocket } from './socketio-request.js'

type Sent = (error?: Error) => void

/** A WebSocket of a transport, as the package ws has them: what the library asks of one. */
export class EngineWebSocket extends EventEmitter implements RawEvents {
  #isClosing = false
  readonly #onOpen: (socket: EngineWebSocket) => void
  #raw: RawSocket | undefined
  /** Bytes from which a message is compressed; undefined for never. */
  readonly #threshold: number | undefined
  #waiting: Sent[] = []
  /** Where the library puts a frame that it has made once for many sockets. */
  readonly _sender: { readonly sendFrame: (frame: readonly Uint8Array[], sent: Sent) => void } = {
    sendFrame: (frame, sent) => this.#sendFrame(frame, sent),
  }

  constructor(threshold: number | undefined, onOpen: (socket: EngineWebSocket) => void) {
    super()
    this.#onOpen = onOpen
    this.#threshold = threshold
  }

  close(): void {
    this.#isClosing = true
    this.#raw?.close(1000, '')
  }

  /** The transport has it. */
  begin(raw: RawSocket): RawEvents {
    this.#raw = raw
    return this
  }

  onClose(code: number, reason: string): void {
    this.#raw = undefined
    this.#waiting = []
    // Whoever closes is told of it later, as ws does: it may yet have to note that it was its own doing.
    if (this.#isClosing) setImmediate(() => this.emit('close', code, reason))
    else this.emit('close', code, reason)
  }

  onDrain(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const sent of waiting) sent()
  }

  onMessage(data: Uint8Array | string): void {
    if (typeof data === 'string') this.emit('message', data, false)
    else this.emit('message', Buffer.from(data.buffer, data.byteOffset, data.byteLength), true)
  }

  onOpen(): void {
    this.#onOpen(this)
  }

  onPing(): void {}

  onPong(): void {}

  /** @param sent called once the transport takes more: no more is given to it before. */
  send(data: string | Uint8Array, sent: Sent): void {
    const isCompressed = this.#threshold !== undefined && Buffer.byteLength(data) > this.#threshold
    this.#send(data, typeof data !== 'string', isCompressed, sent)
  }

  terminate(): void {
    this.#raw?.terminate()
  }

  #send(data: string | Uint8Array, isBinary: boolean, isCompressed: boolean, sent: Sent): void {
    const raw = this.#raw
    if (raw === undefined) sent(new Error('the WebSocket is closed'))
    else if (raw.send(data, isBinary, isCompressed)) sent()
    else this.#waiting.push(sent)
  }

  // Its head is left to the transport.
  #sendFrame([head, payload]: readonly Uint8Array[], sent: Sent): void {
    this.#send(payload!, (head![0]! & opcodeBits) !== textOpcode, false, sent)
  }
}

// RFC 6455, 5.2.
const opcodeBits = 0x0f
const textOpcode = 1

/** What makes WebSockets for the library (its option `wsEngine`): those of the transport. */
export class WebSocketEngine extends EventEmitter {
  readonly #maxPayload: number
  readonly #threshold: number | undefined

  constructor(options: { readonly maxPayload: number; readonly perMessageDeflate?: unknown }) {
    super()
    this.#maxPayload = options.maxPayload
    const { perMessageDeflate } = options
    const given = typeof perMessageDeflate === 'object' ? (perMessageDeflate as { threshold?: number } | null) : null
    this.#threshold = perMessageDeflate ? (given?.threshold ?? 1024) : undefined
  }

  close(): void {}

  handleUpgrade(req: IncomingMessage, socket: UpgradeSocket, _head: Buffer, onOpen: (socket: unknown) => void): void {
    const lines: string[] = []
    this.emit('headers', lines, req)
    const websocket = new EngineWebSocket(this.#threshold, onOpen)
    // What the library finds wrong after the upgrade it ends by the connection.
    socket.once('close', () => websocket.terminate())
    websocket.once('close', () => socket.destroy())
    const upgrade: SocketUpgrade = {
      compresses: this.#threshold !== undefined,
      maxPayload: this.#maxPayload,
      open: (raw) => websocket.begin(raw),
      protocol: '',
    }
    socket.accept(upgrade, lines)
  }
}
