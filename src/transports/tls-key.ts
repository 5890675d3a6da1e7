import { Buffer } from 'node:buffer'
import { createPrivateKey, type KeyObject } from 'node:crypto'
import { pemBlocks, unreadable } from './tls-files.js'

/** Bits of an RSA key below which it can be broken with effort (BSI TR-02102, NIST SP 800-57). */
const fewestBits = 2048

const curves: readonly (string | undefined)[] = ['prime256v1', 'secp384r1', 'secp521r1']

const takes = 'an RSA key of 2,048 bits or more, an ECDSA key on P-256, P-384 or P-521, or Ed25519'

/**
 * The private key in a PEM text; whatever else stands there is passed over.
 *
 * @param passphrase what it is decrypted with; it never gets into an error.
 * @param warn told where the passphrase is not needed.
 * @throws HotpressError `CERTIFICATE_UNREADABLE`
 */
export function parseKey(
  pem: string,
  passphrase: string | undefined,
  option: string,
  warn: (text: string) => void,
): KeyObject {
  const blocks = pemBlocks(pem)
  const block = blocks.find(({ label }) => label.endsWith('PRIVATE KEY'))
  if (block === undefined) {
    const labels = blocks.map(({ label }) => label).join(', ') || 'a block without an end'
    return unreadable(option, `has no private key in it, but ${labels}`)
  }
  const isEncrypted = block.label.startsWith('ENCRYPTED ') || block.pem.includes('Proc-Type: 4,ENCRYPTED')
  if (isEncrypted && passphrase === undefined) {
    return unreadable(option, 'is encrypted, and there is no passphrase: give it as passphrase')
  }
  if (!isEncrypted && passphrase !== undefined) warn(`${option} is not encrypted: its passphrase is not needed`)
  try {
    const key = createPrivateKey(isEncrypted ? { key: block.pem, passphrase } : block.pem)
    const problem = problemOf(key)
    return problem === undefined ? key : unreadable(option, problem)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'CERTIFICATE_UNREADABLE') throw error
    if (!isEncrypted) return unreadable(option, `cannot be parsed: ${message}`, error)
    // Of a wrong passphrase OpenSSL finds out by what it decrypts: padding, or structure.
    const reason = code === 'ERR_OSSL_UNSUPPORTED' ? 'by this OpenSSL' : 'with this passphrase'
    return unreadable(option, `cannot be decrypted ${reason} (${message})`, error)
  }
}

/** Whether the native core can sign with a key (PKCS#8): ring takes RSA of up to 4,096 bits, and no P-521. */
export function isCommonKey(der: Uint8Array): boolean {
  const { asymmetricKeyDetails = {} } = privateKey(der)
  return (asymmetricKeyDetails.modulusLength ?? 0) <= 4096 && asymmetricKeyDetails.namedCurve !== 'secp521r1'
}

/** Whether keys (PKCS#8) are all of one kind: RSA, ECDSA or Ed25519. */
export function isOneKind(keys: readonly Uint8Array[]): boolean {
  return new Set(keys.map((der) => privateKey(der).asymmetricKeyType)).size <= 1
}

function privateKey(der: Uint8Array): KeyObject {
  return createPrivateKey({ format: 'der', key: Buffer.from(der), type: 'pkcs8' })
}

function problemOf({ asymmetricKeyDetails = {}, asymmetricKeyType: type }: KeyObject): string | undefined {
  const { modulusLength = 0, namedCurve } = asymmetricKeyDetails
  if (type === 'rsa') {
    return modulusLength < fewestBits ? `is an RSA key of ${modulusLength} bits: take ${takes}` : undefined
  }
  const isTaken = type === 'ed25519' || (type === 'ec' && curves.includes(namedCurve))
  return isTaken ? undefined : `is of the kind ${[type, namedCurve].filter(Boolean).join(' ')}: take ${takes}`
}
