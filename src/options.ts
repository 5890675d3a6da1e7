import { outermostCompression } from './compression/compression.js'
import type { CompressionOptions } from './compression/options.js'
import { AddressSet } from './core/addresses.js'
import { checkHeaderValue } from './core/headers.js'
import { checkBoolean, checkOptions, invalid } from './core/options-check.js'
import { createRequestIds, type RequestIdSettings, settleRequestId } from './core/request-id.js'
import type { Settings } from './core/settings.js'
import { type ProxyTrust, settleTrust } from './core/trust.js'
import type { Middleware } from './core/types.js'
import { bytesOf, millisecondsOf } from './core/units.js'
import { cors } from './middleware/cors.js'
import type { CorsOptions } from './middleware/cors-options.js'
import { type PathFilterOptions, settlePathFilter } from './middleware/path-filter.js'
import { createRateLimit } from './middleware/rate-limit.js'
import type { RateLimitOptions } from './middleware/rate-limit-options.js'
import { type SecurityHeadersSettings, settleSecurityHeaders } from './middleware/security-headers.js'
import { createLogger, type LoggerOption } from './observability/logger.js'
import type { HotpressOptions, Http2Options, ListenOptions } from './option-types.js'
import { readTls, type TlsOptions } from './transports/tls.js'
import type { Http2Settings, ListenSettings } from './transports/transport.js'
import { version } from './version.js'

type Checks<Options> = { readonly [Name in keyof Options]-?: (value: unknown) => unknown }

const transports: readonly unknown[] = ['auto', 'native', 'node', 'uws']

// One row an option: what makes a setting of a value, or says what is wrong with it.
const checks: Checks<HotpressOptions> = {
  bodyLimit: (value) => bytesOf(value, 'bodyLimit'),
  chunkLimit: (value) => positive('chunkLimit', bytesOf(value, 'chunkLimit')),
  compression: checkCompression,
  connectionOverflow: (value) =>
    value === 'refuse' || value === 'wait' ? value : invalid('connectionOverflow', value, "'refuse' or 'wait'"),
  cors: (value) => (value === false ? undefined : cors(value === true ? {} : (value as CorsOptions))),
  decodeBody: (value) => checkBoolean(value, 'decodeBody'),
  headerLimit: (value) => positive('headerLimit', bytesOf(value, 'headerLimit')),
  idleTimeout: (value) => positive('idleTimeout', millisecondsOf(value, 'idleTimeout')),
  logger: (value) => createLogger(value as LoggerOption),
  maxConnections: (value) => count('maxConnections', value),
  maxConnectionsPerAddress: (value) => count('maxConnectionsPerAddress', value),
  maxRequestsPerConnection: (value) => count('maxRequestsPerConnection', value),
  pathFilter: (value) =>
    value === false ? undefined : settlePathFilter(value === true ? {} : (value as PathFilterOptions)),
  proxyProtocol: (value) => new AddressSet(value, 'proxyProtocol'),
  rateLimit: (value) => (value === false ? undefined : createRateLimit(value as RateLimitOptions, 'default')),
  readTimeout: (value) => positive('readTimeout', millisecondsOf(value, 'readTimeout')),
  requestId: settleRequestId,
  requestLineLimit: (value) => positive('requestLineLimit', bytesOf(value, 'requestLineLimit')),
  requestTimeout: (value) => millisecondsOf(value, 'requestTimeout'),
  securityHeaders: settleSecurityHeaders,
  serverHeader: checkServerHeader,
  streamThreshold: (value) => positive('streamThreshold', bytesOf(value, 'streamThreshold')),
  transport: (value) =>
    transports.includes(value) ? value : invalid('transport', value, "'auto', 'native', 'node' or 'uws'"),
  trustProxy: settleTrust,
  writeTimeout: (value) => positive('writeTimeout', millisecondsOf(value, 'writeTimeout')),
}

const listenChecks: Checks<ListenOptions> = {
  backlog: (value) => positive('backlog', count('backlog', value)),
  host: (value) => (typeof value === 'string' && value !== '' ? value : invalid('host', value, 'an address or a name')),
  http2: (value) => checkHttp2(value),
  http3: (value) => checkBoolean(value, 'http3'),
  port: (value) => (isPort(value) ? value : invalid('port', value, 'a whole number from 0 to 65535')),
  reusePort: (value) => checkBoolean(value, 'reusePort'),
  threads: (value) => positive('threads', count('threads', value)),
  tls: (value) => readTls(value as TlsOptions),
}

const http2Checks: Checks<Http2Options> = {
  cleartext: (value) => checkBoolean(value, 'http2.cleartext'),
  connectionWindow: (value) => positive('http2.connectionWindow', bytesOf(value, 'http2.connectionWindow')),
  maxConcurrentStreams: (value) => positive('http2.maxConcurrentStreams', count('http2.maxConcurrentStreams', value)),
  streamWindow: (value) => positive('http2.streamWindow', bytesOf(value, 'http2.streamWindow')),
}

function checkHttp2(value: unknown): Http2Settings {
  const given = typeof value === 'boolean' ? {} : checkOptions(value, http2Checks, ' of http2')
  return {
    cleartext: (given.cleartext as boolean | undefined) ?? false,
    connectionWindow: given.connectionWindow as number | undefined,
    isOffered: value !== false,
    maxConcurrentStreams: given.maxConcurrentStreams as number | undefined,
    streamWindow: given.streamWindow as number | undefined,
  }
}

/**
 * Checks the options of an app and completes them.
 *
 * @throws HotpressError `OPTION_UNKNOWN`, or `OPTION_INVALID` naming the option, what it got and what it takes.
 */
export function settle(options: HotpressOptions): Settings {
  const given = checkOptions(options, checks, ' of new Hotpress()')
  const server = given.serverHeader ?? true
  const security = (given.securityHeaders ?? settleSecurityHeaders(true)) as SecurityHeadersSettings
  const pairs = [...security.pairs]
  if (server !== false) pairs.push('Server', server === true ? `hotpress/${version.split('.')[0]}` : (server as string))
  const log = (given.logger as Settings['log'] | undefined) ?? createLogger(true)
  const id = (given.requestId as RequestIdSettings | undefined) ?? settleRequestId(true)
  const trust = given.trustProxy as ProxyTrust | undefined
  return Object.freeze({
    bodyLimit: (given.bodyLimit as number | undefined) ?? 10 * 1024 ** 2,
    chunkLimit: given.chunkLimit as number | undefined,
    compression: given.compression as Middleware | undefined,
    connectionOverflow: given.connectionOverflow as Settings['connectionOverflow'],
    decodeBody: (given.decodeBody as boolean | undefined) ?? false,
    defaultHeaders: { pairs, requestId: id.isSent },
    headerLimit: given.headerLimit as number | undefined,
    idleTimeout: given.idleTimeout as number | undefined,
    ids: createRequestIds(id, trust !== undefined, log),
    log,
    maxConnections: given.maxConnections as number | undefined,
    maxConnectionsPerAddress: given.maxConnectionsPerAddress as number | undefined,
    maxRequestsPerConnection: given.maxRequestsPerConnection as number | undefined,
    pathFilter: given.pathFilter as Settings['pathFilter'],
    // Outermost first: what decorates answers is around what refuses requests.
    policies: [security.policy, given.cors, given.rateLimit].filter((policy) => policy !== undefined) as Middleware[],
    proxyProtocol: given.proxyProtocol as AddressSet | undefined,
    readTimeout: given.readTimeout as number | undefined,
    requestLineLimit: given.requestLineLimit as number | undefined,
    requestTimeout: (given.requestTimeout as number | undefined) ?? 30_000,
    streamThreshold: (given.streamThreshold as number | undefined) ?? 65_536,
    transport: (given.transport as Settings['transport'] | undefined) ?? 'auto',
    trust,
    writeTimeout: given.writeTimeout as number | undefined,
  })
}

/** Checks the options of `listen()` and completes them; errors as {@link settle}. */
export function settleListen(options: ListenOptions): ListenSettings {
  const given = checkOptions(options, listenChecks, ' of listen()')
  return Object.freeze({
    backlog: (given.backlog as number | undefined) ?? 511,
    host: (given.host as string | undefined) ?? '127.0.0.1',
    http2: (given.http2 as Http2Settings | undefined) ?? checkHttp2(true),
    http3: (given.http3 as boolean | undefined) ?? false,
    port: (given.port as number | undefined) ?? 0,
    reusePort: (given.reusePort as boolean | undefined) ?? false,
    threads: given.threads as number | undefined,
    tls: given.tls as ListenSettings['tls'],
  })
}

function checkCompression(value: unknown): Middleware | undefined {
  if (value === false) return undefined
  return outermostCompression(value === true ? {} : (value as CompressionOptions))
}

function checkServerHeader(value: unknown): boolean | string {
  if (typeof value === 'boolean') return value
  if (typeof value !== 'string' || !/^[^\x80-\u{10ffff}]+$/u.test(value))
    return invalid('serverHeader', value, 'true, false or a text')
  checkHeaderValue('Server', value)
  return value
}

function count(option: string, value: unknown): number {
  const isCount = Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 31
  return isCount ? (value as number) : invalid(option, value, 'a whole number, 0 for no limit')
}

function isPort(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 65_535
}

function positive(option: string, value: number): number {
  return value > 0 ? value : invalid(option, value, 'more than 0')
}
