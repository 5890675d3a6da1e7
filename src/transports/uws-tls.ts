import type * as Uws from 'uWebSockets.js'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { HotpressError } from '../errors.js'
import type { Certificate, ListenSettings, Refusal, TlsSettings } from './transport.js'

// What the library gives a connection for anything; it cannot be changed.
const handshakeTimeout = 10_000

/** The first option of TLS, HTTP/2 and the like that the library cannot honour. */
export function refusesSecure({ http2, tls }: ListenSettings): Refusal | undefined {
  const elsewhere = 'use the transport native or node'
  if (http2.cleartext) return { option: 'http2.cleartext', reason: `it speaks HTTP/1.1 alone; ${elsewhere}` }
  for (const limit of ['connectionWindow', 'maxConcurrentStreams', 'streamWindow'] as const) {
    if (http2[limit] !== undefined) {
      return { option: `http2.${limit}`, reason: `it speaks HTTP/1.1 alone; ${elsewhere}` }
    }
  }
  if (http2.isAsked) return { option: 'http2', reason: `it speaks HTTP/1.1 alone; ${elsewhere}` }
  if (tls === undefined) return undefined
  const refused: readonly (readonly [option: string, isRefused: boolean, reason: string])[] = [
    ['tls.ciphers', tls.ciphers !== undefined, 'it cannot be told the suites of TLS 1.3'],
    ['tls.clientCertificate', tls.clients !== undefined, 'it cannot require a certificate of a client, nor show it'],
    ['tls.handshakeTimeout', tls.handshakeTimeout !== handshakeTimeout, `it always is ${handshakeTimeout} ms`],
    ['tls.minVersion', tls.minVersion !== 'TLSv1.2', 'it always takes TLS 1.2'],
    ['tls.ocsp', tls.certificates.some(({ ocsp }) => ocsp !== undefined), 'it staples nothing'],
    ['tls.sessionTickets', !tls.sessionTickets, 'it always gives tickets'],
    ['tls.ticketKeys', tls.ticketKeys !== undefined, 'it seals tickets with keys of its own'],
    ['tls.watch', tls.isWatched, 'it serves with the certificates that it began with'],
  ]
  const found = refused.find(([, isRefused]) => isRefused)
  return found && { option: found[0], reason: `${found[2]}; ${elsewhere}` }
}

/**
 * Makes an app of the library that serves TLS, and has each of its domains made ready. The library reads certificates
 * from files alone, while it is called: they are in a directory of ours until then.
 *
 * @param prepare called for the app, and for the app within each domain: its routes are apart.
 * @throws HotpressError `CERTIFICATE_UNREADABLE`
 */
export function secureApp(
  uws: typeof Uws,
  { certificates }: TlsSettings,
  prepare: (app: Uws.TemplatedApp) => void,
): Uws.TemplatedApp {
  // It is ours alone (0700).
  const folder = mkdtempSync(path.join(tmpdir(), 'hotpress-'))
  try {
    const files = certificates.map((certificate, index) => writeFiles(folder, index, certificate))
    const app = uws.SSLApp(files[0]!)
    prepare(app)
    const known = new Set<string>()
    for (const [index, { names }] of certificates.entries()) {
      for (const name of names) {
        // The first that names a host is for it.
        if (known.has(name)) continue
        known.add(name)
        app.addServerName(name, files[index]!)
        prepare(app.domain(name))
      }
    }
    return app
  } catch (error) {
    const reason = `cannot be used: ${(error as Error).message}`
    throw new HotpressError('CERTIFICATE_UNREADABLE', { option: 'cert and key', reason }, { cause: error })
  } finally {
    rmSync(folder, { force: true, recursive: true })
  }
}

function writeFiles(folder: string, index: number, { cert, key }: Certificate): Uws.AppOptions {
  const certFile = path.join(folder, `${index}-cert.pem`)
  const keyFile = path.join(folder, `${index}-key.pem`)
  writeFileSync(certFile, cert, { mode: 0o600 })
  writeFileSync(keyFile, key, { mode: 0o600 })
  return { cert_file_name: certFile, key_file_name: keyFile }
}
