import type { ContentCoding } from './accept-encoding.js'

/** Compresses whole bodies, off the event loop. */
export interface Encoder {
  /** The codings that it has. */
  readonly codings: readonly ContentCoding[]
  /**
   * The body in a coding; undefined when too many bodies wait already, and this one is to be sent as it is.
   *
   * @param body must not change until the promise is settled.
   * @param signal gives the work up where it has not begun; the promise is rejected with the signal's reason.
   */
  encode(body: Uint8Array | string, coding: ContentCoding, signal?: AbortSignal): Promise<Uint8Array | undefined>
}
