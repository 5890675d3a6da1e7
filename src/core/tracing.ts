import type { Logger } from './logger.js'
import type { RequestObserver } from './observer.js'
import type { HttpRequest } from './request.js'
import type { HttpResponse } from './response.js'
import type { HandlerResult } from './types.js'

/** What dispatches the requests of an app. */
export type Dispatch = (request: HttpRequest) => HttpResponse | Promise<HandlerResult>

/** What traces the requests of an app. */
export interface AppTracing extends RequestObserver {
  /** A logger whose lines carry the ids of the span that is active where they are written. */
  logger(log: Logger): Logger
  /** The same dispatch, within the context of each request. */
  before(dispatch: Dispatch): Dispatch
  /** Has what was traced by now exported. */
  flush(): Promise<void>
}
