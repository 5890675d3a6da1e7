import type { HttpRequest } from './request.js'
import { fresh, HttpResponse } from './response.js'

/** What a message is made of: a text goes as text, bytes as binary. */
export type WebSocketData = ArrayBuffer | Uint8Array | string

/** How one message is sent. */
export interface WebSocketSendOptions {
  /** Whether it goes as binary: true for bytes and false for a text by default. */
  readonly binary?: boolean
  /** Whether it is compressed, where that was agreed upon: from 1 KB on by default. */
  readonly compress?: boolean
}

/** A WebSocket, as the handlers of its route see it. */
export interface WebSocketConnection<Data = undefined, Params = Readonly<Record<string, string>>> {
  /** Bytes that wait for the client. */
  readonly bufferedAmount: number
  /** What `upgrade` returned. */
  readonly data: Data
  /** The id of the request that it began with. */
  readonly id: string
  /** The address of the client, by the rules of `req.ip`. */
  readonly ip: string
  /** The parameters of the path. */
  readonly params: Params
  /** The subprotocol that was agreed upon; the empty string without one. */
  readonly protocol: string
  /** 1 open, 2 closing, 3 closed, as in a page. */
  readonly readyState: 1 | 2 | 3
  /** The topics that it is subscribed to. */
  readonly topics: readonly string[]
  /**
   * Begins to close: what was sent before goes out first. A client that does not answer is cut off after 10 s.
   *
   * @param code 1000 by default.
   * @param reason at most 123 bytes of UTF-8.
   * @throws HotpressError `CLOSE_INVALID` for a code or a reason that cannot be sent.
   */
  close(code?: number, reason?: string): void
  /** Sends a ping with up to 125 bytes; the answer is told to the handler `pong`. */
  ping(data?: Uint8Array | string): void
  /** Sends a message to all other sockets that are subscribed to a topic. */
  publish(topic: string, data: WebSocketData, options?: WebSocketSendOptions): void
  /**
   * Sends a message.
   *
   * @returns false where the socket is not open any more, and the message is let go.
   */
  send(data: WebSocketData, options?: WebSocketSendOptions): boolean
  /** Has it get what is published to a topic. */
  subscribe(topic: string): void
  /** Cuts the connection off, without a word. */
  terminate(): void
  unsubscribe(topic: string): void
}

/** One connection as a transport has it. Nothing is called after {@link RawEvents.onClose}. */
export interface RawSocket {
  readonly bufferedAmount: number
  /** Topics of the transport's own; undefined where the sockets are told one by one. */
  readonly topics: RawTopics | undefined
  close(code: number, reason: string): void
  ping(data: Uint8Array | string): void
  /** @returns false where the client is behind: {@link RawEvents.onDrain} follows. */
  send(data: Uint8Array | string, isBinary: boolean, compress: boolean): boolean
  terminate(): void
}

/** What a transport's own topics do for one socket. */
export interface RawTopics {
  /** Who tells the sockets, this one among them. */
  readonly publisher: Publisher
  /** To all but this one. */
  publish(topic: string, data: Uint8Array | string, isBinary: boolean, compress: boolean): void
  subscribe(topic: string): void
  unsubscribe(topic: string): void
}

/** Tells sockets with topics of a transport's own. */
export interface Publisher {
  publish(topic: string, data: Uint8Array | string, isBinary: boolean, compress: boolean): void
}

/** What a transport tells of one connection. */
export interface RawEvents {
  /** First of all, when what is told has somewhere to go. */
  onOpen(): void
  /** Once. 1005 where the client gave no code, 1006 where the connection broke. */
  onClose(code: number, reason: string): void
  onDrain(): void
  /** @param data is the receiver's own. */
  onMessage(data: Uint8Array | string): void
  onPing(data: Uint8Array): void
  onPong(data: Uint8Array): void
}

/** What a connection is to become, carried by the response that says so (101). */
export interface SocketUpgrade {
  /** Whether permessage-deflate is agreed to, where the client offers it. */
  readonly compresses: boolean
  /** Bytes of a message, from the client. */
  readonly maxPayload: number
  /** The subprotocol; the empty string for none. */
  readonly protocol: string
  /** The connection is there. */
  open(socket: RawSocket): RawEvents
}

/** What WebSockets at some paths are allowed, for a transport that settles it before there are any. */
export interface SocketLimits {
  readonly compresses: boolean
  /** Bytes; 0 for no limit. */
  readonly maxBackpressure: number
  /** Bytes. */
  readonly maxPayload: number
  /** Each as it is in a request; `/*` for all others. */
  readonly paths: readonly string[]
}

const upgrades = new WeakMap<HttpResponse, SocketUpgrade>()

/** The response that a connection is upgraded with. */
export function upgrading(upgrade: SocketUpgrade): HttpResponse {
  const response = fresh(new HttpResponse(undefined, undefined, 101))
  upgrades.set(response, upgrade)
  return response
}

/** What a response upgrades to; undefined for any other. */
export function upgradeOf(response: HttpResponse): SocketUpgrade | undefined {
  return response.statusCode === 101 ? upgrades.get(response) : undefined
}

/** Chooses a subprotocol of those that a client offers, or none. */
export type SubprotocolChoice = (offered: readonly string[], request: HttpRequest) => string | undefined
