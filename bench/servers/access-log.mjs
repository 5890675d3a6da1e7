// Hotpress with an access log that is rotated every 20 MB, on the transport that the first argument names, to the file that the
// second does. Told to end, it says how many requests there were, and closes.
import { Hotpress } from '../../dist/esm/index.js'
import { host } from '../lib/serve.mjs'

const [, , transport, file = ''] = process.argv
const app = new Hotpress({
  accessLog: { destination: { file, rotate: { maxSize: '20mb' } } },
  logger: false,
  transport: /** @type {'native' | 'node' | 'uws'} */ (transport),
})
let requests = 0
app.observe({
  began() {},
  ended() {
    requests++
  },
})
app.get('/users/:id', ({ params }) => params.id)

const { port } = await app.listen({ host, port: 0 })
process.on('disconnect', () => process.exit(0))
process.on('message', async () => {
  await app.close()
  process.send?.(requests, () => process.exit(0))
})
process.send?.(port)
