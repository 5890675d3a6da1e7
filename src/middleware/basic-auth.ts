import { Buffer } from 'node:buffer'
import { createHmac, randomBytes } from 'node:crypto'
import { checkFunction, checkOptions, invalid } from '../core/options-check.js'
import type { HttpRequest } from '../core/request.js'
import { type RequestKey, requestKey } from '../core/request-key.js'
import { isThenable } from '../core/thenable.js'
import type { Middleware } from '../core/types.js'
import { durationOf } from '../core/units.js'
import { utf8Strict } from '../core/utf8.js'
import { HotpressError } from '../errors.js'
import { authenticator, credentialsOf, identityOf, type Keeps, parameter, printable } from './authenticator.js'
import { readHash, type StoredPassword } from './password.js'
import { Verified } from './verified.js'

interface BasicOptions {
  /** What the browser shows: `Restricted` by default. */
  readonly realm?: string
}

/** Options of `basicAuth()` with a list of users. */
export interface BasicUsersOptions extends BasicOptions {
  /**
   * How long a name and a password that were right are known without another comparison, which is dear on purpose: 1
   * minute by default, 0 for not at all. An HMAC under a key of this process is kept, of 1,000 of them at most.
   */
  readonly cacheFor?: number | string
  /** The hash of each user's password: scrypt as `hashPassword()` gives it, or bcrypt. */
  readonly users: Readonly<Record<string, string>> | ReadonlyMap<string, string>
}

/** Options of `basicAuth()` with a function of one's own. */
export interface BasicVerifyOptions<Result> extends BasicOptions {
  /**
   * Says whose a name and a password are, or whether they are right. It should take as long for a user that is not there
   * as for one that is.
   */
  readonly verify: (name: string, password: string, request: HttpRequest) => Result | Promise<Result>
}

/** The middleware that {@link basicAuth} makes. */
export interface BasicAuth<User> extends Middleware {
  /** Where the user is kept with a request: `req.get(auth.key)` is undefined where nobody was let in. */
  readonly key: RequestKey<User>
  /** The user of a request. @throws HotpressError `IDENTITY_MISSING` where this middleware is not around the route. */
  user(request: Keeps): User
}

/**
 * HTTP Basic authentication (RFC 7617). A user that is not there costs what one costs that is; a wrong or malformed
 * header is a 401.
 *
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`; while a request is handled `PACKAGE_MISSING` for a bcrypt
 * hash without `@node-rs/bcrypt`. HttpError 401 `CREDENTIALS_MISSING`, `CREDENTIALS_INVALID`, 503
 * `AUTHENTICATION_UNAVAILABLE` when too many passwords wait to be compared.
 * @example
 * const auth = basicAuth({ users: { ada: '$scrypt$ln=14,r=8,p=5$…' } })
 * admin.use(auth)
 * admin.get('/', (req) => `hello ${auth.user(req)}`)
 */
export function basicAuth(options: BasicUsersOptions | BasicVerifyOptions<boolean>): BasicAuth<string>
export function basicAuth<User extends object>(
  options: BasicVerifyOptions<User | false | null | undefined>,
): BasicAuth<User>
export function basicAuth(
  options: BasicUsersOptions | BasicVerifyOptions<boolean | object | null | undefined>,
): BasicAuth<object | string> {
  const given = checkOptions(options, optionChecks, ' of basicAuth()') as Given
  if ((given.users === undefined) === (given.verify === undefined)) {
    invalid('users of basicAuth()', given.users && 'both', 'a record of users, or there is verify in its place')
  }
  const verify = given.users === undefined ? given.verify! : comparison(given.users, given.cacheFor ?? 60_000)
  const key = requestKey<object | string>('basicAuth')
  const layer = authenticator({
    challenge: `Basic ${parameter('realm', given.realm ?? 'Restricted')}, charset="UTF-8"`,
    check(credentials, request) {
      const pair = readPair(credentials)
      if (pair === undefined) return undefined
      const [name, password] = pair
      const result = verify(name, password, request)
      return isThenable(result) ? Promise.resolve(result).then((later) => userOf(later, name)) : userOf(result, name)
    },
    isOptional: false,
    key,
    name: 'Basic',
    read: (request) => credentialsOf(request, 'basic'),
  })
  return Object.assign(layer, { key, user: (request: Keeps) => identityOf(request, key, 'user()') })
}

type Result = boolean | object | null | undefined
type Verify = (name: string, password: string, request: HttpRequest) => Result | Promise<Result>

interface Given {
  readonly cacheFor?: number
  readonly realm?: string
  readonly users?: ReadonlyMap<string, StoredPassword>
  readonly verify?: Verify
}

const optionChecks = { cacheFor: durationOf, realm: printable, users: checkUsers, verify: checkFunction }

function userOf(result: Result, name: string): object | string | undefined {
  if (result === true) return name
  return typeof result === 'object' && result !== null ? result : undefined
}

function comparison(users: ReadonlyMap<string, StoredPassword>, cacheFor: number): Verify {
  const decoys = [...users.values()].map((stored) => stored.decoy())
  const seed = randomBytes(32)
  const verified = new Verified(cacheFor)
  return (name, password) => {
    const stored = users.get(name)
    return verified.ask(name, password, async () => {
      if (stored !== undefined) return stored.matches(password)
      // Where hashes differ in their cost, so do those of names that are not there, each always by the same.
      const at = createHmac('sha256', seed).update(name).digest().readUInt32LE() % decoys.length
      await decoys[at]!.matches(password)
      return false
    })
  }
}

// RFC 7617, 2: a colon ends the name, and neither part holds a control character.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the bytes that must not be there
const controls = /[\x00-\x1f\x7f]/

function readPair(credentials: string): readonly [name: string, password: string] | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(credentials)) return undefined
  const text = utf8Strict(Buffer.from(credentials, 'base64'))
  const colon = text?.indexOf(':') ?? -1
  if (text === undefined || colon < 0 || controls.test(text)) return undefined
  return [text.slice(0, colon).normalize('NFC'), text.slice(colon + 1).normalize('NFC')]
}

function checkUsers(value: unknown, option: string): ReadonlyMap<string, StoredPassword> {
  const takes = 'a record or a Map of user names and their hashes, at least one'
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return invalid(option, value, takes)
  const entries: readonly (readonly [unknown, unknown])[] = value instanceof Map ? [...value] : Object.entries(value)
  if (entries.length === 0) invalid(option, value, takes)
  return new Map(entries.map(([name, hash]) => checkUser(name, hash, option)))
}

function checkUser(name: unknown, hash: unknown, option: string): readonly [string, StoredPassword] {
  if (typeof name !== 'string' || name.includes(':') || controls.test(name)) {
    return invalid(option, name, 'names without a colon and without control characters (RFC 7617, 2)')
  }
  const stored = typeof hash === 'string' ? readHash(hash) : undefined
  if (stored !== undefined) return [name.normalize('NFC'), stored]
  // What is no hash may well be the password.
  throw new HotpressError('OPTION_INVALID', {
    got: `for ${JSON.stringify(name)} a value that is no hash`,
    option,
    takes: 'hashes by scrypt, as hashPassword() gives them, or by bcrypt',
  })
}
