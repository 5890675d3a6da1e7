import { createHash, randomBytes, randomUUID, timingSafeEqual } from 'node:crypto'
import { Cookie, CookieKeys, type HttpRequest } from 'hotpress'

/** Somebody who has logged in. */
export interface Session {
  readonly id: string
  readonly name: string
}

const cookieName = 'chat'
const hours = 3600

/** Who is logged in: it stands in an encrypted cookie, and here is counted who has a page open. */
export class Sessions {
  readonly #keys: CookieKeys
  readonly #online = new Map<string, { count: number; readonly id: string }>()
  readonly #passphrase: Buffer

  /** @param key of at least 32 bytes; with a new one at each start everybody has to log in again. */
  constructor(passphrase: string, key: string | Uint8Array = randomBytes(32)) {
    this.#keys = new CookieKeys([key])
    this.#passphrase = digest(passphrase)
  }

  /** Compared in constant time. */
  isPassphrase(given: string): boolean {
    return timingSafeEqual(digest(given), this.#passphrase)
  }

  /** Whether somebody else with the name has a page open. */
  isTaken(name: string): boolean {
    return this.#online.has(keyOf(name))
  }

  create(name: string): Session {
    return { id: randomUUID(), name }
  }

  /** A cookie that no script can read, and that no other site's page can have sent. */
  cookieOf({ id, name }: Session, isSecure: boolean): Cookie {
    const value = Buffer.from(JSON.stringify({ id, name })).toString('base64url')
    const cookie = new Cookie(cookieName, value)
      .path('/')
      .maxAge(12 * hours)
      .httpOnly()
      .sameSite('Strict')
    return this.#keys.encrypt(isSecure ? cookie.secure() : cookie)
  }

  of(request: HttpRequest): Session | undefined {
    const value = this.#keys.decrypt(request, cookieName)
    // Nobody else can have made it, so that it is what cookieOf() wrote.
    return value === undefined ? undefined : JSON.parse(Buffer.from(value, 'base64url').toString())
  }

  enter({ id, name }: Session): void {
    const entry = this.#online.get(keyOf(name))
    if (entry === undefined) this.#online.set(keyOf(name), { count: 1, id })
    else entry.count++
  }

  leave({ name }: Session): void {
    const entry = this.#online.get(keyOf(name))
    if (entry !== undefined && --entry.count === 0) this.#online.delete(keyOf(name))
  }

  /** The room of Socket.IO that has all sockets of a session. */
  roomOf(id: string): string {
    return `session ${id}`
  }

  /** The name of the cookie. */
  get cookieName(): string {
    return cookieName
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}

function keyOf(name: string): string {
  return name.normalize('NFKC').toLowerCase()
}
