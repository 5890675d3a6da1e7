import { Buffer } from 'node:buffer'
/** A part of a representation: from its first byte to its last, both in it. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/** More ranges than this have the whole sent: nobody needs them, and each costs a header of its own. */
export const mostRanges = 64

// Between two parts of a multipart body stands at least this much: a smaller gap is cheaper sent than left out.
const overhead = 80

const unit = /^bytes[ \t]*=[ \t]*/i
const spec = /^(?<first>\d*)-(?<last>\d*)$/

/**
 * Reads a Range header (RFC 9110, 14.2) for a representation of `size` bytes. Ranges that overlap, or nearly touch, are
 * made one; the others keep the order in which they were asked for.
 *
 * @returns the ranges, never none; undefined when the header is to be ignored (another unit, a malformed or an overlong
 * list), and `'unsatisfiable'` when no range has a byte in the representation.
 */
export function parseRanges(header: string, size: number): readonly ByteRange[] | 'unsatisfiable' | undefined {
  const start = unit.exec(header)
  if (start === null) return undefined
  const specs = header
    .slice(start[0].length)
    .split(',')
    .map((each) => each.trim())
    // Lists may have empty elements (RFC 9110, 5.6.1.2).
    .filter((each) => each !== '')
  if (specs.length === 0 || specs.length > mostRanges) return undefined
  const ranges: ByteRange[] = []
  for (const each of specs) {
    const found = spec.exec(each)?.groups
    if (found === undefined) return undefined
    const { first = '', last = '' } = found
    if (first === '' && last === '') return undefined
    if (first !== '' && last !== '' && Number(first) > Number(last)) return undefined
    const range = resolve(first, last, size)
    // A suffix of nothing is all of it, which no Content-Range can say.
    if (range === 'whole') return undefined
    if (range !== undefined) ranges.push(range)
  }
  if (ranges.length === 0) return 'unsatisfiable'
  return ranges.length === 1 ? ranges : coalesce(ranges)
}

function resolve(first: string, last: string, size: number): ByteRange | 'whole' | undefined {
  if (first === '') {
    const length = Math.min(Number(last), size)
    if (Number(last) > 0 && size === 0) return 'whole'
    return length === 0 ? undefined : { first: size - length, last: size - 1 }
  }
  const from = Number(first)
  if (from >= size) return undefined
  return { first: from, last: last === '' ? size - 1 : Math.min(Number(last), size - 1) }
}

function coalesce(ranges: readonly ByteRange[]): readonly ByteRange[] {
  const sorted = ranges.map((range, order) => ({ ...range, order })).sort((a, b) => a.first - b.first)
  const merged: { first: number; last: number; order: number }[] = []
  for (const range of sorted) {
    const before = merged.at(-1)
    if (before !== undefined && range.first <= before.last + overhead) {
      before.last = Math.max(before.last, range.last)
      before.order = Math.min(before.order, range.order)
    } else {
      merged.push({ ...range })
    }
  }
  return merged.sort((a, b) => a.order - b.order).map(({ first, last }) => ({ first, last }))
}

/** The value of Content-Range for a part. */
export function contentRange({ first, last }: ByteRange, size: number): string {
  return `bytes ${first}-${last}/${size}`
}

/** A `multipart/byteranges` body (RFC 9110, 14.6) without the bytes of its parts. */
export interface Multipart {
  /** What stands before each part. */
  readonly heads: readonly Buffer[]
  /** Bytes of the whole. */
  readonly length: number
  readonly tail: Buffer
  readonly type: string
}

/**
 * Frames parts.
 *
 * @param boundary a text that stands nowhere in the parts: a random one.
 */
export function frameParts(
  ranges: readonly ByteRange[],
  size: number,
  type: string | undefined,
  boundary: string,
): Multipart {
  const typeLine = type === undefined ? '' : `Content-Type: ${type}\r\n`
  const heads = ranges.map((range, index) =>
    Buffer.from(
      `${index === 0 ? '' : '\r\n'}--${boundary}\r\n${typeLine}Content-Range: ${contentRange(range, size)}\r\n\r\n`,
      'latin1',
    ),
  )
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1')
  const parts = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0)
  const length = heads.reduce((sum, head) => sum + head.byteLength, parts + tail.byteLength)
  return { heads, length, tail, type: `multipart/byteranges; boundary=${boundary}` }
}
