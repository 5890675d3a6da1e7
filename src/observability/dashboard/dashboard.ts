import { ContentType } from '../../core/content-type.js'
import { exempt } from '../../core/exempt.js'
import { HttpResponse } from '../../core/response.js'
import type { Handler, Middleware } from '../../core/types.js'
import { local } from './local.js'
import { type DashboardOptions, settleDashboard } from './options.js'
import { page, pagePolicy } from './page.js'
import type { Snapshot } from './snapshot.js'

/** A route of `app.dashboard()`. */
export interface DashboardRoute {
  readonly handler: Handler
  readonly options: { readonly use: readonly Middleware[] }
  readonly path: string
}

/**
 * The page that shows how an app is, and what it asks for.
 *
 * @throws HotpressError `HANDLER_INVALID`, `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function dashboardRoutes(given: DashboardOptions, snapshot: () => Snapshot): readonly DashboardRoute[] {
  const { path, use } = settleDashboard(given)
  const options = { use: use.length === 0 ? [local] : use }
  // It is wanted most when there is too much to do.
  const show = exempt(function dashboard() {
    return answer(page, ContentType.Html).header('Content-Security-Policy', pagePolicy)
  })
  const stats = exempt(function dashboardStats() {
    return answer(JSON.stringify(snapshot()), ContentType.Json)
  })
  return [
    { handler: show, options, path },
    { handler: stats, options, path: `${path}/stats` },
  ]
}

function answer(body: string, type: string): HttpResponse {
  return new HttpResponse(body, type)
    .header('Cache-Control', 'no-store')
    .header('Referrer-Policy', 'no-referrer')
    .header('X-Frame-Options', 'DENY')
}
