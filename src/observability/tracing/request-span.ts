import type * as Api from '@opentelemetry/api'
import type { EarlySampling } from '../../core/early-sampling.js'
import type { Logger } from '../../core/logger.js'
import type { RequestTrace, TraceIds } from '../../core/request-trace.js'

/** What the spans of an app's requests have in common. */
export interface SpanTools {
  readonly api: typeof Api
  /** By which a context has its span. */
  readonly spanKey: symbol
  /** The logger of a request. */
  logger(requestId: string, context: Api.SpanContext): Logger
}

/**
 * A request within its trace. It is the context too that its span is active in: the API's own is a map with three functions
 * for each, and a request in most traces is never asked for it.
 */
abstract class TracedRequest implements Api.Context, RequestTrace {
  readonly #parent: Api.Context
  protected readonly tools: SpanTools

  constructor(tools: SpanTools, parent: Api.Context) {
    this.#parent = parent
    this.tools = tools
  }

  abstract readonly span: Api.Span
  abstract run<Argument, Result>(call: (argument: Argument) => Result, argument: Argument): Result

  get ids(): TraceIds {
    const { spanId, traceFlags, traceId } = this.span.spanContext()
    return { isSampled: (traceFlags & this.tools.api.TraceFlags.SAMPLED) !== 0, spanId, traceId }
  }

  deleteValue(key: symbol): Api.Context {
    return this.#plain().deleteValue(key)
  }

  getValue(key: symbol): unknown {
    return key === this.tools.spanKey ? this.span : this.#parent.getValue(key)
  }

  logger(requestId: string): Logger {
    return this.tools.logger(requestId, this.span.spanContext())
  }

  setValue(key: symbol, value: unknown): Api.Context {
    return this.#plain().setValue(key, value)
  }

  #plain(): Api.Context {
    return this.tools.api.trace.setSpan(this.#parent, this.span)
  }
}

/** A request with a span of the SDK. */
export class RequestSpan extends TracedRequest {
  /** What else ends with it. */
  readonly companion: { end(): void } | undefined
  readonly isRecording: boolean
  readonly span: Api.Span

  constructor(tools: SpanTools, span: Api.Span, parent: Api.Context, companion: { end(): void } | undefined) {
    super(tools, parent)
    this.companion = companion
    this.isRecording = span.isRecording()
    this.span = span
  }

  run<Argument, Result>(call: (argument: Argument) => Result, argument: Argument): Result {
    return this.tools.api.context.with(this, call, undefined, argument)
  }
}

/** A request that is not recorded: it has a span when somebody asks for it. */
export class UnsampledRequest extends TracedRequest {
  readonly #sampling: EarlySampling
  readonly #sender: Api.SpanContext | undefined
  #span: Api.Span | undefined = undefined
  readonly #traceId: string

  constructor(
    tools: SpanTools,
    parent: Api.Context,
    sender: Api.SpanContext | undefined,
    sampling: EarlySampling,
    traceId: string,
  ) {
    super(tools, parent)
    this.#sampling = sampling
    this.#sender = sender
    this.#traceId = traceId
  }

  get span(): Api.Span {
    this.#span ??= this.tools.api.trace.wrapSpanContext({
      spanId: this.#sampling.spanId(),
      traceFlags: this.tools.api.TraceFlags.NONE,
      traceId: this.#traceId,
      ...(this.#sender?.traceState && { traceState: this.#sender.traceState }),
    })
    return this.#span
  }

  run<Argument, Result>(call: (argument: Argument) => Result, argument: Argument): Result {
    return this.#sampling.contexts.with(this, call, undefined, argument)
  }
}

/** By which the API keeps the span of a context. */
export function findSpanKey({ INVALID_SPAN_CONTEXT, trace }: typeof Api): symbol {
  let found: symbol | undefined
  const probe: Api.Context = {
    deleteValue: () => probe,
    getValue: () => undefined,
    setValue(key) {
      found = key
      return probe
    },
  }
  trace.setSpan(probe, trace.wrapSpanContext(INVALID_SPAN_CONTEXT))
  return found!
}
