import { BodyCollector } from '../core/body.js'
import type { Expiring, Wait } from '../core/deadlines.js'
import type { HeaderPairs } from '../core/headers.js'
import { blankError, problem } from '../core/problem.js'
import { abortRequest, HttpRequest, type RequestSource } from '../core/request.js'
import { HttpResponse } from '../core/response.js'
import { asStream, discard, isStream, pump, type StreamSink } from '../core/stream.js'
import type { HandlerResult } from '../core/types.js'
import { HttpError, httpError } from '../errors.js'
import type { TransportHost } from './transport.js'

const nothing: Promise<Uint8Array> = Promise.resolve(new Uint8Array(0))

/** Milliseconds for which a connection that is to be closed still takes in a body that nobody wants. */
const lingerTime = 1000

/**
 * One request and its answer on a transport: `open`, then either `answered` or `gone`. The first answer wins; whatever
 * comes after it, or after the client has left, is let go. Transports add how to read and how to write.
 */
export abstract class Exchange implements Expiring, RequestSource {
  #body: BodyCollector | undefined = undefined
  #isReceived = false
  #onReceived: (() => void) | undefined = undefined
  readonly #host: TransportHost
  #request: HttpRequest | undefined = undefined
  #state: 'answered' | 'gone' | 'open' = 'open'
  #wait: Wait | undefined = undefined

  constructor(host: TransportHost) {
    this.#host = host
  }

  abstract readonly bodySize: number
  abstract readonly ip: string
  abstract readonly method: string
  abstract readonly path: string
  abstract readonly protocol: 'http' | 'https'
  abstract readonly query: string

  abstract detach(): void
  abstract headers(): HeaderPairs
  /** Breaks the connection. */
  protected abstract cut(): void
  /** Begins to hand the chunks of the body to {@link received}. */
  protected abstract receive(): void
  /**
   * Sends a response; called once.
   *
   * @param isLate whether the transport's callback has returned.
   */
  protected abstract write(response: HttpResponse, request: HttpRequest, isLate: boolean): void

  protected get host(): TransportHost {
    return this.#host
  }

  /** Whether nothing of the request's body is still to come. */
  protected get isReceived(): boolean {
    return this.#isReceived || this.bodySize === 0
  }

  acceptBody(limit: number): void {
    this.#body = new BodyCollector(limit)
    this.receive()
  }

  expire(): void {
    if (this.#state !== 'open' || this.#request === undefined) return
    const timeout = this.#host.settings.requestTimeout
    const error = httpError('REQUEST_TIMEOUT', { timeout })
    this.#request.log.warn({ timeout }, 'request timed out')
    this.#answer(problem(error, this.#request.id).close(), true)
    abortRequest(this.#request, error)
    this.#body?.fail(error)
  }

  readBody(): Promise<Uint8Array> {
    return this.#body === undefined ? nothing : this.#body.read()
  }

  /** Has the request dispatched and its answer written. */
  serve(): void {
    const request = new HttpRequest(this, this.#host)
    this.#request = request
    const result = this.#dispatch(request)
    if (result instanceof HttpResponse) {
      this.#answer(result, false)
      return
    }
    this.detach()
    this.#wait = this.#host.deadlines.add(this)
    result.then(
      (value) => {
        if (value instanceof HttpResponse) this.#answer(value, true)
        else this.#answerWith(this.#host.responder.settled(value, request))
      },
      (thrown) => this.#answerWith(this.#host.responder.failed(thrown, request)),
    )
  }

  /** The client is gone before the end of the answer: nothing more can be written. */
  protected leave(): void {
    this.#state = 'gone'
    this.#host.deadlines.remove(this.#wait)
    this.#body?.fail(httpError('BODY_ABORTED', {}))
    this.#onReceived?.()
    if (this.#request !== undefined) abortRequest(this.#request, new Error('the client went away'))
  }

  /** The client has shut its side: it may be gone, or wait for the answer, which is written all the same. */
  protected signalEnd(): void {
    if (this.#request !== undefined) abortRequest(this.#request, new Error('the client went away'))
  }

  /** Takes a chunk of the body, which the exchange owns from then on. */
  protected received(chunk: Uint8Array): void {
    const body = this.#body
    if (body === undefined || body.add(chunk) || this.#state !== 'open') return
    // Whoever waits for the body has the 413 now, and answers. Nobody waiting means that the handler is busy with
    // something else while a client sends without end: it is answered for it.
    if (body.isAwaited || this.#request === undefined) return
    const limit = body.limit
    this.#answer(problem(httpError('BODY_TOO_LARGE', { limit }), this.#request.id).close(), true)
  }

  /** The last of the body has come. */
  protected receivedAll(): void {
    this.#isReceived = true
    this.#body?.end()
    this.#onReceived?.()
  }

  /** Lets go of the body of a response that has no content. */
  protected release(response: HttpResponse): void {
    release(response)
  }

  /**
   * Resolves when the client has sent all of its body, or has had time enough to see the answer. A connection that is
   * closed while bytes arrive is reset, and a reset can take the answer away before the client has read it
   * (RFC 9112, 9.6).
   */
  protected whenReceived(): Promise<void> {
    if (this.isReceived || this.#state === 'gone') return Promise.resolve()
    if (this.#body === undefined) this.receive()
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, lingerTime)
      this.#onReceived = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /**
   * Writes a response's body to a sink, and ends it.
   *
   * @param isEarly whether the end waits for {@link whenReceived}.
   */
  protected async writeBody(
    response: HttpResponse,
    sink: StreamSink,
    request: HttpRequest,
    isEarly: boolean,
  ): Promise<void> {
    try {
      if (!(await pump(asStream(response.body), sink))) return
      if (isEarly) await this.whenReceived()
      sink.end()
    } catch (error) {
      sink.cut()
      request.log.error({ err: error }, 'response stream failed')
    }
  }

  // Nothing here should throw; if it does, it is one failed request and not the end of the process.
  #dispatch(request: HttpRequest): HttpResponse | Promise<HandlerResult> {
    try {
      return this.#host.dispatch(request)
    } catch (error) {
      request.log.error({ err: error }, 'request failed')
      return blankError(request, error)
    }
  }

  async #answerWith(response: HttpResponse | Promise<HttpResponse>): Promise<void> {
    this.#answer(response instanceof HttpResponse ? response : await response, true)
  }

  #answer(response: HttpResponse, isLate: boolean): void {
    if (isLate) this.#host.deadlines.remove(this.#wait)
    if (this.#state !== 'open' || this.#request === undefined) {
      release(response)
      return
    }
    this.#state = 'answered'
    // A body over the limit leaves bytes on the connection that nobody will read as a body.
    if (this.#body?.isOverLimit) response.close()
    // What still comes of a body that nobody waits for is not kept; a stream may yet read it.
    const isUnread = this.#body?.isAwaited === false && !this.isReceived
    if (isUnread && !isStream(response.body)) this.#body?.fail(httpError('BODY_UNREAD', {}))
    try {
      this.write(response, this.#request, isLate)
    } catch (error) {
      this.#request.log.error({ err: error }, 'response could not be written')
      release(response)
      this.cut()
    }
  }
}

/** Lets go of a response that will not be sent. */
function release(response: HttpResponse): void {
  if (isStream(response.body)) discard(response.body)
}

/** The answer to a request that never became one: malformed, too large or too slow. It passes no middleware. */
export function refusal(error: HttpError): HttpResponse {
  return problem(error).close()
}

/** The same for errors that a transport's parser reports by a status alone. */
export function refusalOf(status: number): HttpResponse {
  return refusal(new HttpError(status))
}
