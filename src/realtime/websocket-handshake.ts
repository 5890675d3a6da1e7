import type { HttpRequest } from '../core/request.js'
import { sourceOf } from '../core/request.js'
import type { WebSocketSettings } from '../core/web-socket-route.js'
import { describe, HotpressError, httpError } from '../errors.js'

const key = /^[+/0-9A-Za-z]{21}[AQgw]==$/
const token = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/

/** Whether a request is for a change to WebSocket, well made or not. */
export function asksForSocket(request: HttpRequest): boolean {
  const source = sourceOf(request)
  return names(source.headerList('upgrade')).includes('websocket')
}

/**
 * Checks that a request asks for a WebSocket (RFC 6455, 4.2.1), by a connection that can become one.
 *
 * @throws HttpError 426 `UPGRADE_REQUIRED`, 400 `UPGRADE_INVALID`
 */
export function checkHandshake(request: HttpRequest): void {
  const source = sourceOf(request)
  if (
    request.method !== 'GET' ||
    !asksForSocket(request) ||
    !names(source.headerList('connection')).includes('upgrade')
  )
    throw required()
  const version = source.headerList('sec-websocket-version')
  if (version !== '13') throw required({ 'Sec-WebSocket-Version': '13' })
  if (!key.test(source.headerList('sec-websocket-key') ?? ''))
    throw malformed('its Sec-WebSocket-Key is not 16 bytes in Base64')
  if (source.bodySize !== 0) throw malformed('it has a body')
  if (source.canUpgrade !== true) throw required()
}

/**
 * Checks that the page which opens it is one that may. What sends no `Origin` is no page.
 *
 * @throws HttpError 403 `ORIGIN_REFUSED`
 */
export async function checkOrigin(request: HttpRequest, { origins }: WebSocketSettings): Promise<void> {
  const origin = request.header('origin')
  if (origin === undefined || origins === '*') return
  if (origins === undefined) {
    if (isSameHost(origin, request.host)) return
  } else if (typeof origins === 'function') {
    if ((await origins(origin, request)) === true) return
  } else if (origins.includes(origin)) {
    return
  }
  throw httpError('ORIGIN_REFUSED', { origin: describe(origin) })
}

/**
 * The subprotocol of those that the client offers; the empty string for none.
 *
 * @throws HttpError 400 `UPGRADE_INVALID`; HotpressError `SUBPROTOCOL_INVALID` where a choice is none that was offered.
 */
export function chooseSubprotocol(request: HttpRequest, { subprotocols }: WebSocketSettings): string {
  const line = sourceOf(request).headerList('sec-websocket-protocol')
  const offered = line === undefined ? [] : line.split(',').map((each) => each.trim())
  if (!offered.every((each) => token.test(each)) || new Set(offered).size < offered.length) {
    throw malformed('its Sec-WebSocket-Protocol is no list of different tokens')
  }
  if (typeof subprotocols !== 'function') return subprotocols.find((each) => offered.includes(each)) ?? ''
  const chosen = subprotocols(offered, request)
  if (chosen === undefined) return ''
  if (!offered.includes(chosen)) throw new HotpressError('SUBPROTOCOL_INVALID', { got: describe(chosen) })
  return chosen
}

// Whether the scheme is the same is not known behind a proxy that is not believed.
function isSameHost(origin: string, host: string): boolean {
  try {
    const page = new URL(origin)
    return page.host !== '' && page.host === new URL(`${page.protocol}//${host}`).host
  } catch {
    return false
  }
}

function names(line: string | undefined): string[] {
  return line === undefined ? [] : line.split(',').map((each) => each.trim().toLowerCase())
}

function malformed(reason: string): Error {
  return httpError('UPGRADE_INVALID', { reason })
}

// Over HTTP/2 and HTTP/3 the transport leaves `Upgrade` out.
function required(headers: Readonly<Record<string, string>> = {}): Error {
  return httpError('UPGRADE_REQUIRED', {}, { headers: { Upgrade: 'websocket', ...headers } })
}
