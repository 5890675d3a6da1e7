export { Hotpress } from './app.js'
export { compression } from './compression/compression.js'
export type { CompressionOptions } from './compression/options.js'
export type { ContentCoding } from './core/accept-encoding.js'
export { constant } from './core/constant.js'
export { ContentType, type ContentTypeValue } from './core/content-type.js'
export { Cookie } from './core/cookie.js'
export type { CookieOptions } from './core/cookie-attributes.js'
export { CookieKeys } from './core/cookie-keys.js'
export type { Cookies } from './core/cookies.js'
export type { ListenerCloseOptions } from './core/drain-options.js'
export type { FormOptions, FormValue, FormValues } from './core/form.js'
export type { Logger, LogMethod } from './core/logger.js'
export type {
  Exemplar,
  HistogramFamily,
  HistogramSeries,
  MetricFamily,
  MetricLabels,
  ValueFamily,
  ValueSeries,
} from './core/metric.js'
export type {
  MultipartField,
  MultipartFile,
  MultipartOptions,
  MultipartPart,
  SavedFile,
  SaveOptions,
} from './core/multipart.js'
export type { RequestEnd, RequestObserver } from './core/observer.js'
export type { DistinguishedName, PeerCertificate } from './core/peer-certificate.js'
export { HttpRequest } from './core/request.js'
export type { RequestEndEvent, RequestErrorEvent, RequestEvents, RequestStartEvent } from './core/request-events.js'
export type { RequestIdOptions } from './core/request-id.js'
export { type RequestKey, requestKey } from './core/request-key.js'
export type { HttpVersion } from './core/request-source.js'
export { HttpResponse, type ResponseBody } from './core/response.js'
export { toResponse } from './core/response-symbol.js'
export { bytes, empty, html, json, type ResponseInit, redirect, stream, text } from './core/responses.js'
export type { FileCacheOptions, FileHeaderOptions, StaticOptions } from './core/static-options.js'
export { Status, type StatusCode } from './core/status.js'
export { type TraceIds, traceOf } from './core/trace.js'
export type { TrustOptions } from './core/trust.js'
export type { ErrorHandler, Handler, HandlerResult, Middleware, Next, ResponseLike } from './core/types.js'
export type { SubprotocolChoice, WebSocketConnection, WebSocketData, WebSocketSendOptions } from './core/web-socket.js'
export type { WebSocketHandlers, WebSocketOptions, WebSocketOriginTest } from './core/web-socket-route.js'
export { workerId } from './core/worker-id.js'
export { type ErrorCode, HotpressError, HttpError, type HttpErrorOptions } from './errors.js'
export { type FileAnswer, type FileOptions, file } from './files/file.js'
export type { CloseHook } from './lifecycle/close-hooks.js'
export { type Health, health } from './lifecycle/health.js'
export type { HealthStatus, HealthTest } from './lifecycle/health-check.js'
export type { AppHealthOptions, HealthCheckOptions, HealthOptions, HealthPaths } from './lifecycle/health-options.js'
export type { CloseHookOptions, CloseOptions } from './lifecycle/options.js'
export type { ControlOptions, WorkersOptions } from './lifecycle/workers-options.js'
export type { Capabilities } from './listeners.js'
export {
  type ApiKeyAuth,
  type ApiKeysOptions,
  type ApiKeyVerifyOptions,
  apiKey,
  hashApiKey,
} from './middleware/api-key.js'
export { type BasicAuth, type BasicUsersOptions, type BasicVerifyOptions, basicAuth } from './middleware/basic-auth.js'
export { type BearerAuth, type BearerOptions, bearer, type TokenOptions } from './middleware/bearer.js'
export type { ContentSecurityPolicy, CspDirective } from './middleware/content-security-policy.js'
export { cors } from './middleware/cors.js'
export { Cors } from './middleware/cors-builder.js'
export type { CorsOptions } from './middleware/cors-options.js'
export type { CorsOrigin, OriginTest } from './middleware/cors-origins.js'
export { cspNonce } from './middleware/csp-nonce.js'
export { type Csrf, type CsrfOptions, csrf } from './middleware/csrf.js'
export type { CsrfTokenOptions } from './middleware/csrf-token.js'
export { type IpFilterOptions, ipFilter } from './middleware/ip-filter.js'
export { type JwtAuth, type JwtClaims, type JwtOptions, jwt } from './middleware/jwt.js'
export type { JwtKeySet, JwtPublicKey, JwtSecret } from './middleware/jwt-keys.js'
export { MemoryRateLimiter, type MemoryRateLimiterOptions } from './middleware/memory-rate-limiter.js'
export { type HashOptions, hashPassword } from './middleware/password.js'
export { type PathFilterOptions, pathFilter, sensitivePaths } from './middleware/path-filter.js'
export type { PermissionsPolicy } from './middleware/permissions-policy.js'
export { rateLimit } from './middleware/rate-limit.js'
export type { RateLimitOptions } from './middleware/rate-limit-options.js'
export type { RateLimitAlgorithm, RateLimiter, RateLimitPolicy, RateLimitResult } from './middleware/rate-limiter.js'
export type { RedisClient } from './middleware/redis-client.js'
export { RedisRateLimiter, type RedisRateLimiterOptions } from './middleware/redis-rate-limiter.js'
export { type SecurityHeadersOptions, securityHeaders } from './middleware/security-headers.js'
export {
  type EmbedderPolicy,
  type HstsOptions,
  type OpenerPolicy,
  type ReferrerPolicy,
  type ResourcePolicy,
  SecurityHeaders,
} from './middleware/security-headers-builder.js'
export type {
  AccessLogDestination,
  AccessLogFile,
  AccessLogOptions,
  AccessLogRotation,
  AccessLogSyslog,
} from './observability/access-log/options.js'
export type { DashboardOptions } from './observability/dashboard/options.js'
export type { MetricsFormat } from './observability/exposition.js'
export type { MetricsRegistry } from './observability/foreign-registry.js'
export type { LabelSource } from './observability/label-values.js'
export { type Metrics, metrics } from './observability/metrics.js'
export type { MetricsReport } from './observability/metrics-merge.js'
export type { AppMetricsOptions, MetricsOptions } from './observability/metrics-options.js'
export type { ServerTimingOptions } from './observability/server-timing.js'
export type { AppStats, LatencyStats, RequestStats } from './observability/stats.js'
export type { TracedQuery, TracedSpan, TracingOptions } from './observability/tracing/options.js'
export type { HotpressOptions, Http2Options, HttpsRedirectOptions, ListenOptions, RunOptions } from './option-types.js'
export type { RedisAdapterClient } from './realtime/redis-connections.js'
export type {
  AuthenticatedNamespace,
  SocketIoAuth,
  SocketIoAuthHandler,
  SocketIoEvents,
  SocketIoHandshake,
  SocketIoNamespace,
  SocketIoServer,
} from './realtime/socketio-auth.js'
export type { SocketIoDeflateOptions, SocketIoOptions, SocketIoRecoveryOptions } from './realtime/socketio-options.js'
export { type RedisAdapter, type RedisAdapterOptions, redis } from './realtime/socketio-redis.js'
export { type SseOptions, sse } from './realtime/sse.js'
export { SseChannel, type SseChannelOptions } from './realtime/sse-channel.js'
export type { SseEvent } from './realtime/sse-event.js'
export type { SseCleanup, SseSource, SseStream } from './realtime/sse-source.js'
export { controller } from './routing/controller.js'
export type { PathParams } from './routing/pattern.js'
export { RouteGroup, type RouteGroupOptions } from './routing/registry.js'
export type { RouteInfo } from './routing/route-info.js'
export type { RouteOptions } from './routing/route-options.js'
export type { InjectOptions, InjectResult } from './transports/inject.js'
export type { Address, ListeningServer } from './transports/listening-server.js'
export type { CertificateOptions, CipherSuite, TlsCertificateOptions, TlsOptions } from './transports/tls-options.js'
