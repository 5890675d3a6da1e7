import type { Logger } from './core/logger.js'
import { type Check, checkBoolean, checkOptions, invalid, refused } from './core/options-check.js'
import { bytesOf } from './core/units.js'
import { descriptorOf } from './lifecycle/socket-activation.js'
import type { Http2Options, HttpsRedirectOptions, ListenOptions } from './option-types.js'
import { type RedirectSettings, redirectHostOf } from './redirect.js'
import { checkHostNames } from './transports/host-names.js'
import { type SettledTls, settleTls, type WatchedIdentity } from './transports/tls.js'
import { defaultBacklog, type Http2Settings, type ListenSettings } from './transports/transport.js'

type Checks<Options> = { readonly [Name in keyof Options]-?: Check }

const portTakes = 'a whole number from 0 to 65535'

const checks: Checks<ListenOptions> = {
  backlog: (value) => positiveCount(value, 'backlog'),
  fd: (value) => descriptorOf(value, 'fd'),
  host: (value) => (typeof value === 'string' && value !== '' ? value : invalid('host', value, 'an address or a name')),
  http2: checkHttp2,
  http3: (value) => checkBoolean(value, 'http3'),
  port: (value) => (isPort(value) ? value : invalid('port', value, portTakes)),
  redirectToHttps: checkRedirect,
  reusePort: (value) => checkBoolean(value, 'reusePort'),
  threads: (value) => positiveCount(value, 'threads'),
  // Settled with the others at hand.
  tls: (value) => value,
}

/** The names of the options of `listen()`. */
export const listenOptionNames: readonly string[] = Object.keys(checks)

const http2Checks: Checks<Http2Options> = {
  cleartext: checkBoolean,
  connectionWindow: positiveBytes,
  maxConcurrentStreams: positiveCount,
  streamWindow: positiveBytes,
}

const statuses: readonly unknown[] = [301, 302, 307, 308]

const redirectChecks: Checks<HttpsRedirectOptions> = {
  allowedHosts: checkHostNames,
  host: (value, option) => redirectHostOf(value) ?? invalid(option, value, 'a host name or an address, without a port'),
  port: (value, option) =>
    isPort(value) && value !== 0 ? value : invalid(option, value, 'a whole number from 1 to 65535'),
  status: (value, option) => (statuses.includes(value) ? value : invalid(option, value, '301, 302, 307 or 308')),
}

/** The address to bind, where none is named. */
export const defaultHost = '127.0.0.1'

/** The options of `listen()`, checked and complete. */
export interface SettledListen {
  readonly redirect: RedirectSettings | undefined
  readonly watched: WatchedIdentity | undefined
  readonly where: ListenSettings
}

/**
 * Checks the options of `listen()` and completes them.
 *
 * @param log told of certificates that clients will refuse.
 * @param held the descriptor of a socket that is bound to the address already.
 * @throws HotpressError `CERTIFICATE_UNREADABLE`, `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function settleListen(options: ListenOptions, log: Logger, held?: number): SettledListen {
  const given = checkOptions(options, checks, ' of listen()')
  const tls = given.tls === undefined ? undefined : settleTls(given.tls, (text) => log.warn(text))
  const redirect = given.redirectToHttps as RedirectSettings | undefined
  const where: ListenSettings = Object.freeze({
    backlog: (given.backlog as number | undefined) ?? defaultBacklog,
    fd: given.fd as number | undefined,
    held,
    host: (given.host as string | undefined) ?? defaultHost,
    http2: (given.http2 as Http2Settings | undefined) ?? http2Settings({}, { isAsked: false, isOffered: true }),
    http3: (given.http3 as boolean | undefined) ?? false,
    port: (given.port as number | undefined) ?? 0,
    reusePort: (given.reusePort as boolean | undefined) ?? false,
    threads: given.threads as number | undefined,
    tls: tls?.settings,
  })
  if (where.fd !== undefined) {
    const beside = (['host', 'port', 'reusePort'] as const).find((option) => given[option] !== undefined)
    if (beside !== undefined)
      refused('fd', `a descriptor beside ${beside}`, `no ${beside}: its socket has an address already`)
  }
  checkTogether(where, tls, redirect)
  return { redirect, watched: tls?.watched, where }
}

// Options that would be without effect beside each other, or take it from one another.
function checkTogether(
  where: ListenSettings,
  tls: SettledTls | undefined,
  redirect: RedirectSettings | undefined,
): void {
  const { http2, http3, reusePort, threads } = where
  if (tls === undefined) {
    if (http3) refused('http3', 'true without tls', 'tls beside it')
    if (http2.isAsked && !http2.cleartext)
      refused('http2', 'what it does with TLS, and no tls', 'tls, or cleartext: true')
    if (threads !== undefined && !http2.cleartext) {
      refused(
        'threads',
        `${threads} without TLS and HTTP/2`,
        'tls beside it: HTTP/1.1 without it is served by the event loop',
      )
    }
    return
  }
  if (http3 && where.fd !== undefined) {
    refused('fd', 'a descriptor beside http3', 'no http3: that listens by UDP as well, on a socket of its own')
  }
  if (http3 && reusePort) {
    // UDP has no connections: the system gives each packet to a socket by the client's address, which may change, and deals
    // addresses anew whenever a process comes or goes.
    refused(
      'reusePort',
      'true beside http3',
      'no http3: packets of one connection of QUIC would reach processes that know nothing of it',
    )
  }
  if (http2.cleartext) refused('cleartext of http2', 'true beside tls', 'true without tls only')
  if (redirect !== undefined)
    refused('redirectToHttps', 'a redirection beside tls', 'no tls: the redirection is for plain HTTP')
}

function checkHttp2(value: unknown): Http2Settings {
  if (typeof value === 'boolean') return http2Settings({}, { isAsked: value, isOffered: value })
  if (typeof value !== 'object' || value === null) return invalid('http2', value, 'true, false or an object')
  return http2Settings(checkOptions(value, http2Checks, ' of http2'), { isAsked: true, isOffered: true })
}

function http2Settings(
  given: { readonly [Name in keyof Http2Options]?: unknown },
  wanted: Pick<Http2Settings, 'isAsked' | 'isOffered'>,
): Http2Settings {
  return {
    ...wanted,
    cleartext: (given.cleartext as boolean | undefined) ?? false,
    connectionWindow: given.connectionWindow as number | undefined,
    maxConcurrentStreams: given.maxConcurrentStreams as number | undefined,
    streamWindow: given.streamWindow as number | undefined,
  }
}

function checkRedirect(value: unknown): RedirectSettings | undefined {
  if (value === false) return undefined
  if (value !== true && (typeof value !== 'object' || value === null)) {
    return invalid('redirectToHttps', value, 'true, false or an object')
  }
  const given =
    value === true ? {} : (checkOptions(value, redirectChecks, ' of redirectToHttps') as HttpsRedirectOptions)
  if (given.host !== undefined && given.allowedHosts !== undefined) {
    refused('host of redirectToHttps', 'one host beside allowedHosts', 'the one or the other')
  }
  return {
    allowedHosts: given.allowedHosts && new Set(given.allowedHosts),
    host: given.host,
    port: given.port,
    status: given.status ?? 308,
  }
}

function isPort(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535
}

function positiveBytes(value: unknown, option: string): number {
  return bytesOf(value, option) || invalid(option, value, 'more than 0')
}

function positiveCount(value: unknown, option: string): number {
  const isCount = Number.isInteger(value) && (value as number) > 0 && (value as number) < 2 ** 31
  return isCount ? (value as number) : invalid(option, value, 'a whole number from 1')
}
