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
const kindKey = Symbol.for('hotpress.decorate.kind')

/**
 * Marks a middleware that only decorates answers (CORS, security headers), so that it reaches those that its chain never
 * sees: a 405 and the automatic OPTIONS of the paths it is around, a preflight for its route, a 503 after
 * `requestTimeout`, a 413 for a body that nobody reads.
 *
 * @param kind for those of which one alone is right for a route: see {@link inForce}.
 */
export function decorator(middleware: Middleware, decorate: Decorate, kind?: string): Middleware {
  return Object.defineProperties(middleware, { [key]: { value: decorate }, [kindKey]: { value: kind } })
}

/** What {@link decorator} has marked a middleware with. */
export function decoratorOf(middleware: Middleware): Decorate | undefined {
  return (middleware as { readonly [key]?: Decorate })[key]
}

/**
 * The layers of a chain that are in force: of decorators of one kind the innermost alone, in the place of the outermost.
 * A route's own policy replaces that of its group and of the app, rather than to be widened by it; and it stands where
 * theirs would, around everything that may answer in between.
 */
export function inForce(layers: readonly Middleware[]): readonly Middleware[] {
  const innermost = new Map<string, Middleware>()
  for (const layer of layers) {
    const kind = kindOf(layer)
    if (kind !== undefined) innermost.set(kind, layer)
  }
  const placed = new Set<string>()
  return layers.flatMap((layer) => {
    const kind = kindOf(layer)
    if (kind === undefined) return [layer]
    if (placed.has(kind)) return []
    placed.add(kind)
    return [innermost.get(kind)!]
  })
}

function kindOf(middleware: Middleware): string | undefined {
  return (middleware as { readonly [kindKey]?: string })[kindKey]
}
