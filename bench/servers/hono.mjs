import { randomUUID } from 'node:crypto'
import { serve as listen } from '@hono/node-server'
import { Hono } from 'hono'
import { items, jsonType, serverName, textType } from '../lib/contract.mjs'
import { host, serve } from '../lib/serve.mjs'
import { halves, withPlainWildcard } from '../routes.mjs'

const app = new Hono()

// Given with the answer and not by a middleware: a middleware makes every route of Hono wait for a promise.
const headers = (/** @type {string} */ type) => ({
  'Content-Type': type,
  'X-Content-Type-Options': 'nosniff',
  'X-Request-ID': randomUUID(),
  Server: serverName,
})

const [before, after] = halves()
const register = (/** @type {string} */ route) =>
  app.get(withPlainWildcard(route), (c) => c.body('other', 200, headers(textType)))

for (const route of before) register(route)

app.get('/ping', (c) => c.body('pong', 200, headers(textType)))
app.get('/users/:id', (c) => c.json({ id: c.req.param('id') }, 200, headers(jsonType)))
app.get('/json', (c) => c.json(items, 200, headers(jsonType)))
app.post('/echo', async (c) => c.json(await c.req.json(), 200, headers(jsonType)))

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
  (c) => c.body('pong', 200, headers(textType)),
)

for (const route of after) register(route)

await serve(
  () =>
    new Promise((resolve) => {
      listen({ fetch: app.fetch, hostname: host, port: 0 }, (address) => resolve(address.port))
    }),
)
