import { checkBoolean, checkOptions, invalid } from '../core/options-check.js'
import type { HttpRequest } from '../core/request.js'
import { HttpResponse } from '../core/response.js'
import { isThenable } from '../core/thenable.js'
import type { HandlerResult, Middleware, Next } from '../core/types.js'
import { HotpressError, httpError } from '../errors.js'
import { type CsrfTokenOptions, CsrfTokens } from './csrf-token.js'

/** Options of `csrf()`. */
export interface CsrfOptions {
  /** Whether pages of other hosts of the same site (`a.example.com` for `b.example.com`) may send requests: false by default. */
  readonly sameSite?: boolean
  /** Asks those for a token who say nothing of where they come from; without it they are let in, since no browser does so. */
  readonly token?: CsrfTokenOptions
  /** Origins whose pages may send requests, such as `'https://app.example'`. */
  readonly trustedOrigins?: string | readonly string[]
}

/** The middleware that {@link csrf} makes. */
export interface Csrf extends Middleware {
  /**
   * A token for a page that this request is answered with; the answer gets the cookie that it is tied to.
   *
   * @throws HotpressError `OPTION_INVALID` where `csrf()` has no option `token`, `IDENTITY_MISSING` where it is not around
   * the route.
   */
  token(request: HttpRequest): string
}

// RFC 9110, 9.2.1: they change nothing. Any other method may.
const safe = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/**
 * Refuses requests that pages of other origins make a browser send with its cookies (cross-site request forgery). What
 * may change something is let in by `Sec-Fetch-Site`, which no page can set; by `Origin`, where a browser has none of
 * those; and without either when it comes from no browser, or has a token where the option asks for one.
 *
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`. While a request is handled HttpError 403 `CROSS_ORIGIN`,
 * `CSRF_TOKEN_INVALID`.
 * @example
 * app.use(csrf({ trustedOrigins: 'https://app.example' }))
 */
export function csrf(options: CsrfOptions = {}): Csrf {
  const given = checkOptions(options, optionChecks, ' of csrf()') as Given
  const { sameSite = false, token: tokens, trustedOrigins = new Set() } = given

  function passes(request: HttpRequest): boolean | undefined {
    const site = request.header('sec-fetch-site')
    if (site === 'same-origin' || site === 'none' || (sameSite && site === 'same-site')) return true
    const origin = request.header('origin')
    if (origin === undefined) return site === undefined ? undefined : false
    return trustedOrigins.has(origin) || (site === undefined && isOwn(origin, request))
  }

  function csrf(request: HttpRequest, next: Next): HandlerResult | Promise<HandlerResult> {
    if (safe.has(request.method)) return next()
    const isAllowed = passes(request)
    if (isAllowed === false) throw httpError('CROSS_ORIGIN', {})
    if (isAllowed === true || tokens === undefined) return next()
    const token = tokens.read(request)
    return isThenable(token)
      ? Promise.resolve(token).then((later) => admit(later, request, next))
      : admit(token, request, next)
  }

  function admit(token: string | undefined, request: HttpRequest, next: Next): HandlerResult | Promise<HandlerResult> {
    if (tokens?.isRight(token, request) !== true) throw httpError('CSRF_TOKEN_INVALID', {})
    return next()
  }

  const layer: Middleware = tokens === undefined ? csrf : withCookie(csrf, tokens)
  return Object.assign(layer, {
    token(request: HttpRequest): string {
      if (tokens !== undefined) return tokens.issue(request)
      throw new HotpressError('OPTION_INVALID', {
        got: 'undefined',
        option: 'token of csrf()',
        takes: 'an object, before a token can be had',
      })
    },
  })
}

interface Given {
  readonly sameSite?: boolean
  readonly token?: CsrfTokens
  readonly trustedOrigins?: ReadonlySet<string>
}

const optionChecks = {
  sameSite: checkBoolean,
  token: (value: unknown) => new CsrfTokens(value as CsrfTokenOptions),
  trustedOrigins: checkOrigins,
}

function withCookie(guard: Middleware, tokens: CsrfTokens): Middleware {
  return function csrf(request, next) {
    tokens.begin(request)
    const add = (response: HttpResponse): HttpResponse => tokens.finish(response, request)
    return guard(request, () => {
      const response = next()
      return response instanceof HttpResponse ? add(response) : response.then(add)
    })
  }
}

// Compared as a browser writes it: scheme, host and port, the usual port left out. `null` is nobody's own.
function isOwn(origin: string, { host, protocol }: HttpRequest): boolean {
  const own = `${protocol}://${host}`
  return origin === own || (URL.canParse(own) && origin === new URL(own).origin)
}

function checkOrigins(value: unknown, option: string): ReadonlySet<string> {
  const takes = "origins: a scheme, a host and perhaps a port, such as 'https://app.example'"
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  const origins = list.map((each) => {
    const url = typeof each === 'string' && URL.canParse(each) ? new URL(each) : undefined
    const isOrigin = url !== undefined && url.origin !== 'null' && `${url.origin}/` === url.href
    return isOrigin && !String(each).includes('*') ? url.origin : invalid(option, each, takes)
  })
  return new Set(origins)
}
