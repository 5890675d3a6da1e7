import { createApp } from './app.js'
import { Market } from './market.js'

const market = new Market()
const app = createApp(market, { logger: { level: process.env.LOG_LEVEL ?? 'info' } })
market.start()

app.onClose(() => market.stop())

// Ctrl+C closes it, and a second one ends it at once.
const { transport, url } = await app.run({
  host: process.env.HOST ?? '127.0.0.1',
  port: Number(process.env.PORT ?? 3000),
})
console.log(`Prices at ${url} (${transport}); end with Ctrl+C`)
