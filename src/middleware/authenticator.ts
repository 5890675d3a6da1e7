import { invalid } from '../core/options-check.js'
import type { HttpRequest } from '../core/request.js'
import type { RequestKey } from '../core/request-key.js'
import { isThenable } from '../core/thenable.js'
import type { HandlerResult, Middleware, Next } from '../core/types.js'
import { HotpressError, httpError } from '../errors.js'

/** Whatever carries the values that middleware keeps with a request. */
export type Keeps = Pick<HttpRequest, 'get'>

/** One way to authenticate: where the credentials stand, and whose they are. */
export interface Scheme<Identity> {
  /** The value of `WWW-Authenticate` (RFC 9110, 11.6.1). */
  readonly challenge: string
  /** Whether a request without credentials goes on, without an identity. */
  readonly isOptional: boolean
  readonly key: RequestKey<Identity>
  /** As it is called in errors. */
  readonly name: string
  /** Whose the credentials are; undefined for nobody's. It may throw an answer of its own. */
  check(credentials: string, request: HttpRequest): Identity | PromiseLike<Identity | undefined> | undefined
  /** The credentials of a request, or undefined where there are none. */
  read(request: HttpRequest): string | undefined
}

/** The middleware of a scheme. It makes no promise where `check` makes none, and never reads the body. */
export function authenticator<Identity>(scheme: Scheme<Identity>): Middleware {
  const { challenge, isOptional, key, name } = scheme
  const options = { headers: { 'WWW-Authenticate': challenge } }
  const admit = (
    identity: Identity | undefined,
    request: HttpRequest,
    next: Next,
  ): HandlerResult | Promise<HandlerResult> => {
    if (identity === undefined) throw httpError('CREDENTIALS_INVALID', { scheme: name }, options)
    request.set(key, identity)
    return next()
  }
  const layer: Middleware = (request, next) => {
    const credentials = scheme.read(request)
    if (typeof credentials !== 'string') {
      if (isOptional) return next()
      throw httpError('CREDENTIALS_MISSING', { scheme: name }, options)
    }
    const identity = scheme.check(credentials, request)
    if (!isThenable(identity)) return admit(identity, request, next)
    return Promise.resolve(identity).then((later) => admit(later, request, next))
  }
  return Object.defineProperty(layer, 'name', { value: key.name })
}

/**
 * What a middleware has found out about a request.
 *
 * @throws HotpressError `IDENTITY_MISSING` where it has not let the request through: a route that is not behind it must
 * not pass for one that is.
 */
export function identityOf<Identity>(request: Keeps, key: RequestKey<Identity>, call: string): Identity {
  const identity = request.get(key)
  if (identity === undefined) throw new HotpressError('IDENTITY_MISSING', { call })
  return identity
}

/** What follows the scheme in `Authorization` (RFC 9110, 11.6.2), whatever the letter case of the scheme's name. */
export function credentialsOf(request: HttpRequest, scheme: string): string | undefined {
  const header = request.header('authorization')
  if (header === undefined || header.length < scheme.length) return undefined
  if (header.slice(0, scheme.length).toLowerCase() !== scheme.toLowerCase()) return undefined
  // A scheme without anything behind it has credentials all the same: empty ones.
  if (header.length === scheme.length) return ''
  return header[scheme.length] === ' ' ? header.slice(scheme.length).trim() : undefined
}

/** A parameter of a challenge, as a quoted-string (RFC 9110, 5.6.4). */
export function parameter(name: string, value: string): string {
  return `${name}="${value.replace(/["\\]/g, '\\$&')}"`
}

/** A text that can stand in a challenge. @throws HotpressError `OPTION_INVALID` */
export function printable(value: unknown, option: string): string {
  const isPrintable = typeof value === 'string' && /^[\x20-\x7e]+$/.test(value)
  return isPrintable ? value : invalid(option, value, 'a text of printable ASCII')
}

/** The name of a scheme or of a header. @throws HotpressError `OPTION_INVALID` */
export function token(value: unknown, option: string): string {
  const isToken = typeof value === 'string' && /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(value)
  return isToken ? value : invalid(option, value, 'a token (RFC 9110, 5.6.2)')
}
