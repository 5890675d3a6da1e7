import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connect as connectTo } from 'socket.io-client'
import { onEverySocketTransport, startSockets, told } from './_socketio.js'

onEverySocketTransport('app.socketio()', (variant) => {
  for (const transport of ['polling', 'websocket']) {
    test(`events, acknowledgements and bytes go both ways by ${transport}`, async () => {
      const { connect, io } = await startSockets(variant, {}, (server) => {
        server.on('connection', (socket) => {
          socket.on('echo', (...given: unknown[]) => {
            const answer = given.pop() as (...values: unknown[]) => void
            answer(...given)
          })
          socket.on('again', (value) => socket.emit('again', value))
        })
      })
      const client = connect({ transports: [transport] })
      await told(client, 'connect')
      const answer = await client.emitWithAck('echo', { text: 'grüß dich', bytes: Buffer.from([1, 2, 3]) })
      assert.equal(answer.text, 'grüß dich')
      assert.deepEqual([...answer.bytes], [1, 2, 3])
      const bytes = Buffer.alloc(200_000, 7)
      client.emit('again', bytes)
      assert.deepEqual(await told(client, 'again'), bytes)
      const asked = io.timeout(5000).emitWithAck('ask', 1)
      client.once('ask', (value, reply) => reply(value + 1))
      assert.deepEqual(await asked, [2])
      const gone = new Promise((resolve) => io.sockets.sockets.get(client.id!)!.once('disconnect', resolve))
      client.disconnect()
      assert.equal(await gone, 'client namespace disconnect')
    })
  }

  test('a client that polls goes on by WebSocket', async () => {
    const { connect } = await startSockets(variant)
    const client = connect({ transports: ['polling', 'websocket'] })
    await told(client, 'connect')
    const { engine } = client.io
    if (engine.transport.name !== 'websocket') await new Promise((resolve) => engine.once('upgrade', resolve))
    assert.equal(engine.transport.name, 'websocket')
  })

  test('routes are served beside it, and its own client', async () => {
    const { address } = await startSockets(variant, {}, (_, app) => app.get('/plain', () => 'plain'))
    if (address.url.startsWith('https')) return
    assert.equal(await (await fetch(`${address.url}/plain`)).text(), 'plain')
    const script = await fetch(`${address.url}/socket.io/socket.io.min.js`)
    assert.match(script.headers.get('content-type')!, /javascript/)
    assert.match(await script.text(), /Socket\.IO/)
    assert.equal((await fetch(`${address.url}/socket.io/nothing`)).status, 404)
    assert.equal((await fetch(`${address.url}/socket.iox/?EIO=4&transport=polling`)).status, 404)
  })

  test('close() disconnects clients, and the app can listen again', async () => {
    const { app, connect, io } = await startSockets(variant)
    for (const transport of ['polling', 'websocket']) {
      const client = connect({ transports: [transport] })
      await told(client, 'connect')
      client.once('disconnect', () => {})
    }
    const gone = [...io.sockets.sockets.values()].map(
      (socket) => new Promise((resolve) => socket.once('disconnect', resolve)),
    )
    await app.close()
    assert.deepEqual(await Promise.all(gone), ['server shutting down', 'server shutting down'])
    // uws cannot take a port again that has connections on their way out.
    const { url } = await app.listen(variant.listen)
    const options = { forceNew: true, reconnection: false, rejectUnauthorized: false }
    for (const transport of ['polling', 'websocket']) {
      const client = connectTo(url, { ...options, transports: [transport] })
      await told(client, 'connect')
      client.disconnect()
    }
  })
})
