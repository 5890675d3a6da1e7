import type { HttpRequest } from './request.js'
import type { HttpResponse } from './response.js'
import type { toResponse } from './response-symbol.js'

/** A value of a user's own type that knows its answer: its method under the `toResponse` symbol is called with the request. */
export interface ResponseLike {
  [toResponse](request: HttpRequest): HandlerResult | Promise<HandlerResult>
}

/**
 * What a handler may return: an {@link HttpResponse}; a string (text); a plain object or array (JSON); a `Uint8Array`
 * (bytes); `undefined` (202, no body); `null` (204); a Fetch `Response`; an async iterable (a stream); a
 * {@link ResponseLike}; or an Error, which is answered as if it had been thrown.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: a handler without a return statement has the type void
export type HandlerResult = object | string | null | undefined | void

/**
 * Answers a request. It may throw what it may return: an `HttpError` or an error with a `status` is answered with that
 * status, anything else with a blank 500 and a log line.
 */
export type Handler<Params = Readonly<Record<string, string>>> = (
  request: HttpRequest<Params>,
) => HandlerResult | Promise<HandlerResult>

/** Runs the rest of the chain. It never throws: an error further in comes back as the response that stands for it. */
export type Next = () => HttpResponse | Promise<HttpResponse>

/**
 * Wraps what comes after it: looks at the request, calls `next()` or answers itself, and may change the response.
 *
 * @example
 * const timing: Middleware = async (req, next) => {
 *   const start = performance.now()
 *   const res = await next()
 *   return res.header('server-timing', `app;dur=${performance.now() - start}`)
 * }
 */
export type Middleware = (request: HttpRequest, next: Next) => HandlerResult | Promise<HandlerResult>

/** Turns what was thrown into an answer; what it returns undefined for is answered as if it were not there. */
export type ErrorHandler = (error: unknown, request: HttpRequest) => HandlerResult | Promise<HandlerResult>

/** A request in, a response out: a handler with its middleware, composed once. It neither throws nor rejects. */
export type Chain = (request: HttpRequest) => HttpResponse | Promise<HttpResponse>

/**
 * The same, but for what the outermost layer promises: whoever waits for that makes a response of it (`Responder`), and
 * so it takes no promise of its own.
 */
export type OpenChain = (request: HttpRequest) => HttpResponse | Promise<HandlerResult>
