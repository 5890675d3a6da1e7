import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, HotpressError } from '../errors.js'
import type { Certificate, TlsSettings } from './transport.js'

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
  return {
    certificates: [pair(readPem('cert', tls.cert), readPem('key', tls.key))],
    ciphers: undefined,
    clients: undefined,
    handshakeTimeout: 10_000,
    minVersion: 'TLSv1.2',
    sessionTickets: true,
    ticketKeys: undefined,
  }
}

const certificatesIn = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g

function pair(cert: Buffer, key: Buffer): Certificate {
  try {
    const chain = (cert.toString('latin1').match(certificatesIn) ?? []).map((pem) => new X509Certificate(pem))
    const own = createPrivateKey(key)
    if (chain[0]?.checkPrivateKey(own) !== true) throw new Error('the key is of another certificate')
    return {
      cert,
      chain: chain.map((each) => each.raw),
      key: Buffer.from(own.export({ format: 'pem', type: 'pkcs8' })),
      keyDer: own.export({ format: 'der', type: 'pkcs8' }),
      names: [],
      ocsp: undefined,
    }
  } catch (error) {
    const reason = `cannot be used together: ${(error as Error).message}`
    throw new HotpressError('CERTIFICATE_UNREADABLE', { option: 'cert and key', reason }, { cause: error })
  }
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
