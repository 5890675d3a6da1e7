import { createHash } from 'node:crypto'

/** How requests are counted against a limit. */
export type RateLimitAlgorithm = 'sliding-window' | 'token-bucket'

/** What a limiter is told about the policy that asks. */
export interface RateLimitPolicy {
  readonly algorithm: RateLimitAlgorithm
  /** What may be consumed within {@link window}, and at once. */
  readonly limit: number
  readonly name: string
  /** Milliseconds. */
  readonly window: number
}

/** The answer of a limiter. */
export interface RateLimitResult {
  readonly allowed: boolean
  /**
   * Why the limiter could not count where it is meant to, though it answers all the same: a Redis that is away. It is
   * logged where it changes.
   */
  readonly failure?: unknown
  /** What can still be consumed: a whole number from 0. */
  readonly remaining: number
  /**
   * Milliseconds. After a refusal: until the same request would be allowed, `Infinity` where it never would. Else: until
   * the current window is over, or the bucket is full again.
   */
  readonly resetMs: number
}

/**
 * Counts what keys consume. `MemoryRateLimiter` and `RedisRateLimiter` are two; one limiter may serve many policies,
 * which tell it what their limits are.
 *
 * @example
 * const limiter: RateLimiter = {
 *   consume: (key, cost, { limit, window }) => quotas.take({ amount: cost, key, limit, perMs: window }),
 * }
 */
export interface RateLimiter {
  /**
   * Takes a cost from what a key may consume, if there is enough.
   *
   * @param key `<name of the policy>:<key of the request>`, so that policies do not share what they count.
   * @param cost a whole number from 0; one that is larger than the limit is never allowed.
   */
  consume(key: string, cost: number, policy: RateLimitPolicy): RateLimitResult | Promise<RateLimitResult>
}

/** Names of algorithms, for checks and messages. */
export const rateLimitAlgorithms: readonly RateLimitAlgorithm[] = ['sliding-window', 'token-bucket']

/** What a text has at most to be kept as a key; longer ones are hashed, since they may come from a client. */
export const longestKey = 256

/** A text of fixed length in place of one of any: it begins with a tilde. */
export function hashKey(key: string): string {
  return `~${createHash('sha256').update(key).digest('base64url')}`
}
