// Hotpress on the transport that the first argument names.
import { makeApp } from '../lib/hotpress-app.mjs'
import { host, serve } from '../lib/serve.mjs'

const app = makeApp(process.argv[2])

await serve(async () => (await app.listen({ host, port: 0 })).port)
