import { Buffer } from 'node:buffer'
import { type Check, checkOptions, invalid, refused } from '../core/options-check.js'
import { checkHostNames } from './host-names.js'
import { type Reading, readCertificate } from './tls-certificate.js'
import { checkSecret, checkSource, type FileVersions } from './tls-files.js'
import type { CertificateOptions, TlsCertificateOptions } from './tls-options.js'
import type { Certificate, CertificateSettings } from './transport.js'

/** Bytes of a secret below which it could be guessed. */
const fewestSecretBytes = 32

type Checks<Options> = { readonly [Name in keyof Options]-?: Check }

const certificateChecks: Checks<CertificateOptions> = {
  cert: checkSource,
  key: checkSource,
  names: checkHostNames,
  ocsp: checkOcsp,
  passphrase: checkSecret,
}

/** The checks of {@link TlsCertificateOptions}, for a table of options that has more. */
export const identityChecks: Checks<TlsCertificateOptions> = {
  cert: checkSource,
  certificates: checkCertificates,
  key: checkSource,
  ocsp: checkOcsp,
  passphrase: checkSecret,
  ticketKeys: checkTicketKeys,
}

/** Certificates that were read. */
export interface Identity {
  /** The files that they were read from. */
  readonly files: FileVersions
  readonly settings: CertificateSettings
}

/**
 * Reads certificates and their keys, each of them checked, and the default first.
 *
 * @param where stands behind the names of options in errors: ` of tls`.
 * @param warn told of what is not right and no error.
 * @throws HotpressError `CERTIFICATE_UNREADABLE`, `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function readIdentity(options: TlsCertificateOptions, where: string, warn: (text: string) => void): Identity {
  const given = checkOptions(options, identityChecks, where) as GivenIdentity
  const reading: Reading = { files: new Map(), warn }
  const certificates: Certificate[] = []
  const own = defaultOf(given, where)
  if (own !== undefined) certificates.push(readCertificate(own, where, reading))
  for (const [index, each] of (given.certificates ?? []).entries()) {
    const here = ` of certificates[${index}]${where}`
    const certificate = readCertificate(each, here, reading)
    if (certificates.length > 0 && certificate.names.length === 0) {
      refused(`names${here}`, 'no host name from the certificate', 'those that it is to answer for')
    }
    certificates.push(certificate)
  }
  if (certificates.length === 0) {
    refused(where.replace(/^ of /, ''), 'no certificate', 'an object with cert and key, or certificates')
  }
  checkNames(certificates, where)
  return { files: reading.files, settings: { certificates, ticketKeys: given.ticketKeys } }
}

interface GivenIdentity extends Omit<TlsCertificateOptions, 'ticketKeys'> {
  readonly ticketKeys?: readonly Uint8Array[]
}

function defaultOf({ cert, key, ocsp, passphrase }: GivenIdentity, where: string): CertificateOptions | undefined {
  if (cert === undefined && key === undefined) {
    if (ocsp !== undefined) refused(`ocsp${where}`, 'no cert beside it', 'a response for cert')
    if (passphrase !== undefined) refused(`passphrase${where}`, 'no key beside it', 'that of key')
    return undefined
  }
  return {
    cert: checkSource(cert, `cert${where}`),
    key: checkSource(key, `key${where}`),
    ...(ocsp === undefined ? {} : { ocsp }),
    ...(passphrase === undefined ? {} : { passphrase }),
  }
}

function checkCertificates(value: unknown, option: string): readonly CertificateOptions[] {
  const takes = 'a list of objects with cert and key'
  if (!Array.isArray(value)) return invalid(option, value, takes)
  if (value.length === 0) return refused(option, 'an empty list', takes)
  return (value as readonly unknown[]).map((each, index) => {
    const where = ` of ${option.replace(/^certificates/, `certificates[${index}]`)}`
    const given = checkOptions(each, certificateChecks, where) as Partial<CertificateOptions>
    const cert = checkSource(given.cert, `cert${where}`)
    return { ...given, cert, key: checkSource(given.key, `key${where}`) }
  })
}

// Which of two were to answer would depend on their order alone.
function checkNames(certificates: readonly Certificate[], where: string): void {
  const taken = new Map<string, number>()
  for (const [index, { names }] of certificates.entries()) {
    for (const name of names) {
      const other = taken.get(name)
      if (other !== undefined) {
        const got = `${name} for two certificates, the ${other + 1}. and the ${index + 1}.`
        refused(`names of certificates${where}`, got, 'each host name once: give names to say which one answers for it')
      }
      taken.set(name, index)
    }
  }
}

function checkOcsp(value: unknown, option: string): string | Uint8Array {
  if (value instanceof Uint8Array || (typeof value === 'string' && value !== '')) return value
  return invalid(option, value, 'the path of a file, or its bytes (DER)')
}

function checkTicketKeys(value: unknown, option: string): readonly Uint8Array[] {
  const takes = `a list of secrets of ${fewestSecretBytes} bytes or more, each as bytes, hex or base64`
  if (!Array.isArray(value)) return refused(option, 'no list', takes)
  if (value.length === 0) return refused(option, 'an empty list', takes)
  return (value as readonly unknown[]).map((each, index) => {
    const secret = secretOf(each)
    if (secret === undefined) return refused(option, `what is neither, as number ${index + 1}`, takes)
    if (secret.byteLength >= fewestSecretBytes) return secret
    return refused(option, `a secret of ${secret.byteLength} bytes, as number ${index + 1}`, takes)
  })
}

function secretOf(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return Uint8Array.from(value)
  if (typeof value !== 'string') return undefined
  if (/^(?:[0-9a-f]{2})+$/i.test(value)) return Buffer.from(value, 'hex')
  return /^[\w+/-]+={0,2}$/.test(value) ? Buffer.from(value, 'base64') : undefined
}
