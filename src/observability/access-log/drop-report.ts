import { channel } from 'node:diagnostics_channel'
import type { Logger } from '../../core/logger.js'
import type { MetricFamily } from '../../core/metric.js'

/** Milliseconds between two lines of the app's log about the same trouble. */
const pause = 5000

const drops = channel('hotpress:access-log:dropped')

/** Tells of lines that were lost, and of what has failed: at once, and then not more often than every few seconds. */
export class DropReport {
  #count = 0
  #error: unknown
  readonly #log: Logger
  readonly #name: string
  #timer: NodeJS.Timeout | undefined
  /** All there were. */
  #total = 0

  constructor(name: string, log: Logger) {
    this.#log = log
    this.#name = name
  }

  /** For the metrics of the app. */
  get family(): MetricFamily {
    return {
      help: 'Lines of the access log that were lost.',
      name: 'hotpress_access_log_dropped_total',
      series: [{ labels: { destination: this.#name }, value: this.#total }],
      type: 'counter',
    }
  }

  get total(): number {
    return this.#total
  }

  /** @param error what they were lost by; undefined for a queue that is full. */
  dropped(lines: number, error?: unknown): void {
    this.#count += lines
    this.#total += lines
    if (error !== undefined) this.#error = error
    if (drops.hasSubscribers) drops.publish({ destination: this.#name, lines, total: this.#total })
    if (this.#timer === undefined) this.tell()
  }

  /** Something failed that will be tried again, or can wait. */
  failed(error: unknown): void {
    this.#error = error
    if (this.#timer === undefined) this.tell()
  }

  /** A file could not be put aside, compressed or opened anew; lines go on. */
  neglected(err: unknown): void {
    this.#log.error({ err }, `the access log to ${this.#name} could not be rotated or opened anew`)
  }

  /** Says what was not said so far. */
  tell(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#count === 0 && this.#error === undefined) return
    const [dropped, err] = [this.#count, this.#error]
    this.#count = 0
    this.#error = undefined
    const what = `the access log to ${this.#name}`
    const total = this.#total
    if (dropped === 0) this.#log.error({ err }, `${what} cannot be written: its lines wait`)
    else if (err === undefined)
      this.#log.warn({ dropped, total }, `${what} has lost ${dropped} lines: its queue is full`)
    else this.#log.error({ dropped, err, total }, `${what} has lost ${dropped} lines`)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.tell()
    }, pause).unref()
  }
}
