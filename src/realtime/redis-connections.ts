import type { Buffer } from 'node:buffer'
import type { Cluster, Redis, RedisOptions } from 'ioredis'
import type { Logger } from '../core/logger.js'
import { redisPatience } from '../core/redis.js'
import { describe, HotpressError } from '../errors.js'
import { RedisLink } from './redis-link.js'
import loadRedisPackage from './socketio-redis-load.cjs'

/** What is asked of a client of Redis that messages are sent by: `Redis` and `Cluster` of ioredis have it. */
export interface RedisAdapterClient {
  /** ioredis's own: commands are sent while it is `'ready'`. */
  readonly status: string
  duplicate(): unknown
  publish(channel: Buffer | string, message: Buffer | string): Promise<number>
}

/** Milliseconds between probes. */
const probePause = 5000
/** Milliseconds that a link may be silent: what it waits for in a stream comes within five seconds. */
const linkSilence = 7000
/** Milliseconds for what was said last to leave. */
const farewell = 1000
/** Bytes that wait to be sent to a Redis that does not take them. */
const mostUnsent = 64 * 1024 * 1024

const linkOptions = {
  ...redisPatience,
  autoResendUnfulfilledCommands: false,
  autoResubscribe: false,
  // Milliseconds that ioredis keeps a process for a connection that does not end, or that ended before.
  disconnectTimeout: 200,
  enableOfflineQueue: false,
  lazyConnect: false,
  maxRetriesPerRequest: 0,
  socketTimeout: linkSilence,
} satisfies RedisOptions

/** What the parts of a client are called that send nothing by themselves. */
const passed = new Set<PropertyKey>(['constructor', 'listenerCount', 'multi', 'nodes', 'send_command'])

/**
 * The connections of one server of Socket.IO to Redis: one that messages are sent by, and the links that its adapter asks
 * for. A failure of Redis becomes no error event and no rejection that nobody handles: it is logged when it begins and when
 * it ends. Nothing is kept for later while Redis is away.
 */
export class RedisConnections {
  readonly #client: Cluster | Redis
  #failure: string | undefined
  /** Whether the first attempt to connect has ended: until then ioredis keeps what is sent. */
  #hasBegun: boolean
  #isClosed = false
  readonly #isOwn: boolean
  readonly #links = new Set<RedisLink>()
  readonly #log: () => Logger | undefined
  readonly #make: () => Cluster | Redis
  readonly #secrets: readonly string[]
  #timer: NodeJS.Timeout | undefined
  readonly #waiting = new Set<(error: Error) => void>()
  /** What an adapter takes for a client of ioredis. */
  readonly publisher: object

  /**
   * @param to where Redis is, or a client that stays its owner's.
   * @param log read when there is something to say.
   */
  constructor(to: RedisAdapterClient | string, log: () => Logger | undefined) {
    this.#log = log
    this.#isOwn = typeof to === 'string'
    if (typeof to === 'string') {
      const { Redis: Client } = loadRedisPackage('ioredis')
      this.#client = new Client(to, {
        ...linkOptions,
        enableOfflineQueue: true,
        socketTimeout: redisPatience.socketTimeout,
      })
      this.#client.setMaxListeners(0)
      this.#make = () => new Client(to, linkOptions)
      this.#secrets = secretsOf(to)
    } else {
      const client = to as Cluster | Redis
      this.#client = client
      this.#make = () =>
        isCluster(client)
          ? client.duplicate([], { lazyConnect: false, redisOptions: linkOptions })
          : client.duplicate(linkOptions)
      const { password } = (isCluster(client) ? client.options.redisOptions : client.options) ?? {}
      this.#secrets = [password ?? '']
    }
    this.#hasBegun = !['connect', 'connecting', 'wait'].includes(this.#client.status)
    this.#client.on('close', this.#onClose).on('error', this.#onError).on('ready', this.#onReady)
    this.publisher = this.#proxy()
    this.#timer = setInterval(() => this.#probe(), probePause)
    this.#timer.unref()
  }

  /** Why other processes cannot be reached at present. */
  get failure(): Error | undefined {
    if (!this.#isAway) return undefined
    const reason = this.#isClosed ? 'the app was closed' : `Redis is away: ${this.#failure ?? this.#client.status}`
    return new HotpressError('ADAPTER_UNAVAILABLE', { reason })
  }

  get #isAway(): boolean {
    if (this.#isClosed) return true
    return this.#hasBegun && this.#client.status !== 'ready' && this.#client.status !== 'wait'
  }

  /** Asks other processes; fails when Redis is away, or goes away before they have answered. */
  ask<Value>(question: () => Promise<Value>): Promise<Value> {
    const { failure } = this
    if (failure !== undefined) return Promise.reject(failure)
    return new Promise((resolve, reject) => {
      this.#waiting.add(reject)
      new Promise<Value>((settle) => settle(question()))
        .then(resolve, reject)
        .finally(() => this.#waiting.delete(reject))
    })
  }

  /** Fails all that is asked. */
  fail(error: Error): void {
    const reason = this.#withoutSecrets(error)
    for (const reject of [...this.#waiting]) reject(new HotpressError('ADAPTER_UNAVAILABLE', { reason }))
  }

  /** Ends connections of ours; what was sent before leaves by them. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.fail(new Error('the app was closed'))
    clearInterval(this.#timer)
    // Other namespaces are closed within this turn, and may have something to send.
    await new Promise((resolve) => setImmediate(resolve))
    this.#isClosed = true
    for (const link of this.#links) link.close()
    this.#links.clear()
    if (!this.#isOwn) {
      this.#client.off('close', this.#onClose).off('error', this.#onError).off('ready', this.#onReady)
      return
    }
    if (this.#client.status === 'ready') {
      let timer: NodeJS.Timeout | undefined
      const late = new Promise((resolve) => {
        timer = setTimeout(resolve, farewell)
      })
      await Promise.race([this.#client.quit().catch(() => {}), late])
      clearTimeout(timer)
    }
    this.#client.disconnect()
  }

  /** Makes a link for an adapter. */
  open(): object {
    const link = new RedisLink(this.#make(), {
      lost: this.#onLinkLost,
      ready: this.#onReady,
      refused: (error) => {
        if (this.#isClosed) return
        this.#log()?.error({ reason: this.#withoutSecrets(error) }, 'Socket.IO: Redis refuses what its adapter needs')
      },
    })
    if (this.#isClosed) link.close()
    else this.#links.add(link)
    return link.proxy
  }

  readonly #onClose = (): void => {
    this.#lose('the connection was closed')
    this.fail(new Error(`Redis is away: ${this.#failure}`))
  }

  readonly #onError = (error: Error): void => {
    this.#lose(this.#withoutSecrets(error))
  }

  readonly #onLinkLost = (error?: Error): void => {
    this.#lose(error === undefined ? 'a connection was closed' : this.#withoutSecrets(error))
  }

  readonly #onReady = (): void => {
    if (this.#client.status === 'ready') this.#hasBegun = true
    if (this.#failure === undefined || this.#client.status !== 'ready') return
    if (![...this.#links].every((link) => link.isReady)) return
    this.#failure = undefined
    this.#log()?.info('Socket.IO: Redis is back')
  }

  #lose(reason: string): void {
    if (this.#isClosed) return
    this.#hasBegun = true
    if (this.#failure !== undefined) return
    this.#failure = reason
    this.#log()?.warn({ reason }, 'Socket.IO: Redis is away, and other processes are not reached')
  }

  #probe(): void {
    for (const link of this.#links) link.probe()
    if (this.#isOwn && this.#client.status === 'ready') this.#client.ping().catch(() => {})
  }

  #proxy(): object {
    const client = this.#client
    return new Proxy(client, {
      get: (_, name) => {
        if (name === 'duplicate') return () => this.open()
        // What happens to it is ours to hear, once for all namespaces.
        if (name === 'off' || name === 'on') return () => {}
        // A link connects without being told.
        if (name === 'options') return { ...client.options, lazyConnect: false }
        const value: unknown = Reflect.get(client, name)
        if (typeof value !== 'function' || passed.has(name))
          return typeof value === 'function' && name !== 'constructor' ? value.bind(client) : value
        return (...words: unknown[]) => this.#send(() => value.apply(client, words))
      },
    })
  }

  // Adapters do not look whether what they send arrives. Whoever does look is told.
  #send(send: () => unknown): unknown {
    const refusal = this.failure ?? this.#overflow()
    const sent = refusal === undefined ? send() : Promise.reject(refusal)
    if (sent instanceof Promise) sent.catch(() => {})
    return sent
  }

  #overflow(): Error | undefined {
    const stream: unknown = Reflect.get(this.#client, 'stream')
    if (typeof stream !== 'object' || stream === null || !('writableLength' in stream)) return undefined
    if (Number(stream.writableLength) < mostUnsent) return undefined
    return new HotpressError('ADAPTER_UNAVAILABLE', { reason: `${mostUnsent} bytes wait for Redis to take them` })
  }

  // Redis may repeat what it does not understand, a password included; and ioredis has it in an error's properties.
  #withoutSecrets(error: Error): string {
    const message = error instanceof Error ? error.message : describe(error)
    const said = message.replace(/,? with args beginning with.*$/s, '')
    return this.#secrets.reduce((text, secret) => (secret === '' ? text : text.replaceAll(secret, '***')), said)
  }
}

function isCluster(client: Cluster | Redis): client is Cluster {
  return client.isCluster
}

function secretsOf(url: string): readonly string[] {
  const { password } = new URL(url)
  try {
    return [password, decodeURIComponent(password)]
  } catch {
    return [password]
  }
}
