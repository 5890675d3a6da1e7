import { Buffer } from 'node:buffer'
import { acceptEncodingOf, acceptsIdentity, type ContentCoding, negotiateCoding } from '../core/accept-encoding.js'
import { codeLater } from '../core/later-coding.js'
import { type Meter, metered } from '../core/metric.js'
import { type HttpRequest, sourceOf } from '../core/request.js'
import { type HttpResponse, replaceBody } from '../core/response.js'
import { isBodiless } from '../core/status.js'
import { discard, isStream } from '../core/stream.js'
import type { Middleware } from '../core/types.js'
import { varyBy } from '../core/vary.js'
import { httpError } from '../errors.js'
import { createEncoder, type PoolEncoder } from './encode.js'
import { describeCoding, forbidsCompression } from './headers.js'
import { BodyMemo } from './memo.js'
import { type CompressionOptions, type CompressionSettings, settleCompression } from './options.js'
import { compressStream, streamCodings } from './stream.js'

// Units of a body that a transport compresses: what takes it longer holds up other connections of the same thread.
const mostLater = 65_536

type Answer = HttpResponse | Promise<HttpResponse>

/** Compresses the responses of one app, group or route. */
class Compression {
  readonly #codings: readonly ContentCoding[]
  readonly #encoder: PoolEncoder
  readonly #isOutermost: boolean
  readonly #memo: BodyMemo | undefined
  readonly #settings: CompressionSettings
  readonly #streamCodings: readonly ContentCoding[]

  constructor(settings: CompressionSettings, isOutermost: boolean) {
    this.#isOutermost = isOutermost
    this.#encoder = createEncoder(settings)
    this.#codings = settings.codings.filter((coding) => this.#encoder.codings.includes(coding))
    this.#memo = settings.memo === 0 ? undefined : new BodyMemo(settings.memo)
    this.#settings = settings
    this.#streamCodings = settings.codings.filter((coding) => streamCodings.includes(coding))
  }

  /** Of its queue. */
  get families(): Meter {
    return this.#encoder.families
  }

  /** The response as it goes out: at once where nothing is to be compressed, or it is known compressed. */
  apply(response: HttpResponse, request: HttpRequest): Answer {
    const { body } = response
    if (body === undefined || response.isUncompressed || !this.#mayCompress(response)) return response
    varyBy(response, 'Accept-Encoding')
    const accepted = acceptedBy(request)
    const available = isStream(body) ? this.#streamCodings : this.#codings
    const coding = negotiateCoding(accepted, available)
    if (coding === undefined) return refuse(response, available)
    if (coding === 'identity') return response
    if (isStream(body)) {
      replaceBody(response, compressStream(body, coding, this.#settings.levels))
      describeCoding(response, coding)
      return response
    }
    const known = this.#memo?.get(body, coding)
    if (known !== undefined) return finish(response, known, coding, accepted)
    return this.#mayBeLater(body, request)
      ? codedLater(response, coding, this.#settings.levels[coding], accepted)
      : this.#compress(response, body, coding, request, accepted)
  }

  // What comes again and again is worth keeping, and nothing comes back from a transport.
  #mayBeLater(body: Uint8Array | string, request: HttpRequest): boolean {
    if (!this.#isOutermost || sourceOf(request).encodesAnswers !== true || body.length > mostLater) return false
    return this.#memo?.isSecond(body) !== true
  }

  #mayCompress({ body, contentType, headers, statusCode }: HttpResponse): boolean {
    const { threshold, types } = this.#settings
    if (isSmall(body, headers, threshold)) return false
    if (contentType === undefined || isBodiless(statusCode) || statusCode === 206) return false
    return types(contentType) && (headers === undefined || !forbidsCompression(headers))
  }

  async #compress(
    response: HttpResponse,
    body: Uint8Array | string,
    coding: ContentCoding,
    request: HttpRequest,
    accepted: string | undefined,
  ): Promise<HttpResponse> {
    const { isHurried, isOccupied } = this.#encoder
    // A body that need not wait is done by the time that a client can leave.
    const signal = isOccupied ? request.signal : undefined
    try {
      const coded = await this.#encoder.encode(body, coding, signal)
      if (coded === undefined) return response
      if (!isHurried) this.#memo?.set(body, coding, coded)
      return finish(response, coded, coding, accepted)
    } catch (error) {
      // Nobody is there any more to see it.
      if (!signal?.aborted) request.log.error({ coding, err: error }, 'response could not be compressed')
      return response
    }
  }
}

function acceptedBy(request: HttpRequest): string | undefined {
  try {
    return acceptEncodingOf(request)
  } catch {
    // The request is over, and with it its headers: its client has left or was told that it took too long.
    return undefined
  }
}

function finish(
  response: HttpResponse,
  coded: Uint8Array,
  coding: ContentCoding,
  accepted: string | undefined,
): HttpResponse {
  const body = response.body as Uint8Array | string
  const isSmaller = coded.byteLength < body.length || coded.byteLength < byteLength(body)
  if (!isSmaller && acceptsIdentity(accepted)) return response
  // A handler may return one response again and again, to clients that take other codings.
  const answer = response.clone()
  answer.error = response.error
  replaceBody(answer, coded)
  describeCoding(answer, coding)
  return answer
}

// Left to the transport: where nobody else sees the response any more.
function codedLater(
  response: HttpResponse,
  coding: ContentCoding,
  level: number,
  accepted: string | undefined,
): HttpResponse {
  const answer = response.clone()
  answer.error = response.error
  describeCoding(answer, coding)
  codeLater(answer, coding, level, !acceptsIdentity(accepted))
  return answer
}

function byteLength(body: Uint8Array | string): number {
  return typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
}

function isSmall(body: HttpResponse['body'], headers: readonly string[] | undefined, threshold: number): boolean {
  if (typeof body === 'string') {
    // A unit of UTF-16 becomes three bytes at most: few texts need counting.
    if (body.length >= threshold) return false
    return body.length * 3 < threshold || Buffer.byteLength(body) < threshold
  }
  if (body instanceof Uint8Array) return body.byteLength < threshold
  return headers !== undefined && declaredLength(headers) < threshold
}

function declaredLength(headers: readonly string[]): number {
  for (let index = 0; index < headers.length; index += 2) {
    if (headers[index]!.toLowerCase() === 'content-length') return Number(headers[index + 1])
  }
  return Infinity
}

// What is an error already stays that error: a 406 would say less.
function refuse(response: HttpResponse, available: readonly ContentCoding[]): HttpResponse {
  const { body, statusCode } = response
  if (statusCode >= 300) return response
  if (isStream(body)) discard(body)
  const headers = { Vary: 'Accept-Encoding' }
  throw httpError('CODING_REFUSED', { available: available.join(', ') }, { headers })
}

/**
 * Compresses the bodies of responses, by `Accept-Encoding` (RFC 9110, 12.5.3): whole ones on the thread pool, streams
 * chunk by chunk. Left alone are bodies below the threshold, types that are compressed already, statuses 204, 206 and
 * 304, what carries `Content-Encoding`, `Content-Range`, a digest or `Cache-Control: no-transform`, and responses that
 * are {@link HttpResponse.uncompressed}. A client that takes nothing of what there is, identity neither, gets a 406.
 *
 * For a whole app use its option `compression`, which is outermost and sees the answers of other middleware too.
 *
 * @throws HotpressError `OPTION_UNKNOWN`, or `OPTION_INVALID` naming the option, what it got and what it takes.
 * @example
 * reports.use(compression({ levels: { br: 6 }, threshold: '1kb' }))
 */
export function compression(options: CompressionOptions = {}): Middleware {
  return create(options, false)
}

/** The same around everything else, where a transport may do the work: no other middleware sees the response then. */
export function outermostCompression(options: CompressionOptions): Middleware {
  return create(options, true)
}

function create(options: CompressionOptions, isOutermost: boolean): Middleware {
  const made = new Compression(settleCompression(options), isOutermost)
  const middleware: Middleware = function compression(request, next) {
    const response = next()
    return response instanceof Promise
      ? response.then((later) => made.apply(later, request))
      : made.apply(response, request)
  }
  return metered(middleware, made.families)
}
