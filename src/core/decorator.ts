import type { HttpRequest } from './request.js'
import type { HttpResponse } from './response.js'
import type { Middleware } from './types.js'

/**
 * What a middleware does to an answer, whoever made it: it adds headers, and takes nothing away. It is synchronous and
 * must not throw.
 */
export type Decorate = (response: HttpResponse, request: HttpRequest) => HttpResponse

// On the function itself, so that middleware of another loaded copy of the package is known too.
const key = Symbol.for('hotpress.decorate')

/**
 * Marks a middleware that only decorates answers (CORS, security headers), so that it reaches those that its chain never
 * sees: a 405 and the automatic OPTIONS of the paths it is around, a preflight for its route, a 503 after
 * `requestTimeout`, a 413 for a body that nobody reads.
 */
export function decorator(middleware: Middleware, decorate: Decorate): Middleware {
  return Object.defineProperty(middleware, key, { value: decorate })
}

/** What {@link decorator} has marked a middleware with. */
export function decoratorOf(middleware: Middleware): Decorate | undefined {
  return (middleware as { readonly [key]?: Decorate })[key]
}
