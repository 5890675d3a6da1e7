import { invalid, refused } from '../core/options-check.js'
import type { HttpRequest } from '../core/request.js'

/** Decides about an origin. Only `true` allows it. */
export type OriginTest = (origin: string, request: HttpRequest) => boolean | Promise<boolean>

/**
 * An origin as a browser writes it (`'https://app.example.com'`), all subdomains of one (`'https://*.example.com'`), a
 * regular expression over the whole origin, or a function. `'null'` names what sandboxed and local pages have.
 */
export type CorsOrigin = OriginTest | RegExp | string

/** Which origins may read answers: `'*'` for any. */
export interface Origins {
  /** Whether every origin may, without a look at it. */
  readonly isAny: boolean
  /** Whether a function decides: its word is asked for once for each request. */
  readonly isAsked: boolean
  readonly test: OriginTest
}

/** All subdomains of a host: what an origin begins and ends with. */
type Wildcard = readonly [start: string, end: string]

const any: Origins = { isAny: true, isAsked: false, test: () => true }

// Scheme and authority, as somebody may write them.
const shape = /^([a-z][a-z0-9+.-]*):\/\/([^/?#@\s]+)$/
// As they are sent (RFC 6454, 6.2; hosts in ASCII). Nothing else is shown to a RegExp or function of the user's.
const sent = /^[a-z][a-z0-9+.-]*:\/\/[\w.:[\]-]+$/
const longest = 512
// In place of the star, for checks of the rest.
const standIn = 'wildcard-stands-here'
// Labels of a host and nothing else: no slash, colon or at sign can stand for part of a name.
const labels = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/

/**
 * Checks origins.
 *
 * @throws HotpressError `OPTION_INVALID` naming the origin, and what to write in its place.
 */
export function settleOrigins(given: unknown, option: string): Origins {
  const list: readonly unknown[] = Array.isArray(given) ? given : [given]
  if (list.includes('*')) {
    if (list.length > 1) refused(option, "'*' beside others", "'*' alone: it takes in all others")
    return any
  }
  const exact = new Set<string>()
  const expressions: RegExp[] = []
  const functions: OriginTest[] = []
  const wildcards: Wildcard[] = []
  for (const each of list) {
    if (typeof each === 'function') functions.push(each as OriginTest)
    // A flag of these would have it remember where it was.
    else if (each instanceof RegExp) expressions.push(new RegExp(each.source, each.flags.replace(/[gy]/g, '')))
    else if (typeof each !== 'string') {
      invalid(option, each, "an origin, '*', a RegExp, a function, or a list of them")
    } else if (each.includes('*')) wildcards.push(checkWildcard(each, option))
    else exact.add(checkOrigin(each, option))
  }
  const isListed = (origin: string): boolean =>
    exact.has(origin) ||
    (isOrigin(origin) &&
      (wildcards.some((wildcard) => isBelow(origin, wildcard)) || expressions.some((each) => each.test(origin))))
  if (functions.length === 0) return { isAny: false, isAsked: false, test: isListed }
  const test: OriginTest = (origin, request) =>
    isListed(origin) || (isOrigin(origin) && ask(functions, origin, request))
  return { isAny: false, isAsked: true, test }
}

// One after the other: the first that allows it is enough.
function ask(
  functions: readonly OriginTest[],
  origin: string,
  request: HttpRequest,
  from = 0,
): boolean | Promise<boolean> {
  for (let index = from; index < functions.length; index++) {
    const answer = functions[index]!(origin, request)
    if (answer === true) return true
    if (typeof answer === 'object' && answer !== null) {
      return Promise.resolve(answer).then((later) => later === true || ask(functions, origin, request, index + 1))
    }
  }
  return false
}

// `null` is none: what has no origin of its own is allowed by its name only.
function isOrigin(text: string): boolean {
  return text.length <= longest && sent.test(text)
}

function isBelow(origin: string, [start, end]: Wildcard): boolean {
  return (
    origin.length > start.length + end.length &&
    origin.startsWith(start) &&
    origin.endsWith(end) &&
    labels.test(origin.slice(start.length, -end.length))
  )
}

function checkOrigin(text: string, option: string): string {
  if (text === 'null') return text
  const problem = problemOf(text)
  if (problem !== undefined) refused(option, JSON.stringify(text), problem)
  return text
}

function checkWildcard(text: string, option: string): Wildcard {
  const [start = '', rest = '', ...others] = text.split('*')
  const host = rest.slice(1).replace(/:\d+$/, '')
  const isWildcard = others.length === 0 && start.endsWith('://') && rest.startsWith('.')
  if (!isWildcard || !(host.includes('.') || host === 'localhost')) {
    refused(option, JSON.stringify(text), "a star for whole labels in front of a domain: 'https://*.example.com'")
  }
  const problem = problemOf(`${start}${standIn}${rest}`)
  if (problem !== undefined) refused(option, JSON.stringify(text), problem.replaceAll(standIn, '*'))
  return [start, rest]
}

/** What is wrong with an origin: it is compared as a text with what browsers send (RFC 6454, 6.2). */
function problemOf(text: string): string | undefined {
  if (text.toLowerCase() === 'null') return "'null', as browsers send it"
  const trimmed = text.trim().replace(/\/+$/, '')
  if (trimmed !== text && shape.test(trimmed)) return `the origin without a slash or blank at its ends: '${trimmed}'`
  // The hosts of other schemes may be in any case.
  const lower = /^https?:/i.test(text) ? text.toLowerCase() : text.replace(/^[^:]*/, (scheme) => scheme.toLowerCase())
  if (lower !== text && shape.test(lower)) return `lower case, as browsers send it: '${lower}'`
  const [, scheme, authority = ''] = shape.exec(text) ?? []
  if (scheme === undefined) {
    if (!URL.canParse(text) || new URL(text).origin === 'null') {
      return "a scheme, '://' and a host, such as 'https://app.example.com'"
    }
    return `an origin, without a user, path or query: '${new URL(text).origin}'`
  }
  if (scheme !== 'http' && scheme !== 'https') {
    return sent.test(text)
      ? undefined
      : `a host of ASCII letters, digits, -, . and _, which ${JSON.stringify(authority)} is not`
  }
  if (!URL.canParse(text)) return `a valid host, which ${JSON.stringify(authority)} is not`
  const { origin } = new URL(text)
  return origin === text ? undefined : `what browsers send: '${origin}'`
}
