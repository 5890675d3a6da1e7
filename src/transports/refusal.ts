import { problem } from '../core/problem.js'
import type { HttpResponse } from '../core/response.js'
import { statusLine } from '../core/status.js'
import { HttpError } from '../errors.js'

/** The answer to a request that never became one: malformed, too large or too slow. It passes no middleware. */
export function refusal(error: HttpError): HttpResponse {
  return problem(error).close()
}

/** The same for errors that a transport's parser reports by a status alone. */
export function refusalOf(status: number): HttpResponse {
  return refusal(new HttpError(status))
}

/** The same as it goes over the wire of HTTP/1.1. */
export function refusalText(response: HttpResponse): string {
  const body = response.body as string
  const head = `Connection: close\r\nContent-Type: ${response.contentType}\r\nX-Content-Type-Options: nosniff`
  return `HTTP/1.1 ${statusLine(response.statusCode)}\r\n${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
}
