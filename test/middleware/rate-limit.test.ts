import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { HttpRequest, RateLimiter, RateLimitPolicy, RateLimitResult } from '../../src/index.js'
import { Hotpress, HttpResponse, MemoryRateLimiter, type RateLimitOptions, rateLimit, text } from '../../src/index.js'
import { says } from '../_says.js'
import { recorder } from '../contract/http/_tools.js'

const allowed: RateLimitResult = { allowed: true, remaining: 1, resetMs: 1000 }

/** A limiter that notes what it is asked, and answers what it is told. */
function noting(answer: () => RateLimitResult | Promise<RateLimitResult> = () => allowed): {
  readonly asked: [key: string, cost: number, policy: RateLimitPolicy][]
  readonly limiter: RateLimiter
} {
  const asked: [string, number, RateLimitPolicy][] = []
  const consume: RateLimiter['consume'] = (...call) => {
    asked.push(call)
    return answer()
  }
  return { asked, limiter: { consume } }
}

/** The key that stands for a client of an address. */
function keyOf(ip: string): string {
  const { asked, limiter } = noting()
  const middleware = rateLimit({ limit: 1, limiter, name: 'n', window: 1 })
  middleware({ ip } as HttpRequest, () => text('ok'))
  return asked[0]![0]
}

describe('the default key', () => {
  const keys: readonly (readonly [ip: string, key: string])[] = [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['0:0:0:0:0:ffff:c000:201', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002:ffff:ffff:ffff:ffff', '2001:db8:1:2::/64'],
    ['2001:db8:1:3::1', '2001:db8:1:3::/64'],
    ['fe80::1%eth0', 'fe80::/64'],
    ['', ''],
  ]
  for (const [ip, key] of keys) {
    test(`of ${JSON.stringify(ip)} is ${JSON.stringify(key)}`, () => {
      assert.equal(keyOf(ip), `n:${key}`)
    })
  }

  test('is right for more addresses than are kept in mind', () => {
    for (let index = 0; index < 10_000; index++) {
      assert.equal(
        keyOf(`2001:db8:${index.toString(16)}::1`),
        index === 0 ? 'n:2001:db8::/64' : `n:2001:db8:${index.toString(16)}::/64`,
      )
    }
  })
})

describe('rateLimit()', () => {
  test('is synchronous where limiter, key and handler are', () => {
    const middleware = rateLimit({ limit: 1, window: 1000 })
    const result = middleware({ ip: '192.0.2.1' } as HttpRequest, () => text('ok'))
    assert.ok(result instanceof HttpResponse)
  })

  test('tells the limiter the key, the cost and the policy', () => {
    const { asked, limiter } = noting()
    const options = {
      algorithm: 'token-bucket',
      cost: () => 4,
      key: () => 'k',
      limit: 9,
      limiter,
      name: 'n',
      window: '2d',
    } as const
    rateLimit(options)({} as HttpRequest, () => text('ok'))
    const policy = { algorithm: 'token-bucket', limit: 9, name: 'n', window: 172_800_000 }
    assert.deepEqual(asked, [['n:k', 4, policy]])
  })

  test('policies share what they count where they share a limiter and a name, and only there', async () => {
    const limiter = new MemoryRateLimiter()
    const app = new Hotpress({ logger: false })
    const options = { limit: 2, limiter, window: '1h' }
    app.get('/a', { use: rateLimit({ ...options, name: 'one' }) }, () => 'a')
    app.get('/b', { use: rateLimit({ ...options, name: 'one' }) }, () => 'b')
    app.get('/c', { use: rateLimit({ ...options, name: 'two' }) }, () => 'c')
    app.get('/d', { use: rateLimit({ limit: 2, window: '1h' }) }, () => 'd')
    app.get('/e', { use: rateLimit({ limit: 2, window: '1h' }) }, () => 'e')
    const statuses: number[] = []
    for (const url of ['/a', '/b', '/a', '/b', '/c', '/c', '/c', '/d', '/d', '/d', '/e']) {
      statuses.push((await app.inject({ url })).status)
    }
    assert.deepEqual(statuses, [200, 200, 429, 429, 200, 200, 429, 200, 200, 429, 200])
  })

  test('an error handler has the 429 first', async () => {
    const app = new Hotpress({ logger: false, rateLimit: { limit: 1, window: '1h' } })
    app.onError((error) => text(`sorry: ${(error as { code?: string }).code}`).status(429))
    app.get('/', () => 'ok')
    await app.inject()
    const refused = await app.inject()
    assert.equal(refused.status, 429)
    assert.equal(refused.text(), 'sorry: RATE_LIMITED')
  })

  test('a limiter that fails is logged where it begins and where it ends, for all its policies once', async () => {
    const { entries, logger } = recorder()
    let failure: 'none' | 'rejects' | 'throws' | 'tells' = 'none'
    const { limiter } = noting(() => {
      if (failure === 'throws') throw new Error('thrown')
      if (failure === 'rejects') return Promise.reject(new Error('rejected'))
      return failure === 'tells' ? { ...allowed, failure: new Error('told') } : allowed
    })
    const app = new Hotpress({ logger, rateLimit: { limit: 1, limiter, window: '1h' } })
    app.get('/', { use: rateLimit({ limit: 1, limiter, name: 'inner', window: '1h' }) }, () => 'ok')
    const statuses: number[] = []
    for (const each of ['none', 'throws', 'throws', 'rejects', 'none', 'none', 'tells', 'tells', 'none'] as const) {
      failure = each
      statuses.push((await app.inject()).status)
    }
    assert.deepEqual(statuses, [200, 503, 503, 503, 200, 200, 200, 200, 200])
    assert.deepEqual(
      entries.map(({ fields, level, message }) => [level, message, fields.policy, String(fields.err ?? '')]),
      [
        ['warn', 'the rate limiter fails', 'default', 'Error: thrown'],
        ['info', 'the rate limiter works again', 'default', ''],
        ['warn', 'the rate limiter fails', 'default', 'Error: told'],
        ['info', 'the rate limiter works again', 'default', ''],
      ],
    )
  })

  test('an answer that is none is a failure of the limiter', async () => {
    for (const answer of [undefined, null, {}, { allowed: 1 }]) {
      const { limiter } = noting(() => answer as never)
      const app = new Hotpress({ logger: false, rateLimit: { limit: 1, limiter, window: '1h' } })
      app.get('/', () => 'ok')
      assert.equal((await app.inject()).status, 503)
    }
  })

  test('what a limiter says badly does not become a malformed field', async () => {
    const { limiter } = noting(() => ({ allowed: true, remaining: -3.5, resetMs: Number.NaN }))
    const app = new Hotpress({ logger: false, rateLimit: { limit: 1, limiter, window: '1h' } })
    assert.equal((await app.inject()).headers.get('ratelimit'), '"default";r=0')
  })

  test('a policy without a name is named by what it allows', async () => {
    const app = new Hotpress({ logger: false })
    app.use(rateLimit({ limit: 10, window: 1500 }))
    assert.equal((await app.inject()).headers.get('ratelimit-policy'), '"10/1.5s";q=10;w=2')
  })

  test('false is no limit', async () => {
    const app = new Hotpress({ logger: false, rateLimit: false })
    assert.equal((await app.inject()).headers.has('ratelimit'), false)
  })
})

describe('options of rateLimit()', () => {
  const right = { limit: 1, window: 1000 }
  const { limiter } = noting()
  const wrong: readonly (readonly [options: object, texts: readonly string[]])[] = [
    [{ window: 1 }, ['limit of rateLimit', 'undefined']],
    [{ limit: 1 }, ['window of rateLimit', 'undefined']],
    [{ ...right, algorithm: 'leaky' }, ['algorithm', '"leaky"', "'sliding-window' or 'token-bucket'"]],
    [{ ...right, cost: -1 }, ['cost', '-1']],
    [{ ...right, cost: 'much' }, ['cost', '"much"']],
    [{ ...right, failOpen: 1 }, ['failOpen', 'true or false']],
    [{ ...right, headers: 'draft' }, ['headers', 'true or false']],
    [{ ...right, key: 'ip' }, ['key', 'a function']],
    [{ ...right, limit: 0 }, ['limit', 'a whole number from 1']],
    [{ ...right, limit: 1.5 }, ['limit', '1.5']],
    [{ ...right, limit: 2 ** 45 }, ['limit', 'at most 2251799813685 with a window of 1000 ms']],
    [{ ...right, limiter: {} }, ['limiter', 'an object with the method consume']],
    [{ ...right, limiter }, ['name', 'where a limiter is given']],
    [{ ...right, name: 'a"b' }, ['name', 'up to 64 letters']],
    [{ ...right, name: 'a:b' }, ['name']],
    [{ ...right, name: '' }, ['name']],
    [{ ...right, skip: true }, ['skip', 'a function']],
    [{ ...right, window: 0 }, ['window', 'more than 0']],
    [{ ...right, window: '1 minute' }, ['window', '"1 minute"']],
  ]
  for (const [options, texts] of wrong) {
    test(`does not take ${JSON.stringify(options)}`, () => {
      assert.throws(() => rateLimit(options as RateLimitOptions), says('OPTION_INVALID', ...texts))
    })
  }

  test('does not take what it does not know', () => {
    assert.throws(() => rateLimit({ ...right, max: 1 } as never), says('OPTION_UNKNOWN', 'max', 'limiter'))
    assert.throws(() => new Hotpress({ rateLimit: { max: 1 } as never }), says('OPTION_UNKNOWN', 'max'))
  })
})
