import { type Check, checkBoolean, checkFunction, checkOptions, invalid } from '../core/options-check.js'
import type { HttpRequest } from '../core/request.js'
import { countOf, durationOf } from '../core/units.js'
import { MemoryRateLimiter } from './memory-rate-limiter.js'
import { type RateLimitAlgorithm, type RateLimiter, type RateLimitPolicy, rateLimitAlgorithms } from './rate-limiter.js'

/** Options of `rateLimit()` and of an app's `rateLimit`. */
export interface RateLimitOptions {
  /**
   * `'sliding-window'` (the default): no more than `limit` in any `window`, nearly. `'token-bucket'`: `limit` at once, and
   * then as they flow back, `limit` in a `window`.
   */
  readonly algorithm?: RateLimitAlgorithm
  /** What a request consumes: 1 by default; a whole number from 0, or a function that returns one. */
  readonly cost?: number | ((request: HttpRequest) => number | Promise<number>)
  /** Whether requests pass where the limiter throws: false by default, and they are answered with a 503. */
  readonly failOpen?: boolean
  /** Whether answers carry `RateLimit` and `RateLimit-Policy`: true by default. `Retry-After` of a 429 stays. */
  readonly headers?: boolean
  /**
   * Who is counted: the client's address by default (`req.ip`; of IPv6 the first 64 bits). Undefined for a request that is
   * not limited.
   */
  readonly key?: (request: HttpRequest) => string | undefined | Promise<string | undefined>
  /** How much a key may consume within `window`: a whole number from 1. */
  readonly limit: number
  /** What counts: a `MemoryRateLimiter` of its own by default. */
  readonly limiter?: RateLimiter
  /**
   * Names the policy in headers, and in a `limiter` that several share: policies of one name share what they count. A
   * must where a `limiter` is given; else `default` for the app's option, and such as `100/60s` for others.
   */
  readonly name?: string
  /** Requests for which it returns true are not limited. */
  readonly skip?: (request: HttpRequest) => boolean
  /** Milliseconds, or a text such as `'30s'`, `'1h'` or `'7d'`. */
  readonly window: number | string
}

/** {@link RateLimitOptions}, checked and complete. */
export interface RateLimitSettings {
  readonly cost: number | ((request: HttpRequest) => number | Promise<number>)
  readonly failOpen: boolean
  readonly headers: boolean
  readonly key: RateLimitOptions['key']
  readonly limiter: RateLimiter
  readonly policy: RateLimitPolicy
  /** What the keys of a shared limiter begin with. */
  readonly prefix: string
  readonly skip: RateLimitOptions['skip']
}

// A limit times a window is reckoned with in whole numbers, some of them up to three times as large.
const largestProduct = 2 ** 51

const checks: { readonly [Name in keyof RateLimitOptions]-?: Check } = {
  algorithm: (value, option) =>
    (rateLimitAlgorithms as readonly unknown[]).includes(value)
      ? value
      : invalid(option, value, rateLimitAlgorithms.map((each) => `'${each}'`).join(' or ')),
  cost: (value, option) => (typeof value === 'function' ? value : countOf(value, option)),
  failOpen: checkBoolean,
  headers: checkBoolean,
  key: checkFunction,
  limit: (value, option) =>
    Number.isSafeInteger(value) && (value as number) > 0 ? value : invalid(option, value, 'a whole number from 1'),
  limiter: (value, option) =>
    typeof value === 'object' && value !== null && 'consume' in value && typeof value.consume === 'function'
      ? value
      : invalid(option, value, 'an object with the method consume'),
  // It stands in quotes in a header, and before a colon in keys.
  name: (value, option) =>
    typeof value === 'string' && /^[\w./-]{1,64}$/.test(value)
      ? value
      : invalid(option, value, 'up to 64 letters, digits, dots, slashes, dashes and underscores'),
  skip: checkFunction,
  window: (value, option) => durationOf(value, option) || invalid(option, value, 'more than 0'),
}

/**
 * Checks the options and completes them.
 *
 * @param name the policy's where the options have none.
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function settleRateLimit(options: RateLimitOptions, name: string | undefined): RateLimitSettings {
  const where = ' of rateLimit'
  const given = checkOptions(options, checks, where) as Partial<RateLimitOptions>
  const { algorithm = 'sliding-window', limiter } = given
  const limit = given.limit ?? invalid(`limit${where}`, undefined, 'a whole number from 1')
  const window = Number(given.window ?? invalid(`window${where}`, undefined, "a time such as '1m'"))
  if (limit * window > largestProduct) {
    invalid(`limit${where}`, limit, `at most ${Math.floor(largestProduct / window)} with a window of ${window} ms`)
  }
  if (limiter !== undefined && given.name === undefined && name === undefined) {
    invalid(`name${where}`, undefined, 'a text where a limiter is given: what is counted there stands under it')
  }
  return {
    cost: given.cost ?? 1,
    failOpen: given.failOpen ?? false,
    headers: given.headers ?? true,
    key: given.key,
    limiter: limiter ?? new MemoryRateLimiter(),
    policy: { algorithm, limit, name: given.name ?? name ?? `${limit}/${window / 1000}s`, window },
    prefix: limiter === undefined ? '' : `${given.name ?? name}:`,
    skip: given.skip,
  }
}
