import { type Channel, channel } from 'node:diagnostics_channel'
import type { RequestObserver } from './observer.js'
import type { HttpRequest } from './request.js'
import type { HttpResponse } from './response.js'

/** What `hotpress:request:start` tells. */
export interface RequestStartEvent {
  readonly request: HttpRequest
}

/** What `hotpress:request:end` tells, once of each request that has started, and `hotpress:request:abort` before it. */
export interface RequestEndEvent {
  /** Bytes of the answer's body that went to the transport. */
  readonly bytes: number
  /** Milliseconds from its head until the last of its answer. */
  readonly duration: number
  readonly isAborted: boolean
  readonly request: HttpRequest
  /** Undefined where the client left before there was one. */
  readonly response: HttpResponse | undefined
}

/** What `hotpress:request:error` tells, of each answer that stands for something thrown. */
export interface RequestErrorEvent {
  /** What was thrown: an `HttpError` too. */
  readonly error: unknown
  readonly request: HttpRequest
  readonly response: HttpResponse
}

/** What each diagnostics channel tells, by its name. */
export interface RequestEvents {
  'hotpress:request:abort': RequestEndEvent
  'hotpress:request:end': RequestEndEvent
  'hotpress:request:error': RequestErrorEvent
  'hotpress:request:start': RequestStartEvent
}

const named = (name: keyof RequestEvents): Channel => channel(name)
const aborted = named('hotpress:request:abort')
const ended = named('hotpress:request:end')
const failed = named('hotpress:request:error')
const started = named('hotpress:request:start')

/** Whether anybody has subscribed to one of the channels. */
export function hasListeners(): boolean {
  return ended.hasSubscribers || started.hasSubscribers || failed.hasSubscribers || aborted.hasSubscribers
}

/** Tells the channels. */
export const requestEvents: RequestObserver = {
  began(request) {
    if (started.hasSubscribers) started.publish({ request } satisfies RequestStartEvent)
  },
  ended(request, { bytes, duration, isAborted, response }) {
    if (failed.hasSubscribers && response?.error !== undefined) {
      failed.publish({ error: response.error, request, response } satisfies RequestErrorEvent)
    }
    if (!aborted.hasSubscribers && !ended.hasSubscribers) return
    const event: RequestEndEvent = { bytes, duration, isAborted, request, response }
    if (isAborted) aborted.publish(event)
    ended.publish(event)
  },
}
