import type { RequestEnd } from '../../core/observer.js'
import type { HttpRequest } from '../../core/request.js'
import type { HttpVersion } from '../../core/request-source.js'
import type { TraceIds } from '../../core/trace.js'

/** What a format needs of each request: what is not asked for in time may be gone with the answer. */
export interface Needs {
  /** Names in lower case. */
  readonly headers: readonly string[]
  readonly id: boolean
  readonly ip: boolean
  readonly peer: boolean
  readonly protocol: boolean
  /** Names in lower case. */
  readonly responseHeaders: readonly string[]
  readonly trace: boolean
}

/** How bad it is, by the numbers of pino. */
export type Level = 30 | 40 | 50

/** What is kept of a request until its line is made: texts and numbers, and nothing that holds more. */
export interface Entry {
  /** Of the answer's body. */
  bytes: number
  /** Whether the answer has closed its connection. */
  closes: boolean
  /** Milliseconds. */
  duration: number
  /** In the order of {@link Needs.headers}. */
  readonly headers: (string | undefined)[]
  id: string
  ip: string
  isAborted: boolean
  isSlow: boolean
  level: Level
  method: string
  /** What {@link LineFormat.own} has made. */
  own: string
  path: string
  peer: string
  protocol: 'http' | 'https'
  query: string
  /** While it is under way. */
  request: HttpRequest | undefined
  /** In the order of {@link Needs.responseHeaders}. */
  readonly responseHeaders: (string | undefined)[]
  route: string | undefined
  /** 0 where there was no answer. */
  status: number
  /** Milliseconds since 1970, at the end. */
  time: number
  trace: TraceIds | undefined
  version: HttpVersion
}

/** Makes lines, in ASCII. */
export interface LineFormat {
  readonly needs: Needs
  line(entry: Entry): string
  /** What functions of the app's own say of a request, when it ends; undefined where there are none. */
  readonly own: ((request: HttpRequest, end: RequestEnd) => string) | undefined
}

export function emptyEntry(): Entry {
  return {
    bytes: 0,
    closes: false,
    duration: 0,
    headers: [],
    id: '',
    ip: '',
    isAborted: false,
    isSlow: false,
    level: 30,
    method: '',
    own: '',
    path: '',
    peer: '',
    protocol: 'http',
    query: '',
    request: undefined,
    responseHeaders: [],
    route: undefined,
    status: 0,
    time: 0,
    trace: undefined,
    version: '1.1',
  }
}

/** The version of HTTP as a request line has it, such as `HTTP/2.0`. */
export function versionOf(version: HttpVersion): string {
  return version.length === 1 ? `HTTP/${version}.0` : `HTTP/${version}`
}
