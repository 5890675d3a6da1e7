// WebSockets of Hotpress, by the transport that the argument names.
import { Hotpress } from '../../../dist/esm/index.js'
import { host, serve } from '../../lib/serve.mjs'

const [, , transport] = process.argv
const app = new Hotpress({ logger: false, transport: /** @type {'native' | 'node' | 'uws'} */ (transport) })
app.ws('/ws', {
  message: (socket, message) => {
    if (message === 'broadcast') app.publish('news', 'x'.repeat(40))
    else socket.send(message)
  },
  open: (socket) => socket.subscribe('news'),
})

await serve(async () => (await app.listen({ host, port: 0 })).port)
