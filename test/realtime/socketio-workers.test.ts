// Several processes on one port, for clients that speak WebSocket alone.
import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { connect, type Socket } from 'socket.io-client'
import { RedisServer, redisSkip } from '../_redis.js'
import { variantNamed } from '../_variants.js'
import { told } from './_socketio.js'
import { allHear, startWorker, type Who, type Worker, who } from './_workers.js'

const reuseSkip = process.platform === 'linux' ? false : 'other systems do not deal connections among processes'

function connectMany(url: string, count: number): Socket[] {
  const clients = Array.from({ length: count }, () =>
    connect(url, { forceNew: true, reconnectionDelay: 20, transports: ['websocket'] }),
  )
  after(() => {
    for (const client of clients) client.disconnect()
  })
  return clients
}

async function pidsOf(clients: readonly Socket[]): Promise<Set<number>> {
  const answers: Who[] = await Promise.all(clients.map(who))
  return new Set(answers.map(({ pid }) => pid))
}

describe('workers on one port', { skip: redisSkip, timeout: 120_000 }, () => {
  let redis: RedisServer
  before(async () => {
    redis = await RedisServer.start()
  })

  for (const transport of ['native', 'uws'] as const) {
    const skip = reuseSkip || variantNamed(transport).skip
    test(`${transport}: SO_REUSEPORT, and one of them is killed`, { skip }, async () => {
      const start = (port: number): Promise<Worker> =>
        startWorker({
          adapter: { prefix: transport, url: redis.url },
          listen: { port, reusePort: true },
          transport,
          websocketOnly: true,
        })
      const first = await start(0)
      const workers = [
        first,
        await start(Number(new URL(first.url).port)),
        await start(Number(new URL(first.url).port)),
      ]
      const clients = connectMany(first.url, 40)
      await Promise.all(clients.map((client) => told(client, 'connect')))
      assert.deepEqual(await pidsOf(clients), new Set(workers.map(({ pid }) => pid)))
      await allHear(clients, 'hello')

      const { pid } = await who(clients[1]!)
      const lost = once(workers.find((each) => each.pid === pid)!.process, 'exit')
      const back = new Promise((resolve) => clients[1]!.once('connect', resolve as () => void))
      process.kill(pid, 'SIGKILL')
      await lost
      await back
      const others = workers.map((each) => each.pid).filter((each) => each !== pid)
      assert.ok(others.includes((await who(clients[1]!)).pid))
      await allHear(clients, 'still there')
    })
  }

  test('node: by node:cluster', async () => {
    const options = { adapter: { prefix: 'cluster', url: redis.url }, transport: 'node', websocketOnly: true }
    const file = fileURLToPath(new URL('_worker-cluster.js', import.meta.url))
    const primary = fork(file, [JSON.stringify(options), '2'])
    after(() => {
      primary.kill('SIGKILL')
    })
    const [{ url }] = await once(primary, 'message')
    const clients = connectMany(url, 10)
    await Promise.all(clients.map((client) => told(client, 'connect')))
    assert.equal((await pidsOf(clients)).size, 2)
    await allHear(clients, 'hello')
    for (const client of clients) client.disconnect()
    primary.disconnect()
    assert.deepEqual(await once(primary, 'exit'), [0, null])
  })

  test('a client that polls is told what to do', async () => {
    const worker = await startWorker({
      adapter: { prefix: 'polls', url: redis.url },
      transport: 'native',
      websocketOnly: true,
    })
    const answer = await fetch(`${worker.url}/socket.io/?EIO=4&transport=polling`)
    assert.equal(answer.status, 400)
    assert.match(await answer.text(), /transports: \['websocket'\].*POLLING_REFUSED/)
  })
})
