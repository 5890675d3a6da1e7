import { Buffer } from 'node:buffer'
import { parseDisposition, parseMediaType } from '../core/media-type.js'
import { multipartInvalid, multipartTooLarge } from './multipart-limits.js'

/** Header lines of a part, as the parser gives them: values by lower-case name, each byte a character. */
export type PartHeaders = Readonly<Record<string, readonly string[]>>

/** What the headers of a part say (RFC 7578, 4). */
export interface PartHead {
  /** Undefined for a field. */
  readonly filename: string | undefined
  readonly name: string
  readonly type: string | undefined
}

/** More header lines than this are no part of a form. */
export const mostPairs = 16

/** As much more than the limit the parser may keep that what was cut off is over the limit in any case. */
export const headerSlack: number = 4 * mostPairs

// RFC 7578, 4.7 takes the transfer encodings of mail out of forms: these change nothing.
const plainEncodings = new Set(['7bit', '8bit', 'binary'])

/**
 * @throws HttpError 400 `MULTIPART_INVALID`, 413 `MULTIPART_TOO_LARGE`
 */
export function readPartHead(headers: PartHeaders, limit: number): PartHead {
  const lines = Object.entries(headers).flatMap(([name, values]) => values.map((value) => [name, value] as const))
  const size = lines.reduce((sum, [name, value]) => sum + name.length + value.length + ':\r\n'.length, 0)
  if (size > limit) throw multipartTooLarge(limit, 'bytes in the headers of a part')
  if (lines.length >= mostPairs) throw multipartTooLarge(mostPairs - 1, 'headers in a part')

  const disposition = headers['content-disposition']
  if (disposition === undefined) throw multipartInvalid('a part has no Content-Disposition')
  const parsed = disposition.length === 1 ? parseDisposition(disposition[0]!) : undefined
  if (parsed === undefined) throw multipartInvalid('the Content-Disposition of a part is malformed')
  if (parsed.essence !== 'form-data') throw multipartInvalid('the Content-Disposition of a part is not form-data')
  const name = parsed.parameters.get('name')
  if (name === undefined) throw multipartInvalid('a part has no name')
  const encoding = headers['content-transfer-encoding']?.[0]?.trim().toLowerCase()
  if (encoding !== undefined && !plainEncodings.has(encoding)) {
    throw multipartInvalid('a part has a Content-Transfer-Encoding')
  }
  const type = headers['content-type']?.[0]?.trim()
  if (type !== undefined && parseMediaType(type) === undefined) {
    throw multipartInvalid('the Content-Type of a part is malformed')
  }
  const filename = parsed.parameters.get('filename')
  return {
    filename: filename === undefined ? extended(parsed.parameters.get('filename*')) : unescaped(filename),
    name: unescaped(name),
    type,
  }
}

// Browsers write a quote as %22, and names in UTF-8 (HTML, 4.10.21.8).
function unescaped(value: string): string {
  return Buffer.from(value, 'latin1').toString().replaceAll('%22', '"')
}

// RFC 8187, which forms should not use and some clients do.
function extended(value: string | undefined): string | undefined {
  if (value === undefined) return undefined
  const encoded = /^utf-8'[^']*'(.*)$/i.exec(value)?.[1]
  try {
    if (encoded !== undefined) return decodeURIComponent(encoded)
  } catch {
    // As malformed as what has another form.
  }
  throw multipartInvalid('the filename* of a part is malformed')
}
