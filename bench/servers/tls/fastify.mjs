import { randomUUID } from 'node:crypto'
import fastify from 'fastify'
import { items, serverName } from '../../lib/contract.mjs'
import { host, serve } from '../../lib/serve.mjs'
import { idleTimeout, protocol, text, tls } from '../../lib/tls-server.mjs'
import { halves, withPlainWildcard } from '../../routes.mjs'

const settings = { genReqId: () => randomUUID(), https: tls, keepAliveTimeout: idleTimeout, logger: false }
const app = protocol === 'h2' ? fastify({ ...settings, http2: true }) : fastify(settings)

// The callback form: an async hook would cost each request a promise.
app.addHook('onRequest', (request, reply, done) => {
  reply.header('X-Content-Type-Options', 'nosniff').header('X-Request-ID', request.id).header('Server', serverName)
  done()
})
app.addContentTypeParser('application/octet-stream', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

const [before, after] = halves()
const register = (/** @type {string} */ route) => app.get(withPlainWildcard(route), () => 'other')

for (const route of before) register(route)

app.get('/ping', () => 'pong')
app.get('/users/:id', (request) => ({ id: /** @type {{ id: string }} */ (request.params).id }))
app.get('/json', () => items)
app.get('/text', () => text)
app.post('/length', (request) => String(/** @type {Buffer} */ (request.body).length))

for (const route of after) register(route)

await serve(async () => {
  await app.listen({ host, port: 0 })
  return /** @type {import('node:net').AddressInfo} */ (app.server.address()).port
})
