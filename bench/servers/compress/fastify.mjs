import compress from '@fastify/compress'
import fastify from 'fastify'
import { list, listText } from '../../lib/compress-contract.mjs'
import { jsonType } from '../../lib/contract.mjs'
import { host, serve } from '../../lib/serve.mjs'

const app = fastify({ logger: false })
await app.register(compress)

app.get('/json', () => list)
app.get('/text', (_request, reply) => reply.type(jsonType).send(listText))

await serve(async () => {
  await app.listen({ host, port: 0 })
  return /** @type {import('node:net').AddressInfo} */ (app.server.address()).port
})
