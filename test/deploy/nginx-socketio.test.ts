// nginx before several processes with Socket.IO, by the very file that users copy.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent } from 'node:https'
import { after, before, describe, test } from 'node:test'
import { connect, type ManagerOptions, type Socket, type SocketOptions } from 'socket.io-client'
import { RedisServer, redisSkip } from '../_redis.js'
import { variantNamed } from '../_variants.js'
import { told } from '../realtime/_socketio.js'
import { allHear, startWorker, type Who, type Worker, who } from '../realtime/_workers.js'
import { nginxMissing, startNginx } from './_nginx.js'

const skip = redisSkip || nginxMissing

const stickiness = {
  address: [],
  cookie: [
    ['ip_hash;', ''],
    ['# hash $route consistent;', 'hash $route consistent;'],
  ],
  none: [['proxy_pass http://app_sticky;', 'proxy_pass http://app;']],
} as const

/** Starts nginx before processes, until the test is over. @returns where it is. */
async function startFront(workers: readonly Worker[], sticky: keyof typeof stickiness): Promise<string> {
  const servers = workers.map(({ url }) => new URL(url).host)
  const { https, stop } = await startNginx(servers, stickiness[sticky])
  after(stop)
  return https
}

function connectTo(url: string, options: Partial<ManagerOptions & SocketOptions>): Socket {
  const client = connect(url, { forceNew: true, reconnectionDelay: 20, rejectUnauthorized: false, ...options })
  after(() => client.disconnect())
  return client
}

// ip_hash looks at the first three parts.
function addresses(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `127.0.${at + 1}.1`)
}

function from(localAddress: string, isKept = true): Pick<ManagerOptions, 'agent'> {
  const agent = new Agent({ keepAlive: isKept, localAddress, rejectUnauthorized: false })
  after(() => agent.destroy())
  return { agent: agent as never }
}

/** Asks each client again and again: a request that reaches another process would end its session. */
async function staysWhereItIs(clients: readonly Socket[]): Promise<readonly Who[]> {
  const first = await Promise.all(clients.map(who))
  const ids = clients.map(({ id }) => id)
  for (let round = 0; round < 5; round++) assert.deepEqual(await Promise.all(clients.map(who)), first)
  assert.deepEqual(
    clients.map(({ id }) => id),
    ids,
  )
  return first
}

describe('nginx before processes with Socket.IO', { skip, timeout: 200_000 }, () => {
  let redis: RedisServer
  before(async () => {
    redis = await RedisServer.start()
  })

  const start = async (transport: 'native' | 'node' | 'uws', websocketOnly = false): Promise<Worker[]> => {
    const options = {
      adapter: { prefix: `${transport}${websocketOnly}`, url: redis.url },
      transport,
      trustProxy: 'loopback',
      websocketOnly,
    }
    return [await startWorker(options), await startWorker(options), await startWorker(options)]
  }

  for (const transport of ['native', 'node', 'uws'] as const) {
    const isMissing = variantNamed(transport).skip

    test(`${transport}: clients that poll, by address`, { skip: isMissing }, async () => {
      const url = await startFront(await start(transport), 'address')
      const clients = addresses(24).map((address) => connectTo(url, { ...from(address), transports: ['polling'] }))
      await Promise.all(clients.map((client) => told(client, 'connect')))
      const seen = await staysWhereItIs(clients)
      assert.equal(new Set(seen.map(({ pid }) => pid)).size, 3)
      assert.deepEqual(
        seen.map(({ address }) => address),
        addresses(24),
      )
      await allHear(clients, 'hello')
    })
  }

  test('clients that go on by WebSocket, by address', async () => {
    const url = await startFront(await start('native'), 'address')
    const clients = addresses(12).map((address) => connectTo(url, from(address, false)))
    await Promise.all(
      clients.map(async (client) => {
        await told(client, 'connect')
        if (client.io.engine.transport.name !== 'websocket')
          await new Promise((resolve) => client.io.engine.once('upgrade', resolve))
      }),
    )
    await staysWhereItIs(clients)
    await allHear(clients, 'hello')
  })

  test('clients of one address, by a cookie', async () => {
    const workers = await start('native')
    const url = await startFront(workers, 'cookie')
    const clients = Array.from({ length: 24 }, () => connectTo(url, { transports: ['polling'], withCredentials: true }))
    await Promise.all(clients.map((client) => told(client, 'connect')))
    const seen = await staysWhereItIs(clients)
    assert.ok(new Set(seen.map(({ pid }) => pid)).size > 1, 'more than one process has some')
    await allHear(clients, 'hello')

    // A process that is gone: its clients find another, and keep to that.
    const [{ pid }] = seen as [Who]
    const lost = workers.find((each) => each.pid === pid)!
    const gone = once(lost.process, 'exit')
    const back = Promise.all(
      clients
        .filter((_, at) => seen[at]!.pid === pid)
        .map((client) => new Promise((resolve) => client.once('connect', resolve as () => void))),
    )
    process.kill(pid, 'SIGKILL')
    await gone
    await back
    const then = await staysWhereItIs(clients)
    assert.ok(then.every((each) => each.pid !== pid))
    await allHear(clients, 'still there')
  })

  test('WebSocket alone, by any process', async () => {
    const hasUws = variantNamed('uws').skip === false
    const workers = await start(hasUws ? 'uws' : 'native', true)
    const url = await startFront(workers, 'none')
    const clients = Array.from({ length: 12 }, () => connectTo(url, { transports: ['websocket'] }))
    await Promise.all(clients.map((client) => told(client, 'connect')))
    const seen = await Promise.all(clients.map(who))
    assert.equal(new Set(seen.map(({ pid }) => pid)).size, 3)
    await allHear(clients, 'hello')
  })
})
