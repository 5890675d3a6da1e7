import { parseCookie } from 'cookie'

/** Cookies of a request by name. It has no members but cookies: `constructor` is one only where the client sent it. */
export type Cookies = Readonly<Record<string, string | undefined>>

const options = { decode }
const quote = 0x22

/**
 * The cookies of a request (RFC 6265, 5.4 and what servers make of it): of two with one name the first, which is the one
 * with the longer path; without quotes around a value; percent-decoded where that gives UTF-8, and as sent where not.
 * What has no name is left out.
 *
 * @param header all lines of `Cookie` as one.
 */
export function readCookies(header = ''): Cookies {
  if (header !== lastHeader) {
    lastHeader = header
    last = undefined
    return parse(header)
  }
  // Frozen, since several requests have it.
  last ??= Object.freeze(parse(header))
  return last
}

// A client sends a page's requests in a row, with the same cookies: those of the last request are not parsed again. To
// find out costs the others a comparison.
let last: Cookies | undefined
let lastHeader: string | undefined

function parse(header: string): Cookies {
  const cookies = parseCookie(header, options)
  // `=value` has the empty name, which a browser sends as if `value` were the pair: it can pose as another cookie.
  delete cookies['']
  return cookies
}

function decode(value: string): string {
  const bare = value.charCodeAt(0) === quote && value.length > 1 && value.endsWith('"') ? value.slice(1, -1) : value
  if (!bare.includes('%')) return bare
  try {
    return decodeURIComponent(bare)
  } catch {
    return bare
  }
}
