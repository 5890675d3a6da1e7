import type { ContentCoding } from './accept-encoding.js'

/** Compresses whole bodies, off the event loop. */
export interface Encoder {
  /** The codings that it has, in no order that matters. */
  readonly codings: readonly ContentCoding[]
  /**
   * The body in a coding.
   *
   * @param body is copied, or written to UTF-8, before the call returns: it may be changed at once.
   * @param signal gives the work up where it has not begun; the promise is rejected with the signal's reason.
   */
  encode(body: Uint8Array | string, coding: ContentCoding, signal?: AbortSignal): Promise<Uint8Array>
}
