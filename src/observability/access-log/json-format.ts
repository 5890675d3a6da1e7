import { Buffer } from 'node:buffer'
import { hostname } from 'node:os'
import type { RequestEnd } from '../../core/observer.js'
import type { HttpRequest } from '../../core/request.js'
import type { LineTemplate } from '../../core/request-log.js'
import type { TraceIds } from '../../core/trace.js'
import { DurationTexts } from './clock.js'
import type { Entry, Level, LineFormat } from './entry.js'
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

/** What is the same in all lines of a client. */
interface Client {
  /** {@link members}, and what ends a line that has nothing behind them. */
  ending: string
  readonly headers: readonly (string | undefined)[]
  isFlat: boolean
  /** Its address and its headers. */
  readonly members: string
}

/** How many are kept, and how long one may be. */
const longestClient = 1024
const mostClients = 1000

/** Patterns of routes, and what else there is of each, are few; this is a bound all the same. */
const mostKinds = 10_000

/**
 * Lines of JSON as pino writes them, with the names of OpenTelemetry's semantic conventions. Each is put together of few
 * long pieces, most of which are there from another line: a line is a rope, whose knots cost as much as its bytes.
 */
export class JsonFormat implements LineFormat {
  /** By the address: what is said of those who have it, as of the one that came last. */
  readonly #clients = new Map<string, Client>()
  readonly #durations = new DurationTexts(',"duration":')
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
  readonly own: LineFormat['own']
  /** For transports that make such lines themselves: `native/src/log` has the other half. */
  readonly template: LineTemplate | undefined

  /** @param ending of each line. */
  constructor(parts: JsonParts, ending: string) {
    const { redaction, requestHeaders, responseHeaders, sample } = parts
    const headers = [...new Set(['user-agent', 'referer', ...requestHeaders])]
    const described = headers.map((name) => {
      const begin = `${name === 'user-agent' ? member('user_agent.original') : headerMember('request', name)}"`
      const kind = redaction.hides(name) ? 'hidden' : name === 'referer' ? 'url' : 'plain'
      return { kind, member: begin, name } as const
    })
    this.#headers = described.map(({ kind, member }) => {
      if (kind === 'hidden') return new Memo(() => `${member}${redacted}"`)
      if (kind === 'url') return new Memo((value) => `${member}${jsonText(redaction.url(value))}"`)
      return new Memo((value) => `${member}${jsonText(value)}"`)
    })
    this.#parts = parts
    this.#responseHeaders = responseHeaders.map((name) => [name, headerMember('response', name), redaction.hides(name)])
    this.#tail = `${sample === 1 ? '' : `,"sampleRate":${sample}`},"msg":"request completed"}${ending}`
    this.needs = { headers, id: true, ip: true, peer: false, protocol: true, responseHeaders, trace: true }
    this.own =
      parts.fields === undefined && parts.user === undefined ? undefined : (request, end) => this.#ofApp(request, end)
    if (this.own !== undefined || responseHeaders.length > 0 || sample < 1) return
    this.template = {
      aborted: this.#tail.replace('completed', 'aborted'),
      completed: this.#tail,
      headers: described,
      keys: redaction.keys,
      process: this.#process,
      routeMember,
    }
  }

  line(entry: Entry): string {
    const { ip, query, time, trace } = entry
    if (time !== this.#time) this.#setTime(time)
    let line = this.#heads[entry.level] + entry.id + this.#methods.of(entry.method) + jsonText(entry.path)
    if (query !== '') line += `","url.query":"${jsonText(this.#parts.redaction.query(query))}`
    line += this.#kindOf(entry) + entry.bytes + this.#durations.of(entry.duration)
    const client = this.#clientOf(ip, entry.headers)
    const hasMore = this.#responseHeaders.length > 0 || entry.own !== '' || trace !== undefined || entry.isSlow
    if (!hasMore && !entry.isAborted) return line + client.ending
    line += client.members
    if (this.#responseHeaders.length > 0) line += this.#ofResponse(entry)
    line += entry.own
    if (trace !== undefined) line += traceMembers(trace)
    if (entry.isSlow) line += ',"slow":true'
    return line + (entry.isAborted ? this.#tail.replace('completed', 'aborted') : this.#tail)
  }

  #clientOf(ip: string, headers: Client['headers']): Client {
    const known = this.#clients.get(ip)
    if (known !== undefined && areSame(known.headers, headers)) {
      // Not when it is made: many may share one address, and come by turns.
      if (!known.isFlat) {
        known.ending = flat(known.ending)
        known.isFlat = true
      }
      return known
    }
    let members = ip === '' ? '' : `,"client.address":"${jsonText(ip)}"`
    for (let index = 0; index < headers.length; index++) {
      const value = headers[index]
      if (value !== undefined) members += this.#headers[index]!.of(value)
    }
    const client = { ending: members + this.#tail, headers, isFlat: false, members }
    if (members.length > longestClient) return client
    if (this.#clients.size >= mostClients) this.#clients.clear()
    this.#clients.set(ip, client)
    return client
  }

  #kindOf({ protocol, route, status, version }: Entry): string {
    let kinds = this.#kinds.get(route)
    if (kinds === undefined) {
      kinds = new Map()
      if (this.#kinds.size < mostKinds) this.#kinds.set(route, kinds)
    }
    // Versions are told apart by their last digit.
    const key = (status * 64 + version.charCodeAt(version.length - 1)) * 2 + (protocol === 'https' ? 1 : 0)
    let kind = kinds.get(key)
    if (kind === undefined) {
      kind = `","url.scheme":"${protocol}","network.protocol.version":"${version}"`
      if (route !== undefined) kind += routeMember(route)
      if (status !== 0) kind += `,"http.response.status_code":${status}`
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

  #ofResponse({ responseHeaders }: Entry): string {
    let members = ''
    for (const [index, [name, key, isHidden]] of this.#responseHeaders.entries()) {
      const value = responseHeaders[index]
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

function areSame(some: Client['headers'], others: Client['headers']): boolean {
  for (let index = 0; index < some.length; index++) {
    if (some[index] !== others[index]) return false
  }
  return true
}

function member(name: string): string {
  return `,"${jsonText(name)}":`
}

function routeMember(pattern: string): string {
  return `${member('http.route')}"${jsonText(pattern)}"`
}

function headerMember(side: 'request' | 'response', name: string): string {
  return member(`http.${side}.header.${name}`)
}

// The names that lines of the app's log have within a request.
function traceMembers({ isSampled, spanId, traceId }: TraceIds): string {
  return `,"trace_id":"${traceId}","span_id":"${spanId}","trace_flags":"${isSampled ? '01' : '00'}"`
}
