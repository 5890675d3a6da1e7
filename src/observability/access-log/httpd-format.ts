import { refused } from '../../core/options-check.js'
import type { HttpRequest } from '../../core/request.js'
import { describe } from '../../errors.js'
import { LogClock } from './clock.js'
import { type Entry, type LineFormat, type Needs, versionOf } from './entry.js'
import { itemText } from './escape.js'
import { Memo } from './memo.js'
import { type Redaction, redacted } from './redact.js'

/** The formats that httpd's manual names. */
export const namedFormats: Readonly<Record<'combined' | 'common', string>> = {
  combined: '%h %l %u %t "%r" %>s %b "%{Referer}i" "%{User-agent}i"',
  common: '%h %l %u %t "%r" %>s %b',
}

/** What a format is made of beside its directives. */
export interface FormatParts {
  readonly redaction: Redaction
  /** Who has made a request, for `%u`; undefined where nobody says. */
  readonly user: ((request: HttpRequest) => string | undefined) | undefined
}

/** What a directive gives; a text where that is always the same. */
type Part = string | ((entry: Entry) => string)

/** What the directives of one format have in common as they are compiled. */
interface Compiling extends FormatParts {
  readonly clock: LogClock
  readonly needs: { -readonly [Name in keyof Needs]: Needs[Name] } & { headers: string[]; responseHeaders: string[] }
}

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Milliseconds. */
const units: ReadonlyMap<string, number> = new Map([
  ['ms', 1],
  ['s', 1000],
  ['us', 0.001],
])

/** Directives without an argument. */
const plain: Readonly<Record<string, (compiling: Compiling) => Part>> = {
  '%': () => '%',
  a: address,
  B:
    () =>
    ({ bytes }) =>
      String(bytes),
  b:
    () =>
    ({ bytes }) =>
      bytes === 0 ? '-' : String(bytes),
  D:
    () =>
    ({ duration }) =>
      String(Math.round(duration * 1000)),
  H:
    () =>
    ({ version }) =>
      versionOf(version),
  h: address,
  L: id,
  l: () => '-',
  m:
    () =>
    ({ method }) =>
      itemText(method),
  P: () => String(process.pid),
  q:
    ({ redaction }) =>
    ({ query }) =>
      query === '' ? '' : `?${itemText(redaction.query(query))}`,
  r: requestLine,
  s:
    () =>
    ({ status }) =>
      status === 0 ? '-' : String(status),
  T:
    () =>
    ({ duration }) =>
      String(Math.floor(duration / 1000)),
  t:
    ({ clock }) =>
    ({ duration, time }) =>
      clock.httpd(time - duration),
  U:
    () =>
    ({ path }) =>
      itemText(path),
  u: ({ user }) => (user === undefined ? '-' : ({ own }) => textOr(own)),
  X:
    () =>
    ({ closes, isAborted }) =>
      isAborted ? 'X' : closes ? '-' : '+',
}

/** Directives with an argument, by their letter. */
const withArgument: Readonly<Record<string, (argument: string, compiling: Compiling) => Part | undefined>> = {
  a: (argument, { needs }) => {
    if (argument !== 'c') return undefined
    needs.peer = true
    return ({ peer }) => textOr(peer)
  },
  i: requestHeader,
  n: (argument, compiling) => (Object.hasOwn(notes, argument) ? notes[argument]!(compiling) : undefined),
  o: responseHeader,
  T: (argument) => {
    const unit = units.get(argument)
    return unit === undefined ? undefined : ({ duration }) => String(Math.floor(duration / unit))
  },
  t: (argument) => {
    const unit = units.get(argument.replace(/ec$/, ''))
    return unit === undefined ? undefined : ({ duration, time }) => String(Math.floor((time - duration) / unit))
  },
}

/** What httpd has no letter for. */
const notes: Readonly<Record<string, (compiling: Compiling) => Part>> = {
  id,
  iso:
    ({ clock }) =>
    ({ duration, time }) =>
      clock.iso(Math.floor(time - duration)),
  route:
    () =>
    ({ route }) =>
      textOr(route),
  scheme: ({ needs }) => {
    needs.protocol = true
    return ({ protocol }) => protocol
  },
  slow:
    () =>
    ({ isSlow }) =>
      isSlow ? 'slow' : '-',
}

const takes = `a format of the directives ${Object.keys(plain)
  .map((letter) => `%${letter}`)
  .join(' ')} %>s %{c}a %{Header}i %{Header}o %{${Object.keys(notes).join('|')}}n %{ms|s|us}T %{msec|sec|usec}t`

/**
 * Compiles a format of Apache's httpd (mod_log_config).
 *
 * @param ending of each line.
 * @throws HotpressError `OPTION_INVALID` naming a directive that there is not.
 */
export function compileHttpdFormat(format: string, option: string, parts: FormatParts, ending: string): LineFormat {
  const { user } = parts
  if (/[^\x20-\x7e]/.test(format)) refused(option, describe(format), 'one line of ASCII')
  const needs = {
    headers: [],
    id: false,
    ip: false,
    peer: false,
    protocol: false,
    responseHeaders: [],
    trace: false,
  }
  const compiling: Compiling = { ...parts, clock: new LogClock(), needs }
  // What is always the same is put together here.
  const calls: { readonly before: string; readonly call: Exclude<Part, string> }[] = []
  let before = ''
  let at = 0
  const directives = [...format.matchAll(/%([<>]?)(?:\{([^}]*)\})?(.?)/g)]
  if (directives.length === 0) refused(option, describe(format), `'json', 'common', 'combined', or ${takes}`)
  for (const match of directives) {
    const [whole, modifier, argument, letter] = match
    before += format.slice(at, match.index)
    at = match.index + whole.length
    const part = modifier === '' || letter === 's' ? partOf(letter!, argument, compiling) : undefined
    if (part === undefined) refused(option, `the directive ${describe(whole)}`, takes)
    else if (typeof part === 'string') before += part
    else {
      calls.push({ before, call: part })
      before = ''
    }
  }
  const rest = before + format.slice(at) + ending
  return {
    line(entry) {
      let line = ''
      for (const { before, call } of calls) line += before + call(entry)
      return line + rest
    },
    needs,
    own: user && ((request) => user(request) ?? ''),
  }
}

function partOf(letter: string, argument: string | undefined, compiling: Compiling): Part | undefined {
  if (argument === undefined) return Object.hasOwn(plain, letter) ? plain[letter]!(compiling) : undefined
  return Object.hasOwn(withArgument, letter) ? withArgument[letter]!(argument, compiling) : undefined
}

function address({ needs }: Compiling): Part {
  needs.ip = true
  return ({ ip }) => textOr(ip)
}

function id({ needs }: Compiling): Part {
  needs.id = true
  return ({ id }) => id
}

function requestHeader(argument: string, { needs, redaction }: Compiling): Part | undefined {
  const name = argument.toLowerCase()
  if (!token.test(name)) return undefined
  const index = positionIn(needs.headers, name)
  if (redaction.hides(name)) return ({ headers }) => (headers[index] === undefined ? '-' : redacted)
  const memo = new Memo(name === 'referer' ? (value) => textOr(redaction.url(value)) : textOr)
  return ({ headers }) => {
    const value = headers[index]
    return value === undefined ? '-' : memo.of(value)
  }
}

function requestLine({ redaction }: Compiling): Part {
  return ({ method, path, query, version }) => {
    const url = query === '' ? path : `${path}?${redaction.query(query)}`
    return itemText(`${method} ${url} ${versionOf(version)}`)
  }
}

function responseHeader(argument: string, { needs, redaction }: Compiling): Part | undefined {
  const name = argument.toLowerCase()
  if (!token.test(name)) return undefined
  const index = positionIn(needs.responseHeaders, name)
  if (redaction.hides(name)) return ({ responseHeaders }) => (responseHeaders[index] === undefined ? '-' : redacted)
  return ({ responseHeaders }) => {
    const value = responseHeaders[index]
    return textOr(value === undefined || name !== 'location' ? value : redaction.url(value))
  }
}

function positionIn(names: string[], name: string): number {
  if (!names.includes(name)) names.push(name)
  return names.indexOf(name)
}

function textOr(text: string | undefined): string {
  return text === undefined || text === '' ? '-' : itemText(text)
}
