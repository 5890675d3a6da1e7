// Hotpress on the transport that the first argument names, with the policy that the second does.
import { Hotpress } from '../../dist/esm/index.js'
import { policies, route } from '../lib/policies.mjs'
import { host, serve } from '../lib/serve.mjs'

const [, , transport, id] = process.argv
const policy = policies.find((each) => each.id === id)
if (policy === undefined) throw new Error(`no policy is called ${id}`)
const app = new Hotpress({
  logger: false,
  ...policy.options,
  transport: /** @type {'native' | 'node' | 'uws'} */ (transport),
})
policy.use?.(app)
app.get(route.path, policy.handler ?? (() => 'pong'))

await serve(async () => (await app.listen({ host, port: 0 })).port)
