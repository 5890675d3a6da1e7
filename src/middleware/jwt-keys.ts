import { Buffer } from 'node:buffer'
import {
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type JsonWebKey,
  KeyObject,
  X509Certificate,
} from 'node:crypto'
import { invalid } from '../core/options-check.js'
import { describe, HotpressError } from '../errors.js'

/** A secret that tokens are signed with: a text in UTF-8, bytes, or a KeyObject; as long as the hash at least. */
export type JwtSecret = KeyObject | Uint8Array | string

/** A public key that tokens are checked with: PEM (a key or a certificate), a JSON Web Key, or a KeyObject. */
export type JwtPublicKey = JsonWebKey | KeyObject | string

/** JSON Web Keys, as an issuer publishes them (RFC 7517, 5). */
export interface JwtKeySet {
  readonly keys: readonly JsonWebKey[]
}

/** A key with the algorithms that it is good for, and no others. */
export interface VerifyKey {
  readonly algorithms: readonly string[]
  readonly key: KeyObject
}

const rsa = ['PS256', 'PS384', 'PS512', 'RS256', 'RS384', 'RS512']
const curves: Readonly<Record<string, string>> = { prime256v1: 'ES256', secp384r1: 'ES384', secp521r1: 'ES512' }

/** Every algorithm by which public keys check tokens (RFC 7518, 3.1; RFC 8037; RFC 9864). */
export const publicAlgorithms: readonly string[] = [...Object.values(curves), 'Ed25519', 'EdDSA', ...rsa]

/**
 * A secret as a key for HMAC. A public key in its place is refused, whatever its form: whoever knows it could sign.
 *
 * @throws HotpressError `OPTION_INVALID`, which never tells the value.
 */
export function secretKey(value: unknown, option: string): VerifyKey {
  const fail = (got: string, takes = 'a secret of 32 bytes or more: a text, bytes or a secret KeyObject'): never => {
    throw new HotpressError('OPTION_INVALID', { got, option, takes })
  }
  const bytes = bytesOf(value)
  if (bytes === undefined) return fail(kindOf(value))
  if (isAsymmetric(bytes)) {
    return fail('a key of a pair, or a certificate', 'a secret; the public key of a pair goes into publicKey')
  }
  // RFC 7518, 3.2: as long as the hash that it is used with.
  const algorithms = [256, 384, 512].filter((bits) => bytes.byteLength * 8 >= bits).map((bits) => `HS${bits}`)
  if (algorithms.length === 0) return fail(`one of ${bytes.byteLength} bytes`)
  return { algorithms, key: createSecretKey(bytes) }
}

/**
 * A public key with the algorithms of its kind.
 *
 * @throws HotpressError `OPTION_INVALID`, which never tells the value.
 */
export function publicKey(value: unknown, option: string): VerifyKey {
  const takes = 'a public key: PEM, a JSON Web Key or a KeyObject; RSA from 2,048 bits, P-256, P-384, P-521 or Ed25519'
  const fail = (got: string): never => {
    throw new HotpressError('OPTION_INVALID', { got, option, takes })
  }
  const jwk = isJwk(value) ? value : undefined
  if (jwk?.kty === 'oct' || (value instanceof KeyObject && value.type === 'secret')) return fail('a secret')
  if (isPrivate(value)) return fail('a private key')
  let key: KeyObject
  try {
    if (value instanceof KeyObject) key = value
    else if (jwk !== undefined) key = createPublicKey({ format: 'jwk', key: jwk })
    else if (typeof value === 'string') key = createPublicKey(value)
    else return fail(kindOf(value))
  } catch {
    return fail(typeof value === 'string' ? 'a text that is no key in PEM' : 'a JSON Web Key that is not valid')
  }
  const possible = algorithmsOf(key)
  if (possible.length === 0) return fail(`a key of the kind ${key.asymmetricKeyType}, or one that is too short`)
  const named = jwk?.alg
  if (named === undefined) return { algorithms: possible, key }
  return possible.includes(named as string)
    ? { algorithms: [named as string], key }
    : fail(`a key with the alg ${named}`)
}

/** Checks a set of keys; those for encryption are passed over. @throws HotpressError `OPTION_INVALID` */
export function keySet(value: unknown, option: string): JwtKeySet {
  const keys = typeof value === 'object' && value !== null && 'keys' in value ? value.keys : undefined
  if (!Array.isArray(keys)) return invalid(option, value, 'a URL, or an object with keys (RFC 7517)')
  const used = keys.filter((key: JsonWebKey) => key?.use !== 'enc')
  if (used.length === 0) invalid(option, value, 'at least one key for signatures')
  for (const [index, key] of used.entries()) publicKey(key, `key ${index} of ${option}`)
  return { keys: used }
}

/**
 * The address of a set of keys: `https`, or `http` on this machine, since whoever can change the answer on its way can
 * sign tokens.
 *
 * @throws HotpressError `OPTION_INVALID`
 */
export function keySetUrl(value: URL | string, option: string): URL {
  const url = URL.canParse(String(value)) ? new URL(value) : undefined
  const isLocal = url !== undefined && /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url.hostname)
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal)) return url
  return invalid(option, value, 'an https URL, or http on this machine')
}

function algorithmsOf(key: KeyObject): readonly string[] {
  const details = key.asymmetricKeyDetails
  switch (key.asymmetricKeyType) {
    case 'ec':
      return [curves[details?.namedCurve ?? '']].filter((name) => name !== undefined)
    case 'ed25519':
      return ['Ed25519', 'EdDSA']
    case 'rsa':
      // RFC 7518, 3.3.
      return (details?.modulusLength ?? 0) >= 2048 ? rsa : []
    default:
      return []
  }
}

function bytesOf(value: unknown): Buffer | undefined {
  if (typeof value === 'string') return Buffer.from(value)
  if (value instanceof Uint8Array) return Buffer.from(value)
  return value instanceof KeyObject && value.type === 'secret' ? value.export() : undefined
}

// PEM, a JSON Web Key, OpenSSH's line and, after four bytes of a length, its blob.
const encoded = /-----BEGIN |^\{[\s\S]*"kty"|^(?:[\s\S]{4})?(?:ssh-(?:dss|ed25519|rsa)|ecdsa-sha2-)/

// In any form that a key is stored in: PEM, JSON, OpenSSH, DER, and those again in base64.
function isAsymmetric(bytes: Buffer): boolean {
  const text = bytes.toString('latin1')
  const inner = /^[\w+/=\s-]+$/.test(text) ? Buffer.from(text, 'base64') : undefined
  return [bytes, ...(inner === undefined ? [] : [inner])].some((each) => {
    const start = each.toString('latin1').trimStart()
    return encoded.test(start) || isDer(each)
  })
}

function isDer(bytes: Buffer): boolean {
  const readers = [
    () => createPublicKey({ format: 'der', key: bytes, type: 'spki' }),
    () => createPublicKey({ format: 'der', key: bytes, type: 'pkcs1' }),
    () => createPrivateKey({ format: 'der', key: bytes, type: 'pkcs8' }),
    () => new X509Certificate(bytes),
  ]
  // All of them begin with a sequence, and few secrets do.
  return bytes[0] === 0x30 && readers.some(succeeds)
}

function succeeds(read: () => unknown): boolean {
  try {
    read()
    return true
  } catch {
    return false
  }
}

function isJwk(value: unknown): value is JsonWebKey {
  return typeof value === 'object' && value !== null && 'kty' in value
}

function isPrivate(value: unknown): boolean {
  if (typeof value === 'string') return value.includes('PRIVATE KEY')
  if (value instanceof KeyObject) return value.type === 'private'
  return isJwk(value) && value.d !== undefined
}

// A key never stands in a message.
function kindOf(value: unknown): string {
  if (value instanceof KeyObject) return `a ${value.type} key`
  return typeof value === 'string' ? 'a text' : describe(value)
}
