// Chromium's WebSocket: over HTTP/1.1, and over HTTP/2 where a page came by that and the server offers it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { type Hotpress, html } from '../../src/index.js'
import { deferred } from '../contract/http/_tools.js'
import { withPage } from './_chromium.js'
import { missing } from './_programs.js'
import { type Listener, onTargets, serve } from './_targets.js'

const page = `<!doctype html><html><head><meta charset="utf-8"><link rel="icon" href="data:,"></head><body><script>
const seen = []
const socket = new WebSocket('/socket/7?q=1', ['chat.v1', 'chat.v2'])
socket.binaryType = 'arraybuffer'
socket.onopen = () => {
  seen.push(['open', socket.protocol, socket.extensions.split(';')[0]])
  socket.send('ünï '.repeat(1000))
  socket.send(new Uint8Array([1, 2, 3]))
  socket.send('close')
}
socket.onmessage = ({ data }) => seen.push(typeof data === 'string' ? ['text', data] : ['bytes', [...new Uint8Array(data)]])
socket.onclose = ({ code, reason, wasClean }) => {
  seen.push(['close', code, reason, wasClean])
  fetch('/told', { body: JSON.stringify(seen), headers: { 'content-type': 'application/json' }, method: 'POST' })
}
</script></body></html>`

const expected = [
  ['open', 'chat.v2', 'permessage-deflate'],
  ['text', '7 1 cookie'],
  ['text', 'ünï '.repeat(1000)],
  ['bytes', [1, 2, 3]],
  ['close', 4000, 'enough', true],
]

const listeners: readonly Listener[] = ['cleartext', 'tls']

onTargets('WebSocket in Chromium', missing('chromium', '--version'), (transport) => {
  for (const listener of listeners) {
    describe(listener, () => {
      const told = deferred<unknown>()
      const build = (app: Hotpress): void => {
        app.get('/', () => html(page).cookie('who', 'cookie', { path: '/', sameSite: 'Strict' }))
        app.ws('/socket/:id', {
          upgrade: (req) => `${req.params.id} ${req.query.get('q')} ${req.cookies.who}`,
          message: (socket, message) => {
            if (message === 'close') socket.close(4000, 'enough')
            else socket.send(message)
          },
          open: (socket) => void socket.send(String(socket.data)),
          options: { compression: true, subprotocols: ['chat.v2', 'chat.v1'] },
        })
        app.post('/told', async (req) => {
          told.resolve(await req.json())
          return null
        })
      }
      const served = serve(transport, listener, build)

      test('a conversation of the same origin', { timeout: 120_000 }, async () => {
        await withPage(`${served.address.url}/`, async () => {
          assert.deepEqual(await told.promise, expected)
        })
      })
    })
  }
})
