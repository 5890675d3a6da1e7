import type { RequestEnd } from '../../core/observer.js'
import type { HttpRequest } from '../../core/request.js'
import type { HttpVersion } from '../../core/request-source.js'

/** What a format needs of each request when it comes: what is not asked for then may be gone with the answer. */
export interface Needs {
  /** Names in lower case. */
  readonly headers: readonly string[]
  readonly id: boolean
  readonly ip: boolean
  readonly peer: boolean
  readonly protocol: boolean
}

/** What is kept of a request from when it came until its line is written. */
export interface Entry {
  /** In the order of {@link Needs.headers}. */
  readonly headers: (string | undefined)[]
  id: string
  ip: string
  peer: string
  protocol: 'http' | 'https'
  query: string
  request: HttpRequest | undefined
  version: HttpVersion
}

/** How bad it is, by the numbers of pino. */
export type Level = 30 | 40 | 50

/** What has become of a request. */
export interface Outcome {
  readonly end: RequestEnd
  readonly isSlow: boolean
  readonly level: Level
  /** Milliseconds since 1970, at the end. */
  readonly time: number
}

/** Makes lines, in ASCII and without their end. */
export interface LineFormat {
  readonly needs: Needs
  line(entry: Entry, request: HttpRequest, outcome: Outcome): string
}

/** The version of HTTP as a request line has it, such as `HTTP/2.0`. */
export function versionOf(version: HttpVersion): string {
  return version.length === 1 ? `HTTP/${version}.0` : `HTTP/${version}`
}
