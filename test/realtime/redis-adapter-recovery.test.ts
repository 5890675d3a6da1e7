import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { redis } from '../../src/index.js'
import { RedisServer, redisSkip } from '../_redis.js'
import { type SocketApp, socketVariants, startSockets, told } from './_socketio.js'

describe('a client that comes back to another process', { skip: redisSkip, timeout: 60_000 }, () => {
  for (const variant of socketVariants.filter(({ protocol }) => protocol === 'http')) {
    test(`${variant.name}: has its rooms, its data, and what it has missed`, { skip: variant.skip }, async () => {
      const server = await RedisServer.start()
      const recovered: unknown[] = []
      const open = (): Promise<SocketApp> =>
        startSockets(
          variant,
          { adapter: redis({ streams: true, url: server.url }), connectionStateRecovery: true },
          (io) =>
            io.on('connection', (socket) => {
              if (socket.recovered) recovered.push([...socket.rooms].sort(), socket.data)
              else socket.join('room')
              socket.data = { name: 'Ada' }
            }),
        )
      const [here, there] = [await open(), await open()]
      const client = here.connect({ reconnection: true, reconnectionDelay: 300 })
      await told(client, 'connect')
      const { id } = client
      const texts: unknown[] = []
      client.on('said', (text) => texts.push(text))
      // Until what it has heard stands in the stream.
      here.io.to('room').emit('said', 'before')
      while (texts.length === 0) await sleep(10)

      const back = told(client, 'connect')
      Reflect.set(client.io, 'uri', there.address.url)
      client.io.engine.close()
      // Until the server has noticed: what is said before is not missed but lost on the way.
      while ((await here.io.local.fetchSockets()).length > 0) await sleep(5)
      here.io.to('room').emit('said', 'meanwhile')
      here.io.to('elsewhere').emit('said', 'to others')
      await back
      while (texts.length < 2) await sleep(10)
      assert.deepEqual(texts, ['before', 'meanwhile'])
      assert.equal(client.recovered, true)
      assert.equal(client.id, id)
      assert.deepEqual(recovered, [['room', id].sort(), { name: 'Ada' }])

      // Without a Redis there is nothing to come back to, and the client begins anew.
      await server.kill()
      const anew = told(client, 'connect')
      client.io.engine.close()
      await anew
      assert.equal(client.recovered, false)
    })
  }
})
