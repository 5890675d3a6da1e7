import { Buffer } from 'node:buffer'
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { checkFunction, checkOptions, invalid } from '../core/options-check.js'
import type { HttpRequest } from '../core/request.js'
import { type RequestKey, requestKey } from '../core/request-key.js'
import type { HttpResponse } from '../core/response.js'
import { describe, HotpressError } from '../errors.js'
import { token as checkToken, identityOf } from './authenticator.js'

/** Tokens against forged requests: options of `csrf({ token })`. */
export interface CsrfTokenOptions {
  /** The cookie that tokens are tied to: `__Host-csrf` by default. */
  readonly cookie?: string
  /** The header in which a page sends the token: `x-csrf-token` by default. */
  readonly header?: string
  /** Reads the token in place of the header, from a form for example: `async (req) => (await req.form()).csrf`. */
  readonly read?: (request: HttpRequest) => string | undefined | Promise<string | undefined>
  /** 32 bytes or more that only this service knows, as a text or as bytes; several, of which the first signs, while it changes. */
  readonly secret: string | Uint8Array | readonly (string | Uint8Array)[]
  /** The name of the cookie that holds the session, so that a token is good for that session alone. */
  readonly session?: string
}

const optionChecks = {
  cookie: checkToken,
  header: checkToken,
  read: checkFunction,
  secret: checkSecrets,
  session: checkToken,
}

/**
 * Signed double-submit tokens: the cookie holds a random value, and a token is a fresh nonce with the HMAC of nonce, cookie
 * and session. So a token differs from answer to answer, which leaves BREACH nothing to guess at.
 */
export class CsrfTokens {
  readonly #cookie: string
  readonly #issued: RequestKey<string> = requestKey('csrf')
  readonly #seen: RequestKey<boolean> = requestKey('csrf seen')
  readonly #secrets: readonly Buffer[]
  readonly #session: string | undefined
  readonly read: (request: HttpRequest) => string | undefined | Promise<string | undefined>

  /** @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN` */
  constructor(options: CsrfTokenOptions) {
    const where = ' of token of csrf()'
    const given = checkOptions(options, optionChecks, where) as Partial<CsrfTokenOptions> & {
      secret?: readonly Buffer[]
    }
    const { cookie = '__Host-csrf', header = 'x-csrf-token', read } = given
    this.#cookie = cookie
    this.#secrets = given.secret ?? invalid(`secret${where}`, undefined, takes)
    this.#session = given.session
    this.read = read ?? ((request) => request.header(header))
  }

  /** Takes note of a request whose answer {@link finish} will see. */
  begin(request: HttpRequest): void {
    request.set(this.#seen, true)
  }

  /**
   * A new token for a request; the answer gets the cookie that it is tied to, where the client has none.
   *
   * @throws HotpressError `IDENTITY_MISSING` where nobody would add that cookie.
   */
  issue(request: HttpRequest): string {
    identityOf(request, this.#seen, 'token()')
    let value = this.#valueOf(request)
    if (value === undefined) {
      value = request.get(this.#issued) ?? randomBytes(18).toString('base64url')
      request.set(this.#issued, value)
    }
    const nonce = randomBytes(12).toString('base64url')
    return `${nonce}.${this.#sign(this.#secrets[0]!, nonce, value, request)}`
  }

  /** Adds the cookie to the answer of a request that {@link issue} was called for. */
  finish(response: HttpResponse, request: HttpRequest): HttpResponse {
    const value = request.get(this.#issued)
    if (value === undefined) return response
    // A browser keeps a Secure cookie of this machine over http too, and drops a prefixed one without it.
    const isSecure = request.protocol === 'https' || /^__(?:host|secure)-/i.test(this.#cookie)
    const attributes = `Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`
    return response.append('Set-Cookie', `${this.#cookie}=${value}; ${attributes}`)
  }

  /** Whether a token was issued to the holder of the request's cookies. */
  isRight(token: string | undefined, request: HttpRequest): boolean {
    const value = this.#valueOf(request)
    if (value === undefined || typeof token !== 'string' || !/^[\w-]{16}\.[\w-]{43}$/.test(token)) return false
    const [nonce, signature] = token.split('.') as [string, string]
    const given = Buffer.from(signature)
    return this.#secrets.some((secret) =>
      timingSafeEqual(given, Buffer.from(this.#sign(secret, nonce, value, request))),
    )
  }

  // What is no value of ours may be a client's own idea, and is replaced.
  #valueOf(request: HttpRequest): string | undefined {
    const value = request.cookies[this.#cookie]
    return value !== undefined && /^[\w-]{24}$/.test(value) ? value : undefined
  }

  // Nonce and value are of fixed length, so that nothing of the one can pass for the other.
  #sign(secret: Buffer, nonce: string, value: string, request: HttpRequest): string {
    const session = this.#session === undefined ? '' : (request.cookies[this.#session] ?? '')
    return createHmac('sha256', secret)
      .update(nonce + value + session)
      .digest('base64url')
  }
}

const takes = 'a secret of 32 bytes or more, or several: texts or bytes'

function checkSecrets(value: unknown, option: string): readonly Buffer[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  if (list.length === 0) invalid(option, value, takes)
  return list.map((each) => {
    const bytes = typeof each === 'string' || each instanceof Uint8Array ? Buffer.from(each) : undefined
    if (bytes !== undefined && bytes.byteLength >= 32) return bytes
    // A secret never stands in a message.
    const got = bytes === undefined ? describe(each) : `one of ${bytes.byteLength} bytes`
    throw new HotpressError('OPTION_INVALID', { got, option, takes })
  })
}
