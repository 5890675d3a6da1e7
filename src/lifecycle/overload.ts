import { limit } from '../core/exempt.js'
import type { Logger } from '../core/logger.js'
import { problem } from '../core/problem.js'
import type { Middleware } from '../core/types.js'
import { httpError } from '../errors.js'
import { LoopDelay } from './loop-delay.js'

/** Seconds after which a client may ask again: the delay is looked at more often than that. */
const retryAfter = '1'

/**
 * The middleware of `maxEventLoopDelay`: while the event loop is later than that, requests are answered with a 503 before
 * anything is done for them.
 *
 * @param most milliseconds.
 */
export function createOverload(most: number, log: Logger): Middleware {
  let refused = 0
  const loop = new LoopDelay(most, (isOver, delay) => {
    if (isOver) log.warn({ delay, most }, 'the event loop is late: requests are refused')
    else log.info({ delay, most, refused }, 'the event loop is in time again')
    refused = 0
  })
  return limit(function overload(request, next) {
    loop.touch()
    if (!loop.isOver) return next()
    refused++
    const headers = { 'Retry-After': retryAfter }
    const facts = { reason: 'the server has too much to do', section: 'RFC 9110, 15.6.4' }
    // Not thrown: what is thrown with such a status is logged each time.
    return problem(httpError('OVERLOADED', facts, { headers }), request.id)
  })
}
