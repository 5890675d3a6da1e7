import type { AddressSet } from './addresses.js'
import type { Instrument } from './instrument.js'
import type { Logger } from './logger.js'
import type { RequestIds } from './request-id.js'
import type { RequestLog } from './request-log.js'
import type { AppTracing } from './tracing.js'
import type { ProxyTrust } from './trust.js'
import type { Middleware } from './types.js'

/** Which transport serves an app. */
export type TransportName = 'native' | 'node' | 'uws'

/** Headers that every response carries unless the handler sets them itself, settled at start. */
export interface DefaultHeaders {
  /** Names and values one after the other. */
  readonly pairs: readonly string[]
  /** Whether `X-Request-ID` is sent. */
  readonly requestId: boolean
}

/** The options of an app, checked, complete and frozen. */
export interface Settings {
  /** Undefined without one. */
  readonly accessLog: RequestLog | undefined
  /** Bytes of a request body. */
  readonly bodyLimit: number
  /** Bytes of one chunk of a request body; undefined, here and below, takes what the transport has. */
  readonly chunkLimit: number | undefined
  /** Around everything else; undefined without compression. */
  readonly compression: Middleware | undefined
  readonly connectionOverflow: 'refuse' | 'wait' | undefined
  readonly decodeBody: boolean
  readonly defaultHeaders: DefaultHeaders
  /** Bytes of a request's headers together. */
  readonly headerLimit: number | undefined
  /** Milliseconds a connection may stay open between requests. */
  readonly idleTimeout: number | undefined
  /** Where ids come from, if not from the transport alone. */
  readonly ids: RequestIds | undefined
  readonly log: Logger
  readonly maxConnections: number | undefined
  readonly maxConnectionsPerAddress: number | undefined
  readonly maxRequestsPerConnection: number | undefined
  /** Whether a path is answered as if nothing were there; last of the policies, since its answer is the app's own 404. */
  readonly pathFilter: ((path: string) => boolean) | undefined
  /** The middleware that options ask for, outermost first; around that of `use()`, within compression. */
  readonly policies: readonly Middleware[]
  /** Peers whose connections begin with a header of the PROXY protocol. */
  readonly proxyProtocol: AddressSet | undefined
  /** Milliseconds for a head, and for each pause within a body. */
  readonly readTimeout: number | undefined
  readonly requestLineLimit: number | undefined
  /** Milliseconds until a request without an answer gets a 503; 0 for never. */
  readonly requestTimeout: number
  /** Measures middleware and handlers; undefined where nobody is told. */
  readonly serverTiming: Instrument | undefined
  /** Bytes of a body that are taken in ahead of whoever reads it. */
  readonly streamThreshold: number
  /** Undefined without it. */
  readonly tracing: AppTracing | undefined
  readonly transport: TransportName | 'auto'
  /** Which proxies are believed; undefined for none. */
  readonly trust: ProxyTrust | undefined
  /** Milliseconds that a client may take nothing of an answer. */
  readonly writeTimeout: number | undefined
}
