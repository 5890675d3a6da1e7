import { createApp } from './app.js'
import { Market } from './market.js'

const market = new Market()
const app = createApp(market, { logger: { level: process.env.LOG_LEVEL ?? 'info' } })
market.start()

await app.listen(
  { host: process.env.HOST ?? '127.0.0.1', port: Number(process.env.PORT ?? 3000) },
  ({ transport, url }) => {
    console.log(`Prices at ${url} (${transport}); end with Ctrl+C`)
  },
)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    market.stop()
    return app.close()
  })
}
