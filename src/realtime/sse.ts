import { ContentType } from '../core/content-type.js'
import { type Check, checkFunction, checkOptions, invalid } from '../core/options-check.js'
import type { HttpRequest } from '../core/request.js'
import { HttpResponse } from '../core/response.js'
import { bytesOf, millisecondsOf } from '../core/units.js'
import { describe, HotpressError } from '../errors.js'
import type { SseEvent } from './sse-event.js'
import type { SseSettings, SseSource } from './sse-source.js'
import { EventBody } from './sse-stream.js'

/** Options of {@link sse}. */
export interface SseOptions {
  /** Silence after which a comment is sent, so that nothing between takes the connection for dead: 15 s, or false for never. */
  readonly heartbeat?: false | number | string
  /** The most that may wait for a client that events are pushed to; beyond, its stream is ended. 1 MB by default. */
  readonly maxBackpressure?: number | string
  /**
   * Gives the events that a client has missed, by the id of the last that it had; they come before all others. Called
   * where a client sends `Last-Event-ID`.
   */
  readonly replay?: (
    lastEventId: string,
    request: HttpRequest,
  ) =>
    | AsyncIterable<SseEvent | string>
    | Iterable<SseEvent | string>
    | Promise<AsyncIterable<SseEvent | string> | Iterable<SseEvent | string>>
  /** When a client that lost its connection is to come again: milliseconds, or a text such as `'5s'`. */
  readonly retry?: number | string
}

const defaultHeartbeat = 15_000
const defaultBackpressure = 1024 ** 2

const checks: Readonly<Record<keyof SseOptions, Check>> = {
  heartbeat: (value, option) => {
    if (value === false) return 0
    const time = millisecondsOf(value, option)
    return time > 0 ? time : invalid(option, value, 'more than 0, or false')
  },
  maxBackpressure: (value, option) => {
    const size = bytesOf(value, option)
    return size > 0 ? size : invalid(option, value, 'more than 0')
  },
  replay: checkFunction,
  retry: millisecondsOf,
}

/** @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN` */
export function settleSse(options: SseOptions): SseSettings {
  const given = checkOptions(options, checks, ' of sse()')
  return Object.freeze({
    heartbeat: (given.heartbeat as number | undefined) ?? defaultHeartbeat,
    maxBackpressure: (given.maxBackpressure as number | undefined) ?? defaultBackpressure,
    replay: given.replay as SseSettings['replay'],
    retry: given.retry as number | undefined,
  })
}

/** The answer to one request, with its headers. */
export function eventStream<Params>(
  source: SseSource<Params>,
  request: HttpRequest<Params>,
  settings: SseSettings,
): HttpResponse {
  return new HttpResponse(new EventBody(source, request, settings), ContentType.EventStream)
    .header('Cache-Control', 'no-cache')
    .header('X-Accel-Buffering', 'no')
}

/**
 * Makes a handler that answers with server-sent events, for `EventSource` in a page. More in docs/sse.md.
 *
 * @param source called for each client: a generator that yields events, as fast as the client takes them; or a function
 * that sends them by its second argument, and may return what undoes its set-up.
 * @throws HotpressError `HANDLER_INVALID`, `OPTION_INVALID`, `OPTION_UNKNOWN`
 * @example
 * app.get('/time', sse(async function* () {
 *   for await (const now of setInterval(1000, Date.now)) yield { data: now(), event: 'time' }
 * }))
 * @example
 * app.get('/prices', sse((req, stream) => {
 *   const send = (price: Price) => stream.send({ data: price, id: price.id })
 *   prices.on('price', send)
 *   return () => prices.off('price', send)
 * }, { replay: (id) => prices.after(id) }))
 */
export function sse<Params = Readonly<Record<string, string>>>(
  source: SseSource<Params>,
  options: SseOptions = {},
): (request: HttpRequest<Params>) => HttpResponse {
  if (typeof source !== 'function') throw new HotpressError('HANDLER_INVALID', { got: describe(source), what: 'sse()' })
  const settings = settleSse(options)
  return (request) => eventStream(source, request, settings)
}
