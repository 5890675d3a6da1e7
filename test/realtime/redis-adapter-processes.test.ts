import assert from 'node:assert/strict'
import { once } from 'node:events'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type Socket } from 'socket.io-client'
import { Hotpress, redis, type SocketIoServer } from '../../src/index.js'
import { RedisServer, redisSkip } from '../_redis.js'
import { variantNamed } from '../_variants.js'
import { told } from './_socketio.js'
import { startWorker, type Worker } from './_workers.js'

function client({ url }: Worker): Socket {
  const socket = connect(url, { forceNew: true, transports: ['websocket'] })
  after(() => socket.disconnect())
  return socket
}

async function endsByItself({ process }: Worker): Promise<void> {
  process.disconnect()
  assert.deepEqual(await once(process, 'exit'), [0, null])
}

describe('processes that share a Redis', { skip: redisSkip, timeout: 300_000 }, () => {
  for (const transport of ['native', 'node', 'uws'] as const) {
    const skip = variantNamed(transport).skip
    for (const streams of [false, true]) {
      const name = `${transport}, ${streams ? 'streams' : 'channels'}`

      test(`${name}: two talk, and end by themselves when Redis is back, or away`, { skip }, async () => {
        const server = await RedisServer.start()
        const options = { streams, timeout: '2s', url: server.url }
        const worker = { adapter: options, transport, websocketOnly: true }
        const children = [await startWorker(worker), await startWorker(worker)] as const
        // Nobody connects to the third, which asks the others.
        const app = new Hotpress({ logger: false })
        after(() => app.close())
        const io = app.socketio({ adapter: redis(options) }) as SocketIoServer
        const clients = children.map(client)
        await Promise.all(clients.map((each) => told(each, 'connect')))
        const everybody = async (): Promise<void> => {
          const answers = async (): Promise<string[]> => io.serverSideEmitWithAck('ask', 'who').catch(() => [])
          const expected = children.map(({ pid }) => `who ${pid}`).sort()
          for (;;) {
            const said = (await answers()).sort()
            if (JSON.stringify(said) === JSON.stringify(expected)) return
            await sleep(20)
          }
        }
        const heard = async (text: string): Promise<void> => {
          const all = Promise.all(
            clients.map(
              (each) => new Promise<void>((resolve) => each.on('said', (said) => said === text && resolve())),
            ),
          )
          const timer = setInterval(() => io.to('room').emit('said', text), 50)
          await all
          clearInterval(timer)
        }
        await everybody()
        await heard('before')
        await server.kill()
        await assert.rejects(io.fetchSockets(), { code: 'ADAPTER_UNAVAILABLE' })
        await server.start()
        await everybody()
        await heard('after')
        for (const each of children) assert.equal(each.process.exitCode, null)

        const [first, second] = children
        await endsByItself(first)
        await server.kill()
        await endsByItself(second)
      })
    }
  }
})
