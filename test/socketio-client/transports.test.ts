// The client against the server of an app, on every transport, in plaintext and over TLS.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectTo, connectToWithAuth, connectWithAuth } from '../../src/socketio-client/index.js'
import { fixture } from '../_certificates.js'
import { says } from '../_says.js'
import { onEverySocketTransport, startSockets } from '../realtime/_socketio.js'

const ca = fixture('cert.pem')

onEverySocketTransport('hotpress/socketio-client', (variant) => {
  test('namespaces, authentication, acknowledgements, and a connection that is lost', {
    timeout: 120_000,
  }, async () => {
    const seen: unknown[] = []
    const { address, io } = await startSockets(variant, { websocketOnly: true }, (server) => {
      server
        .useAuth(({ token }) => ({ name: String(token) }))
        .on('connection', (socket) => {
          seen.push(socket.auth.name)
          socket.emit('welcome', socket.auth.name)
          socket.on('mirror', (bytes, done) => done(bytes))
        })
      server.of('/admin').useAuth(({ token }) => {
        if (token !== 'admin') throw new Error('not for you')
        return {}
      })
    })
    let asked = 0
    const options = { ca, reconnectionDelay: 10, reconnectionDelayMax: 20 }
    const socket = await connectWithAuth(address.url, async () => ({ token: `t${++asked}` }), options)
    assert.equal(await new Promise((resolve) => socket.once('welcome', resolve)), 't1')
    assert.deepEqual(await socket.emitWithAck('mirror', Buffer.from([0, 255])), Buffer.from([0, 255]))

    await assert.rejects(connectTo(address.url, '/admin', options), says('SOCKETIO_REFUSED', 'not for you'))
    const admin = await connectToWithAuth(address.url, '/admin', { token: 'admin' }, options)
    assert.equal(admin.io, socket.io)

    const again = Promise.all(
      [socket, admin].map((each) => new Promise((resolve) => each.once('connect', () => resolve(undefined)))),
    )
    for (const each of io.sockets.sockets.values()) each.conn.close()
    await again
    assert.deepEqual(seen, ['t1', 't2'])
    for (const each of [socket, admin]) each.close()
  })
})
