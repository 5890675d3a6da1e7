import { checkBoolean, checkFunction, checkOptions, invalid } from '../../core/options-check.js'
import type { HttpRequest } from '../../core/request.js'

/** Spans beside those of requests. */
export type TracedSpan = 'connection' | 'stream'

/** What becomes of the query in `url.query` and `url.full`. */
export type TracedQuery = 'full' | 'keys' | 'none'

/** Options of `tracing` in `new Hotpress()`. */
export interface TracingOptions {
  /**
   * Whether spans have their attributes when the sampler is asked: for samplers that decide by them. False by default, where
   * only what is recorded has any, and samplers see the method and the parent.
   */
  readonly attributesAtStart?: boolean
  /** Whether calls by `fetch` and undici within a request are client spans, and carry the trace on. True by default. */
  readonly fetch?: boolean
  /** Says which requests are not traced; those of `health()` perhaps. None by default. It must not throw. */
  readonly ignore?: (request: HttpRequest) => boolean
  /** Whether log lines within a request carry `trace_id`, `span_id` and `trace_flags`. True by default. */
  readonly logs?: boolean
  /**
   * What is told of queries: `'keys'` (the default: each value is `REDACTED`), `'none'`, or `'full'`, which may put
   * passwords and tokens into traces.
   */
  readonly query?: TracedQuery
  /** Request headers that become attributes, `http.request.header.<name>`. None by default. */
  readonly requestHeaders?: readonly string[]
  /** Headers of answers that become attributes, `http.response.header.<name>`. None by default. */
  readonly responseHeaders?: readonly string[]
  /**
   * The names of attributes: `'http'` (the default) for the stable ones, `'http/dup'` for those and the older beside them.
   * Without it `OTEL_SEMCONV_STABILITY_OPT_IN` may ask for `http/dup`.
   */
  readonly semconv?: 'http' | 'http/dup'
  /** Spans beside those of requests: `'connection'` and `'stream'`. None by default. */
  readonly spans?: readonly TracedSpan[]
  /**
   * Whose trace is continued: anybody's (true, the default, as OpenTelemetry has it), nobody's (false), or that of proxies
   * that `trustProxy` names (`'proxies'`). A trace that is not continued is linked to.
   */
  readonly trust?: boolean | 'proxies'
}

/** {@link TracingOptions}, checked and complete. */
export interface TracingSettings {
  readonly attributesAtStart: boolean
  readonly fetch: boolean
  readonly hasOldNames: boolean
  readonly ignore: ((request: HttpRequest) => boolean) | undefined
  readonly logs: boolean
  readonly query: TracedQuery
  /** In lower case, as the response's. */
  readonly requestHeaders: readonly string[]
  readonly responseHeaders: readonly string[]
  readonly spans: ReadonlySet<TracedSpan>
  readonly trust: boolean | 'proxies'
}

/**
 * Checks the options of tracing and completes them.
 *
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function settleTracing(value: unknown): TracingSettings {
  if (value !== true && (typeof value !== 'object' || value === null || Array.isArray(value))) {
    return invalid('tracing', value, 'true, false or an object')
  }
  const given = checkOptions(value === true ? {} : value, checks, ' of tracing')
  return {
    attributesAtStart: given.attributesAtStart ?? false,
    fetch: given.fetch ?? true,
    hasOldNames: given.semconv === undefined ? asksForOldNames() : given.semconv === 'http/dup',
    ignore: given.ignore,
    logs: given.logs ?? true,
    query: given.query ?? 'keys',
    requestHeaders: given.requestHeaders ?? [],
    responseHeaders: given.responseHeaders ?? [],
    spans: given.spans ?? new Set(),
    trust: given.trust ?? true,
  }
}

const checks = {
  attributesAtStart: checkBoolean,
  fetch: checkBoolean,
  ignore: (value: unknown, option: string) => checkFunction(value as (request: HttpRequest) => boolean, option),
  logs: checkBoolean,
  query: (value: unknown, option: string): TracedQuery =>
    value === 'full' || value === 'keys' || value === 'none'
      ? value
      : invalid(option, value, "'full', 'keys' or 'none'"),
  requestHeaders: checkNames,
  responseHeaders: checkNames,
  semconv: (value: unknown, option: string): 'http' | 'http/dup' =>
    value === 'http' || value === 'http/dup' ? value : invalid(option, value, "'http' or 'http/dup'"),
  spans: checkSpans,
  trust: (value: unknown, option: string): boolean | 'proxies' =>
    typeof value === 'boolean' || value === 'proxies' ? value : invalid(option, value, "true, false or 'proxies'"),
}

function checkNames(value: unknown, option: string): readonly string[] {
  const takes = 'a list of header names'
  if (!Array.isArray(value)) return invalid(option, value, takes)
  return value.map((name: unknown) =>
    typeof name === 'string' && /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(name)
      ? name.toLowerCase()
      : invalid(option, name, takes),
  )
}

function checkSpans(value: unknown, option: string): ReadonlySet<TracedSpan> {
  const takes = "a list of 'connection' and 'stream'"
  if (!Array.isArray(value)) return invalid(option, value, takes)
  return new Set(
    value.map((span: unknown) => (span === 'connection' || span === 'stream' ? span : invalid(option, span, takes))),
  )
}

// A list: of all that it may name, what is of HTTP counts here.
function asksForOldNames(): boolean {
  const asked = process.env.OTEL_SEMCONV_STABILITY_OPT_IN?.split(',') ?? []
  return asked.some((name) => name.trim() === 'http/dup')
}
