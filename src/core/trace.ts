import { type HttpRequest, requestContext, sourceOf } from './request.js'
import type { TraceIds } from './request-trace.js'

export type { TraceIds } from './request-trace.js'

/**
 * By what a request is found in traces; undefined where it is not traced: without the option `tracing`, and while nothing
 * in the process makes traces.
 *
 * @example
 * res.header('x-trace-id', traceOf(req)?.traceId ?? '')
 */
export function traceOf(request: HttpRequest): TraceIds | undefined {
  // One of another loaded copy of the package is not known here.
  return requestContext(request) === undefined ? undefined : sourceOf(request).trace?.ids
}
