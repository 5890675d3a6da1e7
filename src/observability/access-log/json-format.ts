import { hostname } from 'node:os'
import type { RequestEnd } from '../../core/observer.js'
import type { HttpRequest } from '../../core/request.js'
import type { HttpVersion } from '../../core/request-source.js'
import { type TraceIds, traceOf } from '../../core/trace.js'
import { milliseconds } from './clock.js'
import type { Entry, Level, LineFormat, Outcome } from './entry.js'
import { jsonText, jsonValue } from './escape.js'
import type { FormatParts } from './httpd-format.js'
import { Memo } from './memo.js'
import type { AccessLogFields } from './options.js'
import { redacted } from './redact.js'

/** What a line of JSON has beside the usual. */
export interface JsonParts extends FormatParts {
  readonly fields: AccessLogFields | undefined
  /** In lower case. */
  readonly requestHeaders: readonly string[]
  /** In lower case. */
  readonly responseHeaders: readonly string[]
  /** The share of requests whose lines are written; 1 for all. */
  readonly sample: number
}

/** A header of responses: its name, what it is called in a line, and whether it is there without its value. */
type ResponseHeader = readonly [name: string, member: string, isHidden: boolean]

/** Patterns of routes, and what else there is of each, are few; this is a bound all the same. */
const mostKinds = 10_000

const versions: readonly HttpVersion[] = ['1.0', '1.1', '2', '3']

/**
 * Lines of JSON as pino writes them, with the names of OpenTelemetry's semantic conventions. Each is put together of few
 * long pieces, most of which are there from another line: a line is a rope, whose knots cost as much as its bytes.
 */
export class JsonFormat implements LineFormat {
  readonly #address = new Memo((ip) => `,"client.address":"${jsonText(ip)}"`)
  /** By the level: from the beginning to the id of the request, of {@link #time}. */
  readonly #heads: Record<Level, string> = { 30: '', 40: '', 50: '' }
  readonly #headers: readonly Memo[]
  /** What stands between the path or query and the number of bytes: by the route, and then by the rest. */
  readonly #kinds = new Map<string | undefined, Map<number, string>>()
  readonly #methods = new Memo((method) => `","http.request.method":"${jsonText(method)}","url.path":"`)
  readonly #parts: JsonParts
  readonly #process = `,"pid":${process.pid},"hostname":"${jsonText(hostname())}","requestId":"`
  readonly #responseHeaders: readonly ResponseHeader[]
  readonly #tail: string
  #time = -1
  readonly needs: LineFormat['needs']

  /** @param ending of each line. */
  constructor(parts: JsonParts, ending: string) {
    const { redaction, requestHeaders, responseHeaders, sample } = parts
    const headers = [...new Set(['user-agent', 'referer', ...requestHeaders])]
    this.#headers = headers.map((name) => {
      const begin = name === 'user-agent' ? member('user_agent.original') : headerMember('request', name)
      if (redaction.hides(name)) return new Memo(() => `${begin}"${redacted}"`)
      if (name === 'referer') return new Memo((value) => `${begin}"${jsonText(redaction.url(value))}"`)
      return new Memo((value) => `${begin}"${jsonText(value)}"`)
    })
    this.#parts = parts
    this.#responseHeaders = responseHeaders.map((name) => [name, headerMember('response', name), redaction.hides(name)])
    this.#tail = `${sample === 1 ? '' : `,"sampleRate":${sample}`},"msg":"request completed"}${ending}`
    this.needs = { headers, id: true, ip: true, peer: false, protocol: true }
  }

  line(entry: Entry, request: HttpRequest, { end, isSlow, level, time }: Outcome): string {
    const { ip, query } = entry
    if (time !== this.#time) this.#setTime(time)
    let line = this.#heads[level] + entry.id + this.#methods.of(request.method) + jsonText(request.path)
    if (query !== '') line += `","url.query":"${jsonText(this.#parts.redaction.query(query))}`
    line += `${this.#kind(entry, request.route, end) + end.bytes},"duration":${milliseconds(end.duration)}`
    if (ip !== '') line += this.#address.of(ip)
    for (let index = 0; index < this.#headers.length; index++) {
      const value = entry.headers[index]
      if (value !== undefined) line += this.#headers[index]!.of(value)
    }
    const { fields, user } = this.#parts
    if (this.#responseHeaders.length > 0) line += this.#ofResponse(end)
    if (fields !== undefined || user !== undefined) line += this.#ofApp(request, end)
    const trace = traceOf(request)
    if (trace !== undefined) line += traceMembers(trace)
    if (isSlow) line += ',"slow":true'
    return line + (end.isAborted ? this.#tail.replace('completed', 'aborted') : this.#tail)
  }

  #kind({ protocol, version }: Entry, route: string | undefined, { response }: RequestEnd): string {
    let kinds = this.#kinds.get(route)
    if (kinds === undefined) {
      kinds = new Map()
      if (this.#kinds.size < mostKinds) this.#kinds.set(route, kinds)
    }
    const status = response?.statusCode ?? 0
    const key = (status * 64 + versions.indexOf(version)) * 2 + (protocol === 'https' ? 1 : 0)
    let kind = kinds.get(key)
    if (kind === undefined) {
      kind = `","url.scheme":"${protocol}","network.protocol.version":"${version}"`
      if (route !== undefined) kind += `,"http.route":"${jsonText(route)}"`
      if (response !== undefined) kind += `,"http.response.status_code":${status}`
      kind = flat(`${kind},"http.response.body.size":`)
      kinds.set(key, kind)
    }
    return kind
  }

  #ofApp(request: HttpRequest, end: RequestEnd): string {
    const { fields, user } = this.#parts
    let members = ''
    const name = user?.(request)
    if (name !== undefined && name !== '') members += `,"enduser.id":"${jsonText(name)}"`
    for (const [key, value] of Object.entries(fields?.(request, end) ?? {})) {
      const text = jsonValue(value)
      if (text !== undefined) members += member(key) + text
    }
    return members
  }

  #ofResponse({ response }: RequestEnd): string {
    let members = ''
    for (const [name, key, isHidden] of this.#responseHeaders) {
      const value = response?.header(name)
      if (value === undefined) continue
      const shown = name === 'location' ? this.#parts.redaction.url(value) : value
      members += `${key}"${isHidden ? redacted : jsonText(shown)}"`
    }
    return members
  }

  #setTime(time: number): void {
    this.#time = time
    const rest = `,"time":${time}${this.#process}`
    for (const level of [30, 40, 50] as const) this.#heads[level] = flat(`{"level":${level}${rest}`)
  }
}

// What is concatenated is a rope until somebody looks into it.
function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1')
}

function member(name: string): string {
  return `,"${jsonText(name)}":`
}

function headerMember(side: 'request' | 'response', name: string): string {
  return member(`http.${side}.header.${name}`)
}

// The names that lines of the app's log have within a request.
function traceMembers({ isSampled, spanId, traceId }: TraceIds): string {
  return `,"trace_id":"${traceId}","span_id":"${spanId}","trace_flags":"${isSampled ? '01' : '00'}"`
}
