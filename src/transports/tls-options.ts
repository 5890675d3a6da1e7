/** One certificate and its key, for the host names that it is for. */
export interface CertificateOptions {
  /** The certificate, and the intermediate ones after it, each issued by the next: PEM as a text or bytes, or a path. */
  readonly cert: string | Uint8Array
  /** The private key: PEM as a text or bytes, or a path. RSA of 2,048 bits or more, ECDSA or Ed25519. */
  readonly key: string | Uint8Array
  /**
   * The host names that it answers for (SNI), `*.example.com` for any one label in front of the others. By default those
   * that it was issued for: its DNS names (SAN), or its common name where there are none.
   */
  readonly names?: readonly string[]
  /** A response of OCSP to staple, DER: its bytes, or the path of a file. None by default. */
  readonly ocsp?: string | Uint8Array
  /** What an encrypted key is decrypted with. */
  readonly passphrase?: string
}

/** What `setCertificates()` takes: certificates, and the keys of session tickets. */
export interface TlsCertificateOptions {
  /** The default certificate: PEM as a text or bytes, or a path; intermediate ones after it. */
  readonly cert?: string | Uint8Array
  /** Certificates by host name (SNI). Without `cert` and `key` the first of them is the default. */
  readonly certificates?: readonly CertificateOptions[]
  /** The private key of `cert`: PEM as a text or bytes, or a path. */
  readonly key?: string | Uint8Array
  /** A response of OCSP to staple to `cert`, DER: its bytes, or the path of a file. None by default. */
  readonly ocsp?: string | Uint8Array
  /** What `key` is decrypted with, where it is encrypted. */
  readonly passphrase?: string
  /**
   * Secrets of session tickets, 32 bytes or more each, as bytes, hex or base64: the first seals, each opens. Processes that
   * have the same resume each other's sessions. By default keys that the transport makes and keeps to itself.
   */
  readonly ticketKeys?: readonly (string | Uint8Array)[]
}

/**
 * Options of `listen({ tls })`. There must be a certificate and its key: `cert` and `key`, or the first of
 * `certificates`.
 */
export interface TlsOptions extends TlsCertificateOptions {
  /**
   * Who issues the certificates of clients: PEM as a text or bytes, or a path, or a list of those. With
   * `clientCertificate` only.
   */
  readonly ca?: string | Uint8Array | readonly (string | Uint8Array)[]
  /**
   * Cipher suites, most wanted first. By default all there are: `TLS_AES_128_GCM_SHA256`, `TLS_AES_256_GCM_SHA384`,
   * `TLS_CHACHA20_POLY1305_SHA256`, and for TLS 1.2 `TLS_ECDHE_` with `ECDSA` or `RSA`, `_WITH_` and each of
   * `AES_128_GCM_SHA256`, `AES_256_GCM_SHA384`, `CHACHA20_POLY1305_SHA256`.
   */
  readonly ciphers?: readonly CipherSuite[]
  /** Asks clients for a certificate of `ca`: one that has none is served (`'optional'`), or not. By default none is asked. */
  readonly clientCertificate?: 'optional' | 'required'
  /** How long a handshake may take: 10 s by default. */
  readonly handshakeTimeout?: number | string
  /** `'TLSv1.2'` by default. */
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3'
  /** Whether sessions are resumed by tickets: true by default. */
  readonly sessionTickets?: boolean
  /**
   * Whether certificates, keys and OCSP responses that were given as paths are read again when their files change. What
   * cannot be used is logged, and the last good ones stay. False by default.
   */
  readonly watch?: boolean
}

/** A cipher suite by its IANA name. */
export type CipherSuite = (typeof cipherSuites)[number]

/** The suites there are: those with forward secrecy and authenticated encryption, which rustls and OpenSSL both have. */
export const cipherSuites = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256',
  'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384',
  'TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256',
] as const
