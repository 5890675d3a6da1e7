import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { inspect } from 'node:util'
import { sharedConnections } from '../../src/socketio-client/connections.js'
import { connect, connectTo, type SocketIoClient } from '../../src/socketio-client/index.js'
import { loseAll, serveSocketIo } from './_server.js'

const soon = { reconnectionDelay: 10, reconnectionDelayMax: 20 }

function next(socket: SocketIoClient, event: 'connect' | 'disconnect'): Promise<unknown> {
  return new Promise((resolve) => socket.once(event, resolve as () => void))
}

describe('a connection that is lost', { timeout: 120_000 }, () => {
  test('comes again for all its namespaces, with what was emitted meanwhile', async () => {
    const heard: string[] = []
    const { io, url } = await serveSocketIo((server) => {
      for (const namespace of [server.sockets, server.of('/other')]) {
        namespace.on('connection', (socket) => socket.on('note', (text, done) => done(heard.push(text))))
      }
    })
    const sockets = await Promise.all([connect(url, soon), connectTo(url, '/other', soon)])
    loseAll(io)
    assert.deepEqual(
      await Promise.all(sockets.map((socket) => next(socket, 'disconnect'))),
      Array(2).fill('transport close'),
    )
    assert.equal(sharedConnections(), 1)
    const answers = sockets.map((socket) => socket.emitWithAck('note', 'kept'))
    assert.deepEqual((await Promise.all(answers)).sort(), [1, 2])
    assert.deepEqual(heard, ['kept', 'kept'])
    for (const socket of sockets) socket.close()
    assert.equal(sharedConnections(), 0)
  })

  test('comes again when the server does, and no error on the way shows the request', async () => {
    const first = await serveSocketIo(() => {})
    const given = { ...soon, extraHeaders: { authorization: 'swordfish' }, query: { token: 'swordfish' } }
    const socket = await connect(first.url, given)
    const failed = new Promise<Error>((resolve) => socket.once('connect_error', resolve))
    await first.io.close()
    assert.doesNotMatch(inspect(await failed, { depth: 9 }), /swordfish/)
    const again = next(socket, 'connect')
    await serveSocketIo(() => {}, { port: Number(new URL(first.url).port) })
    await again
    socket.close()
  })

  test('stays lost where the server meant it, or the caller', async () => {
    const { io, url } = await serveSocketIo(() => {})
    const socket = await connect(url, soon)
    io.disconnectSockets()
    assert.equal(await next(socket, 'disconnect'), 'io server disconnect')
    assert.equal(socket.active, false)
    assert.equal(sharedConnections(), 0)
    const again = next(socket, 'connect')
    socket.connect()
    await again
    socket.close()

    const other = await connect(url, { reconnection: false })
    loseAll(io)
    await next(other, 'disconnect')
    await new Promise((resolve) => setImmediate(resolve))
    other.close()
    assert.equal(sharedConnections(), 0)
  })

  test('is given up after reconnectionAttempts', async () => {
    const { io, url } = await serveSocketIo(() => {})
    const socket = await connect(url, { ...soon, reconnectionAttempts: 2 })
    const gone = new Promise((resolve) => socket.io.once('reconnect_failed', () => resolve(undefined)))
    await io.close()
    await gone
    socket.close()
    assert.equal(sharedConnections(), 0)
  })

  test('is not made again after close() on the way', async () => {
    const { io, url } = await serveSocketIo(() => {})
    const socket = await connect(url, soon)
    loseAll(io)
    await next(socket, 'disconnect')
    socket.close()
    assert.equal(sharedConnections(), 0)
    assert.equal(socket.active, false)
  })
})
