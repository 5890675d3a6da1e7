import { createApp } from './app.js'

const port = Number(process.env.PORT ?? 3000)
const app = createApp({ logger: { level: process.env.LOG_LEVEL ?? 'info' } })

await app.listen({ host: process.env.HOST ?? '127.0.0.1', port }, ({ transport, url }) => {
  console.log(`Users and posts at ${url} (${transport}); end with Ctrl+C`)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => app.close())
