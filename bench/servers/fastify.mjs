import { randomUUID } from 'node:crypto'
import fastify from 'fastify'
import { items, serverName } from '../lib/contract.mjs'
import { host, serve } from '../lib/serve.mjs'
import { halves, withPlainWildcard } from '../routes.mjs'

const app = fastify({ genReqId: () => randomUUID(), logger: false })

// The callback form: an async hook would cost each request a promise.
app.addHook('onRequest', (request, reply, done) => {
  reply.header('X-Content-Type-Options', 'nosniff').header('X-Request-ID', request.id).header('Server', serverName)
  done()
})

const [before, after] = halves()
const register = (/** @type {string} */ route) => app.get(withPlainWildcard(route), () => 'other')

for (const route of before) register(route)

app.get('/ping', () => 'pong')
app.get('/users/:id', (request) => ({ id: /** @type {{ id: string }} */ (request.params).id }))
app.get('/json', () => items)
app.post('/echo', (request) => request.body)

app.register(async (scope) => {
  scope.addHook('onRequest', async (_request, reply) => {
    reply.header('x-a', '1')
  })
  scope.addHook('onRequest', async (_request, reply) => {
    reply.header('x-b', '2')
  })
  scope.get('/async', () => 'pong')
})

for (const route of after) register(route)

await serve(async () => {
  await app.listen({ host, port: 0 })
  return /** @type {import('node:net').AddressInfo} */ (app.server.address()).port
})
