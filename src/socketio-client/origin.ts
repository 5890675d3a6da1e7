import { invalid, refused } from '../core/options-check.js'

const takes = "the origin of an http, https, ws or wss server, such as 'https://api.example.com'"
const schemes: readonly string[] = ['http:', 'https:', 'ws:', 'wss:']

/**
 * The origin that a URL names. Errors do not show the URL, which may hold a password or a token.
 *
 * @throws HotpressError `OPTION_INVALID`
 */
export function originOf(url: unknown, call: string): string {
  const option = `url of ${call}`
  if (typeof url !== 'string' && !(url instanceof URL)) return invalid(option, url, takes)
  const parsed = parse(url)
  if (parsed === undefined) return refused(option, 'a text that is no URL', takes)
  const { hash, host, password, pathname, protocol, search, username } = parsed
  if (!schemes.includes(protocol)) return refused(option, `the scheme ${protocol}`, takes)
  if (username !== '' || password !== '') {
    return refused(option, 'a user name or a password', `${takes}; credentials are for auth or extraHeaders`)
  }
  if (pathname !== '/') {
    return refused(option, 'a path', `${takes}; a namespace is for connectTo(), the path of the server for path`)
  }
  if (search !== '' || hash !== '')
    return refused(option, 'a query or a fragment', `${takes}; there is the option query`)
  return `${protocol}//${host}`
}

function parse(url: string | URL): URL | undefined {
  try {
    return new URL(url)
  } catch {
    return undefined
  }
}
