// The app that Hotpress takes part with, on a transport. Its response headers are its own defaults; nothing is switched off
// but the log lines.
import { Hotpress, RouteGroup } from '../../dist/esm/index.js'
import { halves } from '../routes.mjs'
import { items } from './contract.mjs'

/** @param {string | undefined} transport */
export function makeApp(transport) {
  const app = new Hotpress({ logger: false, transport: /** @type {'native' | 'node' | 'uws'} */ (transport) })
  const [before, after] = halves()
  const register = (/** @type {string} */ route) => app.get(route, () => 'other')

  for (const route of before) register(route)

  app.get('/ping', () => 'pong')
  app.get('/users/:id', (req) => ({ id: req.params.id }))
  app.get('/json', () => items)
  app.post('/echo', async (req) => await req.json())

  const group = new RouteGroup({ prefix: '' })
  group.use(async (_req, next) => {
    const res = await next()
    return res.header('x-a', '1')
  })
  group.use(async (_req, next) => {
    const res = await next()
    return res.header('x-b', '2')
  })
  group.get('/async', () => 'pong')
  app.mount(group)

  for (const route of after) register(route)
  return app
}
