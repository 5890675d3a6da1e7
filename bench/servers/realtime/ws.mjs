// The package ws, on node:http.
import http from 'node:http'
import { WebSocketServer } from 'ws'
import { host, serve } from '../../lib/serve.mjs'

const server = http.createServer()
const sockets = new WebSocketServer({ path: '/ws', server })
sockets.on('connection', (socket) => {
  socket.on('message', (data, isBinary) => {
    if (!isBinary && data.toString() === 'broadcast') for (const client of sockets.clients) client.send('x'.repeat(40))
    else socket.send(data, { binary: isBinary })
  })
})

await serve(
  () =>
    new Promise((resolve, reject) => {
      server.on('error', reject)
      server.listen(0, host, () => resolve(/** @type {import('node:net').AddressInfo} */ (server.address()).port))
    }),
)
