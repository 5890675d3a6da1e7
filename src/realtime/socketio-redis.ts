import type { Namespace } from 'socket.io'
import type { Logger } from '../core/logger.js'
import { type Check, checkBoolean, checkOptions, invalid, refused } from '../core/options-check.js'
import { missingPackage } from '../core/peer.js'
import { checkRedisUrl } from '../core/redis.js'
import { countOf, millisecondsOf } from '../core/units.js'
import { type Adapter, guardAdapter } from './adapter-guard.js'
import { type RedisAdapterClient, RedisConnections } from './redis-connections.js'
import loadRedisPackage from './socketio-redis-load.cjs'

/** Options of {@link redis}. */
export interface RedisAdapterOptions {
  /** A `Redis` or `Cluster` of ioredis, which stays yours to close; what listens is made of it. In place of `url`. */
  readonly client?: RedisAdapterClient
  /** What the names of channels, keys and the stream begin with: `'socket.io'` by default, as of the official adapters. */
  readonly prefix?: string
  /** Messages that the stream keeps, about: 10,000 by default. */
  readonly streamLength?: number
  /** Whether messages go through a stream, which keeps them for clients that come back: false by default. */
  readonly streams?: boolean
  /** How long other processes may take to answer: 5 s by default. */
  readonly timeout?: number | string
  /** `redis://` or `rediss://`, with the password and the number of the database. In place of `client`. */
  readonly url?: string
}

/** What `app.socketio()` takes as its `adapter`: makes one for each namespace. */
export type RedisAdapter = (namespace: Namespace) => Adapter

/** What an official package makes of clients. */
type Make = (namespace: Namespace) => Adapter

const checks = {
  client: checkClient,
  prefix: (value: unknown, option: string): string =>
    typeof value === 'string' && /^[\w.:-]{1,100}$/.test(value)
      ? value
      : invalid(option, value, "1 to 100 letters, digits, '-', '.', ':' and '_'"),
  streamLength: (value: unknown, option: string): number =>
    countOf(value, option) || invalid(option, value, 'more than 0'),
  streams: checkBoolean,
  timeout: (value: unknown, option: string): number =>
    millisecondsOf(value, option) || invalid(option, value, 'more than 0'),
  url: checkRedisUrl,
} satisfies Readonly<Record<keyof RedisAdapterOptions, Check>>

const where = ' of redis()'

/** Where servers of Socket.IO log. */
const logs = new WeakMap<object, Logger>()
const withoutStreams = new WeakSet<object>()

/**
 * The official adapter of Socket.IO for Redis, with connections that the app owns: made when the server is, closed by
 * `app.close()`, and made again when the app listens again. What goes wrong with them is logged, once when Redis goes away
 * and once when it is back; rooms of one process go on meanwhile, and what asks other processes fails with
 * `ADAPTER_UNAVAILABLE`.
 *
 * It needs ioredis and `@socket.io/redis-adapter`, or `@socket.io/redis-streams-adapter` for `streams`.
 *
 * @param to a URL, or options.
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`, `PACKAGE_MISSING`
 * @example
 * app.socketio({ adapter: redis('redis://localhost:6379'), websocketOnly: true })
 * app.socketio({ adapter: redis({ streams: true, url }), connectionStateRecovery: true })
 */
export function redis(to: string | RedisAdapterOptions): RedisAdapter {
  const options = checkOptions(typeof to === 'string' ? { url: to } : to, checks, where)
  const { client, prefix, streamLength, streams = false, timeout = 5000, url } = options
  const target = client ?? url
  if (target === undefined || (client !== undefined && url !== undefined)) {
    refused(`client or url${where}`, target === undefined ? 'neither' : 'both', 'one of the two')
  }
  if (streamLength !== undefined && !streams)
    refused(`streamLength${where}`, String(streamLength), 'nothing without streams')
  if (client === undefined) load('ioredis')
  const make = streams ? ofStreams(prefix, streamLength) : ofChannels(prefix, timeout)
  const servers = new WeakMap<object, { readonly connections: RedisConnections; readonly make: Make }>()

  // A function that `new` takes as well: the library calls it so.
  function createAdapter(namespace: Namespace): Adapter {
    const { server } = namespace
    // The main namespace is made first and lives as long as its server: so do the connections.
    const isMain = namespace.name === '/'
    let made = servers.get(server)
    if (isMain || made === undefined) {
      made?.connections.close()
      const connections = new RedisConnections(target!, () => logs.get(server))
      made = { connections, make: make(connections) }
      servers.set(server, made)
    }
    const { connections } = made
    return guardAdapter(made.make(namespace), connections, timeout, () => (isMain ? connections.close() : undefined))
  }
  if (!streams) withoutStreams.add(createAdapter)
  return createAdapter
}

/** Whether it is an adapter that keeps nothing for clients that come back. */
export function keepsNothing(adapter: unknown): boolean {
  return typeof adapter === 'function' && withoutStreams.has(adapter)
}

/** Has the adapters of a server log. */
export function logAdapters(server: object, log: Logger): void {
  logs.set(server, log)
}

function ofChannels(prefix: string | undefined, timeout: number): (connections: RedisConnections) => Make {
  const { createAdapter } = load('@socket.io/redis-adapter')
  const options = {
    publishOnSpecificResponseChannel: true,
    requestsTimeout: timeout,
    ...(prefix === undefined ? {} : { key: prefix }),
  }
  return (connections) => createAdapter(connections.publisher, connections.open(), options)
}

function ofStreams(prefix: string | undefined, maxLen = 10_000): (connections: RedisConnections) => Make {
  const { createAdapter } = load('@socket.io/redis-streams-adapter')
  const names =
    prefix === undefined ? {} : { channelPrefix: prefix, sessionKeyPrefix: `${prefix}:session:`, streamName: prefix }
  return (connections) => createAdapter(connections.publisher, { maxLen, ...names })
}

function load<Name extends Parameters<typeof loadRedisPackage>[0]>(
  name: Name,
): ReturnType<typeof loadRedisPackage<Name>> {
  try {
    return loadRedisPackage(name)
  } catch (cause) {
    throw missingPackage(cause, name, 'redis()')
  }
}

function checkClient(value: unknown, option: string): RedisAdapterClient {
  return isClient(value) ? value : invalid(option, value, 'a Redis or Cluster of ioredis')
}

function isClient(value: unknown): value is RedisAdapterClient {
  if (typeof value !== 'object' || value === null) return false
  return (
    ['duplicate', 'psubscribe', 'publish'].every((name) => typeof Reflect.get(value, name) === 'function') &&
    'status' in value
  )
}
