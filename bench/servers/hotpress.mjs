// Hotpress on the transport that the first argument names. Its response headers are its own defaults; nothing is
// switched off but the log lines.
import { Hotpress, RouteGroup } from '../../dist/esm/index.js'
import { items } from '../lib/contract.mjs'
import { host, serve } from '../lib/serve.mjs'
import { halves } from '../routes.mjs'

const app = new Hotpress({ logger: false, transport: /** @type {'native' | 'node' | 'uws'} */ (process.argv[2]) })
const [before, after] = halves()
const register = (/** @type {string} */ route) => app.get(route, () => 'other')

for (const route of before) register(route)

app.get('/ping', () => 'pong')
app.get('/users/:id', (req) => ({ id: req.params.id }))
app.get('/json', () => items)
app.post('/echo', async (req) => await req.json())

const group = new RouteGroup({ prefix: '' })
group.use(async (_req, next) => {
  const res = await next()
  return res.header('x-a', '1')
})
group.use(async (_req, next) => {
  const res = await next()
  return res.header('x-b', '2')
})
group.get('/async', () => 'pong')
app.mount(group)

for (const route of after) register(route)

await serve(async () => (await app.listen({ host, port: 0 })).port)
