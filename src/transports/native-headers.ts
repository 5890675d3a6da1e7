// Spaces and tabs only: trim() would take a no-break space of Latin-1 too.
const padding = /^[ \t]+|[ \t]+$/g

/** Header lines as names, in lower case, and values. What is malformed has been refused before. */
export function parseHeaders(text: string): string[] {
  const pairs: string[] = []
  let start = 0
  while (start < text.length) {
    const end = text.indexOf('\r\n', start)
    const colon = text.indexOf(':', start)
    pairs.push(text.slice(start, colon).toLowerCase(), text.slice(colon + 1, end).replace(padding, ''))
    start = end + 2
  }
  return pairs
}
