import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { Hotpress } from '../../src/index.js'
import { onEverySocketTransport, startSockets, told } from './_socketio.js'

onEverySocketTransport('what Socket.IO can do', (variant) => {
  test('namespaces are made by name as clients come, each with its authentication', async () => {
    const { connect, io } = await startSockets(variant, { cleanupEmptyChildNamespaces: true }, (server) => {
      server
        .of(/^\/room-\d+$/)
        .useAuth(({ name }) => {
          if (typeof name !== 'string') throw new Error('who are you?')
          return { name }
        })
        .on('connection', (socket) => socket.emit('welcome', socket.nsp.name, socket.auth.name))
    })
    const first = connect({ auth: { name: 'Ada' } }, '/room-1')
    const welcome = await new Promise((resolve) => first.once('welcome', (...given) => resolve(given)))
    assert.deepEqual(welcome, ['/room-1', 'Ada'])
    const nameless = connect({}, '/room-1')
    assert.equal((await told<Error>(nameless, 'connect_error')).message, 'who are you?')
    const elsewhere = connect({ auth: { name: 'Ada' } }, '/hall')
    assert.equal((await told<Error>(elsewhere, 'connect_error')).message, 'Invalid namespace')
    const gone = once(io.of('/room-1').sockets.get(first.id!)!, 'disconnect')
    first.disconnect()
    await gone
  })

  test('a broadcast collects acknowledgements, and says who gave none in time', async () => {
    const { connect, io } = await startSockets(variant)
    const clients = Array.from({ length: 10 }, () => connect())
    await Promise.all(clients.map((client) => told(client, 'connect')))
    for (const [index, client] of clients.entries()) client.on('ask', (done) => done(index))
    const answers = (await io.timeout(5000).emitWithAck('ask')) as number[]
    assert.deepEqual(
      answers.sort((a, b) => a - b),
      clients.map((_, index) => index),
    )
    clients[0]!.off('ask')
    await assert.rejects(io.timeout(100).emitWithAck('ask'), (error: { readonly responses: unknown[] }) => {
      assert.equal(error.responses.length, 9)
      return true
    })
    await assert.rejects(clients[1]!.timeout(100).emitWithAck('nobody answers'), /timed out/)
  })

  test('a volatile message is dropped for a client that is behind', async () => {
    const { connect, io } = await startSockets(variant, {}, (server) => {
      server.on('connection', (socket) => socket.on('settle', (done: () => void) => done()))
    })
    const client = connect()
    let heard = 0
    client.on('tick', () => heard++)
    await told(client, 'connect')
    const socket = io.sockets.sockets.get(client.id!)!
    socket.volatile.emit('tick')
    const large = 'x'.repeat(900_000)
    for (let index = 0; index < 30; index++) socket.emit('large', large)
    for (let index = 0; index < 100; index++) socket.volatile.emit('tick')
    await client.emitWithAck('settle')
    assert.equal(heard, 1)
  })

  test('clients of Socket.IO 2 are served where that is asked for', async () => {
    const { address } = await startSockets(variant, { allowEIO3: true }, (server) => {
      server.on('connection', (socket) => socket.on('echo', (...given) => socket.emit('echo', ...given)))
    })
    const url = `${address.url.replace(/^http/, 'ws')}/socket.io/?EIO=3&transport=websocket`
    const socket = new WebSocket(url, { rejectUnauthorized: false })
    const messages: string[] = []
    socket.on('message', (data) => {
      messages.push(String(data))
      if (messages.length === 2) socket.send('42["echo","old"]')
      if (messages.length === 3) socket.close()
    })
    await once(socket, 'close')
    assert.match(messages[0]!, /^0\{"sid":/)
    assert.deepEqual(messages.slice(1), ['40', '42["echo","old"]'])
  })
})

test('auto takes a transport that serves Socket.IO', async () => {
  const app = new Hotpress({ logger: false })
  app.socketio()
  const { transport } = await app.listen({ host: '127.0.0.1', port: 0 })
  assert.ok(['native', 'uws'].includes(transport), transport)
  await app.close()
})
