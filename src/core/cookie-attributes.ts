import { describe, HotpressError } from '../errors.js'

/** Attributes of a cookie (RFC 6265bis, 4.1.2). One that is left out is not sent, and the browser's default applies. */
export interface CookieOptions {
  /** The domain whose subdomains get the cookie too; the host alone that set it when left out. */
  readonly domain?: string
  /** When the browser forgets the cookie: 400 days ahead at most. With its session when `maxAge` is left out too. */
  readonly expires?: Date
  /** Whether it is kept from scripts. */
  readonly httpOnly?: boolean
  /** Seconds until the browser forgets the cookie: from 0, which is at once, to 34,560,000 (400 days). */
  readonly maxAge?: number
  /** Whether it is kept apart for each site that embeds this one (CHIPS). Needs `secure`. */
  readonly partitioned?: boolean
  /** The paths that get it: this one and those below. The folder of the request's path when left out. */
  readonly path?: string
  /** Which cookies a browser with too many drops first. */
  readonly priority?: 'High' | 'Low' | 'Medium'
  /** Which requests from other sites carry it. `None` needs `secure`. */
  readonly sameSite?: 'Lax' | 'None' | 'Strict'
  /** Whether it is sent over HTTPS only. */
  readonly secure?: boolean
}

interface Check {
  readonly isValid: (value: unknown) => boolean
  readonly takes: string
}

/** A browser keeps no cookie for longer (RFC 6265bis, 5.5). */
const longest = 400 * 86_400
/** And none whose name and value have more bytes together (RFC 6265bis, 5.6). */
const largest = 4096
/** Nor an attribute with more. */
const largestAttribute = 1024

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
// The octets of RFC 6265, 4.1.1 without the percent sign, so that what is read back is what was written.
const encoded = /[^\x21\x23\x24\x26-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+/g
const domain = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/i
const path = /^\/[\x20-\x3a\x3c-\x7e]*$/

const boolean: Check = { isValid: (value) => typeof value === 'boolean', takes: 'true or false' }

/** What each attribute takes. */
export const attributeChecks: Readonly<Record<keyof CookieOptions, Check>> = {
  domain: {
    isValid: (value) => typeof value === 'string' && value.length <= 253 && domain.test(value),
    takes: 'a domain name in ASCII such as example.com, without a dot before it',
  },
  expires: {
    isValid: (value) => value instanceof Date && value.getTime() >= 0 && value.getTime() <= Date.now() + longest * 1000,
    takes: 'a Date from 1970 to 400 days ahead (RFC 6265bis, 5.5)',
  },
  httpOnly: boolean,
  maxAge: {
    isValid: (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= longest,
    takes: `a whole number of seconds from 0 to ${longest}, which is 400 days (RFC 6265bis, 5.5)`,
  },
  partitioned: boolean,
  path: {
    isValid: (value) => typeof value === 'string' && value.length <= largestAttribute && path.test(value),
    takes: `a path that begins with a slash, of at most ${largestAttribute} printable ASCII characters but the semicolon`,
  },
  priority: oneOf('High', 'Low', 'Medium'),
  sameSite: oneOf('Lax', 'None', 'Strict'),
  secure: boolean,
}

/**
 * What a name begins with demands something of the cookie: browsers drop one that has it not, whatever the letter case
 * (RFC 6265bis, 4.1.3; `__Http-` and `__Host-Http-` are of the draft on layered cookies).
 */
export const prefixes: readonly (readonly [prefix: string, demands: readonly (keyof CookieOptions)[]])[] = [
  ['__Host-', ['secure', 'path', 'domain']],
  ['__Host-Http-', ['httpOnly']],
  ['__Http-', ['secure', 'httpOnly']],
  ['__Secure-', ['secure']],
]

/** @throws HotpressError `COOKIE_INVALID` */
export function checkName(name: unknown): string {
  if (typeof name === 'string' && token.test(name) && name.length <= largest) return name
  return invalid(describe(name), 'name', name, 'a token (RFC 9110, 5.6.2)')
}

/**
 * A value as it stands in a cookie.
 *
 * @throws HotpressError `COOKIE_INVALID`, which does not show the value: it may be a secret, and errors go to logs.
 */
export function encodeValue(name: string, value: unknown): string {
  if (typeof value !== 'string') {
    const isShown = typeof value === 'object' || typeof value === 'undefined'
    return invalidAs(name, 'value', isShown ? describe(value) : `a ${typeof value}`, 'a string')
  }
  if (!value.isWellFormed()) {
    return invalidAs(name, 'value', 'half of a surrogate pair', 'a string with a form in UTF-8')
  }
  const text = value.replace(encoded, encodeURIComponent)
  if (name.length + text.length <= largest) return text
  const got = `${text.length} bytes, percent-encoded`
  return invalidAs(name, 'value', got, `${largest} bytes at most, together with the name (RFC 6265bis, 5.6)`)
}

/** @throws HotpressError `COOKIE_INVALID` */
export function invalid(cookie: string, attribute: string, value: unknown, takes: string): never {
  return invalidAs(cookie, attribute, describe(value), takes)
}

function invalidAs(cookie: string, attribute: string, got: string, takes: string): never {
  throw new HotpressError('COOKIE_INVALID', { attribute, cookie, got, takes })
}

function oneOf(...values: readonly string[]): Check {
  const quoted = values.map((value) => `'${value}'`)
  return {
    isValid: (value) => values.includes(value as string),
    takes: `${quoted.slice(0, -1).join(', ')} or ${quoted.at(-1)}`,
  }
}
