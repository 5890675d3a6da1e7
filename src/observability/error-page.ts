import { ContentType } from '../core/content-type.js'
import { decorator } from '../core/decorator.js'
import type { HttpRequest } from '../core/request.js'
import { type HttpResponse, replaceBody, unshared } from '../core/response.js'
import type { Middleware } from '../core/types.js'
import { varyBy } from '../core/vary.js'
import { describe, HotpressError } from '../errors.js'
import { errorPage, errorPagePolicy } from './error-page-html.js'

/** Where an app runs. */
export type Environment = 'development' | 'production'

const environments: readonly unknown[] = ['development', 'production']

/**
 * What the option `env` says, or `NODE_ENV`: development where that is `development`, else production.
 *
 * @throws HotpressError `OPTION_INVALID`, also for development where `NODE_ENV` says production.
 */
export function settleEnvironment(
  value: unknown,
  { NODE_ENV: said }: { readonly NODE_ENV?: string | undefined } = process.env,
): Environment {
  if (value === undefined) return said === 'development' ? 'development' : 'production'
  const fail = (got: string): never => {
    throw new HotpressError('OPTION_INVALID', { got, option: 'env', takes: "'development' or 'production'" })
  }
  if (!environments.includes(value)) return fail(describe(value))
  if (value === 'development' && said === 'production') return fail(`"development" while NODE_ENV is production`)
  return value as Environment
}

/**
 * Shows whoever reads HTML a page for each problem document: the error with its stack, the lines around it, and the request.
 * For development alone.
 */
export function errorPages(): Middleware {
  return decorator(
    function errorPages(request, next) {
      const answer = next()
      return answer instanceof Promise ? answer.then((later) => shown(later, request)) : shown(answer, request)
    },
    shown,
    'error-pages',
  )
}

function shown(response: HttpResponse, request: HttpRequest): HttpResponse {
  if (response.error === undefined || response.contentType !== ContentType.Problem || !wantsHtml(request))
    return response
  const page = unshared(response)
  replaceBody(page, errorPage(page.statusCode, page.error, request))
  page.type(ContentType.Html).header('Cache-Control', 'no-store').header('Content-Security-Policy', errorPagePolicy)
  varyBy(page, 'Accept')
  return page
}

// A browser names it; who takes anything is a program.
function wantsHtml(request: HttpRequest): boolean {
  try {
    return /(?:^|,)\s*text\/html\b/i.test(request.header('accept') ?? '')
  } catch {
    // The request is over.
    return false
  }
}
