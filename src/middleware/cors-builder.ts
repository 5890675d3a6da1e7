import { type CorsOptions, corsChecks } from './cors-options.js'
import type { CorsOrigin } from './cors-origins.js'

type Writable = { -readonly [Option in keyof CorsOptions]: CorsOptions[Option] }

// Shared by every loaded copy of the package.
const brand = Symbol.for('hotpress.Cors')

/**
 * Options of `cors()` by a chain of calls. Each is checked when it is set; those that exclude each other, when the
 * middleware or the app is made.
 *
 * @throws HotpressError `OPTION_INVALID`
 * @example
 * new Hotpress({ cors: new Cors().origins(['https://app.example.com']).methods(['GET', 'POST']).maxAge(86_400).credentials(true) })
 */
export class Cors {
  readonly #options: Writable = {}

  /** What was set. */
  get options(): CorsOptions {
    return { ...this.#options }
  }

  /** Whether requests may carry cookies and other credentials. */
  credentials(isAllowed: boolean): this {
    return this.#set('credentials', isAllowed)
  }

  /** Response headers that pages may read beside the few that they always may. */
  exposeHeaders(names: string | readonly string[]): this {
    return this.#set('exposeHeaders', names)
  }

  /** Request headers that pages may send. */
  headers(names: string | readonly string[]): this {
    return this.#set('headers', names)
  }

  /** Seconds for which a browser may remember a preflight's answer. */
  maxAge(seconds: number): this {
    return this.#set('maxAge', seconds)
  }

  /** Methods that pages may use. */
  methods(names: string | readonly string[]): this {
    return this.#set('methods', names)
  }

  /** Which pages may read answers. */
  origins(origins: CorsOrigin | readonly CorsOrigin[]): this {
    return this.#set('origins', origins)
  }

  /** Whether pages of public networks may reach this server in a private one. */
  privateNetwork(isAllowed: boolean): this {
    return this.#set('privateNetwork', isAllowed)
  }

  #set<Option extends keyof CorsOptions>(option: Option, value: CorsOptions[Option]): this {
    corsChecks[option](value, `${option}() of Cors`)
    this.#options[option] = value
    return this
  }
}

Object.defineProperty(Cors.prototype, brand, { value: true })

/** Whether a value is a {@link Cors} of this or of another loaded copy of the package. */
export function isCors(value: unknown): value is Cors {
  return typeof value === 'object' && value !== null && brand in value
}
