import type { Span, SpanContext } from '@opentelemetry/api'
import type { Logger, LogMethod } from '../../core/logger.js'

/** What a log line says of the span that it belongs to, by the names of OpenTelemetry's log data model. */
interface LoggedIds {
  readonly span_id: string
  readonly trace_flags: string
  readonly trace_id: string
}

/**
 * A logger whose lines carry the ids of the span that is active where they are written.
 *
 * @param active gives that span.
 * @param fallback of lines that are written outside of any.
 */
export function tracedLogger(log: Logger, active: () => Span | undefined, fallback?: SpanContext): Logger {
  const method =
    (level: Exclude<keyof Logger, 'child'>): LogMethod =>
    (first: object | string, message?: string) => {
      const context = active()?.spanContext() ?? fallback
      if (context === undefined || /^0+$/.test(context.traceId)) {
        if (typeof first === 'string') log[level](first)
        else log[level](first, message)
      } else if (typeof first === 'string') log[level](idsOf(context), first)
      // An Error in place of fields is pino's own short form.
      else if (first instanceof Error) log[level]({ err: first, ...idsOf(context) }, message ?? first.message)
      else log[level]({ ...first, ...idsOf(context) }, message)
    }
  return {
    child: (fields) => tracedLogger(log.child(fields), active, fallback),
    debug: method('debug'),
    error: method('error'),
    fatal: method('fatal'),
    info: method('info'),
    trace: method('trace'),
    warn: method('warn'),
  }
}

function idsOf({ spanId, traceFlags, traceId }: SpanContext): LoggedIds {
  return { span_id: spanId, trace_flags: traceFlags.toString(16).padStart(2, '0'), trace_id: traceId }
}
