import { Buffer } from 'node:buffer'
import { EventEmitter } from 'node:events'
import { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { Writable } from 'node:stream'
import type { HttpRequest } from '../core/request.js'
import type { RequestSource } from '../core/request-source.js'
import { HttpResponse } from '../core/response.js'
import { empty } from '../core/responses.js'
import { type SocketUpgrade, upgrading } from '../core/web-socket.js'

/** What stands for the connection of a request that did not come by one of Node's. */
export class RequestSocket extends EventEmitter {
  destroyed = false
  readonly encrypted: boolean
  readonly readable = false
  readonly remoteAddress: string
  readonly writable: boolean = false

  constructor({ ip, protocol }: HttpRequest) {
    super()
    this.encrypted = protocol === 'https'
    this.remoteAddress = ip
  }

  destroy(): this {
    if (this.destroyed) return this
    this.destroyed = true
    this.emit('close')
    return this
  }
}

/** The connection of a request for a WebSocket; what the library does with it becomes a response. The first answer wins. */
export class UpgradeSocket extends RequestSocket {
  #settle: ((response: HttpResponse) => void) | undefined
  override readonly writable: boolean = true

  constructor(request: HttpRequest, settle: (response: HttpResponse) => void) {
    super(request)
    this.#settle = settle
  }

  /** @param lines of headers for the answer. */
  accept(upgrade: SocketUpgrade, lines: readonly string[]): void {
    this.#answer(withLines(upgrading(upgrade), lines))
  }

  override destroy(): this {
    this.#answer(empty(400))
    return super.destroy()
  }

  /** Takes the answer that the library writes in place of an upgrade. */
  write(text: string): boolean {
    const end = text.indexOf('\r\n\r\n')
    const [first, ...lines] = text.slice(0, end).split('\r\n')
    const response = new HttpResponse(text.slice(end + 4), undefined, Number(first!.split(' ')[1]))
    this.#answer(withLines(response, lines))
    return true
  }

  // The library keeps this for as long as the WebSocket lives, and need not keep the answer too.
  #answer(response: HttpResponse): void {
    const settle = this.#settle
    this.#settle = undefined
    settle?.(response)
  }
}

// The transport frames its answers itself.
const framing = /^(?:connection|content-length|date|keep-alive|transfer-encoding)$/i

function withLines(response: HttpResponse, lines: readonly string[]): HttpResponse {
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon)
    if (!framing.test(name)) response.append(name, line.slice(colon + 1).trim())
  }
  return response
}

/** A request as the library takes it. */
export function incoming(source: RequestSource, socket: RequestSocket): IncomingMessage {
  // Of its socket a request asks no more than this has.
  const req = new IncomingMessage(socket as unknown as Socket)
  req.httpVersion = '1.1'
  req.httpVersionMajor = 1
  req.httpVersionMinor = 1
  req.method = source.method
  req.url = source.query === '' ? source.path : `${source.path}?${source.query}`
  const pairs = source.headers()
  req.rawHeaders = pairs as string[]
  const headers: Record<string, string> = {}
  for (let index = 0; index < pairs.length; index += 2) {
    const name = pairs[index]!
    if (!Object.hasOwn(headers, name)) headers[name] = source.headerList(name) ?? ''
  }
  req.headers = headers
  return req
}

/** The answer to a polling request: what the library writes to it becomes a response. */
export class PollingAnswer extends Writable {
  readonly #chunks: Uint8Array[] = []
  readonly #headers = new Map<string, readonly [name: string, values: readonly string[]]>()
  readonly #settle: (response: HttpResponse) => void
  headersSent = false
  statusCode = 200
  statusMessage = ''

  constructor(settle: (response: HttpResponse) => void) {
    super()
    this.#settle = settle
  }

  override _final(callback: () => void): void {
    this.headersSent = true
    const body = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks)
    const type = this.getHeader('content-type') as string | undefined
    const response = new HttpResponse(body, type, this.statusCode).uncompressed()
    for (const [lower, [name, values]] of this.#headers) {
      if (lower === 'content-type' || framing.test(lower)) continue
      for (const value of values) response.append(name, value)
    }
    this.#settle(response)
    callback()
  }

  override _write(chunk: Uint8Array, _encoding: BufferEncoding, callback: () => void): void {
    this.#chunks.push(chunk)
    callback()
  }

  flushHeaders(): void {
    this.headersSent = true
  }

  getHeader(name: string): string | readonly string[] | undefined {
    const values = this.#headers.get(name.toLowerCase())?.[1]
    return values?.length === 1 ? values[0] : values
  }

  getHeaders(): Record<string, string | readonly string[] | undefined> {
    return Object.fromEntries([...this.#headers.keys()].map((name) => [name, this.getHeader(name)]))
  }

  hasHeader(name: string): boolean {
    return this.#headers.has(name.toLowerCase())
  }

  removeHeader(name: string): void {
    this.#headers.delete(name.toLowerCase())
  }

  setHeader(name: string, value: number | string | readonly string[]): this {
    const values = typeof value === 'object' ? value.map(String) : [String(value)]
    this.#headers.set(name.toLowerCase(), [name, values])
    return this
  }

  writeHead(status: number, reason?: object | string, more?: object): this {
    this.statusCode = status
    this.headersSent = true
    const headers = typeof reason === 'object' ? reason : more
    for (const [name, value] of Object.entries(headers ?? {})) this.setHeader(name, value)
    return this
  }
}
