import { Buffer } from 'node:buffer'
import { createHash, timingSafeEqual } from 'node:crypto'
import { checkFunction, checkOptions, invalid } from '../core/options-check.js'
import type { HttpRequest } from '../core/request.js'
import { type RequestKey, requestKey } from '../core/request-key.js'
import { isThenable } from '../core/thenable.js'
import type { Middleware } from '../core/types.js'
import { describe, HotpressError } from '../errors.js'
import { authenticator, credentialsOf, identityOf, type Keeps, parameter, printable, token } from './authenticator.js'

interface KeyPlace {
  /** The header that has the key: `x-api-key` by default. */
  readonly header?: string
  /** Named in `WWW-Authenticate`: `api` by default. */
  readonly realm?: string
  /** Takes the key from `Authorization: <scheme> <key>` in place of a header of its own. */
  readonly scheme?: string
}

/** Options of `apiKey()` with a list of keys. */
export interface ApiKeysOptions<Owner extends string> extends KeyPlace {
  /** Each key, or what `hashApiKey()` makes of it, under its owner's name; the owner of a key in a list is its position. */
  readonly keys: Readonly<Record<Owner, string>> | ReadonlyMap<Owner, string> | readonly string[]
}

/** Options of `apiKey()` with a function of one's own. */
export interface ApiKeyVerifyOptions<Owner> extends KeyPlace {
  /** Says whose a key is; undefined for nobody's. It should look for a hash of the key, and not for the key. */
  readonly verify: (
    key: string,
    request: HttpRequest,
  ) => Owner | false | null | undefined | Promise<Owner | false | null | undefined>
}

/** The middleware that {@link apiKey} makes. */
export interface ApiKeyAuth<Owner> extends Middleware {
  /** Where the owner is kept with a request: `req.get(auth.key)` is undefined where nobody was let in. */
  readonly key: RequestKey<Owner>
  /** Whose key the request has. @throws HotpressError `IDENTITY_MISSING` where this middleware is not around it. */
  owner(request: Keeps): Owner
}

/**
 * Keys of programs, in a header. Each request is compared with all of the keys by their hashes, in the same time whichever
 * it is.
 *
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`. While a request is handled HttpError 401
 * `CREDENTIALS_MISSING`, `CREDENTIALS_INVALID`.
 * @example
 * const auth = apiKey({ keys: { billing: process.env.BILLING_KEY, reports: 'sha256:9f86d0…' } })
 * api.use(auth)
 * api.get('/', (req) => auth.owner(req)) // 'billing' | 'reports'
 */
export function apiKey<const Owner extends string = string>(options: ApiKeysOptions<Owner>): ApiKeyAuth<Owner>
export function apiKey<Owner extends object | string>(options: ApiKeyVerifyOptions<Owner>): ApiKeyAuth<Owner>
export function apiKey(
  options: ApiKeysOptions<string> | ApiKeyVerifyOptions<object | string>,
): ApiKeyAuth<object | string> {
  const given = checkOptions(options, optionChecks, ' of apiKey()') as Given
  if ((given.keys === undefined) === (given.verify === undefined)) {
    invalid('keys of apiKey()', given.keys && 'both', 'a record or a list of keys, or there is verify in its place')
  }
  const { header = 'x-api-key', realm = 'api', scheme } = given
  if (scheme !== undefined && given.header !== undefined) {
    invalid('header of apiKey()', header, 'a name, where there is no scheme beside it')
  }
  const verify = given.keys === undefined ? given.verify! : comparison(given.keys)
  const key = requestKey<object | string>('apiKey')
  const layer = authenticator({
    challenge: `${scheme ?? 'ApiKey'} ${parameter('realm', realm)}`,
    check(credentials, request) {
      const owner = verify(credentials, request)
      return isThenable(owner) ? Promise.resolve(owner).then(settle) : settle(owner)
    },
    isOptional: false,
    key,
    name: scheme ?? 'API key',
    read: (request) => (scheme === undefined ? request.header(header) : credentialsOf(request, scheme)),
  })
  return Object.assign(layer, { key, owner: (request: Keeps) => identityOf(request, key, 'owner()') })
}

/** What is kept of an API key in place of the key: `sha256:` and its hash. A key is random and long, and needs no salt. */
export function hashApiKey(key: string): string {
  return `sha256:${digest(key).toString('hex')}`
}

type Owner = object | string | false | null | undefined

interface Given extends KeyPlace {
  readonly keys?: readonly (readonly [owner: string, hash: Buffer])[]
  readonly verify?: (key: string, request: HttpRequest) => Owner | Promise<Owner>
}

const optionChecks = { header: token, keys: checkKeys, realm: printable, scheme: token, verify: checkFunction }

function settle(owner: Owner): object | string | undefined {
  return owner === false || owner === null ? undefined : owner
}

function comparison(keys: readonly (readonly [string, Buffer])[]): (key: string) => string | undefined {
  return (key) => {
    const hash = digest(key)
    let found: string | undefined
    for (const [owner, other] of keys) {
      if (timingSafeEqual(hash, other)) found = owner
    }
    return found
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function checkKeys(value: unknown, option: string): readonly (readonly [string, Buffer])[] {
  const takes = 'a record, a Map or a list of keys, at least one'
  if (typeof value !== 'object' || value === null)
    return invalid(option, describe(value).replace(/".*"/, 'a text'), takes)
  const entries: [unknown, unknown][] = value instanceof Map ? [...value] : Object.entries(value)
  if (entries.length === 0) invalid(option, value, takes)
  return entries.map(([owner, key]) => {
    const hash = typeof key === 'string' ? hashOf(key) : undefined
    if (hash !== undefined) return [String(owner), hash] as const
    // A key never stands in a message.
    throw new HotpressError('OPTION_INVALID', {
      got: `for ${JSON.stringify(owner)} ${typeof key === 'string' ? 'one that is too short, or no hash' : describe(key)}`,
      option,
      takes: 'keys of 16 characters or more of printable ASCII, or what hashApiKey() makes of them',
    })
  })
}

function hashOf(key: string): Buffer | undefined {
  if (key.startsWith('sha256:')) {
    return /^sha256:[0-9a-f]{64}$/i.test(key) ? Buffer.from(key.slice(7), 'hex') : undefined
  }
  return /^[\x21-\x7e]{16,}$/.test(key) ? digest(key) : undefined
}
