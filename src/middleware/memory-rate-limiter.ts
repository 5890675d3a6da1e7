import { performance } from 'node:perf_hooks'
import { checkOptions, invalid } from '../core/options-check.js'
import { type RateRecord, RateRecords } from './rate-limit-records.js'
import { hashKey, longestKey, type RateLimiter, type RateLimitPolicy, type RateLimitResult } from './rate-limiter.js'

/** Options of `new MemoryRateLimiter()`. */
export interface MemoryRateLimiterOptions {
  /** Records beyond which those that have expired are taken out, a few with each request: 10,000 by default. */
  readonly cleanAbove?: number
  /** Milliseconds, whole ones, that never go back: the process's own clock by default. For tests. */
  readonly clock?: () => number
  /** Records at most: 100,000 by default. For a further one the one goes that was asked for the longest ago. */
  readonly maxRecords?: number
}

// More than one, so that expired records go faster than new ones come; few, so that no request pays for many.
const cleanedAtOnce = 4

const checks = {
  cleanAbove: (value: unknown, option: string): unknown => whole(value, option, 0),
  clock: (value: unknown, option: string): unknown =>
    typeof value === 'function' ? value : invalid(option, value, 'a function that returns milliseconds'),
  maxRecords: (value: unknown, option: string): unknown => whole(value, option, 1),
}

/**
 * Counts in the memory of the process, with a bound: each process has a limit of its own then.
 *
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`
 * @example
 * const limiter = new MemoryRateLimiter({ maxRecords: 10_000 })
 * app.use(rateLimit({ limit: 100, limiter, name: 'all', window: '1m' }))
 */
export class MemoryRateLimiter implements RateLimiter {
  readonly #cleanAbove: number
  readonly #clock: () => number
  /** Policies of one algorithm and window share a list, in which records expire in the order that they have there. */
  readonly #lists = new Map<string, RateRecords>()
  readonly #maxRecords: number
  #now = 0
  #policy: RateLimitPolicy | undefined
  #records: RateRecords | undefined
  #size = 0

  constructor(options: MemoryRateLimiterOptions = {}) {
    const given = checkOptions(options, checks, ' of new MemoryRateLimiter()') as MemoryRateLimiterOptions
    this.#cleanAbove = given.cleanAbove ?? 10_000
    this.#clock = given.clock ?? milliseconds
    this.#maxRecords = given.maxRecords ?? 100_000
  }

  /** Records that are kept. */
  get size(): number {
    return this.#size
  }

  consume(key: string, cost: number, policy: RateLimitPolicy): RateLimitResult {
    const now = Math.max(this.#clock(), this.#now)
    this.#now = now
    const records = policy === this.#policy ? this.#records! : this.#recordsOf(policy)
    if (this.#size > this.#cleanAbove) this.#size -= records.clean(now, cleanedAtOnce)
    const short = key.length > longestKey ? hashKey(key) : key
    const record = records.touch(short, now) ?? this.#add(records, short, now, policy)
    return policy.algorithm === 'token-bucket' ? pour(record, cost, policy, now) : slide(record, cost, policy, now)
  }

  #add(records: RateRecords, key: string, now: number, { algorithm, limit, window }: RateLimitPolicy): RateRecord {
    if (this.#size > this.#cleanAbove) {
      for (const list of this.#lists.values()) this.#size -= list.clean(now, cleanedAtOnce)
    }
    if (this.#size >= this.#maxRecords) this.#dropOldest()
    this.#size++
    return records.add(key, now, algorithm === 'token-bucket' ? limit * window : 0)
  }

  #dropOldest(): void {
    let oldest: RateRecords | undefined
    for (const list of this.#lists.values()) {
      if (list.oldest !== undefined && list.oldest.at < (oldest?.oldest?.at ?? Infinity)) oldest = list
    }
    oldest?.dropOldest()
    this.#size--
  }

  #recordsOf(policy: RateLimitPolicy): RateRecords {
    const { algorithm, window } = policy
    const id = `${algorithm} ${window}`
    let records = this.#lists.get(id)
    if (records === undefined) {
      // A bucket is full after a window; what was consumed in a window counts until the next one is over.
      records = new RateRecords(algorithm === 'token-bucket' ? window : 2 * window)
      this.#lists.set(id, records)
    }
    this.#policy = policy
    this.#records = records
    return records
  }
}

// Limits times windows are whole numbers that a double holds exactly (see settleRateLimit): nothing below is rounded but
// where it says so.

/**
 * Two counters: what was consumed in the window before counts by the part of it that the last `window` ms still hold,
 * rounded down: a request counts for no longer than a whole window where all came at once.
 */
function slide(record: RateRecord, cost: number, { limit, window }: RateLimitPolicy, now: number): RateLimitResult {
  let elapsed = now - record.start
  if (elapsed >= window) {
    const follows = elapsed < 2 * window
    record.previous = follows ? record.count : 0
    record.start = follows ? record.start + window : now
    record.count = 0
    elapsed = now - record.start
  }
  // A window begins with what is consumed first.
  if (record.count === 0 && record.previous === 0) {
    record.start = now
    elapsed = 0
  }
  const { count, previous } = record
  // Of the last `window` ms, this one included, so many are in the window before.
  const weighted = Math.floor((previous * (window - elapsed - 1)) / window)
  const room = limit - count - weighted
  if (cost <= room) {
    record.count = count + cost
    return { allowed: true, remaining: room - cost, resetMs: window - elapsed }
  }
  const remaining = Math.max(0, room)
  if (cost > limit) return { allowed: false, remaining, resetMs: Infinity }
  const free = limit - cost - count
  const resetMs =
    free >= 0
      ? window - Math.ceil(((free + 1) * window) / previous) - elapsed
      : 2 * window - elapsed - Math.ceil(((limit - cost + 1) * window) / count)
  return { allowed: false, remaining, resetMs }
}

/** A bucket that holds `limit` tokens and is filled within a window. */
function pour(record: RateRecord, cost: number, { limit, window }: RateLimitPolicy, now: number): RateLimitResult {
  const full = limit * window
  const level = Math.min(full, record.count + (now - record.start) * limit)
  const needed = cost * window
  const allowed = needed <= level
  const left = allowed ? level - needed : level
  record.count = left
  record.start = now
  const missing = allowed ? full - left : needed - left
  const resetMs = cost > limit ? Infinity : Math.ceil(missing / limit)
  return { allowed, remaining: Math.floor(left / window), resetMs }
}

function milliseconds(): number {
  return Math.floor(performance.now())
}

function whole(value: unknown, option: string, least: number): number {
  const isRight = Number.isSafeInteger(value) && (value as number) >= least
  return isRight ? (value as number) : invalid(option, value, `a whole number from ${least}`)
}
