import { createChat } from './app.js'

const passphrase = process.env.CHAT_PASSPHRASE ?? 'open sesame'
const key = process.env.CHAT_KEY
const config = key === undefined ? { passphrase } : { key, passphrase }
const { app } = createChat(config, { logger: { level: process.env.LOG_LEVEL ?? 'info' } })

const address = { host: process.env.HOST ?? '127.0.0.1', port: Number(process.env.PORT ?? 3000) }
await app.listen(address, ({ transport, url }) => {
  console.log(`A chat at ${url} (${transport}); end with Ctrl+C`)
  if (process.env.CHAT_PASSPHRASE === undefined) console.log(`The passphrase is: ${passphrase}`)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => app.close())
