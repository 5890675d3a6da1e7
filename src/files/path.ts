/** A path below a folder, as a request has spelled it. */
export type PathReading =
  /** Undefined `redirect`: it is spelled as it should be. `name` is decoded, its segments joined by `/`. */
  | { readonly name: string; readonly redirect: string | undefined; readonly refused?: undefined }
  | { readonly refused: string }

// What a segment holds as it is; everything else is percent-encoded, as browsers and the router do it.
const encoded = /[^A-Za-z0-9\-._~!$&'()*+,;=:@[\]|]/gu
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the bytes that must not be there
const controls = /[\x00-\x1f\x7f]/
// What Windows takes for a device whatever its extension (Microsoft, "Naming Files, Paths, and Namespaces").
const device = /^(?:aux|con|conin\$|conout\$|nul|prn|(?:com|lpt)[0-9\u00b9\u00b2\u00b3]) *(?:[.:]|$)/i
const driveOrStream = /^[A-Za-z]:|::|:\$/
const onWindows = process.platform === 'win32'

/**
 * Reads the path of a request below the place where files are served: what it names, or why it names nothing. What is
 * dangerous on one platform is refused on all, so that a tree is the same tree everywhere.
 *
 * Every file has one spelling. Whatever is spelled otherwise and means the same is given with the spelling to redirect
 * to, so that a route or a guard on that path sees the request: percent-encoding is undone once, never twice.
 *
 * @param raw what follows the prefix and its slash, escapes and all.
 */
export function readPath(raw: string, dotfiles: 'ignore' | 'serve'): PathReading {
  if (raw === '') return { name: '', redirect: undefined }
  const segments = raw.split('/')
  const isFolder = segments.at(-1) === ''
  if (isFolder) segments.pop()
  let name = ''
  let canonical = ''
  for (const [index, segment] of segments.entries()) {
    const text = segment.includes('%') ? decode(segment) : segment
    const refused = text === undefined ? 'an escape that is malformed' : wrong(text)
    if (refused !== undefined || text === undefined) return { refused: refused ?? '' }
    if (dotfiles === 'ignore' && text.startsWith('.') && !(index === 0 && text === '.well-known')) {
      return { refused: 'a name that begins with a dot' }
    }
    const slash = index === 0 ? '' : '/'
    name += slash + text
    canonical += slash + encodeSegment(text)
  }
  if (isFolder) canonical += '/'
  return { name: isFolder ? `${name}/` : name, redirect: canonical === raw ? undefined : canonical }
}

/** A name as one segment of a path, in the spelling that {@link readPath} takes as it is. */
export function encodeSegment(name: string): string {
  return name.replace(encoded, encodeURIComponent)
}

/** Why a name is never one of a file that is served; undefined where it may be. */
export function wrong(name: string): string | undefined {
  if (name === '') return 'an empty segment'
  if (name === '.' || name === '..') return 'a dot segment'
  if (name.includes('/')) return 'an encoded slash'
  if (name.includes('\\')) return 'a backslash'
  if (controls.test(name)) return 'a control character'
  if (!name.isWellFormed()) return 'half a surrogate pair'
  if (driveOrStream.test(name) || (onWindows && name.includes(':'))) return 'a drive or a stream of a file'
  if (name.endsWith('.') || name.endsWith(' ')) return 'a name that ends in a dot or a space'
  if (device.test(name)) return 'the name of a device'
  return undefined
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment)
  } catch {
    return undefined
  }
}
