import { Buffer } from 'node:buffer'
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import { describe, HotpressError } from '../errors.js'
import { Cookie } from './cookie.js'
import type { HttpRequest } from './request.js'

/** What is derived from one key: a key for each use, so that neither tells anything of the other. */
interface Derived {
  readonly encrypting: Uint8Array
  readonly signing: Uint8Array
}

const keyLength = 32
const nonceLength = 12
const tagLength = 16
/** Of the time at which a sealed value ends, in seconds since 1970 as a big-endian number; 0 for none. */
const timeLength = 6

// What is sealed or signed says in which way, so that a later way can be told from this one.
const encryptionContext = 'hotpress cookie encryption 1'
const signatureContext = 'hotpress cookie signature 1'

/**
 * Signs or encrypts the values of cookies. A signed value (HMAC-SHA-256) can be read by the client, and not changed; an
 * encrypted one (AES-256-GCM) neither. Both are bound to the cookie's name, so that no value can be moved to another
 * cookie, and to the time at which the cookie ends where it has a `maxAge` or `expires`: after it the value is refused
 * here too, whatever the client has kept.
 *
 * The first key signs and encrypts, all verify and decrypt: put a new key in front, and take the old one away when its
 * cookies have ended.
 *
 * @param keys secrets of at least 32 bytes each (texts count in UTF-8), such as `openssl rand -base64 32` gives. They are
 * not used as they are: HKDF-SHA-256 (RFC 5869) makes a key for each use of them.
 * @throws HotpressError `OPTION_INVALID`
 * @example
 * const keys = new CookieKeys([config.cookieKey, config.olderCookieKey])
 * app.post('/login', async (req) => empty().cookie(keys.sign(new Cookie('user', await login(req)).httpOnly().secure())))
 * app.get('/me', (req) => keys.verify(req, 'user') ?? new HttpError(401))
 */
export class CookieKeys {
  readonly #keys: readonly [Derived, ...Derived[]]

  constructor(keys: readonly (Uint8Array | string)[]) {
    if (!Array.isArray(keys)) throw invalidKeys(describe(keys))
    const [first, ...others] = keys.map(derive)
    if (first === undefined) throw invalidKeys('no key')
    this.#keys = [first, ...others]
  }

  /** The value of a request's cookie that {@link encrypt} made; undefined when there is none, or it is not in order. */
  decrypt(request: HttpRequest, name: string): string | undefined {
    const given = request.cookies[name]
    if (given === undefined) return undefined
    const sealed = fromBase64url(given)
    if (sealed === undefined || sealed.length < nonceLength + timeLength + tagLength) return undefined
    for (const { encrypting } of this.#keys) {
      const plain = open(sealed, encrypting, name)
      if (plain !== undefined) {
        return hasEnded(plain.readUIntBE(0, timeLength)) ? undefined : plain.toString('utf8', timeLength)
      }
    }
    return undefined
  }

  /**
   * The same cookie with its value encrypted; it is 4/3 as long, and 46 bytes.
   *
   * Nonces are random: with one key no more than 2^32 cookies should be made (NIST SP 800-38D, 8.3).
   *
   * @throws HotpressError `COOKIE_INVALID` when it is too large then.
   */
  encrypt(cookie: Cookie): Cookie {
    const nonce = randomBytes(nonceLength)
    const cipher = createCipheriv('aes-256-gcm', this.#keys[0].encrypting, nonce)
    cipher.setAAD(associated(cookie.name))
    const time = Buffer.alloc(timeLength)
    time.writeUIntBE(endOf(cookie), 0, timeLength)
    const parts = [nonce, cipher.update(time), cipher.update(cookie.value, 'utf8'), cipher.final(), cipher.getAuthTag()]
    return new Cookie(cookie.name, Buffer.concat(parts).toString('base64url'), cookie.options)
  }

  /**
   * The same cookie with its value signed: `value.time.signature`.
   *
   * @throws HotpressError `COOKIE_INVALID` when it is too large then.
   */
  sign(cookie: Cookie): Cookie {
    const end = endOf(cookie)
    const signed = `${cookie.value}.${end === 0 ? '' : end.toString(36)}`
    const signature = sign(this.#keys[0].signing, cookie.name, signed).toString('base64url')
    return new Cookie(cookie.name, `${signed}.${signature}`, cookie.options)
  }

  /** The value of a request's cookie that {@link sign} made; undefined when there is none, or it is not in order. */
  verify(request: HttpRequest, name: string): string | undefined {
    const given = request.cookies[name]
    if (given === undefined) return undefined
    const dot = given.lastIndexOf('.')
    const before = given.lastIndexOf('.', dot - 1)
    if (dot < 1 || before < 0) return undefined
    const signature = fromBase64url(given.slice(dot + 1))
    if (signature?.length !== 32) return undefined
    const signed = given.slice(0, dot)
    if (!this.#keys.some(({ signing }) => timingSafeEqual(sign(signing, name, signed), signature))) return undefined
    const end = given.slice(before + 1, dot)
    return end !== '' && hasEnded(Number.parseInt(end, 36)) ? undefined : given.slice(0, before)
  }
}

function associated(name: string): Buffer {
  return Buffer.from(`${encryptionContext}\0${name}`)
}

function derive(key: unknown): Derived {
  const isKey = typeof key === 'string' || key instanceof Uint8Array
  if (!isKey) throw invalidKeys(describe(key))
  const size = Buffer.byteLength(key)
  if (size < keyLength) throw invalidKeys(`a key of ${size} bytes`)
  const make = (use: string): Uint8Array => new Uint8Array(hkdfSync('sha256', key, '', use, keyLength))
  return { encrypting: make(encryptionContext), signing: make(signatureContext) }
}

// In seconds since 1970, 0 where it ends with the browser's session. A browser goes by Max-Age where there are both.
function endOf({ options: { expires, maxAge } }: Cookie): number {
  if (maxAge !== undefined) return Math.floor(Date.now() / 1000) + maxAge
  return expires === undefined ? 0 : Math.max(1, Math.floor(expires.getTime() / 1000))
}

// There is one spelling of each value: Node's decoder skips what is not base64url, and takes any bits at the end.
function fromBase64url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url')
  return bytes.toString('base64url') === text ? bytes : undefined
}

function hasEnded(end: number): boolean {
  return end !== 0 && Date.now() >= end * 1000
}

function invalidKeys(got: string): HotpressError {
  const takes = `an array of keys of at least ${keyLength} bytes each, the newest first`
  return new HotpressError('OPTION_INVALID', { got, option: 'keys of CookieKeys', takes })
}

function open(sealed: Buffer, key: Uint8Array, name: string): Buffer | undefined {
  try {
    const end = sealed.length - tagLength
    const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, nonceLength), { authTagLength: tagLength })
    decipher.setAAD(associated(name)).setAuthTag(sealed.subarray(end))
    return Buffer.concat([decipher.update(sealed.subarray(nonceLength, end)), decipher.final()])
  } catch {
    return undefined
  }
}

// A name is a token, so NUL ends it.
function sign(key: Uint8Array, name: string, signed: string): Buffer {
  return createHmac('sha256', key).update(`${signatureContext}\0${name}\0${signed}`).digest()
}
