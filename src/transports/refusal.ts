import { problem } from '../core/problem.js'
import type { HttpResponse } from '../core/response.js'
import { HttpError } from '../errors.js'

/** The answer to a request that never became one: malformed, too large or too slow. It passes no middleware. */
export function refusal(error: HttpError): HttpResponse {
  return problem(error).close()
}

/** The same for errors that a transport's parser reports by a status alone. */
export function refusalOf(status: number): HttpResponse {
  return refusal(new HttpError(status))
}
