// The official client in Chromium, as the server itself gives it to pages: polling, the change to WebSocket, bytes both ways,
// acknowledgements both ways, and coming again after the server has ended it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { html } from '../../src/index.js'
import { deferred } from '../contract/http/_tools.js'
import { onEverySocketTransport, startSockets } from '../realtime/_socketio.js'
import { withPage } from './_chromium.js'
import { missing } from './_programs.js'

const page = `<!doctype html><html><head><meta charset="utf-8"><link rel="icon" href="data:,"></head><body>
<script src="/socket.io/socket.io.js"></script><script>
const seen = []
const once = (source, event) => new Promise((resolve) => source.once(event, resolve))
async function talk() {
  const socket = io({ auth: { token: 'ünï' }, reconnectionDelay: 50 })
  const upgraded = once(socket.io, 'open').then(() => once(socket.io.engine, 'upgrade'))
  socket.io.once('open', () => seen.push(['began by', socket.io.engine.transport.name]))
  await Promise.all([once(socket, 'connect'), upgraded])
  seen.push(['went on by', socket.io.engine.transport.name])
  seen.push(['sum', await socket.emitWithAck('add', 1, 2)])
  const back = await socket.emitWithAck('mirror', new Uint8Array([0, 1, 255]), 'ünï '.repeat(5000))
  seen.push(['bytes', back[0] instanceof ArrayBuffer, [...new Uint8Array(back[0])], back[1].length])
  socket.on('question', (text, answer) => answer(text.toUpperCase(), new Uint8Array([7])))
  seen.push(['answered', await socket.emitWithAck('ask me')])
  const admin = io('/admin', { auth: { token: 'wrong' } })
  seen.push(['refused', (await once(admin, 'connect_error')).message])

  // As a server that ends: the client comes again by itself. Then as a server that means it.
  const lost = once(socket, 'disconnect')
  const again = once(socket, 'connect')
  socket.emit('lose me')
  seen.push(['lost', await lost])
  await again
  seen.push(['again', await socket.emitWithAck('add', 3, 4)])
  const ended = once(socket, 'disconnect')
  socket.emit('end me')
  seen.push(['ended', await ended, socket.active])
  const last = once(socket, 'connect')
  socket.connect()
  await last
  seen.push(['by hand', await socket.emitWithAck('add', 5, 6)])
  socket.close()

  const polling = io({ forceNew: true, transports: ['polling'] })
  await once(polling, 'connect')
  const polled = await polling.emitWithAck('mirror', new Uint8Array([9]), 'polled')
  seen.push(['polling', [...new Uint8Array(polled[0])], polled[1], polling.io.engine.transport.name])
  polling.close()
}
talk()
  .catch((error) => seen.push(String(error)))
  .then(() => fetch('/told', { body: JSON.stringify(seen), headers: { 'content-type': 'application/json' }, method: 'POST' }))
</script></body></html>`

const expected = [
  ['began by', 'polling'],
  ['went on by', 'websocket'],
  ['sum', 3],
  ['bytes', true, [0, 1, 255], 20_000],
  ['answered', 'STILL THERE? 7 ünï'],
  ['refused', 'not for you'],
  ['lost', 'transport close'],
  ['again', 7],
  ['ended', 'io server disconnect', false],
  ['by hand', 11],
  ['polling', [9], 'polled', 'polling'],
]

const absent = missing('chromium', '--version')

onEverySocketTransport('socket.io-client in Chromium', (variant) => {
  test('a conversation', { skip: absent, timeout: 120_000 }, async () => {
    const told = deferred<unknown>()
    const { address } = await startSockets(variant, {}, (io, app) => {
      io.of('/admin').useAuth(() => {
        throw new Error('not for you')
      })
      io.on('connection', (socket) => {
        socket.on('add', (one, other, done) => done(one + other))
        socket.on('mirror', (bytes, text, done) => done([bytes, text]))
        socket.on('ask me', (done) => {
          socket.emit('question', 'still there?', (text: string, bytes: Uint8Array) =>
            done(`${text} ${bytes.join()} ${socket.handshake.auth.token}`),
          )
        })
        socket.on('lose me', () => socket.conn.close())
        socket.on('end me', () => socket.disconnect(true))
      })
      app.get('/', () => html(page))
      app.post('/told', async (req) => {
        told.resolve(await req.json())
        return null
      })
    })
    await withPage(`${address.url}/`, async () => {
      assert.deepEqual(await told.promise, expected)
    })
  })
})
