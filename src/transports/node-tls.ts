import { Buffer } from 'node:buffer'
import { hkdfSync, randomBytes } from 'node:crypto'
import type { Socket } from 'node:net'
import {
  createSecureContext,
  type SecureContext,
  type SecureContextOptions,
  type Server,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls'
import type { Certificate, CertificateSettings, TlsSettings } from './transport.js'

/** The suites that are spoken, by their IANA names, as OpenSSL calls them: forward secrecy and AEAD alone (RFC 9325). */
const suites: Readonly<Record<string, string>> = {
  TLS_AES_128_GCM_SHA256: 'TLS_AES_128_GCM_SHA256',
  TLS_AES_256_GCM_SHA384: 'TLS_AES_256_GCM_SHA384',
  TLS_CHACHA20_POLY1305_SHA256: 'TLS_CHACHA20_POLY1305_SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: 'ECDHE-ECDSA-AES128-GCM-SHA256',
  TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384: 'ECDHE-ECDSA-AES256-GCM-SHA384',
  TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-ECDSA-CHACHA20-POLY1305',
  TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256: 'ECDHE-RSA-AES128-GCM-SHA256',
  TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384: 'ECDHE-RSA-AES256-GCM-SHA384',
  TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: 'ECDHE-RSA-CHACHA20-POLY1305',
}

/** Cipher suites as OpenSSL wants to be told of them: all that are known where none are named. */
export function opensslCiphers(names: readonly string[] | undefined): string {
  return (names ?? Object.keys(suites)).map((name) => suites[name] ?? name).join(':')
}

// SSL_OP_NO_TICKET.
const noTickets = 0x4000
// A name, a key to seal and one to sign.
const ticketKeySize = 48

/** The certificates of a server of node:tls, and which of them answers whom. */
export class NodeCertificates {
  readonly #common: SecureContextOptions
  /** By host name, in lower case; wildcards too. */
  #contexts: ReadonlyMap<string, SecureContext> = new Map()
  /** Staples by the certificate that they are for. */
  #staples: ReadonlyMap<string, Uint8Array> = new Map()
  /** What tickets are sealed with where the app does not say; kept when certificates are replaced, so that they stay good. */
  readonly #ownKeys = randomBytes(ticketKeySize)
  readonly #onStaple = (
    certificate: Buffer,
    _issuer: Buffer,
    done: (error: Error | null, response: Buffer | null) => void,
  ): void => {
    const staple = this.#staples.get(certificate.toString('latin1'))
    done(null, staple === undefined ? null : Buffer.from(staple))
  }
  readonly #settings: TlsSettings

  constructor(settings: TlsSettings) {
    this.#settings = settings
    this.#common = {
      ...(settings.clients === undefined ? {} : { ca: settings.clients.ca }),
      ciphers: opensslCiphers(settings.ciphers),
      minVersion: settings.minVersion,
      ...(settings.sessionTickets ? {} : { secureOptions: noTickets }),
    }
  }

  /** The options of a server; called once. */
  get options(): TlsOptions {
    const { clients, handshakeTimeout } = this.#settings
    return {
      ...this.#default(this.#settings),
      handshakeTimeout,
      // A client that has none is let in here; one whose certificate is not verified is for the listener.
      rejectUnauthorized: clients?.isRequired ?? false,
      requestCert: clients !== undefined,
      SNICallback: (name, done) => done(null, this.#find(name)),
    }
  }

  /** Has a server, made with the {@link options}, serve new connections with these. */
  apply(server: Server, settings: CertificateSettings): void {
    const contexts = new Map<string, SecureContext>()
    const staples = new Map<string, Uint8Array>()
    for (const { cert, chain, key, names, ocsp } of settings.certificates) {
      if (ocsp !== undefined) staples.set(Buffer.from(chain[0]!).toString('latin1'), ocsp)
      if (names.length === 0) continue
      const context = createSecureContext({ ...this.#common, cert, key })
      // The first that names a host is for it.
      for (const name of names) if (!contexts.has(name)) contexts.set(name, context)
    }
    server.setSecureContext(this.#default(settings))
    this.#contexts = contexts
    this.#staples = staples
    // Each handshake waits for an answer where somebody listens.
    server.off('OCSPRequest', this.#onStaple)
    if (staples.size > 0) server.on('OCSPRequest', this.#onStaple)
  }

  #default({ certificates, ticketKeys }: CertificateSettings): SecureContextOptions & { readonly ticketKeys: Buffer } {
    const { cert, key } = certificates[0] as Certificate
    // Node seals and opens with one key alone: a ticket of an older one leads to a full handshake.
    const first = ticketKeys?.[0]
    return { ...this.#common, cert, key, ticketKeys: first === undefined ? this.#ownKeys : derived(first) }
  }

  #find(name: string): SecureContext | undefined {
    const lower = name.toLowerCase()
    const exact = this.#contexts.get(lower)
    if (exact !== undefined) return exact
    const dot = lower.indexOf('.')
    return dot < 0 ? undefined : this.#contexts.get(`*${lower.slice(dot)}`)
  }
}

function derived(secret: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, '', 'hotpress node session tickets', ticketKeySize))
}

// Node makes another object each time.
const peers = new WeakMap<object, Uint8Array>()

/** The certificate that a client has proved to be its own, as DER: one array for a connection. */
export function peerCertificateDerOf(socket: Socket | TLSSocket): Uint8Array | undefined {
  const known = peers.get(socket)
  if (known !== undefined || !('authorized' in socket) || !socket.authorized) return known
  const raw = socket.getPeerX509Certificate()?.raw
  if (raw !== undefined) peers.set(socket, raw)
  return raw
}

/** The host name that a client has asked for, in lower case: node gives it as it was sent. */
export function hostNameOf(socket: Socket | TLSSocket): string | undefined {
  const name = 'servername' in socket ? socket.servername : undefined
  return name ? name.toLowerCase() : undefined
}
