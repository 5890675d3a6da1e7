import { Buffer } from 'node:buffer'
import { EventEmitter } from 'node:events'
import type { IncomingMessage } from 'node:http'
import type { RawEvents, RawSocket, RawTopics, SocketUpgrade } from '../core/web-socket.js'
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

  constructor(threshold: number | undefined, onOpen: (socket: EngineWebSocket) => void) {
    super()
    this.#onOpen = onOpen
    this.#threshold = threshold
  }

  get isOpen(): boolean {
    return this.#raw !== undefined && !this.#isClosing
  }

  /** Topics of the transport's own; undefined where it has none, and once it is closed. */
  get topics(): RawTopics | undefined {
    return this.#raw?.topics
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

  /** Whether a message is long enough to be compressed. */
  compresses(data: Uint8Array | string): boolean {
    return this.#threshold !== undefined && Buffer.byteLength(data) >= this.#threshold
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
    if (this.#raw === undefined) sent(new Error('the WebSocket is closed'))
    else if (this.sendNow(data, typeof data !== 'string', true, sent)) sent()
  }

  /**
   * @param ready called where this returns false, once the transport takes more.
   * @returns whether it does now.
   */
  sendNow(data: string | Uint8Array, isBinary: boolean, mayCompress: boolean, ready: Sent): boolean {
    if (this.#raw!.send(data, isBinary, mayCompress && this.compresses(data))) return true
    this.#waiting.push(ready)
    return false
  }

  terminate(): void {
    this.#raw?.terminate()
  }
}

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
