// Hotpress on the transport that the first argument names, with the defaults of app.static().
import { Hotpress } from '../../dist/esm/index.js'
import { host, serve } from '../lib/serve.mjs'
import { folder } from '../lib/static-files.mjs'

const app = new Hotpress({ logger: false, transport: /** @type {'native' | 'node' | 'uws'} */ (process.argv[2]) })
app.static('/', folder)

await serve(async () => (await app.listen({ host, port: 0 })).port)
