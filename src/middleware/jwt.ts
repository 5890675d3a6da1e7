import { checkFunction, checkOptions, invalid } from '../core/options-check.js'
import type { HttpRequest } from '../core/request.js'
import { type RequestKey, requestKey } from '../core/request-key.js'
import type { Middleware } from '../core/types.js'
import { durationOf } from '../core/units.js'
import { httpError } from '../errors.js'
import { authenticator, identityOf, type Keeps, parameter } from './authenticator.js'
import { type TokenOptions, tokenChecks, tokenInvalid, tokenScheme } from './bearer.js'
import {
  type JwtKeySet,
  type JwtPublicKey,
  type JwtSecret,
  keySet,
  keySetUrl,
  publicAlgorithms,
  publicKey,
  secretKey,
  type VerifyKey,
} from './jwt-keys.js'
import { Refused, tokenVerifier } from './jwt-verifier.js'

/** The claims that have a meaning already (RFC 7519, 4.1), and whatever else the issuer puts into a token. */
export interface JwtClaims {
  readonly [claim: string]: unknown
  readonly aud?: readonly string[] | string
  /** Seconds since 1970, as `iat` and `nbf`. */
  readonly exp?: number
  readonly iat?: number
  readonly iss?: string
  readonly jti?: string
  readonly nbf?: number
  readonly sub?: string
}

/** Options of `jwt()`. One of `secret`, `publicKey` and `jwks` says how tokens are signed. */
export interface JwtOptions<Claims extends object = JwtClaims> extends TokenOptions {
  /** Those that are taken, of those that the key is good for: all of these by default. */
  readonly algorithms?: readonly string[]
  /** What `aud` must hold, one of them where there are several. Not asked for by default. */
  readonly audience?: string | readonly string[]
  /** Whether the claims allow the request; false is a 403. */
  readonly authorize?: (claims: Claims, request: HttpRequest) => boolean | Promise<boolean>
  /** By how much clocks may differ: milliseconds or a text such as `'30s'`; 0 by default. */
  readonly clockTolerance?: number | string
  /** What `iss` must be, one of them where there are several. Not asked for by default. */
  readonly issuer?: string | readonly string[]
  /** The issuer's keys: their URL, or the keys themselves. */
  readonly jwks?: JwtKeySet | URL | string
  /** How long the keys of a URL are used before they are asked for again: 10 minutes by default. */
  readonly jwksMaxAge?: number | string
  /** The most that may have passed since `iat`, which must be there then: milliseconds or a text such as `'1h'`. */
  readonly maxTokenAge?: number | string
  /** The issuer's public key, or several that are tried in turn. */
  readonly publicKey?: JwtPublicKey | readonly JwtPublicKey[]
  /** Claims that must be there: `exp` by default, since a token without it is good for ever. */
  readonly requiredClaims?: readonly string[]
  /** Scopes that the token must have all of, in `scope` (RFC 8693, 4.2) or `scp`; else a 403 that names them. */
  readonly scope?: string | readonly string[]
  /** The secret that is shared with the issuer, or several that are tried in turn, for an exchange of keys. */
  readonly secret?: JwtSecret | readonly JwtSecret[]
}

/** The middleware that {@link jwt} makes. */
export interface JwtAuth<Claims> extends Middleware {
  /** The claims of a request's token. @throws HotpressError `IDENTITY_MISSING` where this middleware is not around it. */
  claims(request: Keeps): Claims
  /** Where the claims are kept with a request: `req.get(auth.key)` is undefined where there was no token. */
  readonly key: RequestKey<Claims>
}

/**
 * JSON Web Tokens (RFC 7519) in `Authorization: Bearer` (RFC 6750), by the package `jose`. The algorithms follow from the
 * key: `none` is none of them, and a public key is never used as a secret (RFC 8725, 2.1 and 3.1).
 *
 * @typeParam Claims what the issuer puts into its tokens; they are as it signed them, and not looked at further.
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`; while a request is handled `PACKAGE_MISSING` without `jose`.
 * HttpError 401 `CREDENTIALS_MISSING`, `TOKEN_INVALID`, 403 `SCOPE_INSUFFICIENT`, 503 `AUTHENTICATION_UNAVAILABLE` when
 * the keys of the issuer cannot be had.
 * @example
 * const auth = jwt<{ role: string }>({ issuer: 'https://id.example', jwks: 'https://id.example/.well-known/jwks.json' })
 * api.use(auth)
 * api.get('/me', (req) => auth.claims(req).role)
 */
export function jwt<Claims extends object = JwtClaims>(
  options: JwtOptions<Claims & JwtClaims>,
): JwtAuth<Claims & JwtClaims> {
  const given = checkOptions(options, optionChecks, ' of jwt()') as Given
  const { audience, authorize, clockTolerance = 0, issuer, maxTokenAge, requiredClaims = ['exp'], scope = [] } = given
  const verify = tokenVerifier({
    ...settleKeys(given),
    keysFor: given.jwksMaxAge ?? 600_000,
    options: {
      clockTolerance: clockTolerance / 1000,
      requiredClaims: [...requiredClaims],
      ...(audience && { audience }),
      ...(issuer && { issuer }),
      ...(maxTokenAge !== undefined && { maxTokenAge: maxTokenAge / 1000 }),
    },
  })
  const { challenge, ...common } = tokenScheme(given)
  const needed = scope.length === 0 ? '' : `, ${parameter('scope', scope.join(' '))}`
  const insufficient = { headers: { 'WWW-Authenticate': `${challenge}, error="insufficient_scope"${needed}` } }
  const key = requestKey<Claims & JwtClaims>('jwt')
  const layer = authenticator<Claims & JwtClaims>({
    ...common,
    challenge,
    async check(token, request) {
      const claims = await verify(token).catch((error: unknown) => {
        throw error instanceof Refused ? tokenInvalid(challenge, error.message) : error
      })
      const isAllowed = hasScopes(claims, scope) && (authorize === undefined || (await authorize(claims, request)))
      if (!isAllowed) throw httpError('SCOPE_INSUFFICIENT', {}, insufficient)
      // The issuer's word is taken for the type, as with a body's.
      return claims as Claims & JwtClaims
    },
    key,
  })
  return Object.assign(layer, { claims: (request: Keeps) => identityOf(request, key, 'claims()'), key })
}

interface Given extends TokenOptions {
  readonly algorithms?: readonly string[]
  readonly audience?: string[]
  readonly authorize?: (claims: JwtClaims, request: HttpRequest) => boolean | Promise<boolean>
  readonly clockTolerance?: number
  readonly issuer?: string[]
  readonly jwks?: JwtKeySet | URL
  readonly jwksMaxAge?: number
  readonly maxTokenAge?: number
  readonly publicKey?: readonly VerifyKey[]
  readonly requiredClaims?: readonly string[]
  readonly scope?: readonly string[]
  readonly secret?: readonly VerifyKey[]
}

const optionChecks = {
  ...tokenChecks,
  algorithms: texts,
  audience: texts,
  authorize: checkFunction,
  clockTolerance: durationOf,
  issuer: texts,
  jwks: (value: unknown, option: string) =>
    typeof value === 'string' || value instanceof URL ? keySetUrl(value, option) : keySet(value, option),
  jwksMaxAge: durationOf,
  maxTokenAge: durationOf,
  publicKey: (value: unknown, option: string) => several(value, option, publicKey),
  requiredClaims: (value: unknown, option: string) =>
    Array.isArray(value) && value.length === 0 ? [] : texts(value, option),
  scope: checkScopes,
  secret: (value: unknown, option: string) => several(value, option, secretKey),
}

function settleKeys(given: Given): { algorithms: readonly string[]; keys: readonly VerifyKey[] | JwtKeySet | URL } {
  const kinds = (['jwks', 'publicKey', 'secret'] as const).filter((name) => given[name] !== undefined)
  if (kinds.length !== 1) {
    invalid(
      'secret of jwt()',
      kinds.length === 0 ? undefined : kinds.join(' and '),
      'one of secret, publicKey and jwks',
    )
  }
  const keys = given.secret ?? given.publicKey
  const possible = keys === undefined ? publicAlgorithms : [...new Set(keys.flatMap(({ algorithms }) => algorithms))]
  const algorithms = given.algorithms ?? possible
  for (const name of algorithms) {
    if (!possible.includes(name)) invalid('algorithms of jwt()', name, `with this key ${possible.join(', ')}`)
  }
  if (keys === undefined) return { algorithms, keys: given.jwks! }
  const narrowed = keys.map((each) => ({
    ...each,
    algorithms: each.algorithms.filter((name) => algorithms.includes(name)),
  }))
  return { algorithms, keys: narrowed.filter((each) => each.algorithms.length > 0) }
}

function hasScopes(claims: JwtClaims, needed: readonly string[]): boolean {
  if (needed.length === 0) return true
  const given = claims.scope ?? claims.scp
  const scopes = typeof given === 'string' ? given.split(' ') : given
  return Array.isArray(scopes) && needed.every((scope) => scopes.includes(scope))
}

function several(value: unknown, option: string, read: (value: unknown, option: string) => VerifyKey): VerifyKey[] {
  if (!Array.isArray(value)) return [read(value, option)]
  return value.length > 0 ? value.map((each) => read(each, option)) : invalid(option, value, 'at least one key')
}

// RFC 6749, 3.3.
function checkScopes(value: unknown, option: string): string[] {
  const list = texts(value, option).flatMap((text) => text.split(' '))
  for (const scope of list) {
    if (!/^[\x21\x23-\x5b\x5d-\x7e]+$/.test(scope)) invalid(option, scope, 'scopes (RFC 6749, 3.3)')
  }
  return list
}

function texts(value: unknown, option: string): string[] {
  const list: unknown = typeof value === 'string' ? [value] : value
  const isRight =
    Array.isArray(list) && list.length > 0 && list.every((each) => typeof each === 'string' && each !== '')
  return isRight ? [...list] : invalid(option, value, 'a text, or an array of texts')
}
