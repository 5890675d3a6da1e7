import { atMost } from '../core/at-most.js'
import { bodyTooLarge, RequestBody } from '../core/body.js'
import type { BodyFlow, BodyRules } from '../core/body-flow.js'
import type { Expiring, Wait } from '../core/deadlines.js'
import type { HeaderPairs } from '../core/headers.js'
import { patience } from '../core/patience.js'
import { blankError, problem } from '../core/problem.js'
import { abortRequest, HttpRequest } from '../core/request.js'
import type { HttpVersion, RequestSource } from '../core/request-source.js'
import { HttpResponse } from '../core/response.js'
import { asStream, isStream, pump, release, type StreamSink } from '../core/stream.js'
import type { HandlerResult } from '../core/types.js'
import { httpError } from '../errors.js'
import { type Observation, observe } from './observation.js'
import type { TransportHost } from './transport.js'

// Milliseconds and bytes that a body which nobody wants is taken in, to keep its connection. The native core has the same.
const lingerTime = 1000
const mostUnread = 1024 ** 2

/**
 * One request and its answer on a transport: `open`, then either `answered` or `gone`. The first answer wins; whatever
 * comes after it, or after the client has left, is let go. Transports add how to read and how to write.
 */
export abstract class Exchange implements BodyFlow, Expiring, RequestSource {
  #body: RequestBody | undefined = undefined
  /** Whether a part of the body has come since the deadline was last looked at. */
  #hasMoved = false
  /** Whether the sender is held though nobody reads any more. */
  #isHeld = false
  /** Whether the connection is closed after the answer, and what still comes is of no account. */
  #isLast = false
  #isReceived = false
  #isReceiving = false
  #onReceived: (() => void) | undefined = undefined
  readonly #host: TransportHost
  #observation: Observation | undefined = undefined
  #request: HttpRequest | undefined = undefined
  #state: 'answered' | 'gone' | 'open' = 'open'
  /** Bytes of the body that came after the answer. */
  #unread = 0
  #wait: Wait | undefined = undefined

  constructor(host: TransportHost) {
    this.#host = host
  }

  abstract readonly bodySize: number
  abstract readonly httpVersion: HttpVersion
  abstract readonly ip: string
  abstract readonly method: string
  abstract readonly path: string
  abstract readonly protocol: 'http' | 'https'
  abstract readonly query: string

  abstract detach(): void
  abstract header(lower: string): string | undefined
  abstract headerList(lower: string): string | undefined
  abstract headers(): HeaderPairs
  abstract pauseBody(): void
  abstract resumeBody(): void
  /** Breaks the connection. */
  protected abstract cut(): void
  /** Begins, once, to have the body {@link received}. Where it is read already, a client that waits for a 100 has it now. */
  protected abstract receive(): void
  /**
   * Sends a response; called once.
   *
   * @param isLate whether the transport's callback has returned.
   */
  protected abstract write(response: HttpResponse, request: HttpRequest, isLate: boolean): void

  get body(): RequestBody | undefined {
    return this.#body
  }

  protected get host(): TransportHost {
    return this.#host
  }

  /** Whether somebody is told of its end, who may ask for its id then. */
  protected get isObserved(): boolean {
    return this.#observation !== undefined
  }

  /** Whether nothing of the request's body is still to come. */
  protected get isReceived(): boolean {
    return this.#isReceived || this.bodySize === 0
  }

  acceptBody(rules: BodyRules): void {
    this.#body = new RequestBody(this, rules)
  }

  expire(): void {
    if (this.#state !== 'open' || this.#request === undefined) return
    if (this.#request.get(patience) === true) return
    // While the body comes it is the client that takes the time, for which the transport has limits of its own.
    if (this.#hasMoved) {
      this.#restartClock()
      return
    }
    const timeout = this.#host.settings.requestTimeout
    const error = httpError('REQUEST_TIMEOUT', { timeout })
    this.#request.log.warn({ timeout }, 'request timed out')
    this.#body?.fail(error)
    this.#answer(this.#host.decorate(problem(error, this.#request.id).close(), this.#request), true)
    abortRequest(this.#request, error)
  }

  receiveBody(): void {
    if (this.#isReceiving) this.proceed()
    else this.startReceiving()
  }

  /** Has the request dispatched and its answer written. */
  serve(): void {
    const request = new HttpRequest(this, this.#host)
    this.#request = request
    this.#observation = observe(this.#host, request)
    const result = this.#dispatch(request)
    if (result instanceof HttpResponse) {
      this.#answer(result, false)
      return
    }
    this.detach()
    if (this.bodySize !== 0 && this.#body?.isOver !== true) this.startReceiving()
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
    this.#observation?.over(false)
    if (this.#request !== undefined) abortRequest(this.#request, new Error('the client went away'))
  }

  /** The client has shut its side: it may be gone, or wait for the answer, which is written all the same. */
  signalEnd(): void {
    if (this.#request !== undefined) abortRequest(this.#request, new Error('the client went away'))
  }

  /** The body is read, after it has been received for a while: a client that waits for a 100 has it now. */
  protected proceed(): void {}

  /**
   * Takes a chunk of the body.
   *
   * @param isBorrowed whether its memory is good for this call only; else the exchange owns it from then on.
   */
  protected received(chunk: Uint8Array, isBorrowed = false): void {
    this.#hasMoved = true
    if (this.#body?.add(chunk, isBorrowed) !== true) this.#unwanted(chunk.byteLength)
  }

  /** The last of the body has come: a last chunk, or the end after what {@link received} had. */
  protected receivedAll(chunk?: Uint8Array, isBorrowed = false): void {
    this.#isReceived = true
    if (this.#hasMoved) this.#restartClock()
    if (this.#body?.end(chunk, isBorrowed) !== true) this.#unwanted(chunk?.byteLength ?? 0)
    this.#onReceived?.()
  }

  /** Lets go of the body of a response that has no content. */
  protected release(response: HttpResponse): void {
    release(response.body)
  }

  /** Has the body received from now on, whoever reads it. */
  protected startReceiving(): void {
    if (this.#isReceiving) return
    this.#isReceiving = true
    this.receive()
  }

  /**
   * Resolves when the client has sent all of its body, or has had time enough to see the answer. A connection that is
   * closed while bytes arrive is reset, and a reset can take the answer away before the client has read it
   * (RFC 9112, 9.6).
   */
  protected whenReceived(): Promise<void> {
    if (this.isReceived || this.#state === 'gone') return Promise.resolve()
    this.startReceiving()
    return atMost(lingerTime, (done) => {
      this.#onReceived = done
    })
  }

  /** Writes a response's body to a sink, and ends it: an early one when the request's body is there ({@link whenReceived}). */
  protected async writeBody(
    response: HttpResponse,
    sink: StreamSink,
    request: HttpRequest,
    isEarly: boolean,
  ): Promise<void> {
    try {
      if (!(await (this.#observation?.pump(response.body, sink) ?? pump(asStream(response.body), sink)))) return
      this.#observation?.over(true)
      this.#letBodyGo()
      if (isEarly) await this.whenReceived()
      sink.end()
    } catch (error) {
      sink.cut()
      this.#observation?.over(false)
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
      release(response.body)
      return
    }
    this.#state = 'answered'
    if (this.bodySize !== 0) this.#settleBody(response)
    try {
      this.write(response, this.#request, isLate)
      this.#observation?.answered(response)
    } catch (error) {
      this.#request.log.error({ err: error }, 'response could not be written')
      this.#observation?.over(false)
      release(response.body)
      this.cut()
    }
  }

  // What is not read by now is let go; a stream may yet read it.
  #letBodyGo(): void {
    if (this.isReceived) return
    this.#body?.fail(httpError('BODY_UNREAD', {}))
    this.#body?.release()
    if (this.#isHeld) this.resumeBody()
  }

  #restartClock(): void {
    this.#hasMoved = false
    this.#host.deadlines.remove(this.#wait)
    if (this.#wait !== undefined && this.#state === 'open') this.#wait = this.#host.deadlines.add(this)
  }

  #settleBody(response: HttpResponse): void {
    // A body over the limit leaves bytes on the connection that nobody will read as a body.
    if (this.#body?.isOverLimit) response.close()
    if (this.isReceived) return
    // Before the answer begins: a client that waits for a 100 would find it in the middle.
    if (isStream(response.body)) this.startReceiving()
    else {
      // To take in a long rest costs more than a new connection.
      if (this.bodySize - (this.#body?.size ?? 0) > mostUnread) response.close()
      this.#isLast = response.closes
      this.#letBodyGo()
    }
  }

  // What came of a body is wanted by nobody: it is over its limit, has failed, or its request was answered.
  #unwanted(size: number): void {
    if (this.#state === 'answered') {
      this.#unread += size
      if (this.#unread > mostUnread && !this.#isLast) this.cut()
      return
    }
    const body = this.#body
    if (body === undefined || this.#state === 'gone' || this.#request === undefined) return
    // Whoever reads the body has the 413 now, and answers. Nobody reading means that the handler is busy with something
    // else while a client sends without end: it is answered for it.
    if (!body.isRead && body.isOverLimit) {
      const answer = problem(bodyTooLarge(body.rules.limit), this.#request.id).close()
      this.#answer(this.#host.decorate(answer, this.#request), true)
    } else if (!this.#isReceived) {
      this.#isHeld = true
      this.pauseBody()
    }
  }
}
