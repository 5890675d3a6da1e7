import { Buffer } from 'node:buffer'
import { createHash, hkdfSync, X509Certificate } from 'node:crypto'
import { type Check, checkBoolean, checkOptions, invalid, refused } from '../core/options-check.js'
import { millisecondsOf } from '../core/units.js'
import { parseCertificates, titleOf, warnOfDates } from './tls-chain.js'
import { checkSource, type FileVersions, readPem } from './tls-files.js'
import { identityChecks, readIdentity } from './tls-identity.js'
import { type CipherSuite, cipherSuites, type TlsCertificateOptions, type TlsOptions } from './tls-options.js'
import type { TlsSettings } from './transport.js'

/** Milliseconds for a handshake. */
const handshakeTimeout = 10_000

const where = ' of tls'

const checks: { readonly [Name in keyof TlsOptions]-?: Check } = {
  ...identityChecks,
  ca: checkCa,
  ciphers: checkCiphers,
  clientCertificate: (value, option) =>
    value === 'optional' || value === 'required' ? value : invalid(option, value, "'optional' or 'required'"),
  handshakeTimeout: (value, option) => millisecondsOf(value, option) || invalid(option, value, 'more than 0'),
  minVersion: (value, option) =>
    value === 'TLSv1.2' || value === 'TLSv1.3' ? value : invalid(option, value, "'TLSv1.2' or 'TLSv1.3'"),
  sessionTickets: checkBoolean,
  watch: checkBoolean,
}

/** What `listen({ tls })` was given. */
export interface SettledTls {
  readonly settings: TlsSettings
  /** What is to be read again when its files change. */
  readonly watched: WatchedIdentity | undefined
}

/** Certificates as they were given, and the files that they were read from. */
export interface WatchedIdentity {
  readonly files: FileVersions
  readonly options: TlsCertificateOptions
}

/**
 * Checks what `listen({ tls })` was given and reads the files that it names.
 *
 * @param warn told of what is not right and no error, such as a certificate that has expired.
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`, and `CERTIFICATE_UNREADABLE` naming the file and the reason.
 */
export function settleTls(tls: unknown, warn: (text: string) => void): SettledTls {
  if (typeof tls !== 'object' || tls === null)
    return invalid('tls', tls, 'an object with cert and key, or certificates')
  const given = checkOptions(tls, checks, where) as TlsOptions
  const { cert, certificates, key, ocsp, passphrase, ticketKeys } = tls as TlsCertificateOptions
  const options = withoutUndefined({ cert, certificates, key, ocsp, passphrase, ticketKeys })
  const { files, settings: identity } = readIdentity(options, where, warn)
  const clients = readClients(given, warn)
  const settings: TlsSettings = {
    certificates: identity.certificates,
    ciphers: given.ciphers,
    clients,
    handshakeTimeout: (given.handshakeTimeout as number | undefined) ?? handshakeTimeout,
    isWatched: given.watch ?? false,
    minVersion: given.minVersion ?? 'TLSv1.2',
    sessionTickets: given.sessionTickets ?? true,
    ticketKeys: boundTicketKeys(identity.ticketKeys, clients),
  }
  checkTogether(settings, where)
  return { settings, watched: settings.isWatched ? { files, options } : undefined }
}

/**
 * Checks that certificates and ticket keys can be used with the other settings.
 *
 * @throws HotpressError `OPTION_INVALID`
 */
export function checkTogether(
  { certificates, ciphers, minVersion, sessionTickets, ticketKeys }: TlsSettings,
  where: string,
): void {
  if (ticketKeys !== undefined && !sessionTickets) {
    refused(`ticketKeys${where}`, 'secrets of tickets', 'nothing where sessionTickets is false')
  }
  if (ciphers === undefined || ciphers.some(isTls13)) return
  const got = ciphers.join(', ')
  if (minVersion === 'TLSv1.3') refused(`ciphers${where}`, got, 'at least one of TLS 1.3, which minVersion asks for')
  for (const { chain } of certificates) {
    const certificate = new X509Certificate(chain[0]!)
    const kind = certificate.publicKey.asymmetricKeyType === 'rsa' ? 'RSA' : 'ECDSA'
    if (ciphers.some((suite) => suite.includes(`_${kind}_`))) continue
    refused(`ciphers${where}`, got, `one of TLS 1.3, or with ${kind} for the certificate (${titleOf(certificate)})`)
  }
}

/**
 * Secrets of tickets that are good between listeners alone which ask the same of clients: whose session is resumed is not
 * asked for a certificate again, and one that was begun where none was asked must not go on where one is required.
 */
export function boundTicketKeys(
  secrets: readonly Uint8Array[] | undefined,
  clients: TlsSettings['clients'],
): readonly Uint8Array[] | undefined {
  if (secrets === undefined || clients === undefined) return secrets
  const asked = createHash('sha256').update(clients.isRequired ? 'required' : 'optional')
  for (const issuer of clients.caChain) asked.update(createHash('sha256').update(issuer).digest())
  const info = Buffer.concat([Buffer.from('hotpress tickets of clients with certificates '), asked.digest()])
  return secrets.map((secret) => new Uint8Array(hkdfSync('sha256', secret, '', info, 32)))
}

function isTls13(suite: string): boolean {
  return !suite.startsWith('TLS_ECDHE_')
}

function readClients({ ca, clientCertificate }: TlsOptions, warn: (text: string) => void): TlsSettings['clients'] {
  if (clientCertificate === undefined) {
    if (ca !== undefined) refused(`clientCertificate${where}`, 'undefined beside ca', "'optional' or 'required'")
    return undefined
  }
  if (ca === undefined) return invalid(`ca${where}`, ca, 'who issues the certificates that clientCertificate asks for')
  // What is believed of clients stays as it is when certificates are read again.
  const files: FileVersions = new Map()
  const option = `ca${where}`
  const issuers = [ca].flat().flatMap((each) => parseCertificates(readPem(each, option, files), option))
  for (const issuer of issuers) {
    if (!issuer.ca) warn(`${option}: the certificate ${titleOf(issuer)} is not one of an issuer (basicConstraints)`)
  }
  warnOfDates(issuers, option, warn)
  return {
    ca: Buffer.from(issuers.map((each) => each.toString()).join('')),
    caChain: issuers.map((each) => each.raw),
    isRequired: clientCertificate === 'required',
  }
}

function checkCa(value: unknown, option: string): string | Uint8Array | readonly (string | Uint8Array)[] {
  if (!Array.isArray(value)) return checkSource(value, option)
  if (value.length === 0)
    return refused(option, 'an empty list', 'a PEM text, its bytes, the path of a file, or a list')
  return (value as readonly unknown[]).map((each) => checkSource(each, option))
}

function checkCiphers(value: unknown, option: string): readonly CipherSuite[] {
  const takes = `a list of ${cipherSuites.join(', ')}`
  if (!Array.isArray(value)) return invalid(option, value, takes)
  if (value.length === 0) return refused(option, 'an empty list', takes)
  for (const each of value as readonly unknown[]) {
    if (!(cipherSuites as readonly unknown[]).includes(each)) invalid(option, each, takes)
  }
  return [...new Set(value as readonly CipherSuite[])]
}

function withoutUndefined(options: { readonly [Name in keyof TlsCertificateOptions]: unknown }): TlsCertificateOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
