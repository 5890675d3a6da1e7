import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, type Socket } from 'socket.io-client'
import { type HotpressOptions, type RedisAdapterOptions, redis } from '../../src/index.js'
import { RedisServer, redisSkip } from '../_redis.js'
import type { Variant } from '../_variants.js'
import { recorder } from '../contract/http/_tools.js'
import { openSockets, type SocketApp, socketVariants, told } from './_socketio.js'

const plainVariants = socketVariants.filter(({ protocol }) => protocol === 'http')
const kinds: readonly { readonly name: string; readonly streams: boolean }[] = [
  { name: 'channels', streams: false },
  { name: 'streams', streams: true },
]

/** Servers that share what the options say, each with a client in the room "room". */
interface Pair {
  readonly apps: readonly [SocketApp, SocketApp]
  readonly clients: readonly [Socket, Socket]
  close(): Promise<void>
}

async function openPair(
  variant: Variant,
  options: RedisAdapterOptions,
  appOptions: HotpressOptions = {},
): Promise<Pair> {
  const open = (): Promise<SocketApp> =>
    openSockets(
      variant,
      { adapter: redis(options), websocketOnly: true },
      (io) => {
        io.on('connection', (socket) => socket.join('room'))
        io.of('/other')
      },
      appOptions,
    )
  const apps = [await open(), await open()] as const
  const clients = [apps[0].connect(), apps[1].connect()] as const
  await Promise.all(clients.map((client) => told(client, 'connect')))
  const close = async (): Promise<void> => {
    await Promise.all(apps.map((each) => each.close()))
  }
  await meet({ apps, clients, close })
  return { apps, clients, close }
}

/** Waits for something to become true; the test's own time limit ends it. */
async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await sleep(10)
}

/** Waits until each server hears the other. */
async function meet({ apps, clients }: Pair): Promise<void> {
  for (const [at, client] of clients.entries()) {
    let isHeard = false
    const hear = (): void => {
      isHeard = true
    }
    client.on('met', hear)
    await until(async () => {
      apps[1 - at]!.io.to('room').emit('met')
      await sleep(20)
      return isHeard
    })
    client.off('met', hear)
  }
  await until(async () => (await apps[0].io.fetchSockets().catch(() => [])).length === 2)
}

if (redisSkip !== false) test('redis()', { skip: redisSkip })
else describe('redis()', { timeout: 300_000 }, withRedis)

function withRedis(): void {
  let server: RedisServer
  let count = 0
  before(async () => {
    server = await RedisServer.start()
  })

  for (const { name, streams } of kinds) {
    const options = (): RedisAdapterOptions => ({ prefix: `test${count++}`, streams, url: server.url })
    for (const variant of plainVariants) {
      if (variant.skip !== false) test(`${variant.name}, ${name}`, { skip: variant.skip })
      else describe(`${variant.name}, ${name}`, () => between(variant, options))
      if (variant.skip === false) {
        test(`${variant.name}, ${name}: Redis may be killed, and be back`, { timeout: 60_000 }, () =>
          outage(variant, streams),
        )
      }
    }
  }
}

function between(variant: Variant, options: () => RedisAdapterOptions): void {
  let pair: Pair
  before(async () => {
    pair = await openPair(variant, options())
  })
  after(() => pair.close())

  test('a broadcast, bytes included, in order', async () => {
    const { apps, clients } = pair
    const got = clients.map(
      (client) =>
        new Promise((resolve) => {
          const values: unknown[] = []
          client.on('said', (at: number, bytes: Buffer) => {
            if (values.push([at, Buffer.from(bytes).toString()]) === 20) resolve(values)
          })
        }),
    )
    for (let at = 0; at < 20; at++) apps[0].io.emit('said', at, Buffer.from(`b${at}`))
    const all = Array.from({ length: 20 }, (_, at) => [at, `b${at}`])
    assert.deepEqual(await Promise.all(got), [all, all])
  })

  test('rooms, and all but one', async () => {
    const { apps, clients } = pair
    const texts: string[] = []
    for (const [at, client] of clients.entries()) client.on('told', (text) => texts.push(`${at} ${text}`))
    const last = Promise.all(clients.map((client) => told(client, 'last')))
    apps[0].io.to('nowhere').emit('told', 'nobody')
    apps[0].io.to('room').except(clients[1].id!).emit('told', 'near')
    apps[0].io.to(clients[1].id!).emit('told', 'far')
    apps[0].io.to('room').emit('last')
    await last
    assert.deepEqual(texts.sort(), ['0 near', '1 far'])
  })

  test('a broadcast with acknowledgements', async () => {
    const { apps, clients } = pair
    for (const [at, client] of clients.entries()) client.on('ask', (answer) => answer(at))
    const answers = await apps[0].io.timeout(20_000).emitWithAck('ask')
    assert.deepEqual(answers.sort(), [0, 1])
  })

  test('sockets of both, by name', async () => {
    const { apps, clients } = pair
    const sockets = await apps[1].io.fetchSockets()
    assert.deepEqual(sockets.map(({ id }) => id).sort(), clients.map(({ id }) => id).sort())
    assert.equal((await apps[1].io.local.fetchSockets()).length, 1)
    const other = await apps[1].io.of('/other').fetchSockets()
    assert.equal(other.length, 0)
  })

  test('joining and leaving from afar', async () => {
    const { apps, clients } = pair
    apps[0].io.in(clients[1].id!).socketsJoin('joined')
    const isIn = async (): Promise<boolean> => (await apps[0].io.in('joined').fetchSockets()).length === 1
    await until(isIn)
    const said = told(clients[1], 'hello')
    apps[0].io.to('joined').emit('hello', 'there')
    assert.equal(await said, 'there')
    apps[0].io.in('joined').socketsLeave('joined')
    await until(async () => !(await isIn()))
  })

  test('what servers say among themselves', async () => {
    const [here, there] = pair.apps
    const said = new Promise((resolve) => there.io.once('between', (...values) => resolve(values)))
    here.io.serverSideEmit('between', 1, 'two')
    assert.deepEqual(await said, [1, 'two'])
    there.io.on('question', (value, answer) => answer(value + 1))
    assert.deepEqual(await here.io.serverSideEmitWithAck('question', 41), [42])
  })

  test('ending a connection from afar', async () => {
    const { apps } = pair
    const client = apps[1].connect()
    await told(client, 'connect')
    const left = told(client, 'disconnect')
    apps[0].io.in(client.id!).disconnectSockets(true)
    await left
  })

  test('an app that was closed listens again', async () => {
    const { apps } = pair
    await apps[1].app.close()
    await until(async () => (await apps[0].io.fetchSockets()).length === 1)
    await assert.rejects(apps[1].io.fetchSockets(), { code: 'ADAPTER_UNAVAILABLE', message: /the app was closed/ })
    const { url } = await apps[1].app.listen(variant.listen)
    const client = connect(url, { forceNew: true, transports: ['websocket'] })
    after(() => client.disconnect())
    await told(client, 'connect')
    await meet({ ...pair, clients: [pair.clients[0], client] })
  })
}

async function outage(variant: Variant, streams: boolean): Promise<void> {
  const server = await RedisServer.start('--requirepass', 'a secret')
  const { entries, logger } = recorder()
  const url = server.url.replace('redis://', 'redis://:a%20secret@')
  const pair = await openPair(variant, { streams, timeout: '2s', url }, { logger })
  after(() => pair.close())
  const { apps, clients } = pair
  const [near, far] = clients
  const count = (message: string): number => entries.filter((entry) => entry.message === message).length
  for (const client of clients) client.on('ask', (answer) => answer('here'))
  let said = 0
  near.on('said', () => said++)

  for (let round = 1; round <= 2; round++) {
    await server.kill()
    said = 0
    for (let at = 0; at < 10; at++) apps[0].io.to('room').emit('said', 'meanwhile')
    await until(() => said === 10)
    const unavailable = { code: 'ADAPTER_UNAVAILABLE', message: /Redis is away/ }
    await assert.rejects(apps[0].io.fetchSockets(), unavailable)
    await assert.rejects(apps[0].io.serverSideEmitWithAck('question', 1), unavailable)
    await assert.rejects(apps[0].io.timeout(1000).emitWithAck('ask'), (error: Error & { responses: unknown }) => {
      assert.deepEqual(error.responses, ['here'])
      return /timed out/.test(error.message)
    })
    assert.equal((await apps[0].io.local.fetchSockets()).length, 1)
    apps[0].io.serverSideEmit('between')
    apps[0].io.socketsJoin('more')
    const joined = await apps[0].io.in('more').local.fetchSockets()
    assert.deepEqual(
      joined.map(({ id }) => id),
      [near.id],
    )
    await until(() => near.connected && far.connected)
    await server.start()
    await meet(pair)
    await until(() => count('Socket.IO: Redis is back') === 2 * round)
    assert.equal(
      count('Socket.IO: Redis is away, and other processes are not reached'),
      2 * round,
      'a line for each app',
    )
  }
  assert.equal(entries.filter(({ level }) => level === 'error').length, 0)
  assert.ok(!JSON.stringify(entries).includes('secret'))

  // A Redis that stands still keeps nobody waiting for ever.
  server.hang()
  await assert.rejects(apps[0].io.fetchSockets(), { code: 'ADAPTER_UNAVAILABLE' })
  said = 0
  apps[0].io.to('room').emit('said', 'meanwhile')
  await until(() => said === 1)
  server.go()
  await meet(pair)
}
