import { describe, HotpressError } from '../errors.js'

/** Milliseconds between attempts to connect. */
const longestPause = 1000

/** Options of ioredis for connections of ours: how soon one is given up, and made again. Times are milliseconds. */
export const redisPatience = {
  connectTimeout: 2000,
  // A primary that was made a replica: the name may stand for another server by now.
  reconnectOnError: ({ message }: Error): boolean => message.startsWith('READONLY'),
  retryStrategy: (times: number): number => Math.min(50 * times, longestPause),
  /** Without a byte, while an answer is waited for, after which a connection is taken for dead. */
  socketTimeout: 2000,
} as const

/** @throws HotpressError `OPTION_INVALID` */
export function checkRedisUrl(value: unknown, option: string): string {
  if (typeof value === 'string' && /^rediss?:\/\//.test(value) && URL.canParse(value)) return value
  // A text may hold a password.
  const got = typeof value === 'string' ? 'another text' : describe(value)
  throw new HotpressError('OPTION_INVALID', { got, option, takes: "a URL such as 'redis://localhost:6379'" })
}

/**
 * An error of a client of Redis as it may be logged: ioredis has it carry the command that failed, and with it a password
 * or the keys of users.
 */
export function withoutCommand(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  const bare = new Error(error.message)
  bare.name = error.name
  if (error.stack !== undefined) bare.stack = error.stack
  return bare
}
