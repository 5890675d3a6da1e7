import type { HeaderPairs } from '../core/headers.js'
import { listHolds, parseHttpDate } from './validators.js'

/** What of a request decides how a file is answered; undefined where it is not there. */
export interface FileFields {
  acceptEncoding: string | undefined
  ifMatch: string | undefined
  ifModifiedSince: string | undefined
  ifNoneMatch: string | undefined
  ifRange: string | undefined
  ifUnmodifiedSince: string | undefined
  /** Whether any of the preconditions of RFC 9110, 13.1 but If-Range is there. */
  isConditional: boolean
  range: string | undefined
}

/** What the representation that would be sent says of its version. */
export interface Validators {
  /** With its quotes, and always strong; undefined where none is sent. */
  readonly etag: string | undefined
  /** Seconds; undefined where no date is sent. */
  readonly modified: number | undefined
}

/** Reads them in one walk; names are lower-case. Of a field that is there twice all lines count, as one list. */
export function readFields(headers: HeaderPairs): FileFields {
  const fields: FileFields = {
    acceptEncoding: undefined,
    ifMatch: undefined,
    ifModifiedSince: undefined,
    ifNoneMatch: undefined,
    ifRange: undefined,
    ifUnmodifiedSince: undefined,
    isConditional: false,
    range: undefined,
  }
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index]!
    const first = name.charCodeAt(0)
    // a, i and r: most names begin with something else, and need not be compared.
    if (first !== 0x61 && first !== 0x69 && first !== 0x72) continue
    const key = keys.get(name)
    if (key === undefined) continue
    const before = fields[key]
    fields[key] = before === undefined ? headers[index + 1]! : `${before}, ${headers[index + 1]!}`
    if (first === 0x69 && key !== 'ifRange') fields.isConditional = true
  }
  return fields
}

const keys: ReadonlyMap<string, Exclude<keyof FileFields, 'isConditional'>> = new Map([
  ['accept-encoding', 'acceptEncoding'],
  ['if-match', 'ifMatch'],
  ['if-modified-since', 'ifModifiedSince'],
  ['if-none-match', 'ifNoneMatch'],
  ['if-range', 'ifRange'],
  ['if-unmodified-since', 'ifUnmodifiedSince'],
  ['range', 'range'],
])

/**
 * What the preconditions of a GET or HEAD come to, in the order of RFC 9110, 13.2.2.
 *
 * @returns the status to answer with, or undefined to go on.
 */
export function precondition(fields: FileFields, { etag, modified }: Validators): 304 | 412 | undefined {
  const { ifMatch, ifModifiedSince, ifNoneMatch, ifUnmodifiedSince } = fields
  if (ifMatch !== undefined) {
    if (!listHolds(ifMatch, etag, false)) return 412
  } else if (ifUnmodifiedSince !== undefined && modified !== undefined) {
    const since = parseHttpDate(ifUnmodifiedSince)
    if (since !== undefined && modified > since) return 412
  }
  if (ifNoneMatch !== undefined) return listHolds(ifNoneMatch, etag, true) ? 304 : undefined
  if (ifModifiedSince !== undefined && modified !== undefined) {
    const since = parseHttpDate(ifModifiedSince)
    if (since !== undefined && modified <= since) return 304
  }
  return undefined
}

/**
 * Whether a range may be sent of this representation: what If-Range names must be it, by a strong tag or a date that is
 * as good as one (RFC 9110, 13.1.5).
 */
export function rangeHolds(ifRange: string | undefined, { etag, modified }: Validators, now: number): boolean {
  if (ifRange === undefined) return true
  if (ifRange.endsWith('"')) return ifRange === etag
  const date = parseHttpDate(ifRange)
  // A file changed within this very second may change again before it is over (RFC 9110, 8.8.2.2).
  return date !== undefined && date === modified && now / 1000 - modified >= 1
}
