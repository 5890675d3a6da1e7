import { randomUUID } from 'node:crypto'
import express from 'express'
import { items, serverName } from '../lib/contract.mjs'
import { host, serve } from '../lib/serve.mjs'
import { halves } from '../routes.mjs'

const app = express()
// Headers that no other peer sends.
app.disable('etag').disable('x-powered-by')

app.use((_request, response, next) => {
  response.setHeader('X-Content-Type-Options', 'nosniff')
  response.setHeader('X-Request-ID', randomUUID())
  response.setHeader('Server', serverName)
  next()
})

/** @param {express.Response} response */
const sendText = (response, /** @type {string} */ body) => response.type('text/plain').send(body)

const [before, after] = halves()
const register = (/** @type {string} */ route) => app.get(route, (_request, response) => sendText(response, 'other'))

for (const route of before) register(route)

app.get('/ping', (_request, response) => sendText(response, 'pong'))
app.get('/users/:id', (request, response) => response.json({ id: request.params.id }))
app.get('/json', (_request, response) => response.json(items))
app.post('/echo', express.json({ limit: '1mb' }), (request, response) => response.json(request.body))

app.get(
  '/async',
  async (_request, response, next) => {
    response.setHeader('x-a', '1')
    next()
  },
  async (_request, response, next) => {
    response.setHeader('x-b', '2')
    next()
  },
  (_request, response) => sendText(response, 'pong'),
)

for (const route of after) register(route)

await serve(
  () =>
    new Promise((resolve, reject) => {
      const server = app.listen(0, host, (error) => {
        if (error) reject(error)
        else resolve(/** @type {import('node:net').AddressInfo} */ (server.address()).port)
      })
    }),
)
