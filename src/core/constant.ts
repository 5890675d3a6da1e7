import { describe, HotpressError } from '../errors.js'
import { HttpResponse } from './response.js'
import type { Handler } from './types.js'

const responses = new WeakMap<Handler, HttpResponse>()

/**
 * A handler that always gives the same response. Where no middleware and no error handler of the app wants to see the
 * request, the native transport answers it without entering JavaScript.
 *
 * @throws HotpressError `NOT_CONSTANT` for what is no HttpResponse, TypeError for one with a stream.
 * @example
 * app.get('/robots.txt', constant(text('User-agent: *\nDisallow: /private')))
 */
export function constant(response: HttpResponse): Handler {
  if (!(response instanceof HttpResponse)) {
    throw new HotpressError('NOT_CONSTANT', { got: describe(response) })
  }
  const fixed = response.clone()
  // What a middleware does to one answer is not done to the next.
  const handler: Handler = () => fixed.clone()
  responses.set(handler, fixed)
  return handler
}

/** The response of a handler that {@link constant} made. */
export function constantResponse(handler: Handler): HttpResponse | undefined {
  return responses.get(handler)
}
