import { HotpressError } from '../errors.js'

/** A route pattern, taken apart. */
export interface Pattern {
  /** The names of the parameters, in order; the wildcard, when there is one, is the last. */
  readonly names: readonly string[]
  /**
   * The pattern with each parameter as `:` and a wildcard as `*`, and literal segments as they are on the wire. Two
   * patterns of one shape match the same paths: it is what the matchers take.
   */
  readonly shape: string
  /** The pattern as written. */
  readonly text: string
}

type Segment<Text extends string> = Text extends `:${infer Name}`
  ? Name
  : Text extends `*${infer Name}`
    ? Name extends ''
      ? '*'
      : Name
    : never

type Names<Text extends string> = Text extends `${infer Head}/${infer Tail}`
  ? Segment<Head> | Names<Tail>
  : Segment<Text>

/**
 * The parameters of a pattern, by name.
 *
 * @example
 * type P = PathParams<'/users/:id/files/*path'> // { readonly id: string; readonly path: string }
 */
export type PathParams<Text extends string> = string extends Text
  ? Readonly<Record<string, string>>
  : { readonly [Name in Names<Text>]: string }

// As many as the matchers have room for in their offsets.
const mostParams = 32

const name = /^[A-Za-z_][A-Za-z0-9_]*$/

/**
 * Parses a route pattern: the one place that knows its grammar.
 *
 * - `/users/:id`: a segment that begins with `:` is a parameter, one or more bytes up to the next `/`.
 * - `/files/*path`: a last segment that begins with `*` takes the rest, slashes included, and may be empty; its name
 *   may be left out, and is `*` then.
 * - Everything else is literal, byte for byte. What is not ASCII is percent-encoded as clients send it.
 *
 * @throws HotpressError `PATTERN_INVALID` with the reason.
 */
export function parsePattern(text: string): Pattern {
  const fail = (reason: string): never => {
    throw new HotpressError('PATTERN_INVALID', { pattern: JSON.stringify(text), reason })
  }
  if (typeof text !== 'string' || !text.startsWith('/')) fail('it must begin with a /')
  const names: string[] = []
  const segments = text.slice(1).split('/')
  const shape = segments.map((segment, index) => {
    const kind = segment[0]
    if (kind !== ':' && kind !== '*') return literal(segment, fail)
    const rest = segment.slice(1)
    if (kind === '*' && index !== segments.length - 1) fail('a * may only begin the last segment')
    const isUnnamed = kind === '*' && rest === ''
    const label = isUnnamed ? '*' : rest
    if (!isUnnamed && !name.test(label)) {
      fail(`${JSON.stringify(segment)} is not a parameter: a name is letters, digits and _ (no expressions, no ?)`)
    }
    if (names.includes(label)) fail(`the parameter ${label} is there twice`)
    names.push(label)
    return kind
  })
  if (names.length > mostParams) fail(`it has ${names.length} parameters, and ${mostParams} is the most`)
  return { names, shape: `/${shape.join('/')}`, text }
}

function literal(segment: string, fail: (reason: string) => never): string {
  if (/[?#]/.test(segment)) fail('a path has neither ? nor #')
  if (!segment.isWellFormed()) fail('it holds half a surrogate pair')
  return segment.replace(/[^\x21-\x7e]+/g, encodeURIComponent)
}

/**
 * Puts a group's prefix before a pattern: `/admin` and `/users` give `/admin/users`, and the pattern `/` stands for
 * the prefix itself.
 */
export function joinPatterns(prefix: string, pattern: string): string {
  if (prefix === '') return pattern
  return pattern === '/' ? prefix : prefix + pattern
}

const method = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/**
 * Checks a method's name.
 *
 * @throws HotpressError `METHOD_INVALID`
 */
export function checkMethod(text: string): string {
  if (typeof text !== 'string' || !method.test(text)) {
    throw new HotpressError('METHOD_INVALID', { got: JSON.stringify(text) ?? String(text) })
  }
  return text
}

/**
 * Parses the `:method/path` form: `:get/users/:id`. The method is made upper-case.
 *
 * @throws HotpressError `PATTERN_INVALID`
 */
export function parseMethodPattern(text: string): { method: string; path: string } {
  const match = typeof text === 'string' ? /^:([^/]+)(\/.*)$/s.exec(text) : null
  if (match === null) {
    const reason = 'this form is a colon, a method and a path, such as ":get/users"'
    throw new HotpressError('PATTERN_INVALID', { pattern: JSON.stringify(text) ?? String(text), reason })
  }
  return { method: checkMethod(match[1]!.toUpperCase()), path: match[2]! }
}
