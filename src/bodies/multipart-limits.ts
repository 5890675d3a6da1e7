import { type HttpError, httpError } from '../errors.js'

/** The answer to a multipart body with more than a limit of what is named, such as `parts`. */
export function multipartTooLarge(limit: number, what: string): HttpError {
  return httpError('MULTIPART_TOO_LARGE', { limit, what }, { extensions: { limit } })
}

/** The answer to a multipart body that is not one. */
export function multipartInvalid(reason: string, cause?: unknown): HttpError {
  return httpError('MULTIPART_INVALID', { reason }, { cause })
}
