import { setTimeout as sleep } from 'node:timers/promises'
import { SpanKind } from '@opentelemetry/api'
import { InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace'
import type { Logger } from '../../src/index.js'
import { type Otel, type OtelOptions, otel } from '../../src/otel/index.js'

/** What has ended of what was traced. */
export interface Spans {
  readonly otel: Otel
  /** Those that have ended; waits for one that is as asked. */
  find(what: (span: ReadableSpan) => boolean): Promise<ReadableSpan>
  readonly all: readonly ReadableSpan[]
}

/** Sets the SDK up, with nothing sent, and keeps what ends. */
export async function keepSpans(options: OtelOptions = {}): Promise<Spans> {
  const kept = new InMemorySpanExporter()
  const processor = new SimpleSpanProcessor({ exporter: kept })
  const set = await otel({ exporter: 'none', spanProcessors: [processor], ...options })
  return {
    get all() {
      return kept.getFinishedSpans()
    },
    async find(what) {
      for (let left = 400; left > 0; left--) {
        const found = kept.getFinishedSpans().find(what)
        if (found !== undefined) return found
        await sleep(5)
      }
      throw new Error(`no such span among the ${kept.getFinishedSpans().length}`)
    },
    otel: set,
  }
}

/** The span of a request, by its path. */
export function ofPath(path: string): (span: ReadableSpan) => boolean {
  return ({ attributes, kind }) => kind === SpanKind.SERVER && attributes['url.path'] === path
}

/** A logger that keeps its lines. */
export function keepLines(lines: Record<string, unknown>[], fields: Record<string, unknown> = {}): Logger {
  const method = (first: object | string, message?: string): void => {
    if (typeof first === 'string') lines.push({ ...fields, msg: first })
    else lines.push({ ...fields, ...first, msg: message })
  }
  return {
    child: (more) => keepLines(lines, { ...fields, ...more }),
    debug: method,
    error: method,
    fatal: method,
    info: method,
    trace: method,
    warn: method,
  }
}

export const traceId = '0af7651916cd43dd8448eb211c80319c'
export const spanId = 'b7ad6b7169203331'
