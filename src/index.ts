export { type Address, type Capabilities, Hotpress } from './app.js'
export { compression } from './compression/compression.js'
export type { CompressionOptions } from './compression/options.js'
export type { ContentCoding } from './core/accept-encoding.js'
export { constant } from './core/constant.js'
export { ContentType, type ContentTypeValue } from './core/content-type.js'
export type { FormOptions, FormValue, FormValues } from './core/form.js'
export type { Logger, LogMethod } from './core/logger.js'
export type {
  MultipartField,
  MultipartFile,
  MultipartOptions,
  MultipartPart,
  SavedFile,
  SaveOptions,
} from './core/multipart.js'
export { HttpRequest } from './core/request.js'
export type { RequestIdOptions } from './core/request-id.js'
export { type RequestKey, requestKey } from './core/request-key.js'
export { HttpResponse, type ResponseBody, toResponse } from './core/response.js'
export { bytes, empty, html, json, type ResponseInit, redirect, stream, text } from './core/responses.js'
export type { FileCacheOptions, FileHeaderOptions, StaticOptions } from './core/static-options.js'
export { Status, type StatusCode } from './core/status.js'
export type { TrustOptions } from './core/trust.js'
export type { ErrorHandler, Handler, HandlerResult, Middleware, Next, ResponseLike } from './core/types.js'
export { type ErrorCode, HotpressError, HttpError, type HttpErrorOptions } from './errors.js'
export { type FileAnswer, type FileOptions, file } from './files/file.js'
export type { HotpressOptions, ListenOptions } from './option-types.js'
export { controller } from './routing/controller.js'
export type { PathParams } from './routing/pattern.js'
export { RouteGroup, type RouteGroupOptions, type RouteOptions } from './routing/registry.js'
export type { InjectOptions, InjectResult } from './transports/inject.js'
export type { TlsOptions } from './transports/tls.js'
