import { inForce } from '../core/decorator.js'
import { isExempt, isLimit } from '../core/exempt.js'
import { FolderRoute } from '../core/static-options.js'
import type { Middleware } from '../core/types.js'
import { WebSocketRoute } from '../core/web-socket-route.js'
import type { RouteDefinition } from './route-options.js'

/** A route as `app.routes()` tells of it. */
export interface RouteInfo {
  /** The most bytes that the body of a request may have. */
  readonly bodyLimit: number
  /** The name of the handler's function, `(anonymous)` for one without; the folder of `static()`. */
  readonly handler: string
  readonly kind: 'files' | 'handler' | 'websocket'
  readonly method: string
  /** The names of the middleware around it, outermost first: of the app, its groups, and its own. */
  readonly middleware: readonly string[]
  /** The path as it was registered. */
  readonly path: string
}

/** What a route has of its app. */
interface AppLayers {
  readonly bodyLimit: number
  readonly middleware: readonly Middleware[]
}

/** Routes in the order in which they are asked: of two that match a path, the first answers. */
export function routeInfos(routes: Iterable<RouteDefinition>, app: AppLayers): RouteInfo[] {
  return [...routes]
    .sort((one, other) => byPrecedence(one.pattern.shape, other.pattern.shape) || (one.method < other.method ? -1 : 1))
    .map((route) => infoOf(route, app))
}

function infoOf({ bodyLimit, handler, method, middleware, pattern }: RouteDefinition, app: AppLayers): RouteInfo {
  const outer = isExempt(handler) ? app.middleware.filter((layer) => !isLimit(layer)) : app.middleware
  return {
    bodyLimit: bodyLimit ?? app.bodyLimit,
    ...whatOf(handler),
    method,
    middleware: inForce([...outer, ...middleware]).map(nameOf),
    path: pattern.text,
  }
}

function whatOf(handler: RouteDefinition['handler']): Pick<RouteInfo, 'handler' | 'kind'> {
  if (handler instanceof FolderRoute) return { handler: handler.settings.folder, kind: 'files' }
  if (handler instanceof WebSocketRoute) return { handler: '(WebSocket)', kind: 'websocket' }
  return { handler: nameOf(handler), kind: 'handler' }
}

function nameOf({ name }: { readonly name: string }): string {
  return name === '' ? '(anonymous)' : name
}

// Segment by segment: what is literal before a parameter, and that before a wildcard.
function byPrecedence(one: string, other: string): number {
  const [ones, others] = [one.split('/'), other.split('/')]
  for (let index = 0; index < Math.max(ones.length, others.length); index++) {
    const [mine, theirs] = [ones[index], others[index]]
    if (mine === theirs) continue
    if (mine === undefined || theirs === undefined) return mine === undefined ? -1 : 1
    const rank = rankOf(mine) - rankOf(theirs)
    if (rank !== 0) return rank
    return mine < theirs ? -1 : 1
  }
  return 0
}

function rankOf(segment: string): number {
  return segment === '*' ? 2 : segment === ':' ? 1 : 0
}
