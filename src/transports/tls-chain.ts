import { X509Certificate } from 'node:crypto'
import { pemBlocks, unreadable } from './tls-files.js'

/**
 * The certificates in a PEM text.
 *
 * @throws HotpressError `CERTIFICATE_UNREADABLE` naming the one that is wrong.
 */
export function parseCertificates(pem: string, option: string): readonly X509Certificate[] {
  const blocks = pemBlocks(pem)
  const own = blocks.filter(({ label }) => label === 'CERTIFICATE')
  if (own.length === 0) {
    const labels = blocks.map(({ label }) => label).join(', ') || 'a block without an end'
    return unreadable(option, `has no certificate in it, but ${labels}`)
  }
  return own.map((block, index) => {
    try {
      return new X509Certificate(block.pem)
    } catch (error) {
      return unreadable(option, `cannot be parsed: certificate ${index + 1} in it: ${(error as Error).message}`, error)
    }
  })
}

/**
 * Checks that each certificate was issued by the next one.
 *
 * @throws HotpressError `CERTIFICATE_UNREADABLE` naming the two that do not follow each other.
 */
export function checkChain(chain: readonly X509Certificate[], option: string): void {
  for (const [index, certificate] of chain.entries()) {
    const issuer = chain[index + 1]
    if (issuer === undefined || (certificate.checkIssued(issuer) && isSigned(certificate, issuer))) continue
    const order = 'the order is its own certificate, then each issuer of the one before'
    const [first, second] = [titleOf(certificate), titleOf(issuer)]
    unreadable(
      option,
      `is no chain: certificate ${index + 1} (${first}) was not issued by the next (${second}); ${order}`,
    )
  }
}

/** Warns of certificates that are not valid now: clients refuse them. */
export function warnOfDates(chain: readonly X509Certificate[], option: string, warn: (text: string) => void): void {
  const now = Date.now()
  for (const certificate of chain) {
    const [from, to] = [new Date(certificate.validFrom), new Date(certificate.validTo)]
    if (now > to.getTime())
      warn(`${option}: the certificate ${titleOf(certificate)} has expired, on ${to.toISOString()}`)
    if (now < from.getTime()) {
      warn(`${option}: the certificate ${titleOf(certificate)} is not valid before ${from.toISOString()}`)
    }
  }
}

/** What a certificate is called in errors and logs: whose it is, in one line. */
export function titleOf({ serialNumber, subject }: X509Certificate): string {
  return (subject ?? '').replaceAll('\n', ', ') || `number ${serialNumber}`
}

function isSigned(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.verify(issuer.publicKey)
  } catch {
    // A key of another kind than the signature's.
    return false
  }
}
