import { hostname } from 'node:os'
import type { RequestEnd } from '../../core/observer.js'
import type { HttpRequest } from '../../core/request.js'
import { LogClock, milliseconds } from './clock.js'
import type { Entry, Level, LineFormat, Outcome } from './entry.js'
import { jsonText, jsonValue } from './escape.js'
import type { FormatParts } from './httpd-format.js'
import { redacted } from './redact.js'

/** Further members of a line, from what the app knows of a request. */
export type AccessLogFields = (request: HttpRequest, end: RequestEnd) => Readonly<Record<string, unknown>> | undefined

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

/** Patterns of routes are few; this is a bound all the same. */
const mostRoutes = 10_000

/** Lines of JSON as pino writes them, with the names of OpenTelemetry's semantic conventions. */
export class JsonFormat implements LineFormat {
  readonly #clock = new LogClock()
  /** By the level, up to where the time stands. */
  readonly #heads: Readonly<Record<Level, string>> = { 30: '{"level":30,', 40: '{"level":40,', 50: '{"level":50,' }
  /** What each header is called, in the order in which they are asked for. */
  readonly #headerNames: readonly string[]
  readonly #isHidden: readonly boolean[]
  readonly #methods = new Map<string, string>()
  readonly #parts: JsonParts
  readonly #process: string
  readonly #responseNames: readonly (readonly [name: string, member: string, isHidden: boolean])[]
  readonly #routes = new Map<string, string>()
  readonly #sample: string
  /** By the code: what stands up to the number of bytes. */
  readonly #statuses: string[] = []
  readonly needs: LineFormat['needs']

  constructor(parts: JsonParts) {
    const { redaction, requestHeaders, responseHeaders, sample } = parts
    const headers = [...new Set(['user-agent', 'referer', ...requestHeaders])]
    this.#headerNames = headers.map((name) =>
      name === 'user-agent' ? member('user_agent.original') : headerMember('request', name),
    )
    this.#isHidden = headers.map((name) => redaction.hides(name))
    this.#parts = parts
    this.#process = `,"pid":${process.pid},"hostname":"${jsonText(hostname())}","requestId":"`
    this.#responseNames = responseHeaders.map((name) => [name, headerMember('response', name), redaction.hides(name)])
    this.#sample = sample === 1 ? '' : `,"sampleRate":${sample}`
    this.needs = { headers, id: true, ip: true, peer: false, protocol: true }
  }

  line(entry: Entry, request: HttpRequest, outcome: Outcome): string {
    const { end, isSlow, level, time } = outcome
    const { redaction } = this.#parts
    const { path, route } = request
    const { ip, query, version } = entry
    let line = `${this.#heads[level]}"time":${this.#clock.epoch(time)}${this.#process}${entry.id}${this.#method(request.method)}"${jsonText(path)}"`
    if (query !== '') line += `,"url.query":"${jsonText(redaction.query(query))}"`
    line += entry.protocol === 'https' ? ',"url.scheme":"https"' : ',"url.scheme":"http"'
    if (version !== undefined) line += `,"network.protocol.version":"${version}"`
    if (route !== undefined) line += this.#route(route)
    line += `${this.#status(end)}${end.bytes},"duration":${milliseconds(end.duration)}`
    if (ip !== '') line += `,"client.address":"${jsonText(ip)}"`
    line += this.#headers(entry)
    if (end.response !== undefined && this.#responseNames.length > 0) line += this.#responseHeaders(end.response)
    return `${line}${this.#more(request, outcome)}${isSlow ? ',"slow":true' : ''}${this.#sample}${messageOf(end)}`
  }

  #headers({ headers }: Entry): string {
    let members = ''
    for (let index = 0; index < headers.length; index++) {
      const value = headers[index]
      if (value === undefined) continue
      const shown = this.#isHidden[index] ? redacted : index === 1 ? this.#parts.redaction.url(value) : value
      members += `${this.#headerNames[index]!}"${jsonText(shown)}"`
    }
    return members
  }

  #method(method: string): string {
    let text = this.#methods.get(method)
    if (text === undefined) {
      text = `","http.request.method":"${jsonText(method)}","url.path":`
      if (this.#methods.size < 100) this.#methods.set(method, text)
    }
    return text
  }

  // What is the app's own, and may be anything: errors of it are those of whoever has written it, and cost one member.
  #more(request: HttpRequest, { end }: Outcome): string {
    const { fields, user } = this.#parts
    let members = ''
    const name = user?.(request)
    if (name !== undefined && name !== '') members += `,"enduser.id":"${jsonText(name)}"`
    if (fields === undefined) return members
    for (const [key, value] of Object.entries(fields(request, end) ?? {})) {
      const text = jsonValue(value)
      if (text !== undefined) members += `${member(key)}${text}`
    }
    return members
  }

  #responseHeaders(response: NonNullable<RequestEnd['response']>): string {
    let members = ''
    for (const [name, key, isHidden] of this.#responseNames) {
      const value = response.header(name)
      if (value === undefined) continue
      const shown = isHidden ? redacted : name === 'location' ? this.#parts.redaction.url(value) : value
      members += `${key}"${jsonText(shown)}"`
    }
    return members
  }

  #route(route: string): string {
    let text = this.#routes.get(route)
    if (text === undefined) {
      text = `,"http.route":"${jsonText(route)}"`
      if (this.#routes.size < mostRoutes) this.#routes.set(route, text)
    }
    return text
  }

  #status({ response }: RequestEnd): string {
    if (response === undefined) return ',"http.response.body.size":'
    const { statusCode } = response
    this.#statuses[statusCode] ??= `,"http.response.status_code":${statusCode},"http.response.body.size":`
    return this.#statuses[statusCode]
  }
}

function member(name: string): string {
  return `,"${jsonText(name)}":`
}

function headerMember(side: 'request' | 'response', name: string): string {
  return member(`http.${side}.header.${name}`)
}

function messageOf({ isAborted }: RequestEnd): string {
  return isAborted ? ',"msg":"request aborted"}' : ',"msg":"request completed"}'
}
