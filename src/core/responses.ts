import type { ReadableStream } from 'node:stream/web'
import { ContentType } from './content-type.js'
import type { HeadersInit } from './headers.js'
import { HttpResponse, type ResponseBody } from './response.js'

/** What a response can be given beside its body. */
export interface ResponseInit {
  readonly headers?: HeadersInit
  readonly status?: number
}

function build(body: ResponseBody, type: string | undefined, init: ResponseInit | number | undefined): HttpResponse {
  const response = new HttpResponse(body, type)
  if (init === undefined) return response
  if (typeof init === 'number') return response.status(init)
  if (init.status !== undefined) response.status(init.status)
  for (const [name, value] of Object.entries(init.headers ?? {})) {
    for (const each of Array.isArray(value) ? value : [value]) response.append(name, each)
  }
  return response
}

/** Bytes as `application/octet-stream`. */
export function bytes(body: Uint8Array, init?: ResponseInit | number): HttpResponse {
  return build(body, ContentType.OctetStream, init)
}

/** No body; 204 unless another status is given. */
export function empty(init: ResponseInit | number = 204): HttpResponse {
  return build(undefined, undefined, typeof init === 'number' ? init : { status: 204, ...init })
}

/** A text as `text/html`. */
export function html(body: string, init?: ResponseInit | number): HttpResponse {
  return build(body, ContentType.Html, init)
}

/**
 * A value as `application/json`.
 *
 * @throws TypeError when the value has no JSON form (a cycle, a BigInt).
 */
export function json(value: unknown, init?: ResponseInit | number): HttpResponse {
  return build(JSON.stringify(value) ?? 'null', ContentType.Json, init)
}

/**
 * Sends the client to another address: 302 unless another redirection is given.
 *
 * @param location an absolute URL or a path; what is not allowed in a URL is percent-encoded.
 */
export function redirect(location: string, status = 302): HttpResponse {
  return new HttpResponse(undefined, undefined).status(status).header('location', encodeLocation(location))
}

/** A stream of chunks as `application/octet-stream`, read only as fast as the client takes them. */
export function stream(
  source: AsyncIterable<Uint8Array | string> | ReadableStream<Uint8Array>,
  init?: ResponseInit | number,
): HttpResponse {
  return build(source as AsyncIterable<Uint8Array>, ContentType.OctetStream, init)
}

/** A text as `text/plain`. */
export function text(body: string, init?: ResponseInit | number): HttpResponse {
  return build(body, ContentType.Text, init)
}

// What a URL cannot hold is escaped, so that a location made of user input stays one header line.
function encodeLocation(location: string): string {
  return location.toWellFormed().replace(/[^\x21-\x7e]+/g, encodeURIComponent)
}
