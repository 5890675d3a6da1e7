import { checkBoolean, checkFunction, checkOptions, invalid } from '../core/options-check.js'
import type { HttpRequest } from '../core/request.js'
import { type RequestKey, requestKey } from '../core/request-key.js'
import { isThenable } from '../core/thenable.js'
import type { Middleware } from '../core/types.js'
import { type HttpError, httpError } from '../errors.js'
import {
  authenticator,
  credentialsOf,
  identityOf,
  type Keeps,
  parameter,
  printable,
  type Scheme,
} from './authenticator.js'

/** What `bearer()` and `jwt()` have in common. */
export interface TokenOptions {
  /** Lets requests without a token through, without an identity; a token that is not valid is a 401 all the same. */
  readonly optional?: boolean
  /** Named in `WWW-Authenticate`: `api` by default. */
  readonly realm?: string
  /** Where the token is, in place of `Authorization: Bearer`; undefined for a request that has none. */
  readonly token?: (request: HttpRequest) => string | undefined
}

/** Options of `bearer()`. */
export interface BearerOptions<Identity> extends TokenOptions {
  /** Says whose a token is; undefined for nobody's, which is a 401. */
  readonly verify: (
    token: string,
    request: HttpRequest,
  ) => Identity | false | null | undefined | Promise<Identity | false | null | undefined>
}

/** The middleware that {@link bearer} makes. */
export interface BearerAuth<Identity> extends Middleware {
  /** Whose the request's token is. @throws HotpressError `IDENTITY_MISSING` where this middleware is not around it. */
  identity(request: Keeps): Identity
  /** Where the identity is kept with a request: `req.get(auth.key)` is undefined where nobody was let in. */
  readonly key: RequestKey<Identity>
}

/**
 * Bearer tokens (RFC 6750) that only their issuer can read: a function says whose they are. For JSON Web Tokens there is
 * `jwt()`.
 *
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`. While a request is handled HttpError 401
 * `CREDENTIALS_MISSING`, `TOKEN_INVALID`.
 * @example
 * const auth = bearer({ verify: (token) => sessions.find(token) })
 * api.use(auth)
 * api.get('/me', (req) => auth.identity(req).name)
 */
export function bearer<Identity extends object | string>(options: BearerOptions<Identity>): BearerAuth<Identity> {
  const table = { ...tokenChecks, verify: checkFunction }
  const given = checkOptions(options, table, ' of bearer()') as Partial<BearerOptions<Identity>>
  const verify = given.verify ?? invalid('verify of bearer()', given.verify, 'a function')
  const key = requestKey<Identity>('bearer')
  const { challenge, ...common } = tokenScheme(given)
  const settle = (identity: Identity | false | null | undefined): Identity => {
    if (identity === undefined || identity === null || identity === false)
      throw tokenInvalid(challenge, 'it is not known')
    return identity
  }
  const layer = authenticator<Identity>({
    ...common,
    challenge,
    check(credentials, request) {
      const identity = verify(credentials, request)
      return isThenable(identity) ? Promise.resolve(identity).then(settle) : settle(identity)
    },
    key,
  })
  return Object.assign(layer, { identity: (request: Keeps) => identityOf(request, key, 'identity()'), key })
}

/** The checks of {@link TokenOptions}. */
export const tokenChecks: Readonly<Record<keyof TokenOptions, (value: unknown, option: string) => unknown>> = {
  optional: checkBoolean,
  realm: printable,
  token: checkFunction,
}

/** The scheme of {@link TokenOptions}, but for whose a token is. */
export function tokenScheme(given: TokenOptions): Omit<Scheme<never>, 'check' | 'key'> {
  const read = given.token ?? ((request: HttpRequest) => credentialsOf(request, 'bearer'))
  return {
    challenge: `Bearer ${parameter('realm', given.realm ?? 'api')}`,
    isOptional: given.optional ?? false,
    name: 'Bearer',
    read,
  }
}

/**
 * The answer to a token that is not valid (RFC 6750, 3.1).
 *
 * @param reason printable ASCII.
 */
export function tokenInvalid(challenge: string, reason: string): HttpError {
  const description = parameter('error_description', reason)
  const headers = { 'WWW-Authenticate': `${challenge}, error="invalid_token", ${description}` }
  return httpError('TOKEN_INVALID', { reason }, { headers })
}
