import { randomBytes } from 'node:crypto'
import type { HeaderPairs } from '../core/headers.js'

// Of one connection, and of none beyond it: HTTP/2 and HTTP/3 have none of them (RFC 9113, 8.2.2).
const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'expect',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])

const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/
const text = /^[\t\x20-\x7e\x80-\xff]*$/
const target = /^(?:\*|\/[\x21\x22\x24-\x7e]*)$/
const authority = /^[0-9A-Za-z\-._~!$&'()*+,;=%:[\]]+$/

/** A request of HTTP/2 or HTTP/3. */
export interface StreamRequest {
  /** Bytes of its body: 0 for none, -1 where it is not known. */
  readonly bodySize: number
  /** Names in lower case, `host` among them, and `:protocol` for an extended CONNECT (RFC 8441). */
  readonly headers: HeaderPairs
  readonly method: string
  readonly path: string
  readonly query: string
}

/**
 * The same request in HTTP/1.1, for a server that speaks that alone: a head of lines, with its empty line, as Latin-1.
 *
 * An extended CONNECT becomes a GET with `Upgrade: websocket`, and a `Sec-WebSocket-Key` made up, since HTTP/2 has none.
 * The connection of any other is good for this request alone, and a body of unknown length comes in chunks.
 *
 * @returns a status where there is no such head: 501 for another protocol than `websocket`, 400 for what could be taken
 * for something else than it is.
 */
export function headOf({ bodySize, headers, method, path, query }: StreamRequest): string | 400 | 501 {
  const isConnect = method === 'CONNECT'
  let host: string | undefined
  let protocol: string | undefined
  let lines = ''
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index]!
    const value = headers[index + 1]!
    if (!text.test(value)) return 400
    if (name === 'host' && host === undefined) host = value
    else if (name === ':protocol' && isConnect && protocol === undefined) protocol = value
    else if (name === 'host' || !token.test(name)) return 400
    // The length is told anew, and the key of a WebSocket is HTTP/1.1's.
    else if (!hopByHop.has(name) && name !== 'content-length' && !(isConnect && name === 'sec-websocket-key')) {
      lines += `${name}: ${value}\r\n`
    }
  }
  const where = query === '' ? path : `${path}?${query}`
  if (host === undefined || !authority.test(host) || !target.test(where) || !token.test(method)) return 400
  if (!isConnect) {
    const framing = bodySize < 0 ? 'Transfer-Encoding: chunked\r\n' : `Content-Length: ${bodySize}\r\n`
    const body = bodySize === 0 ? '' : framing
    return `${method} ${where} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${body}${lines}\r\n`
  }
  if (protocol?.toLowerCase() !== 'websocket') return 501
  const upgrade = `Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}`
  return `GET ${where} HTTP/1.1\r\nHost: ${host}\r\n${upgrade}\r\n${lines}\r\n`
}
