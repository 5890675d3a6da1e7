import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Cluster, Redis } from 'ioredis'
import { MemoryRateLimiter, type RateLimitPolicy, RedisRateLimiter } from '../../src/index.js'
import { RedisServer, redisSkip } from '../_redis.js'
import { says } from '../_says.js'
import { rateLimiterContract } from '../contract/rate-limiter.js'

// Of a loaded machine: no test here is about an answer that comes late.
const timeout = '20s'

const policy: RateLimitPolicy = { algorithm: 'sliding-window', limit: 3, name: 'test', window: 60_000 }

// Every state begins with a time of the server: to move it back is to let time pass, and so is to expire it earlier.
const shift = `
for _, key in ipairs(redis.call('KEYS', '*')) do
  local lifetime = redis.call('PTTL', key) - ARGV[1]
  local at, rest = string.match(redis.call('GET', key), '^(%d+)(.*)$')
  redis.call('SET', key, string.format('%.0f', at - ARGV[1]) .. rest, 'PX', string.format('%.0f', math.max(1, lifetime)))
end
`

if (redisSkip !== false) test('RedisRateLimiter', { skip: redisSkip })
else withRedis()

function withRedis(): void {
  for (const by of ['url', 'client']) {
    rateLimiterContract(`RedisRateLimiter with a ${by}`, async () => {
      const server = await RedisServer.start()
      const client = new Redis(server.url)
      const limiter = new RedisRateLimiter(by === 'url' ? { timeout, url: server.url } : { client, timeout })
      return {
        advance: async (milliseconds) => {
          await client.eval(shift, 0, milliseconds)
        },
        close: async () => {
          await limiter.close()
          client.disconnect()
        },
        limiter,
      }
    })
  }

  rateLimiterContract('RedisRateLimiter with a cluster', async () => {
    const server = await RedisServer.start('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1')
    const client = new Redis(server.url)
    await client.cluster('ADDSLOTSRANGE', 0, 16_383)
    while (!String(await client.cluster('INFO')).includes('cluster_state:ok')) await sleep(10)
    const cluster = new Cluster([{ host: '127.0.0.1', port: server.port }])
    const limiter = new RedisRateLimiter({ client: cluster, timeout })
    return {
      advance: async (milliseconds) => {
        await client.eval(shift, 0, milliseconds)
      },
      close: () => {
        cluster.disconnect()
        client.disconnect()
      },
      limiter,
    }
  })

  describe('RedisRateLimiter', () => {
    let server: RedisServer
    let client: Redis
    before(async () => {
      server = await RedisServer.start()
      client = new Redis(server.url)
    })
    after(() => client.disconnect())

    const limiterWith = (options: object = {}): RedisRateLimiter =>
      new RedisRateLimiter({ client, timeout, ...options })

    test('decides as the limiter in memory does', async () => {
      const clock = { now: 0 }
      const memory = new MemoryRateLimiter({ clock: () => clock.now })
      const redis = limiterWith({ prefix: 'same:' })
      for (const algorithm of ['sliding-window', 'token-bucket'] as const) {
        // 40 steps of a tenth of a window, far longer than the test runs.
        const each = { algorithm, limit: 7, name: 'same', window: 100_000_000 }
        for (let step = 0; step < 40; step++) {
          const cost = (step * 7) % 5
          const [here, there] = [memory.consume('key', cost, each), await redis.consume('key', cost, each)]
          assert.equal(there.allowed, here.allowed, `${algorithm} ${step}`)
          assert.equal(there.remaining, here.remaining, `${algorithm} ${step}`)
          assert.ok(Math.abs(there.resetMs - here.resetMs) < 1_000_000)
          clock.now += 10_100_000
          await client.eval(shift, 0, 10_100_000)
        }
      }
    })

    test('time is that of the server', async () => {
      const limiter = limiterWith()
      const short = { ...policy, limit: 1, window: 200 }
      assert.equal((await limiter.consume('time', 1, short)).allowed, true)
      let result = await limiter.consume('time', 1, short)
      for (let tries = 0; !result.allowed && tries < 1000; tries++) {
        await sleep(Math.min(result.resetMs, 50))
        result = await limiter.consume('time', 1, short)
      }
      assert.equal(result.allowed, true)
    })

    test('every key has a hash tag and expires; what a text holds does not get out of its place', async () => {
      await client.flushall()
      const limiter = limiterWith({ prefix: 'p:' })
      const keys = ['plain', 'a}b{c', 'with space', 'x'.repeat(5000), '\n', 'ü']
      for (const key of keys) {
        await limiter.consume(key, 1, policy)
        await limiter.consume(key, 1, { ...policy, algorithm: 'token-bucket' })
      }
      const names = await client.keys('*')
      assert.equal(names.length, 2 * keys.length)
      for (const name of names) {
        assert.match(name, /^p:\{(plain|~[\w-]{43})\}:[bw]60000$/)
        const lifetime = await client.pttl(name)
        assert.ok(lifetime > 0 && lifetime <= 120_000, String(lifetime))
      }
    })

    test('a text cannot take the place of a hash', async () => {
      const limiter = limiterWith()
      await limiter.consume('two words', 3, policy)
      const [name] = await client.keys('*{~*')
      const hash = /\{(.*)\}/.exec(name!)![1]!
      assert.equal((await limiter.consume(hash, 3, policy)).allowed, true)
    })

    test('what is refused, or costs nothing, writes nothing', async () => {
      await client.flushall()
      const limiter = limiterWith()
      await limiter.consume('none', 0, policy)
      await limiter.consume('none', 4, policy)
      assert.deepEqual(await client.keys('*'), [])
    })

    test('a server that has forgotten its scripts is told them again', async () => {
      const limiter = limiterWith()
      await limiter.consume('flush', 1, policy)
      await client.script('FLUSH')
      const results = await Promise.all([1, 2, 3].map(() => limiter.consume('flush', 1, policy)))
      assert.deepEqual(
        results.map(({ allowed, failure }) => [allowed, failure]),
        [
          [true, undefined],
          [true, undefined],
          [false, undefined],
        ],
      )
    })

    test('it is one call for each check', async () => {
      const limiter = limiterWith()
      await limiter.consume('calls', 1, policy)
      const calls = async (): Promise<number> => {
        const stats = await client.info('commandstats')
        return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)![1])
      }
      const start = await calls()
      for (let index = 0; index < 5; index++) await limiter.consume('calls', 1, policy)
      assert.equal(await calls(), start + 5)
    })

    test('an error of Redis is a failure, and no answer', async () => {
      await client.flushall()
      const limiter = limiterWith({ failure: 'open', prefix: 'wrong:' })
      await client.lpush('wrong:{key}:w60000', 'not ours')
      const { allowed, failure } = await limiter.consume('key', 1, policy)
      assert.equal(allowed, true)
      assert.match(String(failure), /WRONGTYPE/)
    })

    test('closes its own connection, and leaves a client that was given open', async () => {
      const own = new RedisRateLimiter({ timeout, url: server.url })
      await own.consume('close', 1, policy)
      const names = async (): Promise<number> =>
        String(await client.client('LIST'))
          .trim()
          .split('\n').length
      const before = await names()
      await own.close()
      await own.close()
      while ((await names()) !== before - 1) await sleep(5)
      const given = limiterWith()
      await given.close()
      assert.equal(await client.ping(), 'PONG')
      const after = await given.consume('close', 1, policy)
      assert.equal(after.allowed, true)
      assert.match(String(after.failure), /was closed/)
    })
  })
}

describe('options of RedisRateLimiter', () => {
  const client = { eval: async () => null, evalsha: async () => null }
  const wrong: readonly (readonly [options: object, texts: readonly string[]])[] = [
    [{}, ['client or url', 'got neither']],
    [{ client, url: 'redis://localhost' }, ['client or url', 'got both']],
    [{ client: {} }, ['client', 'a Redis or Cluster of ioredis']],
    [{ client: null }, ['client', 'got null']],
    [{ client, failure: 'maybe' }, ['failure', '"maybe"', "'closed', 'local' or 'open'"]],
    [{ client, local: 1 }, ['local', 'an object']],
    [{ client, local: { maxRecords: 0 } }, ['maxRecords']],
    [{ client, prefix: 'a{b}' }, ['prefix', 'without spaces and braces']],
    [{ client, timeout: 0 }, ['timeout', 'more than 0']],
    [{ client, timeout: 'soon' }, ['timeout', '"soon"']],
    [{ url: 'http://localhost' }, ['url', 'another text', 'redis://localhost:6379']],
    [{ url: 1 }, ['url', 'got 1']],
  ]
  for (const [options, texts] of wrong) {
    test(`does not take ${JSON.stringify(options)}`, () => {
      assert.throws(() => new RedisRateLimiter(options), says('OPTION_INVALID', ...texts))
    })
  }

  test('an error does not tell a password', () => {
    assert.throws(
      () => new RedisRateLimiter({ url: 'rediss//:secret@host' }),
      (error: Error) => !error.message.includes('secret'),
    )
  })

  test('an answer that is none is a failure', async () => {
    const limiter = new RedisRateLimiter({ client, failure: 'open' })
    const { failure } = await limiter.consume('key', 1, policy)
    assert.match(String(failure), /answered the policy test with null/)
  })
})
