import { randomUUID } from 'node:crypto'
import { serve as listen } from '@hono/node-server'
import { Hono } from 'hono'
import { items, jsonType, serverName, textType } from '../lib/contract.mjs'
import { host, serve } from '../lib/serve.mjs'
import { halves, withPlainWildcard } from '../routes.mjs'

const app = new Hono()

// Given with the answer and not by a middleware, which would make every route of Hono wait for a promise; and with a
// `Response` of plain headers, which node-server writes without making a `Headers` of them, as `c.text()` would.
const headers = (/** @type {string} */ type) => ({
  'Content-Type': type,
  'X-Content-Type-Options': 'nosniff',
  'X-Request-ID': randomUUID(),
  Server: serverName,
})

const send = (/** @type {string} */ body, /** @type {string} */ type) => new Response(body, { headers: headers(type) })

const [before, after] = halves()
const register = (/** @type {string} */ route) => app.get(withPlainWildcard(route), () => send('other', textType))

for (const route of before) register(route)

app.get('/ping', () => send('pong', textType))
app.get('/users/:id', (c) => send(JSON.stringify({ id: c.req.param('id') }), jsonType))
app.get('/json', () => send(JSON.stringify(items), jsonType))
app.post('/echo', async (c) => send(JSON.stringify(await c.req.json()), jsonType))

app.get(
  '/async',
  async (c, next) => {
    c.header('x-a', '1')
    await next()
  },
  async (c, next) => {
    c.header('x-b', '2')
    await next()
  },
  // What the middlewares set with c.header() reaches only an answer that the context makes.
  (c) => c.body('pong', 200, headers(textType)),
)

for (const route of after) register(route)

await serve(
  () =>
    new Promise((resolve) => {
      listen({ fetch: app.fetch, hostname: host, port: 0 }, (address) => resolve(address.port))
    }),
)
