import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { MemoryRateLimiter, type RateLimitPolicy } from '../../src/index.js'
import { says } from '../_says.js'
import { rateLimiterContract } from '../contract/rate-limiter.js'

interface Clock {
  now: number
}

function limiterWith(clock: Clock, options: { cleanAbove?: number; maxRecords?: number } = {}): MemoryRateLimiter {
  return new MemoryRateLimiter({ ...options, clock: () => clock.now })
}

rateLimiterContract('MemoryRateLimiter', () => {
  const clock = { now: 0 }
  return {
    advance: (milliseconds) => {
      clock.now += milliseconds
    },
    limiter: limiterWith(clock),
  }
})

const sliding: RateLimitPolicy = { algorithm: 'sliding-window', limit: 3, name: 'test', window: 1000 }
const bucket: RateLimitPolicy = { ...sliding, algorithm: 'token-bucket' }

describe('MemoryRateLimiter', () => {
  test('a request is allowed at the very millisecond that was named, and not before', () => {
    const policies = fc.record({
      algorithm: fc.constantFrom('sliding-window' as const, 'token-bucket' as const),
      limit: fc.integer({ max: 1000, min: 1 }),
      name: fc.constant('test'),
      window: fc.oneof(fc.integer({ max: 5000, min: 1 }), fc.integer({ max: 2 ** 31, min: 1 })),
    })
    const steps = fc.array(fc.tuple(fc.nat({ max: 300 }), fc.double({ max: 1.5, min: 0, noNaN: true })), {
      maxLength: 20,
    })
    fc.assert(
      fc.property(policies, steps, (policy, taken) => {
        const clock = { now: 0 }
        const limiter = limiterWith(clock)
        for (const [cost, pause] of taken) {
          clock.now += Math.floor(pause * policy.window)
          const result = limiter.consume('key', cost, policy)
          assert.ok(Number.isInteger(result.remaining) && result.remaining >= 0 && result.remaining <= policy.limit)
          if (result.allowed || cost > policy.limit) continue
          assert.ok(Number.isInteger(result.resetMs) && result.resetMs > 0)
          clock.now += result.resetMs - 1
          assert.equal(limiter.consume('key', cost, policy).allowed, false)
          clock.now += 1
          assert.equal(limiter.consume('key', cost, policy).allowed, true)
        }
      }),
    )
  })

  test('what remains can be consumed, and nothing more', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(sliding, bucket),
        fc.array(fc.tuple(fc.nat({ max: 3 }), fc.nat({ max: 1500 })), { maxLength: 20 }),
        (policy, taken) => {
          const clock = { now: 0 }
          const limiter = limiterWith(clock)
          for (const [cost, pause] of taken) {
            clock.now += pause
            const { remaining } = limiter.consume('key', 0, policy)
            assert.equal(limiter.consume('key', remaining + 1, policy).allowed, false)
            assert.equal(limiter.consume('key', cost, policy).allowed, cost <= remaining)
          }
        },
      ),
    )
  })

  test('allowed answers name the end of the window, or when the bucket is full', () => {
    const clock = { now: 0 }
    const limiter = limiterWith(clock)
    assert.equal(limiter.consume('a', 1, sliding).resetMs, 1000)
    assert.equal(limiter.consume('a', 1, bucket).resetMs, 334)
    clock.now = 400
    assert.equal(limiter.consume('a', 1, sliding).resetMs, 600)
    assert.equal(limiter.consume('a', 2, bucket).resetMs, 667)
  })

  test('a clock that goes back stands still', () => {
    const clock = { now: 10_000 }
    const limiter = limiterWith(clock)
    for (const policy of [sliding, bucket]) limiter.consume('a', 3, policy)
    clock.now = 0
    for (const policy of [sliding, bucket]) assert.equal(limiter.consume('a', 1, policy).allowed, false)
  })

  test('policies of one algorithm and window that have one key have one record', () => {
    const limiter = limiterWith({ now: 0 })
    limiter.consume('a', 3, sliding)
    assert.equal(limiter.consume('a', 1, { ...sliding, limit: 4 }).allowed, true)
    assert.equal(limiter.consume('a', 1, sliding).allowed, false)
    assert.equal(limiter.size, 1)
  })

  test('there are never more records than the most, and the one asked for the longest ago goes', () => {
    const clock = { now: 0 }
    const limiter = limiterWith(clock, { maxRecords: 3 })
    const take = (key: string, policy = sliding): boolean => {
      clock.now++
      return limiter.consume(key, 3, policy).allowed
    }
    for (const key of ['a', 'b', 'c']) assert.equal(take(key), true)
    assert.equal(take('a'), false)
    assert.equal(take('d'), true)
    assert.equal(limiter.size, 3)
    // b went, since a was asked for after it.
    for (const key of ['a', 'c', 'd']) assert.equal(take(key), false, key)
    assert.equal(take('b', bucket), true)
    assert.equal(limiter.size, 3)
    assert.equal(take('a'), true, 'the oldest goes, whatever the policy')
    for (let index = 0; index < 1000; index++) take(`flood ${index}`, index % 2 === 0 ? sliding : bucket)
    assert.equal(limiter.size, 3)
  })

  test('the bounds are 10,000 and 100,000 where nothing is said', () => {
    const clock = { now: 0 }
    const limiter = limiterWith(clock)
    for (let index = 0; index < 120_000; index++) limiter.consume(`key ${index}`, 1, sliding)
    assert.equal(limiter.size, 100_000)
    clock.now = 2000
    // Each request takes a few of the expired ones out: until there are 10,000, and no further.
    for (let index = 0; index < 40_000; index++) limiter.consume('one', 0, sliding)
    assert.ok(limiter.size <= 10_000 && limiter.size > 9_900, String(limiter.size))
  })

  test('records that have expired go, whatever their policy; others stay', () => {
    const clock = { now: 0 }
    const limiter = limiterWith(clock, { cleanAbove: 0 })
    const long: RateLimitPolicy = { ...sliding, window: 100_000 }
    limiter.consume('kept', 3, long)
    for (let index = 0; index < 50; index++) limiter.consume(`bucket ${index}`, 1, bucket)
    for (let index = 0; index < 50; index++) limiter.consume(`window ${index}`, 1, sliding)
    assert.equal(limiter.size, 101)
    clock.now = 1999
    limiter.consume('new', 1, long)
    assert.equal(limiter.size, 101 - 4 + 1, 'a few at once')
    clock.now = 2000
    for (let index = 0; index < 50; index++) limiter.consume(`new ${index}`, 1, long)
    assert.equal(limiter.size, 52)
    assert.equal(limiter.consume('kept', 1, long).allowed, false)
  })

  test('long keys are kept as hashes, and are told apart', () => {
    const limiter = limiterWith({ now: 0 })
    const long = 'x'.repeat(8000)
    assert.equal(limiter.consume(`${long}1`, 3, sliding).allowed, true)
    assert.equal(limiter.consume(`${long}2`, 3, sliding).allowed, true)
    assert.equal(limiter.consume(`${long}1`, 1, sliding).allowed, false)
  })

  test('a key does not keep the text in memory that it was cut out of', () => {
    setFlagsFromString('--expose-gc')
    const collect = runInNewContext('gc') as () => void
    const used = (): number => {
      collect()
      return process.memoryUsage().heapUsed
    }
    const limiter = new MemoryRateLimiter()
    const before = used()
    for (let index = 0; index < 2000; index++) {
      const header = Buffer.alloc(50_000, `${index} `).toString('latin1')
      limiter.consume(header.slice(0, 64), 1, sliding)
    }
    // 100 MB if it did.
    const grown = used() - before
    assert.ok(grown < 20_000_000, String(grown))
    assert.equal(limiter.size, 2000)
  })

  const wrong: readonly (readonly [object, string, string])[] = [
    [{ cleanAbove: -1 }, 'cleanAbove', 'a whole number from 0'],
    [{ clock: 1 }, 'clock', 'a function'],
    [{ maxRecords: 0 }, 'maxRecords', 'a whole number from 1'],
  ]
  for (const [options, name, takes] of wrong) {
    test(`does not take ${JSON.stringify(options)}`, () => {
      assert.throws(() => new MemoryRateLimiter(options), says('OPTION_INVALID', name, takes))
    })
  }

  test('does not take options that it does not know', () => {
    assert.throws(() => new MemoryRateLimiter({ max: 1 } as never), says('OPTION_UNKNOWN', 'max', 'maxRecords'))
  })
})
