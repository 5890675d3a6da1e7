// Socket.IO on Hotpress, by the transport that the argument names.
import { Hotpress } from '../../../dist/esm/index.js'
import { host, serve } from '../../lib/serve.mjs'
import { addEvents } from './events.mjs'

const [, , transport] = process.argv
const app = new Hotpress({ logger: false, transport: /** @type {'native' | 'node' | 'uws'} */ (transport) })
addEvents(app.socketio())

await serve(async () => (await app.listen({ host, port: 0 })).port)
