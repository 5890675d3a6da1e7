import { HttpError } from '../errors.js'
import { ContentType } from './content-type.js'
import type { HttpRequest } from './request.js'
import { HttpResponse } from './response.js'
import { reasonPhrase } from './status.js'

/**
 * The response that stands for an HttpError: `application/problem+json` (RFC 9457).
 *
 * @param requestId named in the document, so that a client's report finds the log line.
 */
export function problem(error: HttpError, requestId?: string): HttpResponse {
  const members = {
    type: error.type ?? 'about:blank',
    title: reasonPhrase(error.status) || 'Error',
    status: error.status,
    detail: error.detail,
    code: error.code,
    requestId,
  }
  // An extension never takes the place of a member that has a meaning already.
  const body = JSON.stringify({ ...members, ...error.extensions, ...members })
  const response = new HttpResponse(body, ContentType.Problem, error.status)
  for (const [name, value] of Object.entries(error.headers ?? {})) response.header(name, value)
  response.error = error
  return response
}

/**
 * What was thrown as an HttpError, when it says itself which status it stands for: an HttpError, or an Error whose
 * `status` is one from 400 to 599. The message of a user's error is told for 4xx only.
 */
export function asHttpError(thrown: unknown): HttpError | undefined {
  if (HttpError.is(thrown)) return thrown
  if (!(thrown instanceof Error) || !('status' in thrown)) return undefined
  const status = thrown.status
  if (typeof status !== 'number' || !Number.isInteger(status) || status < 400 || status > 599) return undefined
  return new HttpError(status, status < 500 ? thrown.message : undefined, { cause: thrown })
}

/** The answer to anything else: a 500 that tells nothing but where to look in the log. */
export function blankError(request: HttpRequest, thrown: unknown): HttpResponse {
  const response = problem(new HttpError(500), request.id)
  response.error = thrown
  return response
}
