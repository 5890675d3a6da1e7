import { Buffer } from 'node:buffer'

// What a path may be written as and still mean the same to somebody on its way: a proxy, a file system, a handler that
// decodes once more. Each round undoes one layer of percent-encoding.
const rounds = 3

/** Whether a path has one spelling only: none of its bytes mean anything but themselves. */
export function isPlain(path: string): boolean {
  return !ambiguous.test(path)
}

const ambiguous = /[%\\;:]|\/[/.]|\.(?:\/|$)/

/**
 * What a path may be read as: percent-decoded up to three times, and after each round with backslashes as slashes,
 * `;parameters` and what Windows does not see taken away or left, dot segments resolved or left out. None has an empty or
 * a dot segment, so that matching takes time in proportion to the length.
 */
export function spellings(path: string): ReadonlySet<string> {
  const all = new Set<string>()
  let text = path
  for (let round = 0; ; round++) {
    const segments = text.split(/[/\\]/)
    for (const names of [segments, segments.map(trim), ...inUtf8(text)]) {
      const end = /^\.{0,2}$/.test(names.at(-1) ?? '') ? '/' : ''
      for (const read of [names.filter(isName), resolve(names)]) {
        const joined = `/${read.join('/')}`
        all.add(joined)
        if (end !== '' && joined !== '/') all.add(joined + end)
      }
    }
    const decoded = round === rounds ? text : decode(text)
    if (decoded === text) return all
    text = decoded
  }
}

// What is not ASCII, as a glob would have it.
function inUtf8(text: string): readonly (readonly string[])[] {
  if (!/[\x80-\xff]/.test(text)) return []
  const bytes = Buffer.from(text, 'latin1')
  return bytes.toString('latin1') === text ? [bytes.toString().split(/[/\\]/).map(trim)] : []
}

function isName(segment: string): boolean {
  return segment !== '' && segment !== '.' && segment !== '..'
}

// Bytes as characters, since nothing that is looked for is more than ASCII. Malformed escapes stay as they are, unlike
// with decodeURIComponent; IIS's %u002e and the overlong forms of UTF-8 stand for what lenient readers made of them.
function decode(text: string): string {
  if (!text.includes('%')) return text
  return text
    .replace(/%(?:u([0-9a-f]{4})|([0-9a-f]{2}))/gi, (_, long?: string, short?: string) =>
      String.fromCharCode(Number.parseInt(long ?? short ?? '', 16)),
    )
    .replace(/[\xc0\xc1][\x80-\xbf]|\xe0[\x80-\x81][\x80-\xbf]|\xf0\x80[\x80-\x81][\x80-\xbf]/g, overlong)
}

function overlong(bytes: string): string {
  const last = bytes.charCodeAt(bytes.length - 1) & 0x3f
  const before = bytes.charCodeAt(bytes.length - 2) & (bytes.length === 2 ? 0x1f : 0x3f)
  return String.fromCharCode((before << 6) | last)
}

// RFC 3986, 5.2.4.
function resolve(segments: readonly string[]): string[] {
  const names: string[] = []
  for (const segment of segments) {
    if (segment === '..') names.pop()
    else if (isName(segment)) names.push(segment)
  }
  return names
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the bytes that somebody ends a text at
const unseen = /[\x00-\x1f\x7f]/g

// What some reader does not see of a name: parameters, streams of files (`::$DATA`), what follows a NUL, other control
// characters, dots and spaces at its end.
function trim(segment: string): string {
  const nul = segment.indexOf('\0')
  const name = (nul < 0 ? segment : segment.slice(0, nul)).replace(unseen, '').replace(/[;:].*$/, '')
  if (name === '.' || name === '..') return name
  let end = name.length
  while (end > 0 && (name[end - 1] === '.' || name[end - 1] === ' ')) end--
  // What is nothing but dots and spaces is no name that is looked for.
  return end === 0 ? name : name.slice(0, end)
}
