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
import { workerId } from './core/worker-id.js'
import { createOverload } from './lifecycle/overload.js'
import { cors } from './middleware/cors.js'
import type { CorsOptions } from './middleware/cors-options.js'
import { type PathFilterOptions, settlePathFilter } from './middleware/path-filter.js'
import { createRateLimit } from './middleware/rate-limit.js'
import type { RateLimitOptions } from './middleware/rate-limit-options.js'
import { type SecurityHeadersSettings, settleSecurityHeaders } from './middleware/security-headers.js'
import { createAccessLog } from './observability/access-log/settle.js'
import { type Environment, errorPages, settleEnvironment } from './observability/error-page.js'
import { createLogger, type LoggerOption } from './observability/logger.js'
import { settleServerTiming } from './observability/server-timing.js'
import { settleTracing, type TracingSettings } from './observability/tracing/options.js'
import { createTracing } from './observability/tracing/tracing.js'
import type { HotpressOptions } from './option-types.js'
import { version } from './version.js'

type Checks<Options> = { readonly [Name in keyof Options]-?: (value: unknown) => unknown }

const transports: readonly unknown[] = ['auto', 'native', 'node', 'uws']

// One row an option: what makes a setting of a value, or says what is wrong with it.
const checks: Checks<HotpressOptions> = {
  accessLog: (value) => value,
  bodyLimit: (value) => bytesOf(value, 'bodyLimit'),
  chunkLimit: (value) => positive('chunkLimit', bytesOf(value, 'chunkLimit')),
  compression: checkCompression,
  connectionOverflow: (value) =>
    value === 'refuse' || value === 'wait' ? value : invalid('connectionOverflow', value, "'refuse' or 'wait'"),
  cors: (value) => (value === false ? undefined : cors(value === true ? {} : (value as CorsOptions))),
  decodeBody: (value) => checkBoolean(value, 'decodeBody'),
  env: (value) => settleEnvironment(value),
  headerLimit: (value) => positive('headerLimit', bytesOf(value, 'headerLimit')),
  idleTimeout: (value) => positive('idleTimeout', millisecondsOf(value, 'idleTimeout')),
  logger: (value) => createLogger(value as LoggerOption),
  maxConnections: (value) => count('maxConnections', value),
  maxConnectionsPerAddress: (value) => count('maxConnectionsPerAddress', value),
  maxEventLoopDelay: (value) => positive('maxEventLoopDelay', millisecondsOf(value, 'maxEventLoopDelay')),
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
  serverTiming: (value) => (value === false ? undefined : settleServerTiming(value)),
  streamThreshold: (value) => positive('streamThreshold', bytesOf(value, 'streamThreshold')),
  tracing: (value) => (value === false ? undefined : settleTracing(value)),
  transport: (value) => checkTransport(value, 'transport'),
  trustProxy: settleTrust,
  writeTimeout: (value) => positive('writeTimeout', millisecondsOf(value, 'writeTimeout')),
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
  const trust = given.trustProxy as ProxyTrust | undefined
  const worker = workerId()
  const chosen = (given.logger as Settings['log'] | undefined) ?? createLogger(true)
  const logger = worker === undefined ? chosen : chosen.child({ worker })
  const traced = given.tracing as TracingSettings | undefined
  const tracing = traced && createTracing(traced, { log: logger, trust, version })
  const log = tracing?.logger(logger) ?? logger
  const id = (given.requestId as RequestIdSettings | undefined) ?? settleRequestId(true)
  const delay = given.maxEventLoopDelay as number | undefined
  const overload = delay === undefined ? undefined : createOverload(delay, log)
  const environment = (given.env as Environment | undefined) ?? settleEnvironment(undefined)
  const pages = environment === 'development' ? errorPages() : undefined
  return Object.freeze({
    accessLog: given.accessLog === undefined ? undefined : createAccessLog(given.accessLog, log),
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
    policies: [pages, security.policy, given.cors, overload, given.rateLimit].filter(
      (policy) => policy !== undefined,
    ) as Middleware[],
    proxyProtocol: given.proxyProtocol as AddressSet | undefined,
    readTimeout: given.readTimeout as number | undefined,
    requestLineLimit: given.requestLineLimit as number | undefined,
    requestTimeout: (given.requestTimeout as number | undefined) ?? 30_000,
    serverTiming: given.serverTiming as Settings['serverTiming'],
    streamThreshold: (given.streamThreshold as number | undefined) ?? 65_536,
    tracing,
    transport: commandedTransport() ?? (given.transport as Settings['transport'] | undefined) ?? 'auto',
    trust,
    writeTimeout: given.writeTimeout as number | undefined,
  })
}

function checkCompression(value: unknown): Middleware | undefined {
  if (value === false) return undefined
  return outermostCompression(value === true ? {} : (value as CompressionOptions))
}

// `hotpress start --transport` says it for whatever app it starts.
function commandedTransport(): Settings['transport'] | undefined {
  const name = process.env.HOTPRESS_TRANSPORT
  if (name === undefined || name === '') return undefined
  return checkTransport(name, 'HOTPRESS_TRANSPORT') as Settings['transport']
}

function checkTransport(value: unknown, option: string): unknown {
  return transports.includes(value) ? value : invalid(option, value, "'auto', 'native', 'node' or 'uws'")
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

function positive(option: string, value: number): number {
  return value > 0 ? value : invalid(option, value, 'more than 0')
}
