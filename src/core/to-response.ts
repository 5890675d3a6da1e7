import { describe, HotpressError } from '../errors.js'
import { ContentType } from './content-type.js'
import { fromFetch } from './fetch.js'
import { asHttpError, blankError, problem } from './problem.js'
import type { HttpRequest } from './request.js'
import { fresh, HttpResponse } from './response.js'
import { toResponse } from './response-symbol.js'
import { isAsyncIterable } from './stream.js'
import { isThenable } from './thenable.js'
import type { ErrorHandler, HandlerResult, ResponseLike } from './types.js'

const takes =
  'an HttpResponse, a string, an object, an array, bytes, undefined, null, a Fetch Response, an async iterable, or a value with toResponse'

// A toResponse method may return another value with one; not for ever.
const deepest = 8

/** Makes responses of what handlers return and throw; one for an app. */
export interface Responder {
  /** The response for what a handler or middleware threw, or an Error it returned. Neither throws nor rejects. */
  failed(thrown: unknown, request: HttpRequest): HttpResponse | Promise<HttpResponse>
  /** The response for what a handler returned. Neither throws nor rejects. */
  settled(value: HandlerResult, request: HttpRequest): HttpResponse | Promise<HttpResponse>
}

function convert(value: HandlerResult, request: HttpRequest, depth: number): HttpResponse | Promise<HttpResponse> {
  if (value instanceof HttpResponse) return value
  if (typeof value === 'string') return fresh(new HttpResponse(value, ContentType.Text))
  if (value === undefined) return fresh(new HttpResponse(undefined, undefined, 202))
  if (value === null) return fresh(new HttpResponse(undefined, undefined, 204))
  if (typeof value !== 'object') throw new HotpressError('RESPONSE_INVALID', { got: describe(value), takes })
  if (value instanceof Uint8Array) return fresh(new HttpResponse(value, ContentType.OctetStream))
  if (toResponse in value) return ask(value as ResponseLike, request, depth)
  if (value instanceof Error) throw value
  const foreign = HttpResponse.from(value)
  if (foreign !== undefined) return foreign
  if (value instanceof Response) return fromFetch(value)
  if (isAsyncIterable(value)) return new HttpResponse(value, ContentType.OctetStream)
  return fresh(new HttpResponse(JSON.stringify(value) ?? 'null', ContentType.Json))
}

function ask(value: ResponseLike, request: HttpRequest, depth: number): HttpResponse | Promise<HttpResponse> {
  if (depth === deepest) {
    throw new HotpressError('RESPONSE_INVALID', { got: `toResponse methods nested over ${deepest} deep`, takes })
  }
  const answer = value[toResponse](request)
  if (!isThenable(answer)) return convert(answer, request, depth + 1)
  return Promise.resolve(answer).then((later) => convert(later, request, depth + 1))
}

/** @param onError the user's handler of errors, asked first. */
export function createResponder(onError: ErrorHandler | undefined): Responder {
  function settled(value: HandlerResult, request: HttpRequest): HttpResponse | Promise<HttpResponse> {
    try {
      const response = convert(value, request, 0)
      return response instanceof HttpResponse ? response : response.catch((thrown) => failed(thrown, request))
    } catch (thrown) {
      return failed(thrown, request)
    }
  }

  function failed(thrown: unknown, request: HttpRequest): HttpResponse | Promise<HttpResponse> {
    if (onError === undefined) return standard(thrown, request)
    try {
      const answer = onError(thrown, request)
      if (!isThenable(answer)) return chosen(answer, thrown, request)
      return Promise.resolve(answer).then(
        (later) => chosen(later, thrown, request),
        (second) => standard(second, request),
      )
    } catch (second) {
      return standard(second, request)
    }
  }

  function chosen(answer: HandlerResult, thrown: unknown, request: HttpRequest): HttpResponse | Promise<HttpResponse> {
    if (answer === undefined) return standard(thrown, request)
    try {
      const response = convert(answer, request, 0)
      if (!(response instanceof HttpResponse)) {
        return response.then(
          (later) => mark(later, thrown),
          (second) => standard(second, request),
        )
      }
      return mark(response, thrown)
    } catch (second) {
      // An error handler that fails, or returns the error itself, is not asked again.
      return standard(second, request)
    }
  }

  return { failed, settled }
}

function mark(response: HttpResponse, thrown: unknown): HttpResponse {
  response.error ??= thrown
  return response
}

// The answer without a word of the user's: what was thrown may be an answer itself, else it is a blank 500.
function standard(thrown: unknown, request: HttpRequest): HttpResponse | Promise<HttpResponse> {
  try {
    const error = asHttpError(thrown)
    if (error !== undefined) {
      if (error.status >= 500) request.log.error({ err: error.cause ?? error }, 'request failed')
      return problem(error, request.id)
    }
    if (isAnswer(thrown)) {
      const response = convert(thrown, request, 0)
      if (response instanceof HttpResponse) return response
      return response.catch((second) => blank(second, request))
    }
    return blank(thrown, request)
  } catch (second) {
    return blank(second, request)
  }
}

function blank(thrown: unknown, request: HttpRequest): HttpResponse {
  const err = thrown instanceof Error ? thrown : new Error(`a handler threw ${describe(thrown)}`)
  request.log.error({ err }, 'request failed')
  return blankError(request, thrown)
}

// Of the values that may be returned, those that nobody throws by mistake.
function isAnswer(thrown: unknown): thrown is HttpResponse | Response | ResponseLike {
  if (typeof thrown !== 'object' || thrown === null) return false
  return toResponse in thrown || HttpResponse.from(thrown) !== undefined || thrown instanceof Response
}
