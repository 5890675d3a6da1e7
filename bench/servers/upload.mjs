// Takes an upload slowly, and tells how much memory that took. The first argument names the transport.
import { setTimeout } from 'node:timers/promises'
import { Hotpress } from '../../dist/esm/index.js'
import { host, serve } from '../lib/serve.mjs'

/** After so many bytes the handler is busy with something else, for so many milliseconds. */
const step = 1024 ** 2
const pause = 4

const app = new Hotpress({
  bodyLimit: '8gb',
  logger: false,
  requestTimeout: 0,
  transport: /** @type {'native' | 'node' | 'uws'} */ (process.argv[2]),
})

app.post('/upload', async (req) => {
  globalThis.gc?.()
  const before = process.memoryUsage.rss()
  let peak = before
  let size = 0
  let next = step
  for await (const part of req.stream()) {
    size += part.byteLength
    if (size < next) continue
    next += step
    peak = Math.max(peak, process.memoryUsage.rss())
    await setTimeout(pause)
  }
  return { before, peak, size }
})

await serve(async () => (await app.listen({ host, port: 0 })).port)
