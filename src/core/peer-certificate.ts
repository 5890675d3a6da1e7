import { X509Certificate } from 'node:crypto'

/** Attributes of a name by their short names (`CN`, `O`, `OU`); one that comes several times is a list. */
export type DistinguishedName = Readonly<Record<string, string | readonly string[]>>

const known = new WeakMap<Uint8Array, PeerCertificate>()

/**
 * The certificate that a client has proved to be its own, issued by one of `ca`. It is parsed when a member is first asked
 * for, once for each connection.
 */
export class PeerCertificate {
  #parsed: X509Certificate | undefined = undefined
  #names: { readonly issuer: DistinguishedName; readonly subject: DistinguishedName } | undefined = undefined
  /** The certificate itself, DER. */
  readonly raw: Uint8Array

  constructor(raw: Uint8Array) {
    this.raw = raw
  }

  /** SHA-256 of the certificate: pairs of hex digits in upper case, split by colons. */
  get fingerprint256(): string {
    return this.#x509.fingerprint256
  }

  /** Who has issued it. */
  get issuer(): DistinguishedName {
    return this.#legacy.issuer
  }

  /** Hex digits in upper case; an issuer gives each but once. */
  get serialNumber(): string {
    return this.#x509.serialNumber
  }

  /** Whose it is. */
  get subject(): DistinguishedName {
    return this.#legacy.subject
  }

  /** Further names, each behind its kind: `DNS:a.example`, `email:a@b.example`, `IP Address:10.0.0.1`, `URI:spiffe://a/b`. */
  get subjectAltNames(): readonly string[] {
    return subjectAltNames(this.#x509)
  }

  get validFrom(): Date {
    return new Date(this.#x509.validFrom)
  }

  get validTo(): Date {
    return new Date(this.#x509.validTo)
  }

  get #legacy(): { readonly issuer: DistinguishedName; readonly subject: DistinguishedName } {
    if (this.#names === undefined) {
      const { issuer, subject } = this.#x509.toLegacyObject()
      this.#names = { issuer: nameOf(issuer), subject: nameOf(subject) }
    }
    return this.#names
  }

  get #x509(): X509Certificate {
    this.#parsed ??= new X509Certificate(this.raw)
    return this.#parsed
  }
}

/** The certificate of these bytes: one and the same for as long as a transport gives the same array. */
export function peerCertificateOf(raw: Uint8Array | undefined): PeerCertificate | undefined {
  if (raw === undefined) return undefined
  let certificate = known.get(raw)
  if (certificate === undefined) {
    certificate = new PeerCertificate(raw)
    known.set(raw, certificate)
  }
  return certificate
}

function nameOf(attributes: object | undefined): DistinguishedName {
  return Object.freeze(Object.assign(Object.create(null), attributes)) as DistinguishedName
}

/** The further names of a certificate, each behind its kind. */
export function subjectAltNames({ subjectAltName: text = '' }: X509Certificate): readonly string[] {
  // Node writes a name that holds a comma, a quote or a control as a JSON string, so that none can look like two.
  return [...text.matchAll(/([^:,"]+):(?:"((?:[^"\\]|\\.)*)"|([^,]*))(?:, |$)/g)].map(([, kind, quoted, plain]) =>
    quoted === undefined ? `${kind}:${plain}` : `${kind}:${JSON.parse(`"${quoted}"`) as string}`,
  )
}
