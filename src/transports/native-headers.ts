// Spaces and tabs only: trim() would take a no-break space of Latin-1 too.
const padding = /^[ \t]+|[ \t]+$/g

/** Longer names are not asked of the core. */
export const longestName = 254

/** The bit of a header's name, in lower case, among those that the core gathers: `native/src/http/names.rs`. */
export function nameBit(lower: string): number {
  const last = lower.length - 1
  return 1 << ((lower.length + 18 * (lower.charCodeAt(0) | 0x20) + 7 * (lower.charCodeAt(last) | 0x20)) & 31)
}

/** Header lines as names, in lower case, and values. What is malformed has been refused before. */
export function parseHeaders(text: string): string[] {
  const pairs: string[] = []
  let start = 0
  while (start < text.length) {
    const end = text.indexOf('\r\n', start)
    // A pseudo-header begins with one.
    const colon = text.indexOf(':', start + 1)
    pairs.push(text.slice(start, colon).toLowerCase(), text.slice(colon + 1, end).replace(padding, ''))
    start = end + 2
  }
  return pairs
}
