import type { RequestEnd, RequestObserver } from '../core/observer.js'
import { type HttpRequest, sourceOf } from '../core/request.js'
import type { HttpResponse, ResponseBody } from '../core/response.js'
import { isBodiless } from '../core/status.js'
import { asStream, isStream, pump, type StreamSink } from '../core/stream.js'

/** What an observer is told of one request: its beginning when this is made, its end once. */
export class Observation implements RequestEnd {
  readonly #begun = performance.now()
  #isOver = false
  readonly #observer: RequestObserver
  readonly #request: HttpRequest
  bytes = 0
  duration = 0
  isAborted = false
  response: HttpResponse | undefined = undefined

  constructor(observer: RequestObserver, request: HttpRequest) {
    this.#observer = observer
    this.#request = request
    observer.began(request)
  }

  /** Its answer goes to the transport: all of it, unless its body is a stream that is sent. */
  answered(response: HttpResponse): void {
    this.response = response
    const { body } = response
    const isSent = this.#request.method !== 'HEAD' && !isBodiless(response.statusCode)
    if (isSent && isStream(body)) return
    if (isSent && body !== undefined) {
      this.bytes = typeof body === 'string' ? Buffer.byteLength(body) : (body as Uint8Array).byteLength
    }
    this.over(true)
  }

  /** As `pump()`, within the request's context, and counts what is sent. */
  pump(body: ResponseBody, sink: StreamSink): Promise<boolean> {
    const counting: StreamSink = {
      cut: () => sink.cut(),
      end: () => sink.end(),
      write: (chunk) => {
        this.bytes += chunk.byteLength
        return sink.write(chunk)
      },
    }
    const send = (source: ResponseBody): Promise<boolean> => pump(asStream(source), counting)
    return sourceOf(this.#request).trace?.run(send, body) ?? send(body)
  }

  /** Nothing further is sent: its answer is whole, or it was broken off. */
  over(isWhole: boolean): void {
    if (this.#isOver) return
    this.#isOver = true
    this.duration = performance.now() - this.#begun
    this.isAborted = !isWhole
    this.#observer.ended(this.#request, this)
  }
}
