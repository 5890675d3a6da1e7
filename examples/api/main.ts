import { createApp } from './app.js'

const port = Number(process.env.PORT ?? 3000)
const app = createApp({ logger: { level: process.env.LOG_LEVEL ?? 'info' } })

// Ctrl+C closes it, and a second one ends it at once.
const { transport, url } = await app.run({ host: process.env.HOST ?? '127.0.0.1', port })
console.log(`Users and posts at ${url} (${transport}); end with Ctrl+C`)
