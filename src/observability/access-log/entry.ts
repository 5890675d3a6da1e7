import type { RequestEnd } from '../../core/observer.js'
import { type HttpRequest, sourceOf } from '../../core/request.js'
import type { HttpVersion, RequestSource } from '../../core/request-source.js'
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

const noHeaders: readonly (string | undefined)[] = []

/** What is kept of a request until its line is made: texts and numbers, and nothing that holds more. */
export class Entry {
  /** Of the answer's body. */
  bytes: number
  /** Whether the answer has closed its connection. */
  closes: boolean
  /** Milliseconds. */
  duration: number
  /** In the order of {@link Needs.headers}. */
  readonly headers: readonly (string | undefined)[]
  readonly id: string
  readonly ip: string
  isAborted: boolean
  isSlow: boolean
  level: Level
  readonly method: string
  /** What {@link LineFormat.own} has made. */
  own: string
  readonly path: string
  readonly peer: string
  readonly protocol: 'http' | 'https'
  readonly query: string
  /** While it is under way. */
  request: HttpRequest | undefined
  /** In the order of {@link Needs.responseHeaders}. */
  responseHeaders: readonly (string | undefined)[]
  route: string | undefined
  /** 0 where there was no answer. */
  status: number
  /** At the end: by the clock of `performance.now()`, and milliseconds since 1970 when its line is made. */
  time: number
  trace: TraceIds | undefined
  readonly version: HttpVersion

  // One after the other, and nothing by fields with values of their own: that would be a function more to call. An entry
  // is young when its line is made, and costs the collector nothing; to use it again would cost more.
  constructor(request: HttpRequest, path: string, { headers, id, ip, peer, protocol }: Needs) {
    const source = sourceOf(request)
    this.bytes = 0
    this.closes = false
    this.duration = 0
    this.headers = headers.length === 0 ? noHeaders : headersOf(source, headers)
    this.id = id ? request.id : ''
    this.ip = ip ? request.ip : ''
    this.isAborted = false
    this.isSlow = false
    this.level = 30
    this.method = source.method
    this.own = ''
    this.path = path
    this.peer = peer ? request.peerAddress : ''
    this.protocol = protocol ? request.protocol : 'http'
    this.query = source.query
    this.request = request
    this.responseHeaders = noHeaders
    this.route = undefined
    this.status = 0
    this.time = 0
    this.trace = undefined
    this.version = source.httpVersion
  }

  /** @param responseHeaders names in lower case. */
  end({ bytes, duration, isAborted, response, startTime }: RequestEnd, responseHeaders: readonly string[]): void {
    this.bytes = bytes
    this.closes = response?.closes === true
    this.duration = duration
    this.isAborted = isAborted
    this.route = this.request!.route
    this.status = response?.statusCode ?? 0
    this.time = startTime + duration
    if (responseHeaders.length > 0) this.responseHeaders = responseHeaders.map((name) => response?.header(name))
    this.request = undefined
  }
}

/** Makes lines, in ASCII. */
export interface LineFormat {
  readonly needs: Needs
  line(entry: Entry): string
  /** What functions of the app's own say of a request, when it ends; undefined where there are none. */
  readonly own: ((request: HttpRequest, end: RequestEnd) => string) | undefined
}

/** The version of HTTP as a request line has it, such as `HTTP/2.0`. */
export function versionOf(version: HttpVersion): string {
  return version.length === 1 ? `HTTP/${version}.0` : `HTTP/${version}`
}

function headersOf(source: RequestSource, names: readonly string[]): readonly (string | undefined)[] {
  const values = new Array<string | undefined>(names.length)
  for (let index = 0; index < names.length; index++) values[index] = source.header(names[index]!)
  return values
}
