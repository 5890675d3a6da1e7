import { parseCookie } from 'cookie'
import type { HeaderPairs } from './headers.js'

/** Cookies of a request by name. It has no members but cookies: `constructor` is one only where the client sent it. */
export type Cookies = Readonly<Record<string, string | undefined>>

const options = { decode }

/**
 * The cookies of a request (RFC 6265, 5.4 and what servers make of it): of two with one name the first, which is the one
 * with the longer path; without quotes around a value; percent-decoded where that gives UTF-8, and as sent where not.
 * What has no name is left out.
 *
 * @param pairs the request's headers; several lines of cookies are as one (RFC 9113, 8.2.3).
 */
export function readCookies(pairs: HeaderPairs): Cookies {
  const cookies = parseCookie(joined(pairs), options)
  // `=value` has the empty name, which a browser sends as if `value` were the pair: it can pose as another cookie.
  delete cookies['']
  return cookies
}

function joined(pairs: HeaderPairs): string {
  let header = ''
  for (let index = 0; index < pairs.length; index += 2) {
    if (pairs[index] === 'cookie') header = header === '' ? pairs[index + 1]! : `${header}; ${pairs[index + 1]}`
  }
  return header
}

function decode(value: string): string {
  const isQuoted = value.length > 1 && value.startsWith('"') && value.endsWith('"')
  const bare = isQuoted ? value.slice(1, -1) : value
  if (!bare.includes('%')) return bare
  try {
    return decodeURIComponent(bare)
  } catch {
    return bare
  }
}
