import type { Meter } from './metric.js'
import type { RequestObserver } from './observer.js'

/** Paths: themselves, or all that begin as one of them. */
export interface PathList {
  readonly beginnings: readonly string[]
  readonly exact: readonly string[]
}

/** What a transport needs to make the lines of its requests by itself. Texts are ASCII, and stand in lines as they are. */
export interface LineTemplate {
  /** What ends a line of a request that was aborted, and any other. */
  readonly aborted: string
  readonly completed: string
  /** Headers of requests: their names in lower case, what stands before their values, and how these are written. */
  readonly headers: readonly {
    readonly kind: 'hidden' | 'plain' | 'url'
    readonly member: string
    readonly name: string
  }[]
  /** Parameters of queries whose values are credentials, in lower case. */
  readonly keys: readonly string[]
  /** The only paths that have lines; all without. */
  readonly only?: PathList
  /** What stands between the time and the id of the request. */
  readonly process: string
  /** Paths that have none. */
  readonly skip?: PathList
  /** Milliseconds from which on a request is slow. */
  readonly slow?: number
  /** What names the pattern of a route. */
  routeMember(pattern: string): string
}

/** Lines that a transport has made. */
export interface LineSource {
  /** Whether requests are under way, whose lines are to come. */
  readonly isBusy: boolean
  /** How many lines {@link take} has moved the last time. */
  readonly lines: number
  /** Bytes that wait. */
  readonly size: number
  /** Moves as many whole lines as there is room for, from the byte `at` on, and says how many bytes they are. */
  take(into: Uint8Array, at: number): number
}

/** A log that takes lines of transports. */
export interface LineLog {
  readonly template: LineTemplate
  /** Takes the lines of a transport from now on, until what is returned is called. */
  attach(source: LineSource): () => void
  /** Lines will wait in a source: they are taken after the time that lines wait for others. */
  expect(): void
  /** Takes what waits in the sources. */
  take(): void
}

/** A log of requests, which begins with its app and ends after the last of them. */
export interface RequestLog extends RequestObserver {
  /** The most milliseconds that {@link close} takes. */
  readonly closeTime: number
  /** Where its lines need nothing of the app: transports may make them. */
  readonly lineLog?: LineLog | undefined
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
