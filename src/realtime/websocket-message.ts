import { Buffer } from 'node:buffer'
import type { WebSocketData, WebSocketSendOptions } from '../core/web-socket.js'
import { describe, HotpressError } from '../errors.js'

/** A message that is to be sent. */
export interface Message {
  readonly bytes: Uint8Array | string
  readonly compress: boolean
  readonly isBinary: boolean
}

/** Below, compression costs more than it saves. */
const threshold = 1024

/** @throws HotpressError `MESSAGE_INVALID` for what is neither a text nor bytes, or a text that is to go as what it is not. */
export function messageOf(data: WebSocketData, options: WebSocketSendOptions | undefined): Message {
  const isText = typeof data === 'string'
  const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : data
  if (!isText && !(bytes instanceof Uint8Array)) {
    throw new HotpressError('MESSAGE_INVALID', { got: describe(data), takes: 'a text, a Uint8Array or an ArrayBuffer' })
  }
  const isBinary = options?.binary ?? !isText
  const compress = options?.compress ?? bytes.length >= threshold
  return { bytes, compress, isBinary }
}

/** @throws HotpressError `MESSAGE_INVALID` for more than a control frame holds (RFC 6455, 5.5). */
export function pingOf(data: Uint8Array | string): Uint8Array | string {
  const isData = typeof data === 'string' || data instanceof Uint8Array
  if (!isData || Buffer.byteLength(data) > 125) {
    const takes = 'a text or bytes, 125 bytes at most for a ping'
    throw new HotpressError('MESSAGE_INVALID', {
      got: isData ? `${Buffer.byteLength(data)} bytes` : describe(data),
      takes,
    })
  }
  return data
}

/**
 * Checks what a close frame is to say (RFC 6455, 7.4): codes that stand for its absence cannot be sent.
 *
 * @throws HotpressError `CLOSE_INVALID`
 */
export function checkClose(code: unknown, reason: unknown): void {
  const isCode = Number.isInteger(code) && isSendable(code as number)
  if (!isCode) {
    throw new HotpressError('CLOSE_INVALID', {
      got: describe(code),
      takes: '1000 to 1003, 1007 to 1014, or 3000 to 4999',
    })
  }
  if (typeof reason !== 'string' || Buffer.byteLength(reason) > 123) {
    const got = typeof reason === 'string' ? `a reason of ${Buffer.byteLength(reason)} bytes` : describe(reason)
    throw new HotpressError('CLOSE_INVALID', { got, takes: 'a reason of at most 123 bytes' })
  }
}

function isSendable(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999)
}
