// Hotpress on the transport that the first argument names, with the response headers and limits of its defaults, but
// for those that would end a measurement of 10,000 idle connections.
import { Hotpress } from '../../../dist/esm/index.js'
import { items } from '../../lib/contract.mjs'
import { host, serve } from '../../lib/serve.mjs'
import { idleTimeout, protocol, text, tls } from '../../lib/tls-server.mjs'
import { halves } from '../../routes.mjs'

const transport = /** @type {'native' | 'node' | 'uws'} */ (process.argv[2])
const limits = transport === 'native' ? { maxConnections: 0 } : {}
// uWebSockets.js takes no more than 960 s, the others take any.
const app = new Hotpress({ ...limits, idleTimeout, logger: false, transport })
const [before, after] = halves()
const register = (/** @type {string} */ route) => app.get(route, () => 'other')

for (const route of before) register(route)

app.get('/ping', () => 'pong')
app.get('/users/:id', (req) => ({ id: req.params.id }))
app.get('/json', () => items)
app.get('/text', () => text)
app.post('/length', async (req) => String((await req.bytes()).length))

for (const route of after) register(route)

try {
  await serve(async () => (await app.listen({ host, port: 0, tls, ...(protocol === 'h3' && { http3: true }) })).port)
} catch (error) {
  console.error(/** @type {Error} */ (error).message)
  process.exit(1)
}
