// Hotpress on the transport that the first argument names, watched by what the second does.
import { Hotpress } from '../../dist/esm/index.js'
import { route, watched } from '../lib/observability.mjs'
import { host, serve } from '../lib/serve.mjs'

const [, , transport, id] = process.argv
const found = watched.find((each) => each.id === id)
if (found === undefined) throw new Error(`nothing is called ${id}`)
const app = new Hotpress({
  logger: false,
  ...found.options,
  transport: /** @type {'native' | 'node' | 'uws'} */ (transport),
})
found.use?.(app)
app.get('/users/:id', ({ params }) => params.id)
for (let index = 0; index < 90; index++) app.get(`/other/${index}`, () => route.answer)

await serve(async () => (await app.listen({ host, port: 0 })).port)
