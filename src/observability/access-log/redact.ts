/** What stands in place of what is not to be told. */
export const redacted = '[redacted]'

/** Headers whose values are credentials. */
export const secretHeaders: readonly string[] = [
  'authorization',
  'cookie',
  'proxy-authorization',
  'set-cookie',
  'x-api-key',
]

/** Names of query parameters whose values are credentials, most often. */
export const secretQuery: readonly string[] = [
  'access_token',
  'api_key',
  'apikey',
  'auth',
  'client_secret',
  'code',
  'id_token',
  'jwt',
  'password',
  'refresh_token',
  'secret',
  'sig',
  'signature',
  'token',
]

/** Keeps credentials out of lines. */
export class Redaction {
  readonly #headers: ReadonlySet<string>
  /** In lower case. */
  readonly keys: readonly string[]
  readonly #keys: ReadonlySet<string>
  /** Whether a query may have one of the keys: one with escapes may spell it in another way. */
  readonly #suspect: RegExp | undefined

  /** Names in lower case. */
  constructor(headers: readonly string[], keys: readonly string[]) {
    this.#headers = new Set(headers)
    this.keys = keys
    this.#keys = new Set(keys)
    const names = keys.map((key) => key.replace(/[^\w]/g, '\\$&')).join('|')
    this.#suspect = keys.length === 0 ? undefined : new RegExp(`[%+]|(?:^|[&;])(?:${names})(?:\\[[^=&;]*)?=`, 'i')
  }

  /** Whether a header's value is one. */
  hides(header: string): boolean {
    return this.#headers.has(header)
  }

  /** A query string, without the values that are credentials. */
  query(query: string): string {
    if (query === '' || this.#suspect === undefined || !this.#suspect.test(query)) return query
    return query.replace(/([^&;=]*)=([^&;]*)/g, (whole, key: string) =>
      this.#keys.has(nameOf(key)) ? `${key}=${redacted}` : whole,
    )
  }

  /** A URL, without those in its query and its fragment. */
  url(url: string): string {
    const mark = url.search(/[?#]/)
    if (mark < 0) return url
    return (
      url.slice(0, mark) +
      url.slice(mark).replace(/([?#])([^?#]*)/g, (_, sign: string, rest: string) => sign + this.query(rest))
    )
  }
}

// `token`, and `token[]` and `token[a]` as parsers of forms know it.
function nameOf(key: string): string {
  let name = key.replaceAll('+', ' ')
  if (name.includes('%')) {
    try {
      name = decodeURIComponent(name)
    } catch {
      // Malformed escapes stand for themselves.
    }
  }
  return name.replace(/\[.*$/s, '').trim().toLowerCase()
}
