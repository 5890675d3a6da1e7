import type * as Uws from 'uWebSockets.js'
import { Buffer } from 'node:buffer'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { HeaderPairs } from '../core/headers.js'
import type { Publisher, RawEvents, RawSocket, RawTopics, SocketLimits, SocketUpgrade } from '../core/web-socket.js'
import { whenLeft } from './uws-leaving.js'

/** What the library keeps with each socket. */
interface Kept {
  /** Tells of it. */
  begin: (() => void) | undefined
  events: RawEvents | undefined
  isClosed: boolean
  raw: UwsRawSocket | undefined
  readonly upgrade: SocketUpgrade
}

/** The library copies it. */
interface Carried {
  readonly kept: Kept
}

type Socket = Uws.WebSocket<Carried>

type OnUpgrade = (res: Uws.HttpResponse, req: Uws.HttpRequest, context: Uws.us_socket_context_t) => void

/** What of a request goes into the answer that upgrades it. */
interface Handshake {
  readonly extensions: string
  /** Of the answer, beside those of the handshake. */
  readonly head: HeaderPairs
  readonly key: string
}

/** Milliseconds for the clients of a server that closes to see that, and to close. */
const patience = 1000

// The library drops who is over its limit without a word. Up to here it is told why (1009), by our own limit.
const overLimit = 2

/** Those of servers in this thread that have some open. */
const inUse = new Set<UwsSockets>()

/** Makes a WebSocket of a connection, and tells of it. */
export function upgradeConnection(
  res: Uws.HttpResponse,
  context: Uws.us_socket_context_t,
  upgrade: SocketUpgrade,
  { extensions, head, key }: Handshake,
): void {
  res.cork(() => {
    res.writeStatus('101 Switching Protocols')
    for (let index = 0; index < head.length; index += 2) res.writeHeader(head[index]!, head[index + 1]!)
  })
  const kept: Kept = { begin: undefined, events: undefined, isClosed: false, raw: undefined, upgrade }
  const make = (): void => {
    res.upgrade<Carried>({ kept }, key, upgrade.protocol, upgrade.compresses ? extensions : '', context)
  }
  // When a cork() of the response returns that has corked it, the library looks at a state that the upgrade has freed, and by
  // what it finds there it may close the connection. Within the cork of another socket it does not, and in the request's own
  // callback there is no need. Without any it complains on the standard error, and nothing else is amiss.
  const [other] = inUse
  if (other === undefined) make()
  else other.within(() => res.cork(make))
  if (!kept.isClosed) kept.begin?.()
}

/** The WebSockets of a server of uWebSockets.js, with topics of the library's own. */
export class UwsSockets implements Publisher {
  #app: Uws.TemplatedApp | undefined
  readonly #all = new Set<UwsRawSocket>()
  /** Whether one of those that were closed had something to take first: nobody tells when it has that. */
  #isBehind = false
  #isLeaving = false
  /** When the last of them was closed because the server closes. */
  #leftAt: number | undefined
  readonly #limits: readonly SocketLimits[]
  readonly #onClose: () => void

  /** @param onClose called for each that was closed: the library counts it no more since it is one. */
  constructor(limits: readonly SocketLimits[], onClose: () => void) {
    this.#limits = limits
    this.#onClose = onClose
  }

  get size(): number {
    return this.#all.size
  }

  /** Begins to close all. */
  leave(): void {
    this.#isLeaving = true
    for (const socket of this.#all) this.#leave(socket)
  }

  /** Resolves when their clients have closed too, or have had time for it. */
  async left(port: number | undefined): Promise<void> {
    if (this.#leftAt === undefined || port === undefined) return
    const deadline = this.#leftAt + patience
    if (this.#isBehind) await sleep(Math.max(0, deadline - performance.now()))
    await whenLeft(port, deadline)
  }

  /** Has an app take upgrades, before any other route of it. */
  prepare(app: Uws.TemplatedApp, onUpgrade: OnUpgrade): void {
    for (const limits of this.#limits) {
      const behavior = this.#behavior(limits, onUpgrade)
      for (const path of limits.paths) app.ws(path, behavior)
    }
  }

  /** Does something in the cork of one of them, which is there. */
  within(callback: () => void): void {
    for (const socket of this.#all) {
      socket.within(callback)
      return
    }
  }

  #behavior(
    { compresses, maxBackpressure, maxPayload }: SocketLimits,
    onUpgrade: OnUpgrade,
  ): Uws.WebSocketBehavior<Carried> {
    return {
      close: (socket, code, message) => {
        const { kept } = socket.getUserData()
        kept.isClosed = true
        this.#onClose()
        if (kept.raw !== undefined) this.#forget(kept.raw)
        kept.events?.onClose(code, Buffer.from(message).toString())
      },
      closeOnBackpressureLimit: true,
      // Without contexts that are kept, and its memory is shared by all.
      compression: compresses ? sharedCompressor | sharedDecompressor : 0,
      drain: (socket) => socket.getUserData().kept.events?.onDrain(),
      // Silence is looked after by our own, who send the pings too.
      idleTimeout: 0,
      // What is sent to one socket has the limit of its own route.
      maxBackpressure,
      maxPayloadLength: maxPayload * overLimit,
      message(socket, message, isBinary) {
        const { events, upgrade } = keptOf(socket)
        if (message.byteLength > upgrade.maxPayload) {
          socket.end(1009, '')
          return
        }
        // The library takes the memory back when this returns.
        events?.onMessage(isBinary ? new Uint8Array(message.slice(0)) : utf8.decode(message))
      },
      open: (socket) => this.#open(socket),
      ping: (socket, message) => socket.getUserData().kept.events?.onPing(new Uint8Array(message.slice(0))),
      pong: (socket, message) => socket.getUserData().kept.events?.onPong(new Uint8Array(message.slice(0))),
      sendPingsAutomatically: false,
      upgrade: onUpgrade,
    }
  }

  publish(topic: string, data: Uint8Array | string, isBinary: boolean, compress: boolean): void {
    this.#app?.publish(topic, bytesFor(data), isBinary, compress)
  }

  publishBy(app: Uws.TemplatedApp): void {
    this.#app = app
  }

  #leave(socket: UwsRawSocket): void {
    this.#leftAt = performance.now()
    this.#isBehind ||= socket.bufferedAmount > 0
    socket.close(1001, '')
  }

  #forget(socket: UwsRawSocket): void {
    this.#all.delete(socket)
    if (this.#all.size === 0) inUse.delete(this)
  }

  #open(socket: Socket): void {
    const { kept } = socket.getUserData()
    kept.begin = () => {
      kept.begin = undefined
      const raw = new UwsRawSocket(socket, kept, this)
      kept.raw = raw
      kept.events = kept.upgrade.open(raw)
      this.#all.add(raw)
      inUse.add(this)
      kept.events.onOpen()
      if (this.#isLeaving) this.#leave(raw)
    }
  }
}

/** A socket that is over must not be touched: the library throws then. */
class UwsRawSocket implements RawSocket, RawTopics {
  readonly #kept: Kept
  readonly #socket: Socket
  readonly publisher: Publisher

  constructor(socket: Socket, kept: Kept, publisher: Publisher) {
    this.#kept = kept
    this.#socket = socket
    this.publisher = publisher
  }

  get bufferedAmount(): number {
    return this.#kept.isClosed ? 0 : this.#socket.getBufferedAmount()
  }

  get topics(): RawTopics {
    return this
  }

  close(code: number, reason: string): void {
    if (!this.#kept.isClosed) this.#socket.end(code, reason)
  }

  ping(data: Uint8Array | string): void {
    if (!this.#kept.isClosed) this.#socket.ping(bytesFor(data))
  }

  publish(topic: string, data: Uint8Array | string, isBinary: boolean, compress: boolean): void {
    if (!this.#kept.isClosed) this.#socket.publish(topic, bytesFor(data), isBinary, compress)
  }

  send(data: Uint8Array | string, isBinary: boolean, compress: boolean): boolean {
    return this.#kept.isClosed || this.#socket.send(bytesFor(data), isBinary, compress) === sendSuccess
  }

  subscribe(topic: string): void {
    if (!this.#kept.isClosed) this.#socket.subscribe(topic)
  }

  terminate(): void {
    if (!this.#kept.isClosed) this.#socket.close()
  }

  unsubscribe(topic: string): void {
    if (!this.#kept.isClosed) this.#socket.unsubscribe(topic)
  }

  within(callback: () => void): void {
    this.#socket.cork(callback)
  }
}

// Half of what a Buffer takes for a short text. That it is UTF-8 the library has seen.
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

// The library copies user data to the socket itself, where they are read without a call of it.
function keptOf(socket: Socket & Partial<Carried>): Kept {
  return socket.kept ?? socket.getUserData().kept
}

// Of the library's flags, and of what its send() says.
const sendSuccess = 1
const sharedCompressor = 1
const sharedDecompressor = 1 << 8

function bytesFor(data: Uint8Array | string): Uint8Array<ArrayBuffer> | string {
  return data as Uint8Array<ArrayBuffer> | string
}
