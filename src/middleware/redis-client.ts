import { peer } from '../core/peer.js'
import { redisPatience } from '../core/redis.js'

/** What is asked of a client of Redis: `Redis` and `Cluster` of ioredis have it. */
export interface RedisClient {
  /** ioredis's own: commands are sent while it is `'ready'`. */
  readonly status?: string
  eval(script: string, keyCount: number, ...keysAndArguments: (number | string)[]): Promise<unknown>
  evalsha(sha: string, keyCount: number, ...keysAndArguments: (number | string)[]): Promise<unknown>
}

/** A connection of ours to Redis. */
export interface RedisConnection {
  readonly client: RedisClient
  /** Why it is not there, or was not when it was last tried. */
  readonly failure: Error | undefined
  close(): void
}

const loadRedis = peer('ioredis', 'RedisRateLimiter', () => import('ioredis'))

/**
 * Connects by ioredis, which is loaded now; it connects again by itself, and holds nothing back for when it has. Resolves
 * when the first attempt has succeeded or failed.
 *
 * @throws HotpressError `PACKAGE_MISSING`
 */
export async function connectRedis(url: string): Promise<RedisConnection> {
  const { Redis } = await loadRedis()
  const client = new Redis(url, {
    autoResendUnfulfilledCommands: false,
    enableOfflineQueue: false,
    lazyConnect: true,
    maxRetriesPerRequest: 0,
    ...redisPatience,
  })
  let failure: Error | undefined
  client.on('error', (error: Error) => {
    failure = error
  })
  client.on('ready', () => {
    failure = undefined
  })
  await client.connect().catch(() => {})
  return {
    client,
    close: () => client.disconnect(),
    get failure() {
      return failure
    },
  }
}
