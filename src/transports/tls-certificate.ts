import { Buffer } from 'node:buffer'
import type { X509Certificate } from 'node:crypto'
import { subjectAltNames } from '../core/peer-certificate.js'
import { hasHostName, isHostName } from './host-names.js'
import { checkChain, parseCertificates, titleOf, warnOfDates } from './tls-chain.js'
import { ocspStatus } from './tls-der.js'
import { type FileVersions, readBytes, readPem, unreadable } from './tls-files.js'
import { parseKey } from './tls-key.js'
import type { CertificateOptions } from './tls-options.js'
import type { Certificate } from './transport.js'

/** What the reading of certificates tells, beside its result. */
export interface Reading {
  /** Takes the files that were read. */
  readonly files: FileVersions
  warn(text: string): void
}

/**
 * Reads a certificate and its key, and checks that they go together.
 *
 * @param options checked as far as the types of their values go.
 * @param where stands behind the names of options in errors: ` of tls`.
 * @throws HotpressError `CERTIFICATE_UNREADABLE`
 */
export function readCertificate(options: CertificateOptions, where: string, reading: Reading): Certificate {
  const { files, warn } = reading
  const option = `cert${where}`
  const chain = parseCertificates(readPem(options.cert, option, files), option)
  const keyOption = `key${where}`
  const key = parseKey(readPem(options.key, keyOption, files), options.passphrase, keyOption, warn)
  const own = chain[0]!
  if (!own.checkPrivateKey(key)) {
    const place = chain.findIndex((each) => each.checkPrivateKey(key))
    const reason =
      place < 0
        ? `cannot be used together: the key is not that of the certificate (${titleOf(own)})`
        : `cannot be used together: the key is that of certificate ${place + 1} in the chain, which has to be the first`
    return unreadable(`cert and key${where}`, reason)
  }
  checkChain(chain, option)
  warnOfDates(chain, option, warn)
  return {
    cert: Buffer.from(chain.map((each) => each.toString()).join('')),
    chain: chain.map((each) => each.raw),
    key: Buffer.from(key.export({ format: 'pem', type: 'pkcs8' })),
    keyDer: key.export({ format: 'der', type: 'pkcs8' }),
    names: namesFor(own, options.names, where, warn),
    ocsp: options.ocsp === undefined ? undefined : readOcsp(options.ocsp, `ocsp${where}`, files),
  }
}

function namesFor(
  certificate: X509Certificate,
  given: readonly string[] | undefined,
  where: string,
  warn: (text: string) => void,
): readonly string[] {
  const own = namesOf(certificate)
  if (given === undefined) return own
  const issued = new Set(own)
  for (const name of given) {
    if (!hasHostName(issued, name)) warn(`names${where}: the certificate was not issued for ${name}; clients refuse it`)
  }
  return given
}

function readOcsp(value: string | Uint8Array, option: string, files: FileVersions): Uint8Array {
  const bytes = readBytes(value, option, files)
  const status = ocspStatus(bytes)
  if (status === undefined) return unreadable(option, 'is no OCSP response in DER (RFC 6960)')
  if (status !== 0) return unreadable(option, `is an OCSP response that tells of an error (status ${status})`)
  return bytes
}

// Those of its SAN, or its common name where it has none there (RFC 9525, 2).
function namesOf(certificate: X509Certificate): readonly string[] {
  const all = subjectAltNames(certificate)
  const dns = all.filter((name) => name.startsWith('DNS:')).map((name) => name.slice('DNS:'.length))
  const names = all.length > 0 ? dns : [certificate.toLegacyObject().subject.CN].flat()
  return [...new Set(names.map((name) => String(name).toLowerCase()).filter(isHostName))]
}
