import type { CompressionOptions } from './compression/options.js'
import type { RequestIdOptions } from './core/request-id.js'
import type { TransportName } from './core/settings.js'
import type { TrustOptions } from './core/trust.js'
import type { RunLifecycleOptions } from './lifecycle/options.js'
import type { Cors } from './middleware/cors-builder.js'
import type { CorsOptions } from './middleware/cors-options.js'
import type { PathFilterOptions } from './middleware/path-filter.js'
import type { RateLimitOptions } from './middleware/rate-limit-options.js'
import type { SecurityHeadersOptions } from './middleware/security-headers.js'
import type { SecurityHeaders } from './middleware/security-headers-builder.js'
import type { AccessLogOptions } from './observability/access-log/options.js'
import type { Environment } from './observability/error-page.js'
import type { LoggerOption } from './observability/logger.js'
import type { ServerTimingOptions } from './observability/server-timing.js'
import type { TracingOptions } from './observability/tracing/options.js'
import type { TlsOptions } from './transports/tls-options.js'

/** Options of `new Hotpress()`. Sizes are bytes or texts such as `'10mb'`, times milliseconds or texts such as `'30s'`. */
export interface HotpressOptions {
  /**
   * A line for each request that has ended: true for JSON to standard output, options of it, or several with options of their
   * own. False by default. More in docs/access-log.md.
   */
  readonly accessLog?: boolean | AccessLogOptions | readonly AccessLogOptions[]
  /** The most that a request body may have; 413 beyond. 10 MB by default; groups and routes may set their own. */
  readonly bodyLimit?: number | string
  /** The most that one chunk of a request body may have; 413 beyond. 1 MB by default. Transport native only. */
  readonly chunkLimit?: number | string
  /** Compresses the bodies of responses: true, or options of `compression()`. False by default. */
  readonly compression?: boolean | CompressionOptions
  /** What becomes of a connection beyond `maxConnections`: a 503 (`'refuse'`, the default), or it waits. Native only. */
  readonly connectionOverflow?: 'refuse' | 'wait'
  /**
   * Lets pages of other origins read answers: true (any origin, without credentials), options of `cors()`, or a `Cors`. False
   * by default.
   */
  readonly cors?: boolean | Cors | CorsOptions
  /**
   * Whether a request body's `Content-Encoding` is undone (gzip, br and, where it can be, zstd), with `bodyLimit` for what
   * comes out. False by default: such a body can be had as it was sent, and as nothing else.
   */
  readonly decodeBody?: boolean
  /**
   * `'development'` has browsers shown a page for each error, with its stack and the request; by default so where `NODE_ENV`
   * is `development`, else `'production'`. Refused where `NODE_ENV` is `production`.
   */
  readonly env?: Environment
  /** The most that the headers of a request may have together; 431 beyond. 8 KB by default. */
  readonly headerLimit?: number | string
  /** How long a connection may be idle between requests. Each transport has its own default (native 60 s, uws 10 s, node 5 s). */
  readonly idleTimeout?: number | string
  /** True (the default) for pino to standard output, false for none, `{ level }`, or a logger with pino's methods. */
  readonly logger?: LoggerOption
  /**
   * Connections at once, of each listener; beyond, a connection gets a 503 and is closed, but for requests of `health()`. On
   * native 1,024 by default, elsewhere no limit (0).
   */
  readonly maxConnections?: number
  /** Connections at once from one address: no limit (0) by default. Native and node. */
  readonly maxConnectionsPerAddress?: number
  /**
   * How late the event loop may be: beyond, requests have a 503 with `Retry-After` until it is so no more, but for those of
   * `health()`. `'500ms'` is a good value; no limit by default.
   */
  readonly maxEventLoopDelay?: number | string
  /** Requests of one connection, which is closed after the last: no limit (0) by default. Native and node. */
  readonly maxRequestsPerConnection?: number
  /** Answers 404 for paths such as `/.git/config`, in any spelling: true, or options of `pathFilter()`. False by default. */
  readonly pathFilter?: boolean | PathFilterOptions
  /**
   * Peers whose connections begin with a header of the PROXY protocol, version 1 or 2, that says whose they are: addresses
   * or blocks, as for `trustProxy`. None by default. Native and node.
   */
  readonly proxyProtocol?: string | readonly string[]
  /** Limits what each client may ask for: options of `rateLimit()`, or false (the default) for no limit. */
  readonly rateLimit?: RateLimitOptions | false
  /** How long a head may take, and a pause within a body; 408 beyond. 30 s by default. Native and node. */
  readonly readTimeout?: number | string
  /**
   * Whether `X-Request-ID` is sent (true by default), and where ids come from. With `trustProxy` the id of a trusted proxy
   * is taken over.
   */
  readonly requestId?: boolean | RequestIdOptions
  /** The most that a request line may have; 414 beyond. 8 KB by default. Transport native only. */
  readonly requestLineLimit?: number | string
  /** How long an answer may take; 503 beyond. 30 s by default, 0 for no limit. */
  readonly requestTimeout?: number | string
  /**
   * True (the default) for `X-Content-Type-Options: nosniff` alone, false for none, or what is sent beside it: options of
   * `securityHeaders()`, or what a `SecurityHeaders` has built.
   */
  readonly securityHeaders?: boolean | SecurityHeaders | SecurityHeadersOptions
  /** The `Server` header: true (the default) for `hotpress/<major>`, false for none, or a text. */
  readonly serverHeader?: boolean | string
  /**
   * Tells clients by `Server-Timing` how long middleware and the handler took: true, or whom. It shows what the app is made
   * of, and how long secret things take: not for everybody. False by default.
   */
  readonly serverTiming?: boolean | ServerTimingOptions
  /**
   * How much of a body is taken in before anybody reads it, and ahead of the reader of a stream: 64 KB by default. Beyond,
   * the client is held.
   */
  readonly streamThreshold?: number | string
  /**
   * Makes spans of requests by the API of OpenTelemetry (`@opentelemetry/api`): true, or which and how. False by default.
   * What becomes of them is for an SDK to say, such as that of `otel()` in `hotpress/otel`.
   */
  readonly tracing?: boolean | TracingOptions
  /** What serves: `'auto'` (the default) takes the fastest that runs here and can honour every option. */
  readonly transport?: TransportName | 'auto'
  /**
   * Which proxies are believed about the client's address, scheme and host: none (false, the default), those at these
   * addresses (`'10.0.0.0/8'`, `'loopback'`, `'private'`, `'linklocal'`, or a list), or so many. See docs/proxies.md.
   */
  readonly trustProxy?: false | number | string | readonly string[] | TrustOptions
  /** How long a client may take nothing of an answer before it is cut off: 30 s by default. Native and node. */
  readonly writeTimeout?: number | string
}

/** Options of `listen({ http2 })`. Sizes are bytes or texts such as `'1mb'`. */
export interface Http2Options {
  /** Serves HTTP/2 without TLS to clients that begin with it (prior knowledge), beside HTTP/1.1. False by default. */
  readonly cleartext?: boolean
  /** How much all the request bodies of one connection may be ahead of their readers: 1 MB by default. Native only. */
  readonly connectionWindow?: number | string
  /** Requests of one connection at once: 128 by default. */
  readonly maxConcurrentStreams?: number
  /** How much the body of one request may be ahead of its reader: 256 KB by default. */
  readonly streamWindow?: number | string
}

/** Options of `listen({ redirectToHttps })`. */
export interface HttpsRedirectOptions {
  /**
   * The host names that are redirected, `*.example.com` for any one label in front of the others; a request for another is
   * a 400. By default any, whatever a client says.
   */
  readonly allowedHosts?: readonly string[]
  /** A host that all requests are redirected to, whatever they ask for: a name or an address, without a port. */
  readonly host?: string
  /** By default that of the app's first listener with TLS; 443 is left out of the address. */
  readonly port?: number
  /** 308 by default, with which the method and the body are sent again; 307 is the same and is not kept by clients. */
  readonly status?: 301 | 302 | 307 | 308
}

/** Options of `app.listen()`. */
export interface ListenOptions {
  /** Connections that may wait to be accepted: 511 by default. */
  readonly backlog?: number
  /**
   * A socket that listens already, in place of `host` and `port`: its descriptor, `'systemd'` for the first that systemd has
   * passed (socket activation), `'systemd:<name>'` for one by its `FileDescriptorName`. Native and node, not on Windows and
   * not beside `http3`.
   */
  readonly fd?: number | string
  /** The address to bind: `127.0.0.1` by default, `0.0.0.0` or `::` for every interface. */
  readonly host?: string
  /** With TLS, HTTP/2 is offered (true, the default) or not, or these are its limits; without TLS see `cleartext`. */
  readonly http2?: boolean | Http2Options
  /**
   * Serves HTTP/3 as well, on the same port over UDP; with TLS only, and not beside `reusePort`. False by default. Native
   * only.
   */
  readonly http3?: boolean
  /** 0 (the default) for any free port. */
  readonly port?: number
  /**
   * Serves none of the app's routes, and redirects every request to the same path on HTTPS instead. Without TLS only.
   * False by default.
   */
  readonly redirectToHttps?: boolean | HttpsRedirectOptions
  /**
   * Lets other processes listen on the same port (SO_REUSEPORT). False by default. Native and uws, not on Windows and
   * not beside `http3`.
   */
  readonly reusePort?: boolean
  /** Threads for TLS, HTTP/2 and HTTP/3: one less than there are cores by default, 1 to 4. Native only. */
  readonly threads?: number
  /** Serves HTTPS. */
  readonly tls?: TlsOptions
}

/** Options of `app.run()`: those of `listen()` and of `close()`, and the signals that end the app. */
export interface RunOptions extends ListenOptions, RunLifecycleOptions {}
