/** A media type as `Content-Type` names it (RFC 9110, 8.3.1). */
export interface MediaType {
  /** The type and the subtype, in lower case: `text/html`. */
  readonly essence: string
  /** By lower-case name; the first of several of one name. */
  readonly parameters: ReadonlyMap<string, string>
}

const essence = /^[ \t]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*(?:;|$)/
// One parameter, or nothing between two semicolons (RFC 9110, 5.6.6). A quoted string ends at the first quote that is not
// escaped, and no byte can be read in two ways, so that a long value takes no more than one walk.
const parameter =
  /[ \t]*(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)=(?:([!#$%&'*+\-.^_`|~0-9A-Za-z]+)|"((?:[^"\\]|\\.)*)")[ \t]*)?(?:;|$)/y

/** Reads a `Content-Type`, or what has its form; undefined for what is malformed. */
export function parseMediaType(value: string): MediaType | undefined {
  return parseParameters(value, essence)
}

const disposition = /^[ \t]*([!#$%&'*+\-.^_`|~0-9A-Za-z]+)[ \t]*(?:;|$)/

/** The same for a value such as that of `Content-Disposition`: a token, and parameters. */
export function parseDisposition(value: string): MediaType | undefined {
  return parseParameters(value, disposition)
}

function parseParameters(value: string, start: RegExp): MediaType | undefined {
  const match = start.exec(value)
  if (match === null) return undefined
  const parameters = new Map<string, string>()
  let at = match[0].length
  while (at < value.length) {
    parameter.lastIndex = at
    const found = parameter.exec(value)
    if (found === null) return undefined
    const [all, name, token, quoted] = found
    at += all.length
    const key = name?.toLowerCase()
    if (key === undefined || parameters.has(key)) continue
    parameters.set(key, token ?? quoted!.replace(/\\(.)/g, '$1'))
  }
  return { essence: match[1]!.toLowerCase(), parameters }
}

/** Whether the text of a body of this type is UTF-8, as far as the type says. */
function isUtf8({ parameters }: MediaType): boolean {
  const charset = parameters.get('charset')?.toLowerCase()
  return charset === undefined || charset === 'utf-8' || charset === 'utf8'
}

// Clients of one service send one and the same type; the last that was found right is not looked at again.
let lastJson = 'application/json'

/** Whether a `Content-Type` is that of JSON in UTF-8: `application/json`, or any with the suffix `+json` (RFC 6839, 3.1). */
export function isJsonType(value: string): boolean {
  if (value === lastJson) return true
  const type = parseMediaType(value)
  if (type === undefined || !isUtf8(type)) return false
  if (type.essence !== 'application/json' && !type.essence.endsWith('+json')) return false
  lastJson = value
  return true
}

/** Whether a `Content-Type` is that of a form in UTF-8 that is no multipart. */
export function isFormType(value: string): boolean {
  const type = parseMediaType(value)
  return type?.essence === 'application/x-www-form-urlencoded' && isUtf8(type)
}
