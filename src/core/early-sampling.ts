/** The sender of a request, as its headers have it. */
export interface SenderContext {
  readonly traceFlags: number
  readonly traceId: string
}

/** What runs a function within a context. */
export interface ContextRunner {
  with<Argument, Result>(
    context: unknown,
    call: (argument: Argument) => Result,
    thisArgument: undefined,
    argument: Argument,
  ): Result
}

/**
 * What `hotpress/otel` knows before the SDK is asked: to ask it costs a request that is not recorded two microseconds, most
 * of it for what nobody looks at.
 */
export interface EarlySampling {
  readonly contexts: ContextRunner
  /** Headers, of which a request has one at least if it says anything of its sender; in lower case. */
  readonly headers: readonly string[]
  spanId(): string
  /** The id of the trace of a request that will not be recorded; undefined where that is for the SDK to say. */
  unsampled(sender: SenderContext | undefined): string | undefined
}

const key = Symbol.for('hotpress.otel.sampling')

/** What is there of it now, by whichever copy of the package. */
export function earlySampling(): EarlySampling | undefined {
  return (globalThis as { [key]?: EarlySampling })[key]
}

export function setEarlySampling(sampling: EarlySampling | undefined): void {
  ;(globalThis as { [key]?: EarlySampling | undefined })[key] = sampling
}
