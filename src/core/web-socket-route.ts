import { describe, HotpressError } from '../errors.js'
import { type Check, checkBoolean, checkOptions, invalid } from './options-check.js'
import type { HttpRequest } from './request.js'
import type { HttpResponse } from './response.js'
import type { Middleware } from './types.js'
import { bytesOf, millisecondsOf } from './units.js'
import type { SubprotocolChoice, WebSocketConnection } from './web-socket.js'

/** Says whether pages of an origin may open a WebSocket. */
export type WebSocketOriginTest = (origin: string, request: HttpRequest) => boolean | Promise<boolean>

/** Options of `ws()`. Sizes are bytes or texts such as `'1mb'`, times milliseconds or texts such as `'30s'`. */
export interface WebSocketOptions {
  /** Whether messages are compressed (permessage-deflate) where the client can. False by default. */
  readonly compression?: boolean
  /**
   * Silence after which a client is cut off; at half of it a ping asks for a sign of life. 2 minutes by default, false for
   * never.
   */
  readonly idleTimeout?: false | number | string
  /** The most that may wait for a client; beyond, it is cut off. 1 MB by default. */
  readonly maxBackpressure?: number | string
  /** The most that a message of a client may have; beyond, it is closed with 1009. 1 MB by default. */
  readonly maxPayload?: number | string
  /**
   * Pages of which origins may open one: those of the same host (the default), of these origins (`'https://example.com'`),
   * any (`'*'`), or a function's choice. Clients that send no `Origin`, which are no pages, may always.
   */
  readonly origins?: '*' | readonly string[] | WebSocketOriginTest
  /** The subprotocols that there are, the preferred first; or a function that chooses of those that the client offers. */
  readonly subprotocols?: readonly string[] | SubprotocolChoice
  /** Middleware around this route alone; the first is outermost. */
  readonly use?: Middleware | readonly Middleware[]
}

type Later = Promise<void> | void

/**
 * What is done with the WebSockets of a route. Handlers may be asynchronous; messages are told in order, and none waits
 * for the handler of the one before. What a handler throws is logged, and closes the socket with 1011.
 */
export interface WebSocketHandlers<Params = Readonly<Record<string, string>>, Data = undefined> {
  readonly options?: WebSocketOptions
  /**
   * Looks at the request, after the middleware: what it returns is the socket's `data`; an `HttpResponse`, or an error that
   * it throws, is the answer in place of an upgrade.
   */
  upgrade?(request: HttpRequest<Params>): Data | HttpResponse | Promise<Data | HttpResponse>
  /** It is over: 1005 where the client gave no code, 1006 where the connection broke. */
  close?(socket: WebSocketConnection<Data, Params>, code: number, reason: string): Later
  /** What waited for the client has gone out. */
  drain?(socket: WebSocketConnection<Data, Params>): Later
  /** A message: a text, or bytes that are the handler's to keep. */
  message?(socket: WebSocketConnection<Data, Params>, message: Uint8Array | string): Later
  open?(socket: WebSocketConnection<Data, Params>): Later
  /** The client has sent a ping, which is answered already. */
  ping?(socket: WebSocketConnection<Data, Params>, data: Uint8Array): Later
  pong?(socket: WebSocketConnection<Data, Params>, data: Uint8Array): Later
}

/** {@link WebSocketOptions}, checked and complete. */
export interface WebSocketSettings {
  readonly compression: boolean
  /** Milliseconds; 0 for never. */
  readonly idleTimeout: number
  readonly maxBackpressure: number
  readonly maxPayload: number
  readonly origins: '*' | readonly string[] | WebSocketOriginTest | undefined
  readonly subprotocols: readonly string[] | SubprotocolChoice
  readonly use: readonly unknown[]
}

/** Handlers whose types nobody needs any more. */
export type AnyWebSocketHandlers = WebSocketHandlers<Readonly<Record<string, string>>, unknown>

/** Stands for the handler of a route of WebSockets until the app starts. */
export class WebSocketRoute {
  readonly handlers: AnyWebSocketHandlers
  readonly settings: WebSocketSettings

  /** @throws HotpressError `HANDLER_INVALID`, `OPTION_INVALID`, `OPTION_UNKNOWN` */
  constructor(path: string, handlers: unknown) {
    const where = ` of ws(${JSON.stringify(path)})`
    const { options = {}, ...given } = checkOptions(handlers, handlerChecks, where)
    this.handlers = given as AnyWebSocketHandlers
    this.settings = settle(options, where)
  }
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

const handlerNames = ['close', 'drain', 'message', 'open', 'ping', 'pong', 'upgrade'] as const

const handlerCheck: Check = (value, option) => {
  if (typeof value === 'function') return value
  throw new HotpressError('HANDLER_INVALID', { got: describe(value), what: option })
}

const handlerChecks: Readonly<Record<(typeof handlerNames)[number] | 'options', Check>> = {
  close: handlerCheck,
  drain: handlerCheck,
  message: handlerCheck,
  open: handlerCheck,
  options: (value) => value,
  ping: handlerCheck,
  pong: handlerCheck,
  upgrade: handlerCheck,
}

const sizeCheck: Check<number> = (value, option) => {
  const size = bytesOf(value, option)
  // A transport counts them in 32 bits.
  return size > 0 && size < 2 ** 30 ? size : invalid(option, value, 'more than 0, and less than 1 GB')
}

const checks: Readonly<Record<keyof WebSocketOptions, Check>> = {
  compression: checkBoolean,
  idleTimeout: (value, option) => {
    if (value === false) return 0
    const time = millisecondsOf(value, option)
    return time > 0 ? time : invalid(option, value, 'more than 0, or false')
  },
  maxBackpressure: sizeCheck,
  maxPayload: sizeCheck,
  origins: (value, option) => {
    if (value === '*' || typeof value === 'function') return value
    if (Array.isArray(value) && value.every(isOrigin)) return [...value]
    return invalid(option, value, "'*', a function, or a list of origins such as 'https://example.com'")
  },
  subprotocols: (value, option) => {
    if (typeof value === 'function') return value
    if (Array.isArray(value) && value.every((each) => typeof each === 'string' && token.test(each))) return [...value]
    return invalid(option, value, 'a list of tokens, or a function')
  },
  use: (value) => (Array.isArray(value) ? [...value] : [value]),
}

function isOrigin(value: unknown): boolean {
  if (typeof value !== 'string') return false
  try {
    return new URL(value).origin === value
  } catch {
    return false
  }
}

function settle(options: unknown, where: string): WebSocketSettings {
  const given = checkOptions(options, checks, ` of the options${where}`)
  return Object.freeze({
    compression: (given.compression as boolean | undefined) ?? false,
    idleTimeout: (given.idleTimeout as number | undefined) ?? 120_000,
    maxBackpressure: (given.maxBackpressure as number | undefined) ?? 1024 ** 2,
    maxPayload: (given.maxPayload as number | undefined) ?? 1024 ** 2,
    origins: given.origins as WebSocketSettings['origins'],
    subprotocols: (given.subprotocols as WebSocketSettings['subprotocols'] | undefined) ?? [],
    use: (given.use as readonly unknown[] | undefined) ?? [],
  })
}
