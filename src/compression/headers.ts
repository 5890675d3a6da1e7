import type { ContentCoding } from '../core/accept-encoding.js'
import type { HttpResponse } from '../core/response.js'

// A body that is coded already or is a part of one; and digests, which are of the bytes as they are.
const kept = new Set(['content-digest', 'content-encoding', 'content-md5', 'content-range', 'digest', 'repr-digest'])

const noTransform = /(?:^|,)[ \t]*no-transform[ \t]*(?:,|$)/i

/** Whether the headers of a response forbid that its body is changed. */
export function forbidsCompression(headers: readonly string[]): boolean {
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index]!.toLowerCase()
    if (kept.has(name)) return true
    // RFC 9111, 5.2.2.6.
    if (name === 'cache-control' && noTransform.test(headers[index + 1]!)) return true
  }
  return false
}

/** Sets the headers of a response whose body is in a coding now. */
export function describeCoding(response: HttpResponse, coding: ContentCoding): void {
  response.header('Content-Encoding', coding)
  if (response.headers!.length === 2) return
  // It is the length of the other form. Of whole bodies the transport knows it.
  response.remove('Content-Length')
  // Ranges would be of bytes that are made anew each time.
  response.remove('Accept-Ranges')
  const etag = response.header('ETag')
  // Not the same bytes any more, though the same thing (RFC 9110, 8.8.1).
  if (etag?.startsWith('"')) response.header('ETag', `W/${etag}`)
}
