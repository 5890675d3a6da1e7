import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { RateLimitAlgorithm, RateLimiter, RateLimitPolicy, RateLimitResult } from '../../src/index.js'

/** A limiter whose time can be moved on. */
export interface LimiterUnderTest {
  readonly limiter: RateLimiter
  /** Lets milliseconds pass; more may pass by themselves. */
  advance(milliseconds: number): Promise<void> | void
  close?(): Promise<void> | void
}

// So long that what passes by itself while a test runs changes no whole number.
const window = 10_000_000
const algorithms: readonly RateLimitAlgorithm[] = ['sliding-window', 'token-bucket']

/** What every limiter does, wherever it counts. */
export function rateLimiterContract(name: string, make: () => LimiterUnderTest | Promise<LimiterUnderTest>): void {
  describe(name, () => {
    let under: LimiterUnderTest
    let count = 0
    before(async () => {
      under = await make()
    })
    after(() => under.close?.())

    /** A key that no other test has. */
    const fresh = (): string => `contract:key-${count++}`
    const policyOf = (algorithm: RateLimitAlgorithm, limit: number): RateLimitPolicy => ({
      algorithm,
      limit,
      name: 'contract',
      window,
    })
    const take = async (key: string, policy: RateLimitPolicy, cost = 1): Promise<RateLimitResult> =>
      await under.limiter.consume(key, cost, policy)
    /** How many of some requests are allowed. */
    const allowedOf = async (key: string, policy: RateLimitPolicy, requests: number): Promise<number> => {
      const results = await Promise.all(Array.from({ length: requests }, () => take(key, policy)))
      return results.filter(({ allowed }) => allowed).length
    }

    for (const algorithm of algorithms) {
      describe(algorithm, () => {
        test('allows as many as the limit, and counts down', async () => {
          const key = fresh()
          const policy = policyOf(algorithm, 3)
          const results = [
            await take(key, policy),
            await take(key, policy),
            await take(key, policy),
            await take(key, policy),
          ]
          assert.deepEqual(
            results.map(({ allowed, remaining }) => [allowed, remaining]),
            [
              [true, 2],
              [true, 1],
              [true, 0],
              [false, 0],
            ],
          )
        })

        test('says when it is worth trying again', async () => {
          const key = fresh()
          const policy = policyOf(algorithm, 2)
          await take(key, policy, 2)
          const { allowed, resetMs } = await take(key, policy)
          assert.equal(allowed, false)
          assert.ok(Number.isInteger(resetMs) && resetMs > 0 && resetMs <= 2 * window, String(resetMs))
          await under.advance(resetMs - window / 100)
          assert.equal((await take(key, policy)).allowed, false)
          await under.advance(window / 100)
          assert.equal((await take(key, policy)).allowed, true)
        })

        test('a whole window after all was consumed at once there is something again', async () => {
          for (const limit of [1, 2, 5]) {
            const key = fresh()
            await take(key, policyOf(algorithm, limit), limit)
            await under.advance(window)
            assert.equal((await take(key, policyOf(algorithm, limit))).allowed, true, String(limit))
          }
        })

        test('does not mix keys', async () => {
          const policy = policyOf(algorithm, 1)
          const first = fresh()
          assert.equal((await take(first, policy)).allowed, true)
          assert.equal((await take(fresh(), policy)).allowed, true)
          assert.equal((await take(first, policy)).allowed, false)
        })

        test('takes costs of more than 1', async () => {
          const key = fresh()
          const policy = policyOf(algorithm, 10)
          assert.deepEqual(summary(await take(key, policy, 7)), [true, 3])
          assert.deepEqual(summary(await take(key, policy, 4)), [false, 3])
          assert.deepEqual(summary(await take(key, policy, 3)), [true, 0])
        })

        test('a cost of 0 takes nothing', async () => {
          const key = fresh()
          const policy = policyOf(algorithm, 2)
          assert.deepEqual(summary(await take(key, policy, 0)), [true, 2])
          await take(key, policy, 2)
          assert.deepEqual(summary(await take(key, policy, 0)), [true, 0])
        })

        test('never allows a cost that is larger than the limit', async () => {
          const key = fresh()
          const policy = policyOf(algorithm, 5)
          assert.deepEqual(await take(key, policy, 6), {
            allowed: false,
            remaining: 5,
            resetMs: Infinity,
            ...failing(),
          })
          await under.advance(10 * window)
          assert.equal((await take(key, policy, 6)).allowed, false)
          assert.deepEqual(summary(await take(key, policy, 5)), [true, 0])
        })

        test('what is refused does not count', async () => {
          const key = fresh()
          const policy = policyOf(algorithm, 2)
          assert.equal(await allowedOf(key, policy, 50), 2)
          await under.advance(2 * window)
          assert.equal(await allowedOf(key, policy, 50), 2)
        })

        test('many at once get no more than the limit', async () => {
          assert.equal(await allowedOf(fresh(), policyOf(algorithm, 20), 100), 20)
        })

        test('all is forgotten after two windows', async () => {
          const key = fresh()
          const policy = policyOf(algorithm, 4)
          await take(key, policy, 4)
          await under.advance(2 * window)
          assert.deepEqual(summary(await take(key, policy)), [true, 3])
        })

        test('takes keys of any text', async () => {
          const policy = policyOf(algorithm, 1)
          const base = fresh()
          const texts = [
            '',
            ' ',
            '{}',
            '{a}',
            '}{',
            '~',
            '\n',
            '\0',
            '\ud800',
            'ä',
            '*',
            'x'.repeat(10_000),
            '__proto__',
          ]
          for (const text of texts) assert.equal((await take(base + text, policy)).allowed, true, JSON.stringify(text))
          for (const text of texts) assert.equal((await take(base + text, policy)).allowed, false, JSON.stringify(text))
        })

        test('windows of different lengths do not mix', async () => {
          const key = fresh()
          const policy = policyOf(algorithm, 1)
          assert.equal((await take(key, policy)).allowed, true)
          assert.equal((await take(key, { ...policy, window: window * 2 })).allowed, true)
          assert.equal((await take(key, { ...policy, window: window * 2 })).allowed, false)
        })
      })
    }

    test('a sliding window weighs the window before by what is left of it', async () => {
      const key = fresh()
      const policy = policyOf('sliding-window', 10)
      await take(key, policy, 10)
      await under.advance(window * 1.45)
      // 0.55 of the ten count still: five.
      assert.equal(await allowedOf(key, policy, 10), 5)
      await under.advance(window * 0.3)
      // A quarter of the ten, which is two, and the five.
      assert.equal(await allowedOf(key, policy, 10), 3)
    })

    test('a sliding window does not let twice the limit through where two windows meet', async () => {
      const key = fresh()
      const policy = policyOf('sliding-window', 10)
      await take(key, policy, 0)
      await take(key, policy, 1)
      await under.advance(window * 0.99)
      assert.equal(await allowedOf(key, policy, 10), 9)
      await under.advance(window * 0.02)
      // Of the first window nothing but its first request is over.
      assert.equal(await allowedOf(key, policy, 10), 1)
    })

    test('a token bucket is filled as time goes by, and no fuller than full', async () => {
      const key = fresh()
      const policy = policyOf('token-bucket', 10)
      await take(key, policy, 10)
      await under.advance(window * 0.35)
      assert.equal(await allowedOf(key, policy, 10), 3)
      await under.advance(window * 5)
      assert.equal(await allowedOf(key, policy, 20), 10)
    })

    // The reason that a limiter gives for not counting where it is meant to goes with each of its answers.
    const failing = (): object => {
      const { failure } = under.limiter as { failure?: unknown }
      return failure === undefined ? {} : { failure }
    }
  })
}

function summary({ allowed, remaining }: RateLimitResult): [allowed: boolean, remaining: number] {
  return [allowed, remaining]
}
