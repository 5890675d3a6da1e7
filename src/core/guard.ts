import { type HttpError, httpError } from '../errors.js'

/**
 * Counts and values of the headers that frame a request, filled while a transport walks them once. One is reused for
 * every request of a transport, so nothing is allocated for a request that is in order.
 */
export class Framing {
  /** Whether the client asks for the connection to be closed. */
  closes = false
  contentLength = ''
  contentLengths = 0
  host = ''
  hosts = 0
  /** What follows the `?` of the target. */
  query = ''
  /** Bytes of names and values. */
  size = 0
  transferEncoding = ''
  transferEncodings = 0
  /** HTTP/1.0 need not name its host and has no transfer codings. */
  version = '1.1'
  /** Whether any name or value holds a byte that the grammar does not allow. */
  isMalformed = false

  reset(): void {
    this.closes = false
    this.contentLengths = 0
    this.hosts = 0
    this.isMalformed = false
    this.query = ''
    this.size = 0
    this.transferEncodings = 0
    this.version = '1.1'
  }

  /** Takes one header line; the name is lower-case. */
  add(name: string, value: string): void {
    this.size += name.length + value.length
    switch (name) {
      case 'connection':
        if (closeToken.test(value)) this.closes = true
        break
      case 'content-length':
        this.contentLength = value
        this.contentLengths++
        break
      case 'host':
        this.host = value
        this.hosts++
        break
      case 'transfer-encoding':
        this.transferEncoding = value
        this.transferEncodings++
        break
    }
    if (controls.test(value) || !token.test(name)) this.isMalformed = true
  }

  /** Bytes of the body that these headers announce: 0 for none, -1 for a chunked one. Asked after {@link violation}. */
  get bodySize(): number {
    if (this.transferEncodings > 0) return -1
    return this.contentLengths === 0 ? 0 : Number(this.contentLength)
  }
}

/** One reason to refuse a request, with the section that says so. */
interface Rule {
  readonly breaks: (method: string, path: string, framing: Framing) => boolean
  readonly code?: 'CODING_UNKNOWN'
  readonly reason: string
  readonly section: string
}

// Without the flag u, which would take the Kelvin sign for a k.
const chunkedAlone = /^chunked$/i
const closeToken = /(?:^|,)[ \t]*close[ \t]*(?:,|$)/i
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the bytes that must not be there
const controls = /[\x00-\x08\x0a-\x1f\x7f]/
const digits = /^[0-9]{1,15}$/
// A name, an IPv4 address or a bracketed IP literal, and a port: no user information, path, comma or space.
const host = /^(?:[A-Za-z0-9\-._~!$&'()*+;=%]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?$/
const queryBytes = /^[\x21\x22\x24-\x7e]*$/
const target = /^\/[\x21\x22\x24-\x7e]*$/
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** What is refused, in the order of asking. The native transports hold the same table. */
export const rules: readonly Rule[] = [
  {
    breaks: (method) => !token.test(method),
    reason: 'the method is not a token',
    section: 'RFC 9112, 3.1',
  },
  {
    breaks: (_method, _path, framing) => framing.version !== '1.1' && framing.version !== '1.0',
    reason: 'the version is neither HTTP/1.0 nor HTTP/1.1',
    section: 'RFC 9112, 2.3',
  },
  {
    // A proxy that sees a 2xx takes all that follows for a tunnel.
    breaks: (method) => method === 'CONNECT',
    reason: 'this is no proxy to connect through',
    section: 'RFC 9110, 9.3.6',
  },
  {
    breaks: (method, path, framing) =>
      !target.test(path) && !(path === '*' && method === 'OPTIONS' && framing.query === ''),
    reason: 'the request target is not a path of printable ASCII',
    section: 'RFC 9112, 3.2',
  },
  {
    breaks: (_method, _path, framing) => !queryBytes.test(framing.query),
    reason: 'the query is not printable ASCII without a #',
    section: 'RFC 3986, 3.4',
  },
  {
    breaks: (_method, _path, framing) => framing.isMalformed,
    reason: 'a header holds a byte that is not allowed there',
    section: 'RFC 9110, 5.5',
  },
  {
    breaks: (_method, _path, framing) => framing.hosts > 1 || (framing.hosts === 0 && framing.version !== '1.0'),
    reason: 'there must be one Host header',
    section: 'RFC 9112, 3.2',
  },
  {
    breaks: (_method, _path, framing) => framing.hosts === 1 && !host.test(framing.host),
    reason: 'the Host header is not a host and port',
    section: 'RFC 9110, 7.2',
  },
  {
    breaks: (_method, _path, framing) => framing.transferEncodings > 0 && framing.version === '1.0',
    reason: 'HTTP/1.0 has no Transfer-Encoding',
    section: 'RFC 9112, 6.1',
  },
  {
    breaks: (_method, _path, framing) => framing.transferEncodings > 0 && framing.contentLengths > 0,
    reason: 'there is both a Content-Length and a Transfer-Encoding',
    section: 'RFC 9112, 6.1',
  },
  {
    breaks: (_method, _path, framing) => framing.contentLengths > 1,
    reason: 'there is more than one Content-Length',
    section: 'RFC 9112, 6.3',
  },
  {
    breaks: (_method, _path, framing) => framing.contentLengths === 1 && !digits.test(framing.contentLength),
    reason: 'the Content-Length is not a number',
    section: 'RFC 9112, 6.3',
  },
  {
    breaks: (_method, _path, framing) =>
      framing.transferEncodings === 1 && /^[^,]*[^, \t],[ \t]*chunked$/i.test(framing.transferEncoding),
    code: 'CODING_UNKNOWN',
    reason: 'there is a transfer coding beside chunked',
    section: 'RFC 9112, 6.1',
  },
  {
    breaks: (_method, _path, framing) =>
      framing.transferEncodings > 0 && (framing.transferEncodings > 1 || !chunkedAlone.test(framing.transferEncoding)),
    reason: 'the Transfer-Encoding does not end in a single chunked',
    section: 'RFC 9112, 6.3',
  },
]

/**
 * The reason to refuse a request before anything is done with it, or undefined. The connection must be closed after
 * the refusal: what follows on it cannot be told from a body.
 *
 * @param path the target without its query.
 */
export function violation(method: string, path: string, framing: Framing): HttpError | undefined {
  // The common request breaks nothing, and is told from the others by these few tests alone.
  if (
    framing.hosts === 1 &&
    framing.contentLengths === 0 &&
    framing.transferEncodings === 0 &&
    !framing.isMalformed &&
    target.test(path) &&
    isHost(framing.host) &&
    (framing.query === '' || queryBytes.test(framing.query)) &&
    framing.version === '1.1' &&
    (method === 'GET' || (token.test(method) && method !== 'CONNECT'))
  ) {
    return undefined
  }
  for (const rule of rules) {
    if (rule.breaks(method, path, framing)) return httpError(rule.code ?? 'BAD_FRAMING', rule)
  }
  return undefined
}

// Clients of one service send one and the same Host; the last that was found valid is not looked at again.
let lastHost: string | undefined

/** Whether a text is a host as the guard takes it in `Host`: a name or an address, and perhaps a port. */
export function isHost(value: string): boolean {
  if (value === lastHost) return true
  if (!host.test(value)) return false
  lastHost = value
  return true
}
