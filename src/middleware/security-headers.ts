import { decorator } from '../core/decorator.js'
import { checkBoolean, invalid } from '../core/options-check.js'
import type { HttpRequest } from '../core/request.js'
import { addLine, type HttpResponse, unshared } from '../core/response.js'
import type { Middleware } from '../core/types.js'
import { HotpressError } from '../errors.js'
import { type ContentSecurityPolicy, noncePlaceholder } from './content-security-policy.js'
import { cspNonce } from './csp-nonce.js'
import type { PermissionsPolicy } from './permissions-policy.js'
import {
  type EmbedderPolicy,
  type HstsOptions,
  isSecurityHeaders,
  type OpenerPolicy,
  type ReferrerPolicy,
  type ResourcePolicy,
  SecurityHeaders,
} from './security-headers-builder.js'

/** Options of `securityHeaders()` and of the app's option of that name: see the setters of {@link SecurityHeaders}. */
export interface SecurityHeadersOptions {
  /** `Content-Security-Policy` */
  readonly contentSecurityPolicy?: ContentSecurityPolicy | false
  /** `Content-Security-Policy-Report-Only` */
  readonly contentSecurityPolicyReportOnly?: ContentSecurityPolicy | false
  /** `X-Content-Type-Options`: an app sends it unless this is false. */
  readonly contentTypeOptions?: 'nosniff' | false
  /** `Cross-Origin-Embedder-Policy` */
  readonly crossOriginEmbedderPolicy?: EmbedderPolicy | false
  /** `Cross-Origin-Opener-Policy` */
  readonly crossOriginOpenerPolicy?: OpenerPolicy | false
  /** `Cross-Origin-Resource-Policy` */
  readonly crossOriginResourcePolicy?: ResourcePolicy | false
  /** Any other header, by name. */
  readonly custom?: Readonly<Record<string, string | false>>
  /** `X-Frame-Options` */
  readonly frameOptions?: 'DENY' | 'SAMEORIGIN' | false
  /** `Strict-Transport-Security` */
  readonly hsts?: HstsOptions | false
  /** `Permissions-Policy` */
  readonly permissionsPolicy?: PermissionsPolicy | false
  /** Whether to begin with `SecurityHeaders.recommended()`: false by default. */
  readonly recommended?: boolean
  /** `Referrer-Policy` */
  readonly referrerPolicy?: ReferrerPolicy | readonly ReferrerPolicy[] | false
  /** `X-XSS-Protection` */
  readonly xssProtection?: '0' | '1' | '1; mode=block' | false
}

/** What an app makes of its option. */
export interface SecurityHeadersSettings {
  /** Headers that are the same on every answer: names and values one after the other. */
  readonly pairs: readonly string[]
  /** For those that are not; undefined where all are. */
  readonly policy: Middleware | undefined
}

/** A header with the texts between its nonces. */
type NonceHeader = readonly [name: string, parts: readonly string[]]

const setters: {
  readonly [Name in keyof SecurityHeadersOptions]-?: (
    headers: SecurityHeaders,
    value: Exclude<SecurityHeadersOptions[Name], undefined>,
  ) => void
} = {
  contentSecurityPolicy: (headers, value) => headers.contentSecurityPolicy(value),
  contentSecurityPolicyReportOnly: (headers, value) => headers.contentSecurityPolicyReportOnly(value),
  contentTypeOptions: (headers, value) => headers.contentTypeOptions(value),
  crossOriginEmbedderPolicy: (headers, value) => headers.crossOriginEmbedderPolicy(value),
  crossOriginOpenerPolicy: (headers, value) => headers.crossOriginOpenerPolicy(value),
  crossOriginResourcePolicy: (headers, value) => headers.crossOriginResourcePolicy(value),
  custom(headers, value) {
    if (typeof value !== 'object' || value === null) invalid('custom', value, 'an object of header names and values')
    for (const [name, each] of Object.entries(value)) headers.custom(name, each)
  },
  frameOptions: (headers, value) => headers.frameOptions(value),
  hsts: (headers, value) => headers.hsts(value),
  permissionsPolicy: (headers, value) => headers.permissionsPolicy(value),
  // Done before all others.
  recommended: () => {},
  referrerPolicy: (headers, value) => headers.referrerPolicy(value),
  xssProtection: (headers, value) => headers.xssProtection(value),
}

/** The headers of a policy, settled: those that are constant, and those with a nonce. */
class Policy {
  readonly constant: (readonly [name: string, value: string])[] = []
  readonly nonced: NonceHeader[] = []

  constructor(headers: ReadonlyMap<string, string | false>) {
    for (const [name, value] of headers) {
      if (value === false) continue
      const isNonced = /^content-security-policy/i.test(name) && value.includes(noncePlaceholder)
      if (isNonced) this.nonced.push([name, value.split(noncePlaceholder)])
      else this.constant.push([name, value])
    }
  }

  /** The response with those headers that it has not yet. */
  apply(response: HttpResponse, request: HttpRequest): HttpResponse {
    for (const [name, value] of this.constant) {
      if (!response.has(name)) addLine(response, name, value)
    }
    return this.applyNonce(response, request)
  }

  /** The same with those that have a nonce alone. */
  applyNonce(response: HttpResponse, request: HttpRequest): HttpResponse {
    // A 304 has the client take the body that it has, in which the nonce is that of the policy it has.
    if (this.nonced.length === 0 || response.statusCode === 304) return response
    const missing = this.nonced.filter(([name]) => !response.has(name))
    if (missing.length === 0) return response
    const answer = unshared(response)
    const source = `'nonce-${cspNonce(request)}'`
    for (const [name, parts] of missing) answer.header(name, parts.join(source))
    return answer
  }
}

/**
 * Adds security headers to the answers of an app, a group or a route, 404, 405, errors and preflights included. A header
 * that the handler, or middleware further in, has set stays as it is; so a group's are stronger than the app's.
 *
 * For a whole app use its option `securityHeaders`: what is constant then costs nothing but its bytes.
 *
 * @throws HotpressError `HEADER_INVALID`, `OPTION_INVALID`, `OPTION_UNKNOWN`
 * @example
 * const embeddable = new RouteGroup({ prefix: '/widgets' })
 * embeddable.use(securityHeaders({ contentSecurityPolicy: { 'frame-ancestors': '*' } }))
 */
export function securityHeaders(options: SecurityHeaders | SecurityHeadersOptions): Middleware {
  const policy = new Policy(headersOf(options))
  return middlewareOf((response, request) => policy.apply(response, request))
}

/**
 * The app's option `securityHeaders`.
 *
 * @throws HotpressError as {@link securityHeaders}
 */
export function settleSecurityHeaders(value: unknown): SecurityHeadersSettings {
  if (value === false) return { pairs: [], policy: undefined }
  const headers = headersOf(value === true ? {} : (value as SecurityHeadersOptions))
  const isNamed = [...headers.keys()].some((name) => name.toLowerCase() === 'x-content-type-options')
  const policy = new Policy(isNamed ? headers : new Map([['X-Content-Type-Options', 'nosniff'], ...headers]))
  const isConstant = policy.nonced.length === 0
  return {
    pairs: policy.constant.flat(),
    policy: isConstant ? undefined : middlewareOf((response, request) => policy.applyNonce(response, request)),
  }
}

function headersOf(options: SecurityHeaders | SecurityHeadersOptions): ReadonlyMap<string, string | false> {
  if (isSecurityHeaders(options)) return options.headers
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    return invalid('securityHeaders', options, 'true, false, an object or a SecurityHeaders')
  }
  const headers = new SecurityHeaders()
  const { recommended = false } = options
  if (checkBoolean(recommended, 'recommended of securityHeaders')) headers.recommended()
  for (const [option, value] of Object.entries<unknown>({ ...options })) {
    if (!Object.hasOwn(setters, option)) {
      const known = Object.keys(setters).join(', ')
      throw new HotpressError('OPTION_UNKNOWN', { known, option, where: ' of securityHeaders' })
    }
    if (value !== undefined) setters[option as keyof SecurityHeadersOptions](headers, value as never)
  }
  return headers.headers
}

function middlewareOf(decorate: (response: HttpResponse, request: HttpRequest) => HttpResponse): Middleware {
  return decorator(function securityHeaders(request, next) {
    const response = next()
    return response instanceof Promise
      ? response.then((later) => decorate(later, request))
      : decorate(response, request)
  }, decorate)
}
