import express from 'express'
import { host, serve } from '../lib/serve.mjs'
import { folder } from '../lib/static-files.mjs'

const app = express()
app.disable('x-powered-by')
app.use(express.static(folder))

await serve(
  () =>
    new Promise((resolve, reject) => {
      const server = app.listen(0, host, (error) => {
        if (error) reject(error)
        else resolve(/** @type {import('node:net').AddressInfo} */ (server.address()).port)
      })
    }),
)
