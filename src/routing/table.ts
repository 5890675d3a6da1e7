import type { BodyRules } from '../core/body-flow.js'
import type { Middleware, OpenChain } from '../core/types.js'
import { HotpressError } from '../errors.js'
import type { Matcher } from './matcher.js'
import type { Pattern } from './pattern.js'

/** One method of one path: what answers it. */
export interface Endpoint {
  readonly bodyRules: BodyRules
  /** How many parameters the matcher reports: one less than there are names where a wildcard is empty. */
  readonly captures: number
  readonly chain: OpenChain
  /** Whether it answers while the app has too much to do (`core/exempt`). */
  readonly isExempt: boolean
  /** The middleware that `chain` is made of, the app's included; outermost first. */
  readonly layers: readonly Middleware[]
  /** Answers a path with a malformed escape, through the decorators of `chain`. */
  readonly malformed: OpenChain
  readonly method: string
  readonly pattern: Pattern
  /** Answers 413 through the same middleware as `chain`. */
  readonly tooLarge: OpenChain
}

/** What answers a path: an endpoint for each method. */
export interface Entry {
  /** Looked at first, since most requests are this. */
  readonly get: Endpoint | undefined
  readonly methods: ReadonlyMap<string, Endpoint>
  /** Answers what no endpoint does: OPTIONS with `Allow`, everything else with 405. */
  readonly otherwise: OpenChain
}

/** The routes of an app by the shape of their paths; from here a matcher is filled at start. */
export class RouteTable<Route extends { readonly method: string; readonly pattern: Pattern }> {
  readonly #shapes = new Map<string, Map<string, Route>>()

  /**
   * Adds a route.
   *
   * @throws HotpressError `ROUTE_CONFLICT` naming both routes, when the same method and shape are there already.
   */
  add(route: Route): void {
    const { method, pattern } = route
    let methods = this.#shapes.get(pattern.shape)
    if (methods === undefined) {
      methods = new Map()
      this.#shapes.set(pattern.shape, methods)
    }
    const other = methods.get(method)
    if (other !== undefined) {
      throw new HotpressError('ROUTE_CONFLICT', {
        method,
        other: `${method} ${other.pattern.text}`,
        route: `${method} ${pattern.text}`,
        shape: pattern.shape,
      })
    }
    methods.set(method, route)
  }

  /** Every route. */
  *all(): Generator<Route> {
    for (const methods of this.#shapes.values()) yield* methods.values()
  }

  /**
   * Every shape with its routes by method. A wildcard may be empty, which matchers do not know: `/files/*` gives the
   * path `/files/` too, where no other route answers it.
   */
  *entries(): Generator<[shape: string, routes: ReadonlyMap<string, Route>]> {
    const shapes = new Map(this.#shapes)
    for (const [shape, methods] of this.#shapes) {
      if (!shape.endsWith('/*')) continue
      const bare = shape.slice(0, -1)
      shapes.set(bare, new Map([...methods, ...(shapes.get(bare) ?? [])]))
    }
    yield* shapes
  }
}

/** The value of `Allow` for a set of methods: HEAD comes with GET, and OPTIONS is always answered. */
export function allowed(methods: Iterable<string>): string {
  const all = new Set(methods)
  if (all.has('GET')) all.add('HEAD')
  all.add('OPTIONS')
  return [...all].sort().join(', ')
}

class Params {}
// As with headers: without Object.prototype, and with V8's fast properties.
Object.setPrototypeOf(Params.prototype, null)
Reflect.deleteProperty(Params.prototype, 'constructor')

/** The parameters of the last match, percent-decoded once; undefined when an escape is malformed or not UTF-8. */
export function readParams(
  path: string,
  endpoint: Endpoint,
  matcher: Matcher,
): Readonly<Record<string, string>> | undefined {
  const params = new Params() as Record<string, string>
  const { captures } = endpoint
  const { names } = endpoint.pattern
  const { offsets } = matcher
  const hasEscapes = path.includes('%')
  for (let index = 0; index < captures; index++) {
    const value = path.slice(offsets[2 * index], offsets[2 * index + 1])
    const decoded = hasEscapes ? decode(value) : value
    if (decoded === undefined) return undefined
    params[names[index]!] = decoded
  }
  if (captures < names.length) params[names[captures]!] = ''
  return params
}

function decode(value: string): string | undefined {
  try {
    return decodeURIComponent(value)
  } catch {
    return undefined
  }
}
