import type { ContentCoding } from './accept-encoding.js'
import type { HttpResponse } from './response.js'

const numbers: Readonly<Record<ContentCoding, number>> = { br: 1, gzip: 2, zstd: 3 }

const later = new WeakMap<HttpResponse, number>()

/**
 * Has a transport compress the body of a response, whose headers tell of the coding already. Where that makes it no smaller,
 * it is sent as it is, without `Content-Encoding`; unless the client takes nothing else.
 */
export function codeLater(response: HttpResponse, coding: ContentCoding, level: number, isRequired: boolean): void {
  later.set(response, (numbers[coding] << 8) | (level << 12) | (isRequired ? 1 << 20 : 0))
}

/** What {@link codeLater} has said, as the flags of an answer (`native/src/bridge/values.rs`); 0 without. */
export function laterCoding(response: HttpResponse): number {
  return later.get(response) ?? 0
}
