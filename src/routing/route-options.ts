import type { FolderRoute } from '../core/static-options.js'
import type { Handler, Middleware } from '../core/types.js'
import { bytesOf } from '../core/units.js'
import type { WebSocketRoute } from '../core/web-socket-route.js'
import { describe, HotpressError } from '../errors.js'
import { type Pattern, parsePattern } from './pattern.js'

/** What a route or a group may set for itself. */
export interface ScopeOptions {
  /** Bytes of a request body, as a number or with a unit (`'50mb'`); wins over the group's and the app's, larger or smaller. */
  readonly bodyLimit?: number | string
}

/** Options of a single route. */
export interface RouteOptions extends ScopeOptions {
  /** Middleware around this route alone, within that of its groups; the first is outermost. */
  readonly use?: Middleware | readonly Middleware[]
}

/** A route as it was registered, with what its groups add. */
export interface RouteDefinition {
  readonly bodyLimit: number | undefined
  readonly handler: FolderRoute | Handler | WebSocketRoute
  readonly method: string
  readonly middleware: readonly Middleware[]
  readonly pattern: Pattern
}

/**
 * Checks the options of a route or a group, as far as they have them in common.
 *
 * @param own names of those that are its own.
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function checkScopeOptions(
  given: unknown,
  where: string,
  own: readonly string[],
): { bodyLimit: number | undefined } {
  if (typeof given !== 'object' || given === null) {
    throw new HotpressError('OPTION_INVALID', {
      got: describe(given),
      option: `second argument${where}`,
      takes: 'an object',
    })
  }
  const known = ['bodyLimit', ...own]
  for (const option of Object.keys(given)) {
    if (!known.includes(option)) throw new HotpressError('OPTION_UNKNOWN', { known: known.join(', '), option, where })
  }
  const { bodyLimit } = given as ScopeOptions
  return { bodyLimit: bodyLimit === undefined ? undefined : bytesOf(bodyLimit, `bodyLimit${where}`) }
}

/**
 * Checks functions that are to be middleware.
 *
 * @throws HotpressError `HANDLER_INVALID`
 */
export function checkMiddleware(middleware: readonly unknown[], what = 'use()'): readonly Middleware[] {
  for (const each of middleware) {
    if (typeof each !== 'function') throw new HotpressError('HANDLER_INVALID', { got: describe(each), what })
  }
  return middleware as readonly Middleware[]
}

/** @throws HotpressError `PATTERN_INVALID` */
export function checkPrefix(prefix: string): string {
  if (prefix === '' || prefix === '/') return ''
  const { names, text } = parsePattern(prefix)
  if (text.endsWith('/') || names.includes('*') || /\/\*[^/]*$/.test(text)) {
    const reason = 'a prefix neither ends in / nor has a wildcard'
    throw new HotpressError('PATTERN_INVALID', { pattern: JSON.stringify(prefix), reason })
  }
  return text
}
