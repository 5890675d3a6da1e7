import compression from 'compression'
import express from 'express'
import { list, listText } from '../../lib/compress-contract.mjs'
import { jsonType } from '../../lib/contract.mjs'
import { host, serve } from '../../lib/serve.mjs'

const app = express()
// A hash of the body that no other peer takes.
app.disable('etag').disable('x-powered-by')
app.use(compression())

app.get('/json', (_request, response) => response.json(list))
app.get('/text', (_request, response) => response.type(jsonType).send(listText))

await serve(
  () =>
    new Promise((resolve, reject) => {
      const server = app.listen(0, host, (error) => {
        if (error) reject(error)
        else resolve(/** @type {import('node:net').AddressInfo} */ (server.address()).port)
      })
    }),
)
