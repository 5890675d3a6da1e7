import { performance } from 'node:perf_hooks'
import type { Instrument } from '../core/instrument.js'
import { checkBoolean, checkFunction, checkOptions, invalid } from '../core/options-check.js'
import type { HttpRequest } from '../core/request.js'
import { requestKey } from '../core/request-key.js'
import { type HttpResponse, unshared } from '../core/response.js'
import { isThenable } from '../core/thenable.js'
import { traceOf } from '../core/trace.js'
import type { Handler, HandlerResult, Middleware } from '../core/types.js'

/** Options of `serverTiming` in `new Hotpress()`. */
export interface ServerTimingOptions {
  /** Whether `traceparent` is among them, by which a page finds the trace of its request. False by default. */
  readonly trace?: boolean
  /** Says which requests are told how long they took: those of developers perhaps. All by default. */
  readonly when?: (request: HttpRequest) => boolean
}

interface Entry {
  /** Milliseconds that it took itself: without what it has called by `next()`. */
  duration: number
  readonly name: string
}

const entries = requestKey<Entry[]>('hotpress.serverTiming')

/**
 * What measures middleware and handlers, and tells of it by `Server-Timing` (W3C): `total`, `handler`, and each middleware
 * by the name of its function. What a stream takes after its head is not in it.
 *
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function settleServerTiming(value: unknown): Instrument {
  if (value !== true && (typeof value !== 'object' || value === null || Array.isArray(value))) {
    return invalid('serverTiming', value, 'true, false or an object')
  }
  const { trace = false, when } = checkOptions(value === true ? {} : value, checks, ' of serverTiming')

  const tell: Middleware = (request, next) => {
    if (when?.(request) === false) return next()
    const measured: Entry[] = []
    request.set(entries, measured)
    const begun = performance.now()
    const finish = (response: HttpResponse): HttpResponse => {
      const total = { duration: performance.now() - begun, name: 'total' }
      const own = unshared(response).append('Server-Timing', [total, ...measured].map(written).join(', '))
      const ids = trace ? traceOf(request) : undefined
      if (ids === undefined) return own
      return own.append('Server-Timing', `traceparent;desc="00-${ids.traceId}-${ids.spanId}-0${ids.isSampled ? 1 : 0}"`)
    }
    const response = next()
    return response instanceof Promise ? response.then(finish) : finish(response)
  }
  return {
    handler: timedHandler,
    layers: (layers) => [tell, ...layers.map(timedLayer)],
  }
}

const checks = {
  trace: checkBoolean,
  when: (value: unknown, option: string): ((request: HttpRequest) => boolean) =>
    checkFunction(value as (request: HttpRequest) => boolean, option),
}

function timedHandler(handler: Handler): Handler {
  return (request) => {
    const measured = request.get(entries)
    return measured === undefined ? handler(request) : measure(measured, 'handler', () => handler(request))
  }
}

function timedLayer(layer: Middleware): Middleware {
  const name = tokenOf(layer.name)
  const timed: Middleware = (request, next) => {
    const measured = request.get(entries)
    if (measured === undefined) return layer(request, next)
    return measure(measured, name, (entry) =>
      layer(request, () => {
        const begun = performance.now()
        const back = (response: HttpResponse): HttpResponse => {
          entry.duration -= performance.now() - begun
          return response
        }
        const response = next()
        return response instanceof Promise ? response.then(back) : back(response)
      }),
    )
  }
  // Errors name the layer by it.
  return Object.defineProperty(timed, 'name', { value: layer.name })
}

function measure(
  measured: Entry[],
  name: string,
  call: (entry: Entry) => HandlerResult | Promise<HandlerResult>,
): HandlerResult | Promise<HandlerResult> {
  const entry = { duration: 0, name }
  measured.push(entry)
  const begun = performance.now()
  const ended = (): void => {
    entry.duration += performance.now() - begun
  }
  let result: HandlerResult | Promise<HandlerResult>
  try {
    result = call(entry)
  } catch (thrown) {
    ended()
    throw thrown
  }
  if (isThenable(result)) return Promise.resolve(result).finally(ended)
  ended()
  return result
}

// The name of a function may be any text, and that of a metric is a token (RFC 9110, 5.6.2).
function tokenOf(name: string): string {
  return name.replace(/[^!#$%&'*+\-.^_`|~0-9A-Za-z]/g, '_') || 'middleware'
}

function written({ duration, name }: Entry): string {
  return `${name};dur=${Math.max(0, duration).toFixed(3)}`
}
