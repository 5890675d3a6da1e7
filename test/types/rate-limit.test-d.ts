// Checked by tsc alone: nothing here runs.
import { expectTypeOf } from 'expect-type'
import {
  Hotpress,
  MemoryRateLimiter,
  type Middleware,
  type RateLimiter,
  type RateLimitPolicy,
  type RateLimitResult,
  RedisRateLimiter,
  RouteGroup,
  rateLimit,
} from 'hotpress'
import { Cluster, Redis } from 'ioredis'

expectTypeOf(rateLimit).returns.toEqualTypeOf<Middleware>()
expectTypeOf<RateLimitPolicy['algorithm']>().toEqualTypeOf<'sliding-window' | 'token-bucket'>()
expectTypeOf<MemoryRateLimiter>().toExtend<RateLimiter>()
expectTypeOf<RedisRateLimiter>().toExtend<RateLimiter>()
// The one in memory is synchronous, and so is a chain with it.
expectTypeOf<ReturnType<MemoryRateLimiter['consume']>>().toEqualTypeOf<RateLimitResult>()

const own: RateLimiter = { consume: async (key, cost) => ({ allowed: key.length > cost, remaining: 1, resetMs: 0 }) }

new Hotpress({ rateLimit: { limit: 100, window: '1m' } })
new Hotpress({ rateLimit: false })
new Hotpress().get('/', { use: rateLimit({ limit: 5, limiter: own, name: 'own', window: 1000 }) }, () => 'ok')
new RouteGroup().use(
  rateLimit({
    algorithm: 'token-bucket',
    cost: ({ method }) => (method === 'GET' ? 1 : 5),
    key: async (req) => req.header('x-api-key'),
    limit: 5,
    limiter: new MemoryRateLimiter(),
    name: 'api',
    skip: (req) => req.path === '/health',
    window: '1h',
  }),
)
new RedisRateLimiter({ client: new Redis() })
new RedisRateLimiter({ client: new Cluster([]) })
new RedisRateLimiter({ failure: 'closed', local: { maxRecords: 10 }, prefix: 'p:', timeout: 50, url: 'redis://a' })

// @ts-expect-error: there is no limit without a window
rateLimit({ limit: 5 })
// @ts-expect-error: there is no such algorithm
rateLimit({ algorithm: 'leaky', limit: 5, window: 1 })
// @ts-expect-error: true says nothing about how much
new Hotpress({ rateLimit: true })
// @ts-expect-error: a client calls scripts
new RedisRateLimiter({ client: { get: () => null } })
// @ts-expect-error: the word is 'closed'
new RedisRateLimiter({ failure: 'close', url: 'redis://a' })
