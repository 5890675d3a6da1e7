// WebSockets of uWebSockets.js by itself.
import * as uws from 'uWebSockets.js'
import { host, serve } from '../../lib/serve.mjs'

const app = uws.App()
app.ws('/ws', {
  idleTimeout: 120,
  message: (socket, message, isBinary) => {
    if (Buffer.from(message).toString() === 'broadcast') app.publish('news', 'x'.repeat(40))
    else socket.send(message, isBinary)
  },
  open: (socket) => {
    socket.subscribe('news')
  },
})

await serve(
  () =>
    new Promise((resolve, reject) => {
      app.listen(host, 0, (socket) => {
        if (socket) resolve(uws.us_socket_local_port(socket))
        else reject(new Error('no port is free'))
      })
    }),
)
