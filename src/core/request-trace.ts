import type { Logger } from './logger.js'

/** By what a request is found in traces. */
export interface TraceIds {
  /** Whether its trace is kept, as far as was decided here. */
  readonly isSampled: boolean
  /** 16 hexadecimal digits. */
  readonly spanId: string
  /** 32 hexadecimal digits. */
  readonly traceId: string
}

/** What a request carries where it is traced. */
export interface RequestTrace {
  readonly ids: TraceIds
  /** The request's logger: its lines carry the ids of the trace. */
  logger(requestId: string): Logger
  /** Calls a function within the request's context: what is traced by then is part of the request. */
  run<Argument, Result>(call: (argument: Argument) => Result, argument: Argument): Result
}
