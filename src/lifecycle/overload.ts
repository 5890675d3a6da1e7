import { limit } from '../core/exempt.js'
import type { Logger } from '../core/logger.js'
import { metered, single } from '../core/metric.js'
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
  let [refused, total] = [0, 0]
  const loop = new LoopDelay(most, (isOver, delay) => {
    if (isOver) log.warn({ delay, most }, 'the event loop is late: requests are refused')
    else log.info({ delay, most, refused }, 'the event loop is in time again')
    refused = 0
  })
  const middleware: Middleware = limit(function overload(request, next) {
    loop.touch()
    if (!loop.isOver) return next()
    refused++
    total++
    const headers = { 'Retry-After': retryAfter }
    const facts = { reason: 'the server has too much to do', section: 'RFC 9110, 15.6.4' }
    // Not thrown: what is thrown with such a status is logged each time.
    return problem(httpError('OVERLOADED', facts, { headers }), request.id)
  })
  const help = 'Requests that were refused while the event loop was late.'
  return metered(middleware, () => [single('counter', 'hotpress_overload_refused_total', help, total)])
}
