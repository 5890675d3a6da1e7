import type * as Api from '@opentelemetry/api'
import type { Logger } from '../../core/logger.js'
import type { RequestTrace, TraceIds } from '../../core/request-trace.js'

/** What the spans of an app's requests have in common. */
export interface SpanTools {
  readonly api: typeof Api
  /** The logger of a request. */
  logger(requestId: string, context: Api.SpanContext): Logger
}

/** The span of a request. */
export class RequestSpan implements RequestTrace {
  readonly #context: Api.Context
  readonly #tools: SpanTools
  /** What else ends with it. */
  readonly companion: { end(): void } | undefined
  readonly isRecording: boolean
  readonly span: Api.Span

  constructor(tools: SpanTools, span: Api.Span, parent: Api.Context, companion: { end(): void } | undefined) {
    this.#context = tools.api.trace.setSpan(parent, span)
    this.#tools = tools
    this.companion = companion
    this.isRecording = span.isRecording()
    this.span = span
  }

  get ids(): TraceIds {
    const { spanId, traceFlags, traceId } = this.span.spanContext()
    return { isSampled: (traceFlags & this.#tools.api.TraceFlags.SAMPLED) !== 0, spanId, traceId }
  }

  logger(requestId: string): Logger {
    return this.#tools.logger(requestId, this.span.spanContext())
  }

  run<Argument, Result>(call: (argument: Argument) => Result, argument: Argument): Result {
    return this.#tools.api.context.with(this.#context, call, undefined, argument)
  }
}
