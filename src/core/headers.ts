import { describe, HotpressError } from '../errors.js'

/** Header names and values one after the other, in the order and letter case in which they were given. */
export type HeaderPairs = readonly string[]

/** Response headers as a user may give them. */
export type HeadersInit = Readonly<Record<string, string | readonly string[]>>

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const plain = /^[\t\x20-\x7e]*$/
const latin1 = /^[\t\x20-\x7e\x80-\xff]*$/

// The transport writes these from what it knows about the connection and the body; a second one would be a
// second framing of the same message (RFC 9112, 6.3).
const owned = new Set(['connection', 'date', 'keep-alive', 'transfer-encoding'])

// Names that were found valid, with their lower-case forms. Bounded: names may come from requests (a gateway's
// upstream, a handler that echoes), and then this must not grow with them.
const known = new Map<string, string>()
const mostKnown = 1_000

/**
 * The lower-case form of a response header's name.
 *
 * @throws HotpressError `HEADER_INVALID` when it is not a token (RFC 9110, 5.1), or belongs to the transport.
 */
export function headerName(name: string): string {
  const lower = known.get(name)
  return lower ?? admit(name)
}

function admit(name: string): string {
  if (typeof name !== 'string' || !token.test(name)) {
    throw new HotpressError('HEADER_INVALID', { name: describe(name), reason: 'a name is a token (RFC 9110, 5.1)' })
  }
  const lower = name.toLowerCase()
  if (owned.has(lower)) {
    throw new HotpressError('HEADER_INVALID', { name, reason: 'the transport writes it (see response.close())' })
  }
  if (known.size < mostKnown) known.set(name, lower)
  return lower
}

/**
 * Checks a response header's value: no CR, LF, NUL or other control (they would split the response), and nothing
 * beyond Latin-1 (it has no form on the wire).
 *
 * @returns whether the value is plain ASCII; the other bytes of Latin-1 need a writer's care.
 * @throws HotpressError `HEADER_INVALID` naming the header.
 */
export function checkHeaderValue(name: string, value: string): boolean {
  if (typeof value !== 'string') {
    throw new HotpressError('HEADER_INVALID', { name, reason: `a value is a string, and this is ${describe(value)}` })
  }
  if (plain.test(value)) return true
  if (latin1.test(value)) return false
  const control = /[^\t\x20-\x7e\x80-\xff]/.exec(value)?.[0] ?? ''
  const code = control.charCodeAt(0)
  throw new HotpressError('HEADER_INVALID', {
    name,
    reason:
      code > 0xff
        ? `its value holds ${JSON.stringify(control)}: encode what is not Latin-1 (RFC 8187)`
        : `its value holds the control byte 0x${code.toString(16).padStart(2, '0')} (RFC 9110, 5.5)`,
  })
}

/** The first value of a header in a list of pairs whose names are lower-case. */
export function findHeader(pairs: HeaderPairs, lower: string): string | undefined {
  for (let index = 0; index < pairs.length; index += 2) {
    if (pairs[index] === lower) return pairs[index + 1]
  }
  return undefined
}

/** Takes every line of a response's header away, from an index on. */
export function dropLines(headers: string[] | undefined, lower: string, from: number): void {
  if (headers === undefined) return
  for (let index = headers.length - 2; index >= from; index -= 2) {
    if (headerName(headers[index]!) === lower) headers.splice(index, 2)
  }
}

/** Where a response has its first line of a header, names in any letter case; -2 where it has none. */
export function findLine(headers: readonly string[] | undefined, lower: string): number {
  if (headers === undefined) return -2
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index]!
    if (name.length === lower.length && headerName(name) === lower) return index
  }
  return -2
}

/** All lines of a header as one (RFC 9110, 5.3), cookies by `; ` (RFC 9113, 8.2.3). */
export function joinHeader(pairs: HeaderPairs, lower: string): string | undefined {
  let all: string | undefined
  for (let index = 0; index < pairs.length; index += 2) {
    if (pairs[index] === lower) all = all === undefined ? pairs[index + 1] : joined(lower, all, pairs[index + 1]!)
  }
  return all
}

function joined(name: string, before: string, value: string): string {
  return `${before}${name === 'cookie' ? '; ' : ', '}${value}`
}

class Fields {}
// Without Object.prototype, a header called `constructor` is only a header; unlike Object.create(null), a class with
// such a prototype keeps V8's fast properties.
Object.setPrototypeOf(Fields.prototype, null)
Reflect.deleteProperty(Fields.prototype, 'constructor')

/**
 * Request headers as a record by lower-case name; repeated fields are joined as RFC 9110, 5.3 says, cookies by `; `
 * (RFC 9113, 8.2.3).
 */
export function headerRecord(pairs: HeaderPairs): Readonly<Record<string, string>> {
  const record = new Fields() as Record<string, string>
  for (let index = 0; index < pairs.length; index += 2) {
    const name = pairs[index]!
    const value = pairs[index + 1]!
    const before = record[name]
    record[name] = before === undefined ? value : joined(name, before, value)
  }
  return record
}
