// Hotpress on the transport that the first argument names, observed by what the second does.
import { Hotpress } from '../../dist/esm/index.js'
import { observed, pattern } from '../lib/observability.mjs'
import { host, serve } from '../lib/serve.mjs'

const [, , transport, id] = process.argv
const row = observed.find((each) => each.id === id)
if (row === undefined) throw new Error(`nothing that observes is called ${id}`)
const app = new Hotpress({
  logger: false,
  ...row.options?.(),
  transport: /** @type {'native' | 'node' | 'uws'} */ (transport),
})
row.use?.(app)
app.get(pattern, () => 'pong')

await serve(async () => (await app.listen({ host, port: 0 })).port)
