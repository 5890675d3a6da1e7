import fastifyStatic from '@fastify/static'
import fastify from 'fastify'
import { host, serve } from '../lib/serve.mjs'
import { folder } from '../lib/static-files.mjs'

const app = fastify({ logger: false })
app.register(fastifyStatic, { root: folder })

await serve(async () => {
  await app.listen({ host, port: 0 })
  return /** @type {import('node:net').AddressInfo} */ (app.server.address()).port
})
