import type { Logger } from '../../core/logger.js'
import type { Meter } from '../../core/metric.js'
import type { RequestEnd } from '../../core/observer.js'
import { type HttpRequest, sourceOf } from '../../core/request.js'
import type { RequestLog } from '../../core/request-log.js'
import type { DropReport } from './drop-report.js'
import type { Entry, Level, LineFormat, Outcome } from './entry.js'
import type { LineQueue } from './line-queue.js'
import type { Sink } from './sink.js'

/** What a log is made of. */
export interface AccessLogParts {
  readonly format: LineFormat
  readonly log: Logger
  readonly queue: LineQueue
  readonly report: DropReport
  readonly sample: number
  readonly sink: Sink
  /** Milliseconds from which on a request is slow. */
  readonly slow: number
  /** What is put around a line; undefined where it has its end already. */
  readonly frame: ((line: string, level: Level, time: number) => string) | undefined
  /** Whether a path is logged. */
  has(path: string): boolean
  /** Whether a request is left out; undefined where none is. */
  readonly skips: ((request: HttpRequest, end: RequestEnd) => boolean) | undefined
}

/** Entries that are kept to be used again: as many as requests that are under way at once, most often. */
const mostSpare = 1000

const opened = new Set<AccessLog>()

/** Whoever ends a process without closing its apps has what waits written all the same, where that can be done at once. */
const onExit = (): void => {
  for (const log of opened) log.flushSync()
}

/** One access log: a line for each request that has ended. */
export class AccessLog implements RequestLog, Outcome {
  /** Those of requests that are under way, but for the latest. */
  readonly #entries = new Map<HttpRequest, Entry>()
  #isOpen = false
  /** That of the latest request: most are answered before the next one comes. */
  #latest: Entry | undefined
  readonly #parts: AccessLogParts
  readonly #spare: Entry[] = []
  readonly closeTime = 10_000
  readonly meter: Meter
  // The outcome of the request whose line is being made.
  end!: RequestEnd
  isSlow = false
  level: Level = 30
  time = 0

  constructor(parts: AccessLogParts) {
    this.#parts = parts
    this.meter = () => [parts.report.family]
  }

  began(request: HttpRequest): void {
    const { path } = request
    if (!this.#parts.has(path)) return
    if (!this.#isOpen) this.#openAgain()
    if (this.#latest !== undefined) this.#entries.set(this.#latest.request!, this.#latest)
    const entry = this.#spare.pop() ?? emptyEntry()
    this.#latest = entry
    const { headers, id, ip, peer, protocol } = this.#parts.format.needs
    const source = sourceOf(request)
    entry.request = request
    entry.query = source.query
    entry.version = source.httpVersion
    if (id) entry.id = request.id
    if (ip) entry.ip = request.ip
    if (peer) entry.peer = request.peerAddress
    if (protocol) entry.protocol = request.protocol
    for (let index = 0; index < headers.length; index++) entry.headers[index] = source.header(headers[index]!)
  }

  async close(signal: AbortSignal): Promise<void> {
    if (!this.#isOpen) return
    const { queue, report, sink } = this.#parts
    await queue.drain(signal)
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
    if ((isError || isSlow || sample === 1 || Math.random() < sample) && skips?.(request, end) !== true) {
      this.end = end
      this.isSlow = isSlow
      this.level = isError && !isAborted ? 50 : isError || isSlow ? 40 : 30
      this.time = Date.now()
      this.#write(entry, request)
    }
    entry.request = undefined
    if (this.#spare.length < mostSpare) this.#spare.push(entry)
  }

  flushSync(): void {
    this.#parts.queue.flushSync()
  }

  open(): void {
    if (this.#isOpen) return
    this.#parts.sink.open()
    this.#isOpen = true
    if (opened.size === 0) process.on('exit', onExit)
    opened.add(this)
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

  #write(entry: Entry, request: HttpRequest): void {
    const { format, frame, log, queue } = this.#parts
    try {
      const line = format.line(entry, request, this)
      queue.add(frame === undefined ? line : frame(line, this.level, this.time))
      // A request that has ended after its app: nobody closes the log once more.
      if (!this.#isOpen) queue.flushSync()
    } catch (error) {
      log.error({ err: error }, 'a line of the access log could not be made')
    }
  }
}

function emptyEntry(): Entry {
  return { headers: [], id: '', ip: '', peer: '', protocol: 'http', query: '', request: undefined, version: '1.1' }
}
