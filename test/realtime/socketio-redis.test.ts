import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { createAdapter } from '@socket.io/redis-adapter'
import { Redis } from 'ioredis'
import { RedisServer, redisSkip } from '../_redis.js'
import { openSockets, type SocketApp, socketVariants, told } from './_socketio.js'

/** Says it again until it is heard: what is said while Redis is away may be lost. */
async function heard(say: () => void, listener: Promise<unknown>): Promise<unknown> {
  const timer = setInterval(say, 100)
  say()
  try {
    return await listener
  } finally {
    clearInterval(timer)
  }
}

describe('the adapter of Redis', { skip: redisSkip }, () => {
  for (const variant of socketVariants.filter(({ name: each }) => each === 'uws' || each === 'native')) {
    test(`${variant.name}: two servers share rooms, and Redis may be killed meanwhile`, {
      skip: variant.skip,
    }, async () => {
      const redis = await RedisServer.start()
      const clients: Redis[] = []
      const open = (): Redis => {
        const client = new Redis(redis.url, { maxRetriesPerRequest: null, retryStrategy: () => 50 })
        client.on('error', () => {})
        clients.push(client)
        return client
      }
      const started: SocketApp[] = []
      for (let at = 0; at < 2; at++) {
        // As docs/socketio.md has it.
        const adapter = createAdapter(open(), open())
        started.push(
          await openSockets(variant, { adapter: adapter as never, websocketOnly: true }, (io) =>
            io.on('connection', (socket) => socket.join('room')),
          ),
        )
      }
      after(async () => {
        await Promise.all(started.map((each) => each.close()))
        for (const client of clients) client.disconnect()
      })
      const [here, there] = started as [SocketApp, SocketApp]
      const near = here.connect()
      const far = there.connect()
      await Promise.all([told(near, 'connect'), told(far, 'connect')])
      const say = (text: string) => () => here.io.to('room').emit('said', text)
      assert.equal(await heard(say('before'), told(far, 'said')), 'before')
      await redis.kill()
      near.removeAllListeners('said')
      far.removeAllListeners('said')
      const local = new Promise((resolve) => near.on('said', (text) => text === 'meanwhile' && resolve(text)))
      assert.equal(await heard(say('meanwhile'), local), 'meanwhile')
      await redis.start()
      const again = new Promise((resolve) => far.on('said', (text) => text === 'after' && resolve(text)))
      assert.equal(await heard(say('after'), again), 'after')
    })
  }
})
