import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { createAdapter } from '@socket.io/redis-adapter'
import { createAdapter as createStreamsAdapter } from '@socket.io/redis-streams-adapter'
import { Cluster, Redis } from 'ioredis'
import { Hotpress, type RedisAdapterOptions, redis, type SocketIoServer } from '../../src/index.js'
import { RedisServer, redisSkip } from '../_redis.js'
import { recorder } from '../contract/http/_tools.js'

/** Nothing listens on the port of discard. */
const nowhere = 'redis://:hunter2@127.0.0.1:9'

function openServer(
  adapter: ReturnType<typeof redis>,
  logger: false | ReturnType<typeof recorder>['logger'] = false,
): SocketIoServer {
  const app = new Hotpress({ logger })
  after(() => app.close())
  return app.socketio({ adapter }) as SocketIoServer
}

/** Answers that servers give each other, once they know of each other. */
async function untilBoth(servers: readonly SocketIoServer[]): Promise<void> {
  for (const io of servers) io.removeAllListeners('question').on('question', (answer) => answer('heard'))
  for (const io of servers) {
    for (;;) {
      const answers = await io.serverSideEmitWithAck('question').catch(() => [])
      if (answers.length === servers.length - 1) break
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
}

describe('redis()', () => {
  for (const [name, options, code, says] of [
    ['an option that is not known', { url: nowhere, urls: 1 }, 'OPTION_UNKNOWN', /no option urls of redis\(\)/],
    ['nothing to connect to', {}, 'OPTION_INVALID', /client or url of redis\(\) got neither/],
    [
      'a URL of something else',
      { url: 'http://:hunter2@localhost' },
      'OPTION_INVALID',
      /url of redis\(\) got another text/,
    ],
    [
      'a client that is none',
      { client: {} },
      'OPTION_INVALID',
      /client of redis\(\) got .*, and takes a Redis or Cluster/,
    ],
    ['a prefix with a space', { prefix: 'a b', url: nowhere }, 'OPTION_INVALID', /prefix of redis\(\) got "a b"/],
    ['streams that are a number', { streams: 1, url: nowhere }, 'OPTION_INVALID', /streams of redis\(\) got 1/],
    [
      'a stream of no length',
      { streamLength: 0, streams: true, url: nowhere },
      'OPTION_INVALID',
      /streamLength of redis/,
    ],
    [
      'a length without streams',
      { streamLength: 5, url: nowhere },
      'OPTION_INVALID',
      /streamLength of redis\(\) got 5/,
    ],
    ['no time', { timeout: 0, url: nowhere }, 'OPTION_INVALID', /timeout of redis\(\) got 0, and takes more than 0/],
    ['what is no object', 7, 'OPTION_INVALID', /options of redis\(\) got 7/],
  ] as const) {
    test(`refuses ${name}`, () => {
      assert.throws(
        () => redis(options as RedisAdapterOptions),
        (error: Error & { code: string }) => {
          assert.equal(error.code, code)
          assert.match(error.message, says)
          assert.ok(!error.message.includes('hunter2'))
          return true
        },
      )
    })
  }

  test('without streams is refused beside connectionStateRecovery, which would recover nothing', () => {
    const app = new Hotpress({ logger: false })
    assert.throws(() => app.socketio({ adapter: redis(nowhere), connectionStateRecovery: true }), {
      code: 'OPTION_INVALID',
      message: /adapter of socketio\(\) got redis\(\) without streams/,
    })
  })

  test('starts without a Redis, says so once and without the password', async () => {
    for (const streams of [false, true]) {
      const { entries, logger } = recorder()
      const io = openServer(redis({ streams, timeout: '1s', url: nowhere }), logger)
      const error = await io.fetchSockets().then(
        () => assert.fail('nobody can be asked'),
        (thrown: Error) => thrown,
      )
      assert.match(error.message, /Redis is away: .*ECONNREFUSED/)
      await new Promise((resolve) => setTimeout(resolve, 300))
      io.emit('said', 'to nobody')
      assert.equal(entries.filter(({ level }) => level === 'warn').length, 1)
      assert.ok(!JSON.stringify([entries, error.message, error.cause]).includes('hunter2'))
    }
  })

  test('a second server on one path leaves no connections', async () => {
    const app = new Hotpress({ logger: false })
    app.socketio()
    assert.throws(() => app.socketio({ adapter: redis(nowhere) }), { code: 'SOCKETIO_CONFLICT' })
    await app.close()
  })
})

describe('redis() with a client that is given', { skip: redisSkip, timeout: 120_000 }, () => {
  for (const streams of [false, true]) {
    const name = streams ? 'streams' : 'channels'

    test(`${name}: it stays open, and so does one that was not connected yet`, async () => {
      const server = await RedisServer.start()
      const clients = [new Redis(server.url), new Redis(server.url, { lazyConnect: true })]
      for (const client of clients) after(() => client.disconnect())
      const apps = clients.map((client) => {
        const app = new Hotpress({ logger: false })
        return { app, io: app.socketio({ adapter: redis({ client, streams }) }) as SocketIoServer }
      })
      await untilBoth(apps.map(({ io }) => io))
      const before = clients.map((client) => client.listenerCount('close'))
      for (const { app } of apps) await app.close()
      for (const client of clients) assert.equal(await client.ping(), 'PONG')
      assert.deepEqual(
        clients.map((client) => client.listenerCount('close')),
        before.map((count) => count - 1),
      )
      const list = String(await clients[0]!.client('LIST'))
      assert.equal(list.trim().split('\n').length, 2, list)
    })

    test(`${name}: that client's own patience does not keep this process waiting`, async () => {
      const server = await RedisServer.start()
      const client = new Redis(server.url, { maxRetriesPerRequest: null })
      after(() => client.disconnect())
      const { entries, logger } = recorder()
      const io = openServer(redis({ client, streams }), logger)
      const other = openServer(redis({ streams, url: server.url }))
      await untilBoth([io, other])
      await server.kill()
      while (entries.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      await assert.rejects(io.fetchSockets(), { code: 'ADAPTER_UNAVAILABLE' })
      await server.start()
      await untilBoth([io, other])
      assert.equal(entries.filter(({ level }) => level === 'warn').length, 1)
    })

    test(`${name}: a password that is wrong is said once, and nowhere repeated`, async () => {
      const server = await RedisServer.start('--requirepass', 'right')
      const { entries, logger } = recorder()
      const io = openServer(redis({ streams, url: server.url.replace('//', '//:hunter2@') }), logger)
      await assert.rejects(io.fetchSockets(), { code: 'ADAPTER_UNAVAILABLE', message: /WRONGPASS/ })
      await new Promise((resolve) => setTimeout(resolve, 300))
      assert.deepEqual(
        entries.map(({ level }) => level),
        ['warn'],
      )
      assert.match(String(entries[0]?.fields.reason), /WRONGPASS/)
      assert.ok(!JSON.stringify(entries).includes('hunter2'))
    })

    test(`${name}: what Redis does not allow is an error in the log`, async () => {
      const server = await RedisServer.start()
      const direct = new Redis(server.url)
      await direct.acl('SETUSER', 'weak', 'on', '>hunter2', '~*', '+@all', '-subscribe', '-psubscribe')
      direct.disconnect()
      const { entries, logger } = recorder()
      openServer(redis({ streams, url: server.url.replace('//', '//weak:hunter2@') }), logger)
      const refusal = (): unknown => entries.find(({ level }) => level === 'error')
      while (refusal() === undefined) await new Promise((resolve) => setTimeout(resolve, 10))
      assert.match(JSON.stringify(refusal()), /NOPERM/)
      assert.ok(!JSON.stringify(entries).includes('hunter2'))
    })

    test(`${name}: those who use the official package by itself are understood`, async () => {
      const server = await RedisServer.start()
      const clients = [1, 2].map(() => new Redis(server.url, { maxRetriesPerRequest: null }))
      const [publisher, subscriber] = clients as [Redis, Redis]
      const official = streams
        ? createStreamsAdapter(publisher, { blockTimeInMs: 50 })
        : createAdapter(publisher, subscriber)
      const app = new Hotpress({ logger: false })
      const theirs = app.socketio({ adapter: official as never }) as SocketIoServer
      const ours = openServer(redis({ streams, url: server.url }))
      await untilBoth([ours, theirs])
      await app.close()
      // The official one with streams stops reading when it has nothing to read; while Redis is away, never.
      const connections = async (): Promise<number> =>
        String(await publisher.client('LIST'))
          .trim()
          .split('\n').length
      while ((await connections()) > clients.length + (streams ? 3 : 2))
        await new Promise((resolve) => setTimeout(resolve, 20))
      for (const client of clients) client.disconnect()
    })

    test(`${name}: a Cluster`, async () => {
      const server = await RedisServer.start('--cluster-enabled', 'yes', '--cluster-announce-ip', '127.0.0.1')
      const direct = new Redis(server.url)
      await direct.cluster('ADDSLOTSRANGE', 0, 16_383)
      while (!String(await direct.cluster('INFO')).includes('cluster_state:ok')) {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      direct.disconnect()
      const make = (): Cluster => {
        const cluster = new Cluster([{ host: '127.0.0.1', port: server.port }])
        after(() => cluster.disconnect())
        return cluster
      }
      await untilBoth([1, 2].map(() => openServer(redis({ client: make(), streams }))))
    })
  }
})
