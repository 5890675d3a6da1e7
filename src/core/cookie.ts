import { HotpressError } from '../errors.js'
import { attributeChecks, type CookieOptions, checkName, encodeValue, invalid, prefixes } from './cookie-attributes.js'

type Attributes = { -readonly [Name in keyof CookieOptions]?: CookieOptions[Name] }

// On the prototype, so that a cookie of another loaded copy of the package (ESM beside CommonJS) is known too.
const brand = Symbol.for('hotpress.Cookie')

/**
 * A cookie to set. Setters return the cookie itself and check their values at once; what attributes demand of each other
 * is checked when the cookie is written.
 *
 * The value is percent-encoded where it holds what a cookie cannot (controls, spaces, quotes, commas, semicolons,
 * backslashes, percent signs, all beyond ASCII), and `req.cookies` gives it back as it was.
 *
 * @throws HotpressError `COOKIE_INVALID` naming the cookie and the attribute, `OPTION_UNKNOWN`.
 * @example
 * response.cookie(new Cookie('__Host-sid', id).path('/').maxAge(3600).sameSite('Lax').httpOnly().secure())
 */
export class Cookie {
  readonly #attributes: Attributes = {}
  readonly #encoded: string
  /** The name, as it was given. */
  readonly name: string
  /** The value, as it was given. */
  readonly value: string

  constructor(name: string, value: string, options: CookieOptions = {}) {
    this.name = checkName(name)
    this.#encoded = encodeValue(name, value)
    this.value = value
    if (typeof options !== 'object' || options === null) invalid(name, 'options', options, 'an object of attributes')
    for (const [attribute, given] of Object.entries(options)) {
      if (!Object.hasOwn(attributeChecks, attribute)) {
        const known = Object.keys(attributeChecks).join(', ')
        throw new HotpressError('OPTION_UNKNOWN', { known, option: attribute, where: ` of the cookie ${name}` })
      }
      if (given !== undefined) this.#set(attribute as keyof CookieOptions, given)
    }
  }

  /** The attributes that were set. */
  get options(): CookieOptions {
    return { ...this.#attributes }
  }

  /** The domain whose subdomains get the cookie too. Without it, the host alone that set it gets it. */
  domain(name: string): this {
    return this.#set('domain', name)
  }

  /** When the browser forgets the cookie: 400 days ahead at most. `maxAge` goes before it. */
  expires(date: Date): this {
    return this.#set('expires', date)
  }

  /** Keeps the cookie from scripts. */
  httpOnly(isSet = true): this {
    return this.#set('httpOnly', isSet)
  }

  /** Seconds until the browser forgets the cookie: from 0, which is at once, to 34,560,000 (400 days). */
  maxAge(seconds: number): this {
    return this.#set('maxAge', seconds)
  }

  /** Keeps the cookie apart for each site that embeds this one (CHIPS). Needs `secure`. */
  partitioned(isSet = true): this {
    return this.#set('partitioned', isSet)
  }

  /** The paths that get the cookie: this one and those below. Without it, the folder of the request's path. */
  path(path: string): this {
    return this.#set('path', path)
  }

  /** Which cookies a browser with too many drops first: those of `Low`. Chromium alone knows it. */
  priority(priority: 'High' | 'Low' | 'Medium'): this {
    return this.#set('priority', priority)
  }

  /** Which requests from other sites carry the cookie: none (`Strict`), navigations (`Lax`), all (`None`; needs `secure`). */
  sameSite(sameSite: 'Lax' | 'None' | 'Strict'): this {
    return this.#set('sameSite', sameSite)
  }

  /** Has the cookie sent over HTTPS only. */
  secure(isSet = true): this {
    return this.#set('secure', isSet)
  }

  /**
   * The value of its `Set-Cookie` header.
   *
   * @throws HotpressError `COOKIE_INVALID` for attributes that demand others which are not there.
   */
  toString(): string {
    const { domain, expires, httpOnly, maxAge, partitioned, path, priority, sameSite, secure } = this.#attributes
    this.#checkTogether()
    let line = `${this.name}=${this.#encoded}`
    if (domain !== undefined) line += `; Domain=${domain}`
    if (path !== undefined) line += `; Path=${path}`
    if (maxAge !== undefined) line += `; Max-Age=${maxAge}`
    if (expires !== undefined) line += `; Expires=${expires.toUTCString()}`
    if (httpOnly) line += '; HttpOnly'
    if (secure) line += '; Secure'
    if (sameSite !== undefined) line += `; SameSite=${sameSite}`
    if (priority !== undefined) line += `; Priority=${priority}`
    if (partitioned) line += '; Partitioned'
    return line
  }

  #checkTogether(): void {
    const { partitioned, sameSite, secure } = this.#attributes
    if (!secure && partitioned) this.#demand('secure', 'Partitioned demands it')
    if (!secure && sameSite === 'None') this.#demand('secure', 'SameSite=None demands it')
    if (!this.name.startsWith('__')) return
    const lower = this.name.toLowerCase()
    for (const [prefix, demands] of prefixes) {
      if (!lower.startsWith(prefix.toLowerCase())) continue
      for (const attribute of demands) this.#demand(attribute, `a name that begins with ${prefix} demands it`)
    }
  }

  #demand(attribute: keyof CookieOptions, reason: string): void {
    const got = this.#attributes[attribute]
    if (attribute === 'domain') {
      if (got !== undefined) invalid(this.name, attribute, got, `none: ${reason}`)
    } else if (attribute === 'path') {
      if (got !== '/') invalid(this.name, attribute, got, `"/": ${reason}`)
    } else if (got !== true) invalid(this.name, attribute, got, `true: ${reason}`)
  }

  #set<Name extends keyof CookieOptions>(attribute: Name, value: CookieOptions[Name]): this {
    const { isValid, takes } = attributeChecks[attribute]
    if (!isValid(value)) invalid(this.name, attribute, value, takes)
    // A Date can be changed after it was looked at.
    this.#attributes[attribute] = value instanceof Date ? (new Date(value) as CookieOptions[Name]) : value
    return this
  }
}

Object.defineProperty(Cookie.prototype, brand, { value: true })

/** The cookie that the arguments of `response.cookie()` stand for. @throws HotpressError as {@link Cookie} */
export function cookieOf(first: Cookie | string, value?: string, options?: CookieOptions): Cookie {
  if (typeof first === 'object' && first !== null && brand in first) return first
  // Whatever it is, the constructor says what is wrong with it.
  return new Cookie(first as string, value as string, options)
}

/** A cookie that has the browser forget the one of this name, domain and path. @throws HotpressError as {@link Cookie} */
export function forgottenCookie(name: string, options: CookieOptions = {}): Cookie {
  // By the date as well, for clients that do not know Max-Age.
  return new Cookie(name, '', { ...options, expires: new Date(0), maxAge: 0 })
}

/**
 * Puts the line of a cookie among response headers, in place of one that sets the same cookie: a browser tells them by
 * name, domain and path, and keeps those that are partitioned apart.
 */
export function placeCookie(headers: string[], cookie: Cookie): void {
  const line = cookie.toString()
  const start = line.slice(0, line.indexOf('=') + 1)
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index]!.length !== 10 || headers[index]!.toLowerCase() !== 'set-cookie') continue
    const other = headers[index + 1]!
    if (other.startsWith(start) && placeOf(other) === placeOf(line)) {
      headers[index + 1] = line
      return
    }
  }
  headers.push('Set-Cookie', line)
}

function placeOf(line: string): string {
  const [, ...attributes] = line.split(';')
  const place = { domain: '', partitioned: '', path: '' }
  for (const attribute of attributes) {
    const [name = '', value = ''] = attribute.trim().split('=')
    const lower = name.toLowerCase()
    if (lower === 'domain') place.domain = value.toLowerCase()
    else if (lower === 'partitioned') place.partitioned = lower
    else if (lower === 'path') place.path = value
  }
  return `${place.domain};${place.path};${place.partitioned}`
}
