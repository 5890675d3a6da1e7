import type { Logger } from '../core/logger.js'
import { isThenable } from '../core/thenable.js'
import type {
  RawEvents,
  RawSocket,
  RawTopics,
  WebSocketConnection,
  WebSocketData,
  WebSocketSendOptions,
} from '../core/web-socket.js'
import type { AnyWebSocketHandlers, WebSocketSettings } from '../core/web-socket-route.js'
import type { SocketHub, Subscriber } from './websocket-hub.js'
import { checkClose, type Message, messageOf, pingOf } from './websocket-message.js'

/** Milliseconds for a client to answer a close frame. */
const closeTimeout = 10_000

/** What is known of a socket when it begins. */
export interface Beginning {
  readonly data: unknown
  readonly id: string
  readonly ip: string
  readonly params: Readonly<Record<string, string>>
  readonly protocol: string
}

/** The sockets of one route, as each of them knows it. */
export interface SocketOwner {
  readonly handlers: AnyWebSocketHandlers
  readonly hub: SocketHub
  readonly log: Logger
  readonly settings: WebSocketSettings
  add(socket: ServerSocket): void
  delete(socket: ServerSocket): void
}

/** A WebSocket: the same on every transport. */
export class ServerSocket implements RawEvents, Subscriber, WebSocketConnection<unknown> {
  readonly #beginning: Beginning
  readonly #group: SocketOwner
  /** Sweeps of the group since the client was last heard. */
  #silence = 0
  #raw: RawSocket | undefined
  #state: 1 | 2 | 3 = 1
  #timer: NodeJS.Timeout | undefined
  #topics: Set<string> | undefined

  constructor(group: SocketOwner, raw: RawSocket, beginning: Beginning) {
    this.#beginning = beginning
    this.#group = group
    this.#raw = raw
    this.#timer = undefined
    this.#topics = undefined
  }

  get bufferedAmount(): number {
    return this.#raw?.bufferedAmount ?? 0
  }

  get data(): unknown {
    return this.#beginning.data
  }

  get id(): string {
    return this.#beginning.id
  }

  get ip(): string {
    return this.#beginning.ip
  }

  get params(): Readonly<Record<string, string>> {
    return this.#beginning.params
  }

  get protocol(): string {
    return this.#beginning.protocol
  }

  get rawTopics(): RawTopics | undefined {
    return this.#raw?.topics
  }

  get readyState(): 1 | 2 | 3 {
    return this.#state
  }

  get topics(): readonly string[] {
    return this.#topics === undefined ? [] : [...this.#topics]
  }

  close(code = 1000, reason = ''): void {
    checkClose(code, reason)
    if (this.#state !== 1) return
    this.#state = 2
    this.#timer = setTimeout(() => this.terminate(), closeTimeout).unref()
    this.#raw?.close(code, reason)
  }

  /** Sends what was checked; to no more than may wait for a client. */
  deliver({ bytes, compress, isBinary }: Message): boolean {
    const raw = this.#raw
    if (this.#state !== 1 || raw === undefined) return false
    const { compression, maxBackpressure } = this.#group.settings
    raw.send(bytes, isBinary, compress && compression)
    if (raw.bufferedAmount <= maxBackpressure) return true
    this.#group.log.warn(
      { bufferedAmount: raw.bufferedAmount, requestId: this.id },
      'a WebSocket was too slow, and is cut off',
    )
    this.terminate()
    return false
  }

  isSubscribed(topic: string): boolean {
    return this.#topics?.has(topic) === true
  }

  onClose(code: number, reason: string): void {
    if (this.#state === 3) return
    const raw = this.#raw
    this.#state = 3
    this.#raw = undefined
    clearTimeout(this.#timer)
    this.#group.delete(this)
    if (raw?.topics !== undefined) this.#group.hub.left(raw.topics.publisher)
    else for (const topic of this.#topics ?? []) this.#group.hub.unsubscribe(topic, this)
    this.#topics = undefined
    this.#run('close', () => this.#group.handlers.close?.(this, code, reason))
  }

  onDrain(): void {
    this.#run('drain', () => this.#group.handlers.drain?.(this))
  }

  onMessage(data: Uint8Array | string): void {
    this.#silence = 0
    // What comes after the end was said is of no account.
    if (this.#state !== 1) return
    this.#run('message', () => this.#group.handlers.message?.(this, data))
  }

  onOpen(): void {
    this.#group.add(this)
    if (this.#raw?.topics !== undefined) this.#group.hub.joined(this.#raw.topics.publisher)
    this.#run('open', () => this.#group.handlers.open?.(this))
  }

  onPing(data: Uint8Array): void {
    this.#silence = 0
    this.#run('ping', () => this.#group.handlers.ping?.(this, data))
  }

  onPong(data: Uint8Array): void {
    this.#silence = 0
    this.#run('pong', () => this.#group.handlers.pong?.(this, data))
  }

  ping(data: Uint8Array | string = ''): void {
    const checked = pingOf(data)
    if (this.#state === 1) this.#raw?.ping(checked)
  }

  publish(topic: string, data: WebSocketData, options?: WebSocketSendOptions): void {
    const message = messageOf(data, options)
    if (this.#state !== 3) this.#group.hub.tell(topic, message, this)
  }

  send(data: WebSocketData, options?: WebSocketSendOptions): boolean {
    return this.deliver(messageOf(data, options))
  }

  subscribe(topic: string): void {
    if (this.#state === 3 || this.#topics?.has(topic)) return
    this.#topics ??= new Set()
    this.#topics.add(topic)
    if (this.#raw?.topics === undefined) this.#group.hub.subscribe(topic, this)
    else this.#raw.topics.subscribe(topic)
  }

  /** Half of the idle time has gone by. */
  sweep(): void {
    this.#silence++
    if (this.#silence > 2) this.terminate()
    else if (this.#silence === 2 && this.#state === 1) this.#raw?.ping('')
  }

  terminate(): void {
    if (this.#state === 1) this.#state = 2
    this.#raw?.terminate()
  }

  unsubscribe(topic: string): void {
    if (this.#topics?.delete(topic) !== true) return
    if (this.#raw?.topics === undefined) this.#group.hub.unsubscribe(topic, this)
    else this.#raw.topics.unsubscribe(topic)
  }

  #failed(name: string, error: unknown): void {
    this.#group.log.error({ err: error, requestId: this.id }, `the handler ${name} of a WebSocket failed`)
    if (this.#state === 1) this.close(1011)
  }

  #run(name: string, call: () => unknown): void {
    try {
      const later = call()
      if (isThenable(later)) later.then(undefined, (error: unknown) => this.#failed(name, error))
    } catch (error) {
      this.#failed(name, error)
    }
  }
}
