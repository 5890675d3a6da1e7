import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Socket } from 'socket.io-client'
import type { SocketIoOptions } from '../../src/index.js'
import { onEverySocketTransport, type SocketApp, startSockets, told } from './_socketio.js'

/** Enough for the transport's own topics. */
const many = 12

/** What a client has been told, in order, by events of any name. */
type Log = unknown[][]

interface Crowd extends SocketApp {
  readonly clients: readonly Socket[]
  readonly logs: readonly Log[]
  /** Resolves when every client has been told what was sent to it until now. */
  settled(): Promise<void>
}

onEverySocketTransport('broadcasts of Socket.IO', (variant) => {
  async function crowd(polling = 0, options: SocketIoOptions = {}, namespace = '/'): Promise<Crowd> {
    const started = await startSockets(variant, options, (io) => {
      io.of(namespace).on('connection', (socket) => socket.on('settle', (done: () => void) => done()))
    })
    const clients = Array.from({ length: many }, (_, index) =>
      started.connect({ transports: [index < polling ? 'polling' : 'websocket'] }, namespace),
    )
    const logs = clients.map((client) => {
      const log: Log = []
      client.onAny((...event) => log.push(event))
      return log
    })
    await Promise.all(clients.map((client) => told(client, 'connect')))
    const settled = async (): Promise<void> => {
      await Promise.all(clients.map((client) => client.emitWithAck('settle')))
    }
    return { ...started, clients, logs, settled }
  }

  test('reach everybody in order, between messages to one', async () => {
    const { clients, io, logs, settled } = await crowd(2)
    const one = io.sockets.sockets.get(clients.at(-1)!.id!)!
    for (let round = 0; round < 50; round++) {
      io.emit('all', round)
      one.emit('one', round)
      if (round % 10 === 0) await settled()
    }
    await settled()
    const rounds = Array.from({ length: 50 }, (_, round) => round)
    for (const log of logs.slice(0, -1)) {
      assert.deepEqual(
        log,
        rounds.map((round) => ['all', round]),
      )
    }
    assert.deepEqual(
      logs.at(-1),
      rounds.flatMap((round) => [
        ['all', round],
        ['one', round],
      ]),
    )
  })

  test('carry bytes and text, compressed or not', async () => {
    for (const perMessageDeflate of [false, { threshold: '1kb' }]) {
      const { io, logs, settled } = await crowd(1, { perMessageDeflate })
      const bytes = Buffer.alloc(5000, 9)
      const text = 'grüß dich '.repeat(500)
      io.emit('bytes', { bytes, text })
      io.compress(false).emit('plain', text)
      await settled()
      for (const [first, second] of logs) {
        const [name, told] = first as [string, { bytes: Buffer; text: string }]
        assert.equal(name, 'bytes')
        assert.deepEqual(Buffer.from(told.bytes), bytes)
        assert.equal(told.text, text)
        assert.deepEqual(second, ['plain', text])
      }
    }
  })

  test('leave out who is excepted, has left the room, or is in none', async () => {
    const { clients, io, logs, settled } = await crowd(1)
    const sockets = clients.map(({ id }) => io.sockets.sockets.get(id!)!)
    const members = sockets.slice(0, -1)
    for (const socket of members) socket.join('room')
    io.to('room').emit('first')
    members[5]!.leave('room')
    members[6]!.to('room').emit('second')
    members[7]!.join('quiet')
    io.to('room').except('quiet').emit('third')
    members[5]!.join('room')
    io.to('room').emit('fourth')
    io.except(members[4]!.id).emit('fifth')
    io.to('room').to('quiet').emit('sixth')
    members[3]!.broadcast.emit('seventh')
    members[3]!.leave(members[3]!.id)
    io.emit('eighth')
    await settled()
    const all = ['first', 'second', 'third', 'fourth', 'fifth', 'sixth', 'seventh', 'eighth']
    const lacks: Record<number, readonly string[]> = {
      3: ['seventh'],
      4: ['fifth'],
      5: ['second', 'third'],
      6: ['second'],
      7: ['third'],
      11: ['first', 'second', 'third', 'fourth', 'sixth'],
    }
    for (const [index, log] of logs.entries()) {
      assert.deepEqual(
        log.map(([name]) => name),
        all.filter((name) => lacks[index]?.includes(name) !== true),
        `client ${index}`,
      )
    }
  })

  test('are of one namespace, though its sockets share connections with others', async () => {
    const { connect, io } = await startSockets(variant, {}, (server) => {
      server.of('/other').on('connection', (socket) => socket.on('settle', (done: () => void) => done()))
      server.on('connection', (socket) => socket.on('settle', (done: () => void) => done()))
    })
    const logs: Log = []
    const pairs = Array.from({ length: many }, () => {
      const root = connect({ forceNew: true })
      const other = root.io.socket('/other')
      other.connect()
      root.onAny((...event) => logs.push(['/', ...event]))
      other.onAny((...event) => logs.push(['/other', ...event]))
      return [root, other] as const
    })
    await Promise.all(pairs.flat().map((client) => told(client, 'connect')))
    io.emit('mine')
    io.of('/other').emit('yours')
    await Promise.all(pairs.flat().map((client) => client.emitWithAck('settle')))
    const leaver = io.of('/other').sockets.get(pairs[0]![1].id!)!
    const left = new Promise((resolve) => leaver.once('disconnect', resolve))
    pairs[0]![1].disconnect()
    await left
    io.of('/other').emit('again')
    await Promise.all(pairs.map(([root]) => root.emitWithAck('settle')))
    const count = (...what: string[]): number => logs.filter((log) => log.join() === what.join()).length
    assert.deepEqual(
      [count('/', 'mine'), count('/other', 'yours'), count('/other', 'again'), logs.length],
      [many, many, many - 1, 3 * many - 1],
    )
  })

  test('are told to who listens for what goes out', async () => {
    const { clients, io, logs, settled } = await crowd()
    const seen: unknown[] = []
    const [first, second] = clients.map(({ id }) => io.sockets.sockets.get(id!)!)
    io.emit('before')
    first!.onAnyOutgoing((...event) => seen.push(event))
    second!.conn.on('packetCreate', ({ type }: { type: string }) => seen.push(type))
    io.emit('after', 1)
    await settled()
    assert.deepEqual(
      seen.filter((each) => each !== 'pong'),
      [['after', 1], 'message', 'message'],
    )
    for (const log of logs) assert.deepEqual(log, [['before'], ['after', 1]])
  })

  test('do not overtake what waits for a client that is slow', async () => {
    const { clients, io, logs, settled } = await crowd()
    const slow = io.sockets.sockets.get(clients[0]!.id!)!
    const large = 'x'.repeat(900_000)
    for (let index = 0; index < 20; index++) {
      slow.emit('large', index, large)
      io.emit('small', index)
    }
    io.volatile.emit('volatile')
    await settled()
    const order = logs[0]!.filter(([name]) => name !== 'volatile').map(([name, index]) => `${name} ${index}`)
    assert.deepEqual(order, Array.from({ length: 20 }, (_, index) => [`large ${index}`, `small ${index}`]).flat())
    assert.equal(logs[1]!.length, 21)
  })
})
