import type { Meter } from './metric.js'
import type { RequestObserver } from './observer.js'

/** A log of requests, which begins with its app and ends after the last of them. */
export interface RequestLog extends RequestObserver {
  /** The most milliseconds that {@link close} takes. */
  readonly closeTime: number
  readonly meter: Meter
  /**
   * Writes what waits.
   *
   * @param signal aborted when the time for it is over.
   */
  close(signal: AbortSignal): Promise<void>
  /** @throws HotpressError `ACCESS_LOG_UNAVAILABLE` */
  open(): void
}
