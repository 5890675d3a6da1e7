import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { Redis } from 'ioredis'
import { pino } from 'pino'
import { Hotpress, type RateLimitPolicy, RedisRateLimiter, type RedisRateLimiterOptions } from '../../src/index.js'
import { RedisServer, redisSkip } from '../_redis.js'
import { recorder } from '../contract/http/_tools.js'
import { rateLimiterContract } from '../contract/rate-limiter.js'

const policy: RateLimitPolicy = { algorithm: 'sliding-window', limit: 3, name: 'test', window: 60_000 }

/** Nothing listens on the port of discard. */
const nowhere = 'redis://127.0.0.1:9'

// What counts while Redis is away is a limiter like the others.
rateLimiterContract('RedisRateLimiter without a Redis', async () => {
  const clock = { now: 0 }
  const limiter = new RedisRateLimiter({ local: { clock: () => clock.now }, url: nowhere })
  await limiter.consume('first', 0, policy)
  return {
    advance: (milliseconds) => {
      clock.now += milliseconds
    },
    close: () => limiter.close(),
    limiter,
  }
})

if (redisSkip !== false) test('a Redis that goes away', { skip: redisSkip })
else describe('a Redis that goes away', withRedis)

/** Waits for something to become true; the test's own time limit ends it. */
async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await sleep(5)
}

function withRedis(): void {
  const make = (options: RedisRateLimiterOptions): RedisRateLimiter => {
    const limiter = new RedisRateLimiter(options)
    after(() => limiter.close())
    return limiter
  }

  test('a password that is refused is in no log', async () => {
    const server = await RedisServer.start('--requirepass', 'the right one')
    const limiter = make({ url: server.url.replace('//', '//:a-secret-of-ours@') })
    assert.equal((await limiter.consume('first', 1, policy)).allowed, true)
    assert.match((limiter.failure as Error).message, /WRONGPASS|NOAUTH/)
    assert.doesNotMatch(JSON.stringify(pino.stdSerializers.err(limiter.failure as Error)), /a-secret-of-ours/)
  })

  test('being killed and started again in the middle loses no request', { timeout: 60_000 }, async () => {
    const server = await RedisServer.start()
    const { entries, logger } = recorder()
    const limiter = make({ timeout: '1s', url: server.url })
    const app = new Hotpress({ logger, rateLimit: { limit: 1_000_000, limiter, window: '1h' }, transport: 'node' })
    app.get('/', () => 'ok')
    const { url } = await app.listen()
    after(() => app.close())
    const messages = (): unknown[] => entries.map(({ level, message }) => `${level}: ${message}`).slice(1)

    const statuses = new Map<number, number>()
    let goesOn = true
    const client = async (): Promise<void> => {
      while (goesOn) {
        const answer = await fetch(url)
        await answer.arrayBuffer()
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
      }
    }
    const answered = (): number => statuses.get(200) ?? 0
    const clients = [1, 2, 3, 4].map(client)
    await until(() => answered() > 50)
    for (let round = 1; round <= 2; round++) {
      await server.kill()
      const before = answered()
      await until(() => answered() > before + 50 && limiter.failure !== undefined)
      await server.start()
      await until(() => limiter.failure === undefined)
      const then = answered()
      await until(() => answered() > then + 50)
      assert.equal(messages().length, 2 * round, 'one line when it goes, one when it is back')
    }
    goesOn = false
    await Promise.all(clients)
    assert.deepEqual([...statuses.keys()], [200])
    assert.deepEqual(messages(), [
      'warn: the rate limiter fails',
      'info: the rate limiter works again',
      'warn: the rate limiter fails',
      'info: the rate limiter works again',
    ])
    const redis = new Redis(server.url)
    assert.deepEqual(await redis.keys('*'), ['hotpress:rate:{default:127.0.0.1}:w3600000'])
    redis.disconnect()
  })

  test('standing still is being away: requests wait once, and nothing piles up', { timeout: 60_000 }, async () => {
    const server = await RedisServer.start()
    const limiter = make({ timeout: 50, url: server.url })
    await until(async () => (await limiter.consume('a', 0, policy)).failure === undefined)
    server.hang()
    const results = await Promise.all(Array.from({ length: 20 }, () => limiter.consume('a', 1, policy)))
    assert.equal(results.filter(({ allowed }) => allowed).length, 3, 'the limiter in memory counts')
    assert.match(String(results[0]?.failure), /did not answer within 50 ms/)
    server.go()
    await until(async () => (await limiter.consume('b', 0, policy)).failure === undefined)
  })

  test('a connection that has fallen silent is made anew', { timeout: 60_000 }, async () => {
    const server = await RedisServer.start()
    // A way to the server on which connections of before can be made to lead nowhere, without an end.
    const sockets = new Set<Socket>()
    const way = createServer((near) => {
      const far = connect(server.port, '127.0.0.1')
      near.pipe(far).pipe(near)
      for (const socket of [near, far]) sockets.add(socket.on('error', () => {}))
    })
    await once(way.listen(0, '127.0.0.1'), 'listening')
    after(() => {
      way.close()
      for (const socket of sockets) socket.destroy()
    })
    const limiter = make({ timeout: 50, url: `redis://127.0.0.1:${(way.address() as AddressInfo).port}` })
    await until(async () => (await limiter.consume('a', 0, policy)).failure === undefined)
    for (const socket of sockets) socket.unpipe().resume()
    await until(async () => (await limiter.consume('a', 0, policy)).failure !== undefined)
    await until(async () => (await limiter.consume('a', 0, policy)).failure === undefined)
  })

  test('a client that was given gathers no more than one question', { timeout: 60_000 }, async () => {
    const server = await RedisServer.start()
    const redis = new Redis(server.url, { maxRetriesPerRequest: null })
    redis.on('error', () => {})
    after(() => redis.disconnect())
    const limiter = make({ client: redis, timeout: '1s' })
    await until(async () => (await limiter.consume('a', 0, policy)).failure === undefined)
    await server.kill()
    await until(async () => (await limiter.consume('a', 0, policy)).failure !== undefined)
    const waiting = (): number => (redis as unknown as { offlineQueue: { length: number } }).offlineQueue.length
    const before = waiting()
    for (let index = 0; index < 200; index++) {
      await limiter.consume('a', 0, policy)
      if (index % 20 === 0) await sleep(20)
    }
    assert.equal(waiting(), before)
    await server.start()
    await until(async () => (await limiter.consume('a', 0, policy)).failure === undefined)
  })

  test('failure says what becomes of requests', { timeout: 60_000 }, async () => {
    const open = make({ failure: 'open', url: nowhere })
    for (let index = 0; index < 10; index++) {
      assert.equal((await open.consume('a', 1, policy)).allowed, true)
    }
    const closed = make({ failure: 'closed', url: nowhere })
    for (let index = 0; index < 2; index++) {
      await assert.rejects(closed.consume('a', 1, policy), { code: 'RATE_LIMIT_UNAVAILABLE', status: 503 })
    }
    assert.match(String(closed.failure), /ECONNREFUSED/)
  })

  test('a Redis that comes after the app is found', { timeout: 60_000 }, async () => {
    const server = await RedisServer.start()
    await server.kill()
    const limiter = make({ timeout: '1s', url: server.url })
    assert.notEqual((await limiter.consume('a', 1, policy)).failure, undefined)
    await server.start()
    await until(async () => (await limiter.consume('a', 0, policy)).failure === undefined)
  })

  test('two processes share one limit', { timeout: 60_000 }, async () => {
    const server = await RedisServer.start()
    const file = fileURLToPath(new URL('_redis-app.js', import.meta.url))
    const children = [1, 2].map(() => fork(file, [server.url]))
    after(async () => {
      for (const child of children) {
        child.disconnect()
        await once(child, 'exit')
      }
    })
    const urls = await Promise.all(children.map(async (child) => String((await once(child, 'message'))[0])))
    const statuses = await Promise.all(
      Array.from({ length: 80 }, async (_, index) => {
        const answer = await fetch(urls[index % 2]!)
        await answer.arrayBuffer()
        return answer.status
      }),
    )
    assert.equal(statuses.filter((status) => status === 200).length, 50)
    assert.equal(statuses.filter((status) => status === 429).length, 30)
  })
}
