// The official server of Socket.IO, on node:http or, by its own attachApp(), on uWebSockets.js.
import http from 'node:http'
import { Server } from 'socket.io'
import { host, serve } from '../../lib/serve.mjs'
import { addEvents } from './events.mjs'

const [, , base] = process.argv
const io = new Server()
addEvents(io)

/** @returns {Promise<number>} */
function onNode() {
  const server = http.createServer()
  io.attach(server)
  return new Promise((resolve, reject) => {
    server.on('error', reject)
    server.listen(0, host, () => resolve(/** @type {import('node:net').AddressInfo} */ (server.address()).port))
  })
}

/** @returns {Promise<number>} */
async function onUws() {
  const uws = await import('uWebSockets.js')
  const app = uws.App()
  io.attachApp(app)
  return new Promise((resolve, reject) => {
    app.listen(host, 0, (socket) => {
      if (socket) resolve(uws.us_socket_local_port(socket))
      else reject(new Error('no port is free'))
    })
  })
}

await serve(base === 'uws' ? onUws : onNode)
