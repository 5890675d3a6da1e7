import { performance } from 'node:perf_hooks'
import type { Logger } from '../../core/logger.js'
import type { Meter } from '../../core/metric.js'
import type { RequestEnd } from '../../core/observer.js'
import type { HttpRequest } from '../../core/request.js'
import type { LineLog, LineSource, LineTemplate, RequestLog } from '../../core/request-log.js'
import { traceOf } from '../../core/trace.js'
import type { DropReport } from './drop-report.js'
import { Entry, type Level, type LineFormat } from './entry.js'
import type { LineQueue } from './line-queue.js'
import type { Sink } from './sink.js'

/** What a log is made of. */
export interface AccessLogParts {
  readonly format: LineFormat
  readonly log: Logger
  /** @param more as of {@link LineQueue}. */
  makeQueue(more: () => boolean): LineQueue
  readonly report: DropReport
  readonly sample: number
  readonly sink: Sink
  /** Milliseconds from which on a request is slow. */
  readonly slow: number
  /** Undefined where lines need something of the app. */
  readonly template: LineTemplate | undefined
  /** What is put around a line; undefined where it has its end already. */
  readonly frame: ((line: string, level: Level, time: number) => string) | undefined
  /** Whether a path is logged. */
  has(path: string): boolean
  /** Whether a request is left out; undefined where none is. */
  readonly skips: ((request: HttpRequest, end: RequestEnd) => boolean) | undefined
}

/**
 * Requests whose lines are made together: one after the other they take half of what they take among the requests that come
 * meanwhile, which then are answered first.
 */
const together = 64

const opened = new Set<AccessLog>()

/** Whoever ends a process without closing its apps has what waits written all the same, where that can be done at once. */
const onExit = (): void => {
  for (const log of opened) log.flushSync()
}

/** One access log: a line for each request that has ended. */
export class AccessLog implements RequestLog {
  /** Those of requests that are under way, but for the latest. */
  readonly #entries = new Map<HttpRequest, Entry>()
  #isOpen = false
  #isTaking = false
  /** That of the latest request: most are answered before the next one comes. */
  #latest: Entry | undefined
  readonly #parts: AccessLogParts
  readonly #queue: LineQueue
  readonly #sources = new Set<LineSource>()
  /** Those whose lines are to be made. */
  #unwritten: Entry[] = []
  readonly closeTime = 10_000
  readonly lineLog: LineLog | undefined
  readonly meter: Meter

  constructor(parts: AccessLogParts) {
    this.#parts = parts
    this.#queue = parts.makeQueue(() => {
      this.#writeAll()
      return this.#takeAll()
    })
    this.lineLog = parts.template && {
      attach: (source) => this.#attach(source),
      expect: () => {
        if (!this.#isOpen) this.#openAgain()
        this.#queue.expect()
      },
      take: () => void this.#takeAll(),
      template: parts.template,
    }
    this.meter = () => [parts.report.family]
  }

  began(request: HttpRequest): void {
    const { path } = request
    if (!this.#parts.has(path)) return
    if (!this.#isOpen) this.#openAgain()
    if (this.#latest !== undefined) this.#entries.set(this.#latest.request!, this.#latest)
    this.#latest = new Entry(request, path, this.#parts.format.needs)
  }

  async close(signal: AbortSignal): Promise<void> {
    if (!this.#isOpen) return
    const { report, sink } = this.#parts
    await this.#queue.drain(signal)
    report.tell()
    this.#isOpen = false
    opened.delete(this)
    if (opened.size === 0) process.off('exit', onExit)
    await sink.close()
  }

  ended(request: HttpRequest, end: RequestEnd): void {
    const entry = this.#take(request)
    if (entry === undefined) return
    const { sample, skips, slow } = this.#parts
    const { duration, isAborted, response } = end
    const isError = isAborted || (response !== undefined && response.statusCode >= 500)
    const isSlow = duration >= slow
    if (!isError && !isSlow && sample < 1 && Math.random() >= sample) return
    if (skips?.(request, end) === true) return
    entry.isSlow = isSlow
    entry.level = isError && !isAborted ? 50 : isError || isSlow ? 40 : 30
    this.#keep(entry, request, end)
  }

  flushSync(): void {
    this.#queue.flushSync()
  }

  open(): void {
    if (this.#isOpen) return
    this.#parts.sink.open()
    this.#isOpen = true
    if (opened.size === 0) process.on('exit', onExit)
    opened.add(this)
  }

  #attach(source: LineSource): () => void {
    this.#sources.add(source)
    return () => {
      this.#takeAll()
      this.#sources.delete(source)
      // As with what ends after its app.
      if (!this.#isOpen) this.#queue.flushSync()
    }
  }

  // All of it that a line has: what holds more than that is let go.
  #keep(entry: Entry, request: HttpRequest, end: RequestEnd): void {
    const { needs, own } = this.#parts.format
    if (own !== undefined) entry.own = own(request, end)
    if (needs.trace) entry.trace = traceOf(request)
    entry.end(end, needs.responseHeaders)
    this.#unwritten.push(entry)
    // A request that has ended after its app: nobody closes the log once more.
    if (!this.#isOpen) this.#queue.flushSync()
    else if (this.#unwritten.length < together) this.#queue.expect()
    else this.#writeAll()
  }

  // The app listens again, after it was closed.
  #openAgain(): void {
    try {
      this.open()
    } catch (error) {
      this.#parts.report.failed(error)
    }
  }

  #take(request: HttpRequest): Entry | undefined {
    const latest = this.#latest
    if (latest?.request === request) {
      this.#latest = undefined
      return latest
    }
    const entry = this.#entries.get(request)
    if (entry !== undefined) this.#entries.delete(request)
    return entry
  }

  // Says whether any of them will have more. A queue that is full asks once more for all that is to be written.
  #takeAll(): boolean {
    if (this.#isTaking) return false
    this.#isTaking = true
    try {
      for (const source of this.#sources) this.#queue.addFrom(source)
    } finally {
      this.#isTaking = false
    }
    for (const source of this.#sources) if (source.isBusy) return true
    return false
  }

  #write(entry: Entry): void {
    const { format, frame, log } = this.#parts
    try {
      const line = format.line(entry)
      this.#queue.add(frame === undefined ? line : frame(line, entry.level, entry.time))
    } catch (error) {
      log.error({ err: error }, 'a line of the access log could not be made')
    }
  }

  #writeAll(): void {
    // A queue that is full may have all written while one is added.
    const entries = this.#unwritten
    if (entries.length === 0) return
    this.#unwritten = []
    // One look at the system's clock for all of them.
    const epoch = Date.now() - performance.now()
    for (const entry of entries) {
      entry.time = Math.round(epoch + entry.time)
      this.#write(entry)
    }
  }
}
