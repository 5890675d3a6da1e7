import type { HttpRequest } from './request.js'
import type { HttpResponse } from './response.js'

/** How a request has ended. It is good for the call that it comes with. */
export interface RequestEnd {
  /** Bytes of the answer's body that went to the transport: before it codes them there, and without framing. */
  readonly bytes: number
  /** Milliseconds from when its head had come until the last of its answer went to the transport. */
  readonly duration: number
  /** Whether the answer is not whole: the client left before its end, or what gave its body has failed. */
  readonly isAborted: boolean
  /** Undefined where the client left before there was one. */
  readonly response: HttpResponse | undefined
  /** When its head had come, by the clock of `performance.now()`: milliseconds since the process began. */
  readonly startTime: number
}

/**
 * Is told of requests: of each that a handler could have, on every transport, none of which it may change. What is refused
 * before it is a request is told of by `hotpress:refused` alone. It must not throw.
 */
export interface RequestObserver {
  /** A request has come, and nothing was done about it yet. */
  began(request: HttpRequest): void
  /** Told once of each that has begun. */
  ended(request: HttpRequest, end: RequestEnd): void
}

/** Several observers as one, told in their order of a beginning, and in the other of an end; undefined for none. */
export function observers(all: readonly RequestObserver[]): RequestObserver | undefined {
  if (all.length < 2) return all[0]
  const inwards = [...all]
  const outwards = inwards.toReversed()
  return {
    began(request) {
      for (const observer of inwards) observer.began(request)
    },
    ended(request, end) {
      for (const observer of outwards) observer.ended(request, end)
    },
  }
}
