import { readFileSync } from 'node:fs'
import { describe, HotpressError } from '../errors.js'
import type { TlsSettings } from './transport.js'

/** A certificate and its key: each a PEM text, its bytes, or the path of a file that holds it. */
export interface TlsOptions {
  /** The certificate, and any intermediate ones after it. */
  readonly cert: string | Uint8Array
  /** The private key. */
  readonly key: string | Uint8Array
}

/**
 * Reads what `listen({ tls })` was given.
 *
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`, and `CERTIFICATE_UNREADABLE` naming the file and the reason.
 */
export function readTls(tls: TlsOptions): TlsSettings {
  if (typeof tls !== 'object' || tls === null) {
    throw new HotpressError('OPTION_INVALID', {
      got: describe(tls),
      option: 'tls',
      takes: 'an object with cert and key',
    })
  }
  for (const option of Object.keys(tls)) {
    if (option === 'cert' || option === 'key') continue
    throw new HotpressError('OPTION_UNKNOWN', { known: 'cert, key', option, where: ' of tls' })
  }
  return { cert: readPem('cert', tls.cert), key: readPem('key', tls.key) }
}

function readPem(option: 'cert' | 'key', value: unknown): Buffer {
  const pem = load(option, value)
  if (pem.includes('-----BEGIN ')) return pem
  throw new HotpressError('CERTIFICATE_UNREADABLE', { option, reason: 'is not PEM: there is no "-----BEGIN" in it' })
}

function load(option: 'cert' | 'key', value: unknown): Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value)
  if (typeof value !== 'string') {
    const takes = 'a PEM text, its bytes, or the path of a file'
    throw new HotpressError('OPTION_INVALID', { got: describe(value), option: `tls.${option}`, takes })
  }
  if (value.includes('-----BEGIN ')) return Buffer.from(value)
  try {
    return readFileSync(value)
  } catch (error) {
    const reason = `cannot be read: ${(error as Error).message}`
    throw new HotpressError('CERTIFICATE_UNREADABLE', { option, reason }, { cause: error })
  }
}
