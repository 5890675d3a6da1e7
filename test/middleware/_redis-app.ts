// An app in a process of its own, whose limit is counted in the Redis of the first argument.
import { Hotpress, RedisRateLimiter } from '../../src/index.js'

const limiter = new RedisRateLimiter({ timeout: '20s', url: process.argv[2]! })
const app = new Hotpress({ logger: false, rateLimit: { limit: 50, limiter, window: '1h' }, transport: 'node' })
app.get('/', () => 'ok')
const { url } = await app.listen()
process.send!(url)
process.once('disconnect', async () => {
  await app.close()
  await limiter.close()
})
