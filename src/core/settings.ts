import type { Logger } from './logger.js'

/** Which transport serves an app. */
export type TransportName = 'node' | 'uws'

/** Headers that every response carries unless the handler sets them itself, settled at start. */
export interface DefaultHeaders {
  /** Names and values one after the other. */
  readonly pairs: readonly string[]
  /** Whether `X-Request-ID` is sent. */
  readonly requestId: boolean
}

/** The options of an app, checked, complete and frozen. */
export interface Settings {
  /** Bytes of a request body. */
  readonly bodyLimit: number
  readonly defaultHeaders: DefaultHeaders
  /** Bytes of a request's line and headers together; undefined takes what the transport has. */
  readonly headerLimit: number | undefined
  /** Milliseconds a connection may stay open between requests; undefined takes what the transport has. */
  readonly idleTimeout: number | undefined
  readonly log: Logger
  /** Milliseconds until a request without an answer gets a 503; 0 for never. */
  readonly requestTimeout: number
  readonly transport: TransportName | 'auto'
}
