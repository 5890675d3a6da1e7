import { Buffer } from 'node:buffer'
import { type Agent, validateHeaderName, validateHeaderValue } from 'node:http'
import type { ManagerOptions } from 'socket.io-client'
import { type Check, checkBoolean, checkOptions, invalid, refused } from '../core/options-check.js'
import { countOf, millisecondsOf } from '../core/units.js'
import { describe } from '../errors.js'

type Pem = string | Uint8Array

/**
 * How to connect. Times are milliseconds or a text (`'5s'`), certificates and keys PEM.
 *
 * Calls with the same URL and the same options share one connection, each with a namespace of its own; `ackTimeout`,
 * `multiplex` and `signal` are of the call.
 */
export interface SocketIoClientOptions {
  /** For how long an acknowledgement is waited for: `'30s'` by default. Of one event by `socket.timeout()`. */
  readonly ackTimeout?: number | string
  /** Makes the connections, by way of a proxy for instance. */
  readonly agent?: Agent
  /** The authorities that the server's certificate may come from; those of Node by default. */
  readonly ca?: Pem | readonly Pem[]
  /** The certificate of this client, with its chain. */
  readonly cert?: Pem
  /** Headers of the handshake. */
  readonly extraHeaders?: Readonly<Record<string, string>>
  /** The key of `cert`. */
  readonly key?: Pem
  /** Whether the connection may be shared with other namespaces: true by default. */
  readonly multiplex?: boolean
  /** Encodes messages; the server needs the same. */
  readonly parser?: object
  /** Of `key`. */
  readonly passphrase?: string
  /** Where the server of Socket.IO is: `'/socket.io'` by default. */
  readonly path?: string
  /** Goes into the URL of the handshake, which proxies log: no place for secrets. */
  readonly query?: Readonly<Record<string, string>>
  /** Whether a connection that is lost is made again: true by default. */
  readonly reconnection?: boolean
  /** After how many attempts that is given up: never by default. */
  readonly reconnectionAttempts?: number
  /** Before the first attempt: `'1s'` by default, longer with each, give or take a half. */
  readonly reconnectionDelay?: number | string
  /** The longest between two attempts: `'5s'` by default. */
  readonly reconnectionDelayMax?: number | string
  /** Gives up connecting; the promise is rejected with its reason. */
  readonly signal?: AbortSignal
  /** For connecting, the answer of the namespace included, and for each attempt to connect again: `'20s'` by default. */
  readonly timeout?: number | string
  /** `['websocket']` by default; `['polling', 'websocket']` for where no WebSocket gets through. */
  readonly transports?: readonly ('polling' | 'websocket')[]
}

/** Of one call. */
export interface CallSettings {
  readonly ackTimeout: number
  readonly multiplex: boolean
  readonly signal: AbortSignal | undefined
}

/** Of a connection; calls with equal ones share it. */
export type ConnectionSettings = Partial<ManagerOptions> & { readonly autoConnect: false; readonly timeout: number }

const text: Check<string> = (value, option) => {
  if (typeof value !== 'string' || value === '') return refused(option, kindOf(value), 'a text that is not empty')
  return value
}

// A key is shown in no error.
const pem: Check<string> = (value, option) => {
  const content = value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value
  if (typeof content === 'string' && content.includes('-----BEGIN ')) return content
  const got = typeof content === 'string' ? 'what is no PEM' : kindOf(value)
  return refused(option, got, 'PEM, as a text or bytes: the content of the file, not its path')
}

const texts = (takes: string): Check<Record<string, string>> => {
  return (value, option) => {
    if (!isPlain(value)) return refused(option, kindOf(value), takes)
    for (const [name, each] of Object.entries(value)) {
      if (typeof each !== 'string') refused(`${name} in ${option}`, kindOf(each), 'a text')
    }
    return { ...value } as Record<string, string>
  }
}

const headerTexts = texts('an object of header names and values')

const checks = {
  ackTimeout: positive,
  agent: (value: unknown, option: string) =>
    isAgent(value) ? value : refused(option, kindOf(value), 'an Agent of node:http or node:https'),
  ca(value: unknown, option: string): string[] {
    if (!Array.isArray(value)) return [pem(value, option)]
    if (value.length === 0) return refused(option, 'an empty list', 'PEM, or a list of it')
    return value.map((each) => pem(each, option))
  },
  cert: pem,
  extraHeaders(value: unknown, option: string): Record<string, string> {
    const headers = headerTexts(value, option)
    for (const [name, content] of Object.entries(headers)) checkHeader(name, content, option)
    return headers
  },
  key: pem,
  multiplex: checkBoolean,
  parser: (value: unknown, option: string) =>
    isParser(value) ? value : invalid(option, value, 'a parser, with Encoder and Decoder'),
  passphrase: text,
  path: (value: unknown, option: string) =>
    typeof value === 'string' && /^\/[^?#\s]*$/.test(value)
      ? value
      : invalid(option, value, "a path such as '/socket.io'"),
  query: texts('an object of names and texts'),
  reconnection: checkBoolean,
  reconnectionAttempts: (value: unknown, option: string) =>
    countOf(value, option) || invalid(option, value, 'a whole number from 1; reconnection: false is for none'),
  reconnectionDelay: positive,
  reconnectionDelayMax: positive,
  signal: (value: unknown, option: string) =>
    value instanceof AbortSignal ? value : invalid(option, value, 'an AbortSignal'),
  timeout: positive,
  transports(value: unknown, option: string): ('polling' | 'websocket')[] {
    const takes = "a list of 'polling', 'websocket' or both, in the order of their use"
    if (!Array.isArray(value) || value.length === 0) return invalid(option, value, takes)
    return value.map((each) => (each === 'polling' || each === 'websocket' ? each : invalid(option, each, takes)))
  },
} as const

/**
 * @param call for errors: `connect()`.
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function settleClient(
  options: SocketIoClientOptions,
  call: string,
): { readonly connection: ConnectionSettings; readonly ofCall: CallSettings } {
  const where = ` of ${call}`
  const { ackTimeout = 30_000, agent, multiplex = true, signal, ...given } = checkOptions(options, checks, where)
  for (const [one, other] of [['cert', 'key'] as const, ['key', 'cert'] as const]) {
    if (given[one] !== undefined && given[other] === undefined) {
      refused(`${other}${where}`, 'nothing', `PEM, since there is a ${one}`)
    }
  }
  const connection = {
    ...given,
    autoConnect: false,
    // What the package `ws` takes: the type is the one of pages, where there are no agents.
    ...(agent === undefined ? undefined : { agent: agent as unknown as boolean }),
    timeout: given.timeout ?? 20_000,
    transports: given.transports ?? ['websocket'],
  } satisfies ConnectionSettings
  return { connection, ofCall: { ackTimeout, multiplex, signal } }
}

/** A value as an error says it where the value itself may be secret. */
export function kindOf(value: unknown): string {
  return typeof value === 'string' ? (value === '' ? 'an empty text' : 'a text') : describe(value)
}

/** Whether it is an object of members: no array and no function. */
export function isPlain(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function positive(value: unknown, option: string): number {
  return millisecondsOf(value, option) || invalid(option, value, 'a time above 0')
}

// The words of Node name the header and never its value.
function checkHeader(name: string, content: string, option: string): void {
  try {
    validateHeaderName(name)
    validateHeaderValue(name, content)
  } catch {
    refused(`${describe(name)} in ${option}`, 'a name or value that no header can have', 'what RFC 9110, 5.5 allows')
  }
}

function isAgent(value: unknown): value is Agent {
  return typeof value === 'object' && value !== null && 'addRequest' in value
}

function isParser(value: unknown): value is object {
  return typeof value === 'object' && value !== null && 'Encoder' in value && 'Decoder' in value
}
