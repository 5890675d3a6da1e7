import { Buffer } from 'node:buffer'
import type { HeaderLines } from './header-lines.js'
import { headerName } from './headers.js'
import type { HttpRequest } from './request.js'
import type { HttpResponse } from './response.js'
import type { DefaultHeaders } from './settings.js'

/**
 * The header section of responses: the app's default headers, the response's own in their place where both have one,
 * and the content type. Writers add what belongs to the connection and to the framing of the body.
 */
export class HeadTemplate {
  readonly #defaults: DefaultHeaders
  /** By {@link mark}: whether a name that matters here has it. Other names hardly ever do. */
  readonly #marks = new Uint8Array(marks)
  readonly #names: ReadonlySet<string>
  /** The default headers as text, up to where the request's id follows. */
  readonly #text: string

  constructor(defaults: DefaultHeaders) {
    this.#defaults = defaults
    const names = defaults.pairs.filter((_, index) => index % 2 === 0).map(headerName)
    this.#names = new Set(defaults.requestId ? [...names, 'x-request-id'] : names)
    for (const name of [...this.#names, 'content-length']) this.#marks[mark(name)] = 1
    this.#text = lines(defaults.pairs) + (defaults.requestId ? '\r\nX-Request-ID: ' : '')
  }

  /** The default headers but the request's id, as lines that each end in CRLF. */
  get defaults(): string {
    return headerLines(this.#defaults.pairs)
  }

  /** Whether `X-Request-ID` is among the defaults. */
  get sendsId(): boolean {
    return this.#defaults.requestId
  }

  /**
   * The response's own headers without the content type, as lines that each end in CRLF; undefined when one of them
   * takes the place of a default, and {@link text} has the whole.
   */
  ownLines(response: HttpResponse): string | undefined {
    const own = response.headers
    if (own === undefined) return ''
    if (!this.#mayMatter(own)) return headerLines(own)
    return this.#isReplaced(own) ? undefined : headerLines(this.#own(response))
  }

  /**
   * Writes what {@link ownLines} gives, as bytes.
   *
   * @param id of the request, where it is known and its line is to stand there too.
   * @returns how many they are; -1 when there is not enough room, or one of the headers takes the place of a default.
   */
  writeOwnLines(response: HttpResponse, into: HeaderLines, id: string | undefined): number {
    const own = response.headers
    into.rewind()
    if (own !== undefined) {
      if (this.#mayMatter(own) && (this.#isReplaced(own) || has(own, 'content-length'))) return -1
      for (let index = 0; index < own.length; index += 2) {
        if (!into.write(own[index]!, own[index + 1]!)) return -1
      }
    }
    if (id !== undefined && this.sendsId && !into.write('X-Request-ID', id)) return -1
    return into.length
  }

  /** The header section as names and values one after the other. */
  pairs(request: HttpRequest, response: HttpResponse): string[] {
    const own = this.#own(response)
    const pairs = this.#isReplaced(own) ? this.#remaining(own) : [...this.#defaults.pairs]
    if (this.#defaults.requestId && !has(own, 'x-request-id')) pairs.push('X-Request-ID', request.id)
    if (response.contentType !== undefined) pairs.push('Content-Type', response.contentType)
    pairs.push(...own)
    return pairs
  }

  /** The header section as text: each line begins with CRLF. */
  text(request: HttpRequest, response: HttpResponse): string {
    const own = response.headers
    const mayMatter = own !== undefined && this.#mayMatter(own)
    if (mayMatter && this.#isReplaced(own)) return lines(this.pairs(request, response))
    let text = this.#defaults.requestId ? this.#text + request.id : this.#text
    const type = response.contentType
    if (type !== undefined) text += `\r\nContent-Type: ${type}`
    if (own === undefined) return text
    return text + lines(mayMatter ? this.#own(response) : own)
  }

  #mayMatter(own: readonly string[]): boolean {
    for (let index = 0; index < own.length; index += 2) {
      if (this.#marks[mark(own[index]!)] === 1) return true
    }
    return false
  }

  #isReplaced(own: readonly string[]): boolean {
    for (let index = 0; index < own.length; index += 2) {
      if (this.#names.has(headerName(own[index]!))) return true
    }
    return false
  }

  // Content-Length is the writer's: it says what is sent.
  #own(response: HttpResponse): readonly string[] {
    const headers = response.headers
    if (headers === undefined) return []
    return has(headers, 'content-length') ? without(headers, 'content-length') : headers
  }

  #remaining(own: readonly string[]): string[] {
    const { pairs } = this.#defaults
    return pairs.filter((_, index) => !has(own, headerName(pairs[index - (index % 2)]!)))
  }
}

/** Pairs as lines that each end in CRLF. */
export function headerLines(pairs: readonly string[]): string {
  let text = ''
  for (let index = 0; index < pairs.length; index += 2) text += `${pairs[index]}: ${pairs[index + 1]}\r\n`
  return text
}

const marks = 1024

// Of a name in any letter case, by its length and a few of its letters.
function mark(name: string): number {
  const last = name.length - 1
  const letters =
    (name.charCodeAt(0) | 0x20) * 31 + (name.charCodeAt(last) | 0x20) * 7 + (name.charCodeAt(last >> 1) | 0x20)
  return (letters * 13 + last) & (marks - 1)
}

function has(pairs: readonly string[], lower: string): boolean {
  for (let index = 0; index < pairs.length; index += 2) {
    if (headerName(pairs[index]!) === lower) return true
  }
  return false
}

function lines(pairs: readonly string[]): string {
  let text = ''
  for (let index = 0; index < pairs.length; index += 2) text += `\r\n${pairs[index]}: ${pairs[index + 1]}`
  return text
}

function without(pairs: readonly string[], lower: string): string[] {
  return pairs.filter((_, index) => headerName(pairs[index - (index % 2)]!) !== lower)
}

/**
 * The length that a response's body has on the wire: known for text and bytes, for a stream only where the handler has
 * set `Content-Length`.
 */
export function bodyLength(response: HttpResponse, method: string): number | undefined {
  const { body } = response
  if (typeof body === 'string') return Buffer.byteLength(body)
  if (body instanceof Uint8Array) return body.byteLength
  if (body === undefined && method !== 'HEAD') return 0
  const declared = response.headers === undefined ? undefined : response.header('content-length')
  if (declared === undefined) return body === undefined ? 0 : undefined
  return /^\d{1,15}$/.test(declared) ? Number(declared) : undefined
}
