import type { Logger } from './logger.js'
import type { RequestEnd } from './observer.js'
import type { HttpRequest } from './request.js'
import type { HttpResponse } from './response.js'
import type { HandlerResult } from './types.js'

/** What dispatches the requests of an app. */
export type Dispatch = (request: HttpRequest) => HttpResponse | Promise<HandlerResult>

/** Is told of the end of a request. */
export type EndObserver = (request: HttpRequest, end: RequestEnd) => void

/** What traces the requests of an app. */
export interface AppTracing {
  /** The same dispatch, within the context of each request. */
  before(dispatch: Dispatch): Dispatch
  /** A request has come. Gives what is to be told of its end; undefined where nobody needs to know, as of most. */
  began(request: HttpRequest): EndObserver | undefined
  /** Has what was traced by now exported. */
  flush(): Promise<void>
  /** A logger whose lines carry the ids of the span that is active where they are written. */
  logger(log: Logger): Logger
}
