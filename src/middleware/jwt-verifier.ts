import { webcrypto } from 'node:crypto'
import { performance } from 'node:perf_hooks'
import type * as Jose from 'jose'
import { findPoison } from '../core/json.js'
import { peer } from '../core/peer.js'
import { httpError } from '../errors.js'
import type { JwtKeySet, VerifyKey } from './jwt-keys.js'

/** What a token must be. */
export interface TokenRules {
  /** Those that are taken with a set of keys. */
  readonly algorithms: readonly string[]
  readonly keys: readonly VerifyKey[] | JwtKeySet | URL
  /** Milliseconds that keys of a URL are used for. */
  readonly keysFor: number
  readonly options: Omit<Jose.JWTVerifyOptions, 'algorithms'>
}

type Library = typeof Jose
type Resolve = Jose.JWTVerifyGetKey

const loadJose = peer<Library>('jose', 'jwt()', () => import('jose'))

// Milliseconds. After a failure the issuer is not asked again for a while, and neither after an answer without the key
// that a token names: made-up tokens must not become a flood of requests.
const afterAnswer = 30_000
const afterFailure = 5_000
const longestFetch = 5_000

/** A token that is refused; the reason is for the client. */
export class Refused extends Error {}

/**
 * Makes what gives the claims of a token; `jose` is loaded with the first.
 *
 * The promise is rejected with {@link Refused} for a token that is not valid, with HttpError 503
 * `AUTHENTICATION_UNAVAILABLE` when the issuer's keys cannot be had.
 */
export function tokenVerifier(rules: TokenRules): (token: string) => Promise<Jose.JWTPayload> {
  let verify: ((token: string) => Promise<Jose.JWTPayload>) | undefined
  return async (token) => {
    const jose = await loadJose()
    verify ??= by(jose, rules)
    try {
      return check(await verify(token))
    } catch (error) {
      throw error instanceof jose.errors.JOSEError ? new Refused(reasonOf(error)) : error
    }
  }
}

function by(
  jose: Library,
  { algorithms, keys, keysFor, options }: TokenRules,
): (token: string) => Promise<Jose.JWTPayload> {
  if (isKeyList(keys)) {
    const resolvers = keys.map(resolverOf)
    return (token) => byKeys(jose, token, resolvers, options)
  }
  const resolve = keys instanceof URL ? remote(jose, keys, keysFor) : jose.createLocalJWKSet(copyOf(keys))
  return (token) => bySet(jose, token, resolve, { ...options, algorithms: [...algorithms] })
}

interface KeyResolver {
  readonly algorithms: string[]
  readonly resolve: Resolve
}

// The library would import a secret anew with each token, which is half of what a token costs; it keeps public keys itself.
function resolverOf({ algorithms, key }: VerifyKey): KeyResolver {
  const imported = new Map<string, Promise<webcrypto.CryptoKey>>()
  const secret: Resolve = ({ alg }) => {
    let one = imported.get(alg)
    if (one === undefined) {
      const hash = `SHA-${alg.slice(2)}`
      one = webcrypto.subtle.importKey('raw', key.export(), { hash, name: 'HMAC' }, false, ['verify'])
      imported.set(alg, one)
    }
    return one
  }
  return { algorithms: [...algorithms], resolve: key.type === 'secret' ? secret : () => key }
}

// Every key is tried with its own algorithms alone, so that none is ever used in another's way.
async function byKeys(
  jose: Library,
  token: string,
  keys: readonly KeyResolver[],
  options: Jose.JWTVerifyOptions,
): Promise<Jose.JWTPayload> {
  let last: unknown
  for (const { algorithms, resolve } of keys) {
    try {
      return (await jose.jwtVerify(token, resolve, { ...options, algorithms })).payload
    } catch (error) {
      if (!isOfAnotherKey(jose, error)) throw error
      // A wrong signature tells more than an algorithm that is another key's.
      if (!(last instanceof jose.errors.JWSSignatureVerificationFailed)) last = error
    }
  }
  throw last
}

async function bySet(
  jose: Library,
  token: string,
  resolve: Resolve,
  options: Jose.JWTVerifyOptions,
): Promise<Jose.JWTPayload> {
  try {
    return (await jose.jwtVerify(token, resolve, options)).payload
  } catch (error) {
    if (!(error instanceof jose.errors.JWKSMultipleMatchingKeys)) throw error
    // A token need not say which key it is of.
    for await (const key of error) {
      try {
        return (await jose.jwtVerify(token, key, options)).payload
      } catch (other) {
        if (!isOfAnotherKey(jose, other)) throw other
      }
    }
    throw new jose.errors.JWSSignatureVerificationFailed()
  }
}

function isOfAnotherKey(jose: Library, error: unknown): boolean {
  return error instanceof jose.errors.JWSSignatureVerificationFailed || error instanceof jose.errors.JOSEAlgNotAllowed
}

function remote(jose: Library, url: URL, keysFor: number): Resolve {
  let failed: { readonly error: unknown; readonly until: number } | undefined
  const keys = jose.createRemoteJWKSet(url, {
    cacheMaxAge: keysFor,
    cooldownDuration: afterAnswer,
    timeoutDuration: longestFetch,
    async [jose.customFetch](address, init) {
      if (failed !== undefined && failed.until > performance.now()) throw failed.error
      try {
        const response = await fetch(address, init)
        if (response.status !== 200) throw new Error(`the answer to GET ${address} was a ${response.status}`)
        // Read here, so that what is no set of keys counts as a failure too.
        const set: unknown = await response.json()
        if (!isSet(set)) throw new Error(`the answer to GET ${address} was no set of keys (RFC 7517, 5)`)
        return new Response(JSON.stringify(set))
      } catch (error) {
        failed = { error, until: performance.now() + afterFailure }
        throw error
      }
    },
  })
  return async (header, token) => {
    try {
      return await keys(header, token)
    } catch (cause) {
      const { JOSENotSupported, JWKSMultipleMatchingKeys, JWKSNoMatchingKey } = jose.errors
      const isAboutToken = [JOSENotSupported, JWKSMultipleMatchingKeys, JWKSNoMatchingKey].some(
        (kind) => cause instanceof kind,
      )
      if (isAboutToken) throw cause
      const headers = { 'Retry-After': String(afterFailure / 1000) }
      throw httpError(
        'AUTHENTICATION_UNAVAILABLE',
        { reason: 'the keys of the issuer cannot be had' },
        { cause, headers },
      )
    }
  }
}

function isSet(value: unknown): value is JwtKeySet {
  return typeof value === 'object' && value !== null && 'keys' in value && Array.isArray(value.keys)
}

function check(claims: Jose.JWTPayload): Jose.JWTPayload {
  const poison = findPoison(claims)
  if (poison !== undefined) throw new Refused(`the claim ${poison.replaceAll('"', '')} is not taken`)
  return claims
}

// In words of our own: those of the library may hold what the token says.
function reasonOf(error: Jose.errors.JOSEError): string {
  switch (error.code) {
    case 'ERR_JOSE_ALG_NOT_ALLOWED':
      return 'its algorithm is not taken here'
    case 'ERR_JWKS_NO_MATCHING_KEY':
      return 'its key is not known'
    case 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED':
      return 'its signature is wrong'
    case 'ERR_JWT_CLAIM_VALIDATION_FAILED':
      return claimReason(error as Jose.errors.JWTClaimValidationFailed)
    case 'ERR_JWT_EXPIRED':
      return 'it has expired'
    default:
      return 'it is malformed'
  }
}

function claimReason(error: Jose.errors.JWTClaimValidationFailed): string {
  // It goes into a header, and a claim that is asked for may have any name.
  const claim = error.claim.replace(/[^\x20-\x7e]/g, '?')
  const { reason } = error
  if (claim === 'nbf' && reason === 'check_failed') return 'it is not valid yet'
  return reason === 'missing' ? `the claim ${claim} is missing` : `the claim ${claim} is wrong`
}

function copyOf({ keys }: JwtKeySet): Jose.JSONWebKeySet {
  return { keys: keys.map((key) => ({ ...key }) as Jose.JWK) }
}

function isKeyList(keys: TokenRules['keys']): keys is readonly VerifyKey[] {
  return Array.isArray(keys)
}
