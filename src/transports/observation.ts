import { Buffer } from 'node:buffer'
import { performance } from 'node:perf_hooks'
import { observers, type RequestEnd, type RequestObserver } from '../core/observer.js'
import { type HttpRequest, sourceOf } from '../core/request.js'
import { hasListeners, requestEvents } from '../core/request-events.js'
import type { HttpResponse, ResponseBody } from '../core/response.js'
import { isBodiless } from '../core/status.js'
import { asStream, isStream, pump, type StreamSink } from '../core/stream.js'
import type { EndObserver } from '../core/tracing.js'
import type { TransportHost } from './transport.js'

// Those of each host that has some of its own.
const withEvents = new WeakMap<RequestObserver, RequestObserver>()

/** Who is told of a request that comes now: the app's observers, and the diagnostics channels while somebody listens to them. */
function observerOf({ observer: all, ownLines }: TransportHost, request: HttpRequest): RequestObserver | undefined {
  const observer = ownLines !== undefined && sourceOf(request).hasLine === true ? ownLines.observer : all
  if (!hasListeners()) return observer
  if (observer === undefined) return requestEvents
  let both = withEvents.get(observer)
  if (both === undefined) {
    both = observers([requestEvents, observer])!
    withEvents.set(observer, both)
  }
  return both
}

/** What is told of one request that has begun: its end, once. */
export class Observation implements RequestEnd {
  #isOver: boolean
  readonly #observer: RequestObserver | undefined
  readonly #request: HttpRequest
  readonly #traced: EndObserver | undefined
  bytes: number
  duration: number
  isAborted: boolean
  response: HttpResponse | undefined
  readonly startTime: number

  // Fields with values of their own would be set by a function that is called.
  constructor(observer: RequestObserver | undefined, traced: EndObserver | undefined, request: HttpRequest) {
    this.#isOver = false
    this.#observer = observer
    this.#request = request
    this.#traced = traced
    this.bytes = 0
    this.duration = 0
    this.isAborted = false
    this.response = undefined
    this.startTime = performance.now()
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
    this.duration = performance.now() - this.startTime
    this.isAborted = !isWhole
    this.#observer?.ended(this.#request, this)
    this.#traced?.(this.#request, this)
  }
}

/** Begins to tell of a request; undefined where nobody wants to know of its end. */
export function observe(host: TransportHost, request: HttpRequest): Observation | undefined {
  // Outermost: what observers do is within the trace.
  const traced = host.tracing?.began(request)
  const observer = observerOf(host, request)
  if (observer === undefined && traced === undefined) return undefined
  observer?.began(request)
  return new Observation(observer, traced, request)
}
