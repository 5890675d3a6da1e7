import { isIPv4, isIPv6 } from 'node:net'
import { HeadTemplate } from './core/head.js'
import { problem } from './core/problem.js'
import type { HttpRequest } from './core/request.js'
import type { HttpResponse } from './core/response.js'
import { redirect } from './core/responses.js'
import { httpError } from './errors.js'
import { createMatcher } from './routing/matcher.js'
import { hasHostName, isHostName } from './transports/host-names.js'
import type { TransportHost } from './transports/transport.js'

/** What a listener that redirects to HTTPS does. */
export interface RedirectSettings {
  /** In lower case; undefined for any. */
  readonly allowedHosts: ReadonlySet<string> | undefined
  /** What stands in the address; undefined for what the request asks for. */
  readonly host: string | undefined
  /** Undefined for that of the app's first listener with TLS. */
  readonly port: number | undefined
  readonly status: number
}

/**
 * What a transport serves where every request is redirected to HTTPS: none of the app's routes, and none of its
 * middleware.
 *
 * @param securePort asked for each request, since TLS may begin to be served later.
 */
export function redirectingHost(
  host: TransportHost,
  settings: RedirectSettings,
  securePort: () => number,
): TransportHost {
  const { defaultHeaders } = host.settings
  return {
    ...host,
    bridge: undefined,
    decorate: (response) => response,
    dispatch: (request) => answer(request, settings, securePort),
    isExempt: undefined,
    head: new HeadTemplate({ ...defaultHeaders, pairs: withoutHsts(defaultHeaders.pairs) }),
    sockets: undefined,
    routes: { fixed: undefined, matcher: createMatcher(), wantsPath: [] },
  }
}

/** A host as it stands in an address: a name without a last dot, an IPv4 address, or an IPv6 address in brackets. */
export function redirectHostOf(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined
  const address = value.replace(/^\[(.*)\]$/, '$1')
  if (isIPv6(address) && !address.includes('%')) return `[${address}]`
  const name = value.replace(/\.$/, '')
  const isName = isHostName(name.toLowerCase()) && !name.startsWith('*')
  return isName || isIPv4(name) ? name : undefined
}

// By plain HTTP it must not be sent (RFC 6797, 7.2).
function withoutHsts(pairs: readonly string[]): readonly string[] {
  return pairs.filter((_, index) => pairs[index & ~1]!.toLowerCase() !== 'strict-transport-security')
}

function answer(request: HttpRequest, settings: RedirectSettings, securePort: () => number): HttpResponse {
  const host = settings.host ?? allowed(request.host, settings)
  if (host === undefined) {
    const asked = request.host === '' ? '(none)' : request.host
    return problem(httpError('HOST_NOT_REDIRECTED', { host: asked }), request.id)
  }
  const port = settings.port ?? securePort()
  // The guard has seen that the target is a path of printable ASCII, which can neither end the line nor change the host;
  // or it is that of OPTIONS for the server as a whole, which has none (RFC 9112, 3.2.4).
  const target = request.path === '*' ? '' : request.url
  return redirect(`https://${host}${port === 443 ? '' : `:${port}`}${target}`, settings.status)
}

function allowed(asked: string, { allowedHosts }: RedirectSettings): string | undefined {
  const host = redirectHostOf(asked.replace(/:[0-9]*$/, ''))
  return host === undefined || allowedHosts === undefined || hasHostName(allowedHosts, host) ? host : undefined
}
