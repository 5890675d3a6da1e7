import type { ServerOptions } from 'socket.io'
import { type Check, checkBoolean, checkFunction, checkOptions, invalid, refused } from '../core/options-check.js'
import type { Middleware } from '../core/types.js'
import { bytesOf, millisecondsOf } from '../core/units.js'
import { keepsNothing } from './socketio-redis.js'

/** What of WebSocket messages is compressed. */
export interface SocketIoDeflateOptions {
  /** Bytes from which a message is: 1 KB by default. */
  readonly threshold?: number | string
}

/** How long the state of a client is kept that lost its connection. */
export interface SocketIoRecoveryOptions {
  /** Milliseconds, or a text with a unit: 2 minutes by default. */
  readonly maxDisconnectionDuration?: number | string
  /**
   * Whether a client that comes back passes no middleware of its namespace, `useAuth()` included: false by default, so that
   * an expired credential is not believed again.
   */
  readonly skipMiddlewares?: boolean
}

/**
 * Options of `app.socketio()`. Times are milliseconds or a text with a unit (`'20s'`), sizes bytes or a text (`'1mb'`).
 *
 * @typeParam Cors what the option `cors` takes.
 */
export interface SocketIoOptions<Cors = unknown> {
  /** What carries messages between processes, such as `redis(url)`; within this one by default. */
  readonly adapter?: ServerOptions['adapter']
  /** Whether clients of Socket.IO 2 are served too: false by default. */
  readonly allowEIO3?: boolean
  /** Decides about each handshake, after `middleware`. */
  readonly allowRequest?: NonNullable<ServerOptions['allowRequest']>
  /** Whether a client that polls may go on by WebSocket: true by default. */
  readonly allowUpgrades?: boolean
  /** Whether a dynamic namespace ends with its last socket: false by default. */
  readonly cleanupEmptyChildNamespaces?: boolean
  /** For a client that joins no namespace: 45 s by default. */
  readonly connectTimeout?: number | string
  /** Whether clients that lost their connection have rooms, data and what they missed again when they are back. */
  readonly connectionStateRecovery?: boolean | SocketIoRecoveryOptions
  /** A cookie with the id of the session, for a front that needs one to be sticky. None by default. */
  readonly cookie?: NonNullable<ServerOptions['cookie']>
  /** Which pages may connect by polling: as the app's option `cors`, which is in force unless this is given. */
  readonly cors?: Cors
  /** Compression of polling: from 1 KB on by default. */
  readonly httpCompression?: NonNullable<ServerOptions['httpCompression']>
  /** Of one message: 1,000,000 bytes by default. A client that sends more is disconnected. */
  readonly maxHttpBufferSize?: number | string
  /** Middleware for handshakes, the first outermost. Whatever it answers itself refuses the client. */
  readonly middleware?: readonly Middleware[]
  /** Encodes messages; the clients need the same. */
  readonly parser?: unknown
  /** Where it is: `/socket.io` by default. */
  readonly path?: string
  /** Compression of WebSocket messages: false by default. */
  readonly perMessageDeflate?: boolean | SocketIoDeflateOptions
  /** Between heartbeats: 25 s by default. */
  readonly pingInterval?: number | string
  /** For the answer to a heartbeat: 20 s by default. */
  readonly pingTimeout?: number | string
  /** Whether the client is served to pages, as `/socket.io/socket.io.js` and the like: true by default. */
  readonly serveClient?: boolean
  /** For the change from polling to WebSocket: 10 s by default. */
  readonly upgradeTimeout?: number | string
  /** Whether polling is refused, so that any process can serve any client: false by default. */
  readonly websocketOnly?: boolean
}

/** The options, checked. */
export interface SocketIoSettings {
  readonly cors: unknown
  /** Of the library. */
  readonly library: Partial<ServerOptions>
  readonly maxHttpBufferSize: number
  readonly middleware: readonly Middleware[]
  /** Without a slash at its end. */
  readonly path: string
  readonly servesClient: boolean
  readonly websocketOnly: boolean
}

const where = ' of socketio()'

const time: Check = millisecondsOf
const positive: Check = (value, option) => millisecondsOf(value, option) || invalid(option, value, 'more than 0')
const any: Check = (value) => value
const whole: Check = (value, option) =>
  typeof value === 'boolean' || (typeof value === 'object' && value !== null && !Array.isArray(value))
    ? value
    : invalid(option, value, 'true, false or an object of options')

const checks: Readonly<Record<keyof SocketIoOptions, Check>> = {
  adapter: checkFunction,
  allowEIO3: checkBoolean,
  allowRequest: checkFunction,
  allowUpgrades: checkBoolean,
  cleanupEmptyChildNamespaces: checkBoolean,
  connectTimeout: positive,
  connectionStateRecovery: recovery,
  cookie: whole,
  cors: any,
  httpCompression: whole,
  maxHttpBufferSize: (value, option) => bytesOf(value, option) || invalid(option, value, 'more than 0'),
  middleware,
  parser: parser,
  path: pathOf,
  perMessageDeflate: deflate,
  pingInterval: positive,
  pingTimeout: positive,
  serveClient: checkBoolean,
  upgradeTimeout: positive,
  websocketOnly: checkBoolean,
}

const deflateChecks = { threshold: bytesOf }
const recoveryChecks = { maxDisconnectionDuration: time, skipMiddlewares: checkBoolean }

/**
 * Checks the options of `socketio()`.
 *
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function settleSocketIo(options: SocketIoOptions): SocketIoSettings {
  const given = checkOptions(options, checks, where) as Record<string, unknown>
  if (given.connectionStateRecovery !== undefined && keepsNothing(given.adapter)) {
    refused(`adapter${where}`, 'redis() without streams', 'redis({ streams: true }) beside connectionStateRecovery')
  }
  const { cors, middleware = [], path = '/socket.io', serveClient = true, websocketOnly = false, ...library } = given
  return {
    cors,
    library: {
      ...(library as Partial<ServerOptions>),
      // One that has a slash behind it is the same.
      addTrailingSlash: false,
      path: path as string,
      serveClient: false,
      ...(websocketOnly === true ? { transports: ['websocket'] } : {}),
    },
    maxHttpBufferSize: (given.maxHttpBufferSize as number | undefined) ?? 1_000_000,
    middleware: middleware as readonly Middleware[],
    path: path as string,
    servesClient: serveClient as boolean,
    websocketOnly: websocketOnly as boolean,
  }
}

function deflate(value: unknown, option: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return whole(value, option)
  return checkOptions(value, deflateChecks, ` of ${option}`)
}

function middleware(value: unknown, option: string): readonly Middleware[] {
  const isList = Array.isArray(value) && value.every((each) => typeof each === 'function')
  return isList ? value : invalid(option, value, 'an array of middleware')
}

function parser(value: unknown, option: string): unknown {
  const isParser = typeof value === 'object' && value !== null && 'Encoder' in value && 'Decoder' in value
  return isParser ? value : invalid(option, value, 'an object with an Encoder and a Decoder')
}

function pathOf(value: unknown, option: string): string {
  if (typeof value !== 'string' || !/^(?:\/[\w.~-]+)+\/?$/.test(value)) {
    return invalid(option, value, "a path of letters, digits, '-', '.', '_' and '~', such as '/socket.io'")
  }
  return value.replace(/\/$/, '')
}

function recovery(value: unknown, option: string): SocketIoRecoveryOptions | undefined {
  if (value === false) return undefined
  if (value === true) return { skipMiddlewares: false }
  if (typeof value !== 'object' || value === null) return invalid(option, value, 'true, false or an object of options')
  return {
    skipMiddlewares: false,
    ...(checkOptions(value, recoveryChecks, ` of ${option}`) as SocketIoRecoveryOptions),
  }
}
