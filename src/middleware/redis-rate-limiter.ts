import { performance } from 'node:perf_hooks'
import { Deadlines } from '../core/deadlines.js'
import { checkOptions, invalid } from '../core/options-check.js'
import { checkRedisUrl, withoutCommand } from '../core/redis.js'
import { millisecondsOf } from '../core/units.js'
import { describe, HotpressError, httpError } from '../errors.js'
import { MemoryRateLimiter, type MemoryRateLimiterOptions } from './memory-rate-limiter.js'
import { hashKey, longestKey, type RateLimiter, type RateLimitPolicy, type RateLimitResult } from './rate-limiter.js'
import { connectRedis, type RedisClient, type RedisConnection } from './redis-client.js'
import { redisScripts } from './redis-scripts.js'

/** Options of `new RedisRateLimiter()`. */
export interface RedisRateLimiterOptions {
  /** A `Redis` or `Cluster` of ioredis, which stays yours to close. In place of `url`. */
  readonly client?: RedisClient
  /**
   * What becomes of requests while Redis is away: they are counted in this process (`'local'`, the default), pass
   * (`'open'`), or are refused with a 503 (`'closed'`).
   */
  readonly failure?: 'closed' | 'local' | 'open'
  /** Options of the limiter in memory that counts for `failure: 'local'`. */
  readonly local?: MemoryRateLimiterOptions
  /** What the names of keys begin with: `'hotpress:rate:'` by default. */
  readonly prefix?: string
  /** How long Redis may take to answer before it is taken to be away: 100 ms by default. */
  readonly timeout?: number | string
  /** `redis://` or `rediss://`, with the password and the number of the database. In place of `client`. */
  readonly url?: string
}

// While Redis is away, one request in this time asks it all the same, without waiting for the answer.
const pauseBetweenProbes = 200
// Far more than a Redis that is well has open at once; what a client holds back for one that is not stays small.
const mostPending = 10_000

const failures: readonly unknown[] = ['closed', 'local', 'open']

const checks = {
  client: checkClient,
  failure: (value: unknown, option: string): unknown =>
    failures.includes(value) ? value : invalid(option, value, "'closed', 'local' or 'open'"),
  local: (value: unknown, option: string): unknown =>
    typeof value === 'object' && value !== null ? value : invalid(option, value, 'an object'),
  prefix: (value: unknown, option: string): unknown =>
    typeof value === 'string' && /^[!-z|~]{0,100}$/.test(value)
      ? value
      : invalid(option, value, 'up to 100 characters of ASCII without spaces and braces'),
  timeout: (value: unknown, option: string): unknown =>
    millisecondsOf(value, option) || invalid(option, value, 'more than 0'),
  url: checkRedisUrl,
}

/**
 * Counts in Redis, so that all processes that ask it share their limits: one script for each request, atomic, with the
 * clock of the server, for one key. It needs ioredis, which is loaded here, and Redis 5 or newer, or what speaks like it.
 *
 * When Redis does not answer in time, or not at all, `failure` says what happens; from then on requests do not wait for
 * it any more, and it is asked by the way until it answers again.
 *
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`
 * @example
 * const limiter = new RedisRateLimiter({ url: 'redis://localhost:6379' })
 * const app = new Hotpress({ rateLimit: { limit: 100, limiter, window: '1m' } })
 */
export class RedisRateLimiter implements RateLimiter {
  #client: RedisClient | undefined
  #connection: RedisConnection | undefined
  readonly #deadlines: Deadlines
  /** Why Redis is away; undefined while it is not. */
  #failure: unknown
  #isClosed = false
  #isProbing = false
  readonly #local: MemoryRateLimiter
  readonly #mode: 'closed' | 'local' | 'open'
  #nextProbe = 0
  readonly #opened: Promise<RedisClient>
  #pending = 0
  readonly #prefix: string
  readonly #timeout: number

  constructor(options: RedisRateLimiterOptions) {
    const given = checkOptions(options, checks, ' of new RedisRateLimiter()') as RedisRateLimiterOptions
    const { client, failure = 'local', local = {}, prefix = 'hotpress:rate:', timeout = 100, url } = given
    if ((client === undefined) === (url === undefined)) {
      const got = client === undefined ? 'neither' : 'both'
      const takes = 'one of the two'
      throw new HotpressError('OPTION_INVALID', { got, option: 'client or url of new RedisRateLimiter()', takes })
    }
    this.#client = client
    this.#deadlines = new Deadlines(Number(timeout))
    this.#local = new MemoryRateLimiter(local)
    this.#mode = failure
    this.#opened = client === undefined ? this.#open(url!) : Promise.resolve(client)
    this.#prefix = prefix
    this.#timeout = Number(timeout)
    // Whoever asks has the error.
    this.#opened.catch(() => {})
  }

  /** Why requests are not counted in Redis at present; undefined while they are. */
  get failure(): unknown {
    return this.#failure
  }

  /** Closes the connection; a client that was given stays open. What is asked then is answered as while Redis is away. */
  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#failure = new Error('the limiter was closed')
    await this.#opened.catch(() => {})
    this.#connection?.close()
  }

  async consume(key: string, cost: number, policy: RateLimitPolicy): Promise<RateLimitResult> {
    if (this.#failure === undefined) {
      try {
        const result = await this.#within(this.#ask(key, cost, policy))
        // Others may have found it away meanwhile; it is back when one that was asked since has been answered.
        return this.#failure === undefined ? result : { ...result, failure: this.#failure }
      } catch (error) {
        if (error instanceof HotpressError) throw error
        this.#lose(error)
      }
    } else {
      this.#probe(key, cost, policy)
    }
    return this.#without(key, cost, policy)
  }

  async #ask(key: string, cost: number, { algorithm, limit, name, window }: RateLimitPolicy): Promise<RateLimitResult> {
    if (this.#pending >= mostPending) throw new Error(`${mostPending} questions to Redis have no answer yet`)
    this.#pending++
    try {
      const client = this.#client ?? (await this.#opened)
      const { sha, text } = redisScripts[algorithm]
      const values = [keyName(this.#prefix, key, algorithm, window), limit, window, cost]
      const answer = await client.evalsha(sha, 1, ...values).catch((error: unknown) => {
        if (!(error instanceof Error && error.message.startsWith('NOSCRIPT'))) throw error
        return client.eval(text, 1, ...values)
      })
      return resultOf(answer, name)
    } finally {
      this.#pending--
    }
  }

  #lose(error: unknown): void {
    this.#failure ??= withoutCommand(this.#connection?.failure ?? error)
    this.#nextProbe = performance.now() + pauseBetweenProbes
  }

  async #open(url: string): Promise<RedisClient> {
    this.#connection = await connectRedis(url)
    this.#client = this.#connection.client
    return this.#client
  }

  // One at a time, and only over a connection: a client must not gather them for later.
  #probe(key: string, cost: number, policy: RateLimitPolicy): void {
    const start = performance.now()
    if (this.#isProbing || this.#isClosed || start < this.#nextProbe) return
    const status = this.#client?.status ?? 'ready'
    if (this.#client === undefined || (status !== 'ready' && status !== 'wait')) return
    this.#isProbing = true
    const end = (isBack: boolean): void => {
      this.#isProbing = false
      this.#nextProbe = performance.now() + pauseBetweenProbes
      if (isBack && !this.#isClosed) this.#failure = undefined
    }
    this.#ask(key, cost, policy).then(
      // An answer that nobody would have waited for is none.
      () => end(performance.now() - start <= this.#timeout),
      () => end(false),
    )
  }

  #within<Value>(promise: Promise<Value>): Promise<Value> {
    return new Promise((resolve, reject) => {
      const expire = (): void => reject(new Error(`Redis did not answer within ${this.#timeout} ms`))
      const wait = this.#deadlines.add({ expire })
      promise.then(
        (value) => {
          this.#deadlines.remove(wait)
          resolve(value)
        },
        (error) => {
          this.#deadlines.remove(wait)
          reject(error)
        },
      )
    })
  }

  #without(key: string, cost: number, policy: RateLimitPolicy): RateLimitResult {
    const failure = this.#failure
    if (this.#mode === 'closed') throw httpError('RATE_LIMIT_UNAVAILABLE', {}, { cause: failure })
    if (this.#mode === 'open') return { allowed: true, failure, remaining: policy.limit, resetMs: 0 }
    return { ...this.#local.consume(key, cost, policy), failure }
  }
}

// The braces are a hash tag: a cluster finds the place of a key by what is between them. A key that holds braces itself,
// what is no plain text or long stands as its hash, which no plain key looks like.
function keyName(prefix: string, key: string, algorithm: string, window: number): string {
  const plain = key.length <= longestKey && /^[!-z|]+$/.test(key) ? key : hashKey(key)
  return `${prefix}{${plain}}:${algorithm === 'token-bucket' ? 'b' : 'w'}${window}`
}

function resultOf(answer: unknown, name: string): RateLimitResult {
  const numbers = Array.isArray(answer) ? answer.map(Number) : []
  const [allowed, remaining, reset] = numbers
  if (allowed === undefined || remaining === undefined || reset === undefined || numbers.some(Number.isNaN)) {
    throw new Error(`Redis answered the policy ${name} with ${describe(answer)}`)
  }
  return { allowed: allowed === 1, remaining, resetMs: reset < 0 ? Infinity : reset }
}

function checkClient(value: unknown, option: string): unknown {
  const isClient =
    typeof value === 'object' &&
    value !== null &&
    'eval' in value &&
    typeof value.eval === 'function' &&
    'evalsha' in value &&
    typeof value.evalsha === 'function'
  return isClient ? value : invalid(option, value, 'a Redis or Cluster of ioredis')
}
