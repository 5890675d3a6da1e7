import { Buffer } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { WebSocket, WebSocketServer } from 'ws'
import type { HeaderPairs } from '../core/headers.js'
import type { RawEvents, RawSocket, SocketLimits, SocketUpgrade } from '../core/web-socket.js'
import loadWs from './ws.cjs'

/** Milliseconds after which the library cuts off who does not close; a socket of ours does so before. */
const closeTimeout = 15_000

/** What was agreed upon for a request whose answer is being made. */
interface Agreed {
  readonly headers: HeaderPairs
  readonly protocol: string
}

/** WebSockets on connections of Node's own, by the library `ws`. */
export class NodeSockets {
  readonly #agreed = new WeakMap<IncomingMessage, Agreed>()
  readonly #serves: (path: string) => boolean
  /** By what the library settles for all of a server. */
  readonly #servers = new Map<string, WebSocketServer>()
  readonly limits: readonly SocketLimits[]

  constructor(limits: readonly SocketLimits[], serves: (path: string) => boolean) {
    this.#serves = serves
    this.limits = limits
  }

  accept(
    request: IncomingMessage,
    connection: Duplex,
    head: Buffer,
    upgrade: SocketUpgrade,
    headers: HeaderPairs,
  ): () => void {
    this.#agreed.set(request, { headers, protocol: upgrade.protocol })
    let leave = ignore
    this.#serverFor(upgrade).handleUpgrade(request, connection, head, (socket) => {
      const raw = new NodeRawSocket(socket, connection, upgrade.compresses)
      const events = upgrade.open(raw)
      listen(socket, connection, events)
      leave = raw.leave
      events.onOpen()
    })
    return leave
  }

  serves(path: string): boolean {
    return this.#serves(path)
  }

  #serverFor({ compresses, maxPayload }: SocketUpgrade): WebSocketServer {
    const key = `${maxPayload} ${compresses}`
    const known = this.#servers.get(key)
    if (known !== undefined) return known
    const { WebSocketServer } = loadWs()
    const server = new WebSocketServer({
      clientTracking: false,
      ...{ closeTimeout },
      handleProtocols: (_offered, request) => this.#agreed.get(request)?.protocol || false,
      maxPayload,
      noServer: true,
      // Without contexts that are kept: they would be some 300 KB a socket. What is compressed is settled by message.
      perMessageDeflate: compresses
        ? { clientNoContextTakeover: true, serverNoContextTakeover: true, threshold: 0 }
        : false,
    })
    server.on('headers', (lines, request) => {
      const { headers = [] } = this.#agreed.get(request) ?? {}
      for (let index = 0; index < headers.length; index += 2) lines.push(`${headers[index]}: ${headers[index + 1]}`)
    })
    this.#servers.set(key, server)
    return server
  }
}

function listen(socket: WebSocket, connection: Duplex, events: RawEvents): void {
  // Each is the receiver's own: what the library gives may lie in the memory of a whole read.
  socket.on('message', (data: Buffer, isBinary) => events.onMessage(isBinary ? new Uint8Array(data) : data.toString()))
  socket.on('ping', (data: Buffer) => events.onPing(new Uint8Array(data)))
  socket.on('pong', (data: Buffer) => events.onPong(new Uint8Array(data)))
  // What breaks the protocol closes the socket by itself; `close` follows.
  socket.on('error', () => {})
  const onDrain = (): void => events.onDrain()
  connection.on('drain', onDrain)
  socket.once('close', (code, reason) => {
    connection.off('drain', onDrain)
    events.onClose(code, reason.toString())
  })
}

class NodeRawSocket implements RawSocket {
  readonly #connection: Duplex
  /** Whether the library may have compressed messages that wait to be sent. */
  readonly #compresses: boolean
  readonly #socket: WebSocket
  /** Begins to close it, as its listener closes; it holds on to nothing else. */
  readonly leave = (): void => this.close(1001, '')
  readonly topics = undefined

  constructor(socket: WebSocket, connection: Duplex, compresses: boolean) {
    this.#compresses = compresses
    this.#connection = connection
    this.#socket = socket
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason)
  }

  ping(data: Uint8Array | string): void {
    this.#socket.ping(data, false, ignore)
  }

  send(data: Uint8Array | string, isBinary: boolean, compress: boolean): boolean {
    const length = typeof data === 'string' ? Buffer.byteLength(data) : data.byteLength
    if (this.#compresses || length > shortMessage) {
      this.#socket.send(data, { binary: isBinary, compress }, ignore)
      return !this.#connection.writableNeedDrain
    }
    // The library writes head and payload by themselves; as one they are sent in half of the time.
    return this.#socket.readyState !== 1 || this.#connection.write(frameOf(data, length, isBinary))
  }

  terminate(): void {
    this.#socket.terminate()
  }
}

/** Bytes of a message that is copied into its frame. */
const shortMessage = 4096

// RFC 6455, 5.2: a whole message of a server, which masks nothing.
function frameOf(data: Uint8Array | string, length: number, isBinary: boolean): Buffer {
  const head = length < 126 ? 2 : 4
  const frame = Buffer.allocUnsafe(head + length)
  frame[0] = isBinary ? 0x82 : 0x81
  if (head === 2) frame[1] = length
  else {
    frame[1] = 126
    frame.writeUInt16BE(length, 2)
  }
  if (typeof data === 'string') frame.write(data, head)
  else frame.set(data, head)
  return frame
}

// A message that could not be sent is told of by the close of its socket.
function ignore(): void {}
