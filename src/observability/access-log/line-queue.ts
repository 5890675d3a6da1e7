import { Buffer } from 'node:buffer'
import type { LineSource } from '../../core/request-log.js'
import type { DropReport } from './drop-report.js'
import type { Sink } from './sink.js'

/** How many lines wait, and what becomes of those for which there is no room. Sizes are bytes, times milliseconds. */
export interface QueueSettings {
  readonly flushInterval: number
  readonly limit: number
  /** `block` writes what waits before the call that adds a line returns. */
  readonly onFull: 'block' | 'drop'
}

/** Bytes that are written at once: to wake a thread for it costs as much as to write some ten thousand of them. */
const batchSize = 262_144

/** Characters that are gathered as a text before they are made bytes: with more of them the caches of the processor miss. */
const textSize = 8192

/** Buffers that are kept to be used again. */
const mostSpare = 4

/** Milliseconds until a sink that has failed is tried again. */
const retryDelay = 1000

interface Batch {
  /** Bytes of it that were written. */
  at: number
  readonly bytes: Buffer
  end: number
  lines: number
}

/**
 * Lines on their way to a sink. They are gathered as one text, made bytes when there are many of them or some time has
 * passed, and written by the thread pool or a socket, one batch after the other. So a line costs its request no more than
 * being made; what waits is bounded.
 */
export class LineQueue {
  /** Those that are full, or have waited for long enough, in their order. */
  readonly #batches: Batch[] = []
  /** The one that is filled. */
  #batch: Batch | undefined
  /** Bytes of the text and the batches. */
  #held = 0
  #idle: (() => void)[] = []
  #isPumping = false
  #isWriting = false
  #lines = 0
  readonly #more: () => boolean
  readonly #report: DropReport
  readonly #spare: Buffer[] = []
  #retry: { readonly resolve: () => void; readonly timer: NodeJS.Timeout } | undefined
  readonly #settings: QueueSettings
  readonly #sink: Sink
  #text = ''
  #timer: NodeJS.Timeout | undefined

  /**
   * @param more adds what is still to be added, and is called before all that waits is written; says whether there will be
   * something again, of which nobody tells.
   */
  constructor(sink: Sink, settings: QueueSettings, report: DropReport, more: () => boolean = () => false) {
    this.#more = more
    this.#report = report
    this.#settings = settings
    this.#sink = sink
  }

  /** Bytes that wait. */
  get held(): number {
    return this.#held
  }

  /** @param line in ASCII, with whatever ends it. */
  add(line: string): void {
    const size = line.length
    if (this.#held + size > this.#settings.limit && !this.#makeRoom(size)) {
      this.#report.dropped(1)
      return
    }
    this.#held += size
    this.#lines++
    this.#text += line
    if (this.#text.length >= textSize) this.#fill()
    this.expect()
  }

  /** Adds the lines that wait in a source. */
  addFrom(source: LineSource): void {
    if (source.size === 0) return
    if (this.#text !== '') this.#fill()
    const { limit } = this.#settings
    for (let size = source.size; size > 0; size = source.size) {
      if (this.#held + size > limit) this.#makeRoom(size)
      this.#batch ??= { at: 0, bytes: this.#buffer(size), end: 0, lines: 0 }
      const batch = this.#batch
      const end = Math.min(batch.bytes.byteLength, batch.end + limit - this.#held)
      const taken = end > batch.end ? source.take(batch.bytes.subarray(0, end), batch.end) : 0
      batch.end += taken
      batch.lines += taken === 0 ? 0 : source.lines
      this.#held += taken
      if (taken > 0) continue
      // Either the batch is full, or all of the queue.
      if (end < batch.bytes.byteLength || batch.end === 0) {
        this.#report.dropped(this.#lose(source))
        break
      }
      this.#batches.push(batch)
      this.#batch = undefined
      this.#start()
    }
    this.expect()
  }

  /**
   * Resolves when everything has been written, or what has not is given up.
   *
   * @param signal aborted when the time for it is over.
   */
  async drain(signal: AbortSignal): Promise<void> {
    this.#gather()
    this.#start()
    if (this.#batches.length === 0) return
    await new Promise<void>((resolve) => {
      this.#idle.push(resolve)
      signal.addEventListener('abort', () => resolve(), { once: true })
      // What waits for another try has none to wait for any more.
      this.#endRetry()
    })
    if (this.#batches.length > 0) this.flushSync()
    this.#giveUp()
  }

  /** Something will be added: the time until it is written begins. */
  expect(): void {
    this.#timer ??= setTimeout(this.#onTime, this.#settings.flushInterval)
  }

  /** Writes what waits before it returns, where the sink can. */
  flushSync(): void {
    this.#gather()
    this.#writeSync(0)
  }

  #endRetry(): void {
    clearTimeout(this.#retry?.timer)
    this.#retry?.resolve()
    this.#retry = undefined
  }

  #buffer(size: number): Buffer {
    if (size > batchSize) return Buffer.allocUnsafeSlow(size)
    return this.#spare.pop() ?? Buffer.allocUnsafeSlow(batchSize)
  }

  // Makes bytes of the text.
  #fill(): void {
    const size = this.#text.length
    if (this.#batch !== undefined && this.#batch.end + size > this.#batch.bytes.byteLength) {
      this.#batches.push(this.#batch)
      this.#batch = undefined
      this.#start()
    }
    this.#batch ??= { at: 0, bytes: this.#buffer(size), end: 0, lines: 0 }
    this.#batch.end += this.#batch.bytes.write(this.#text, this.#batch.end, 'latin1')
    this.#batch.lines += this.#lines
    this.#lines = 0
    this.#text = ''
  }

  // Has everything wait for its turn.
  #gather(): void {
    const isExpecting = this.#more()
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (isExpecting) this.expect()
    if (this.#text !== '') this.#fill()
    if (this.#batch !== undefined) this.#batches.push(this.#batch)
    this.#batch = undefined
  }

  // Of a batch that is under way nobody can say what of it has been written; it is left to its write.
  #giveUp(): void {
    const lost = this.#batches.splice(this.#isWriting ? 1 : 0)
    if (lost.length === 0) return
    for (const { at, end } of lost) this.#held -= end - at
    this.#report.dropped(lost.reduce((sum, { lines }) => sum + lines, 0))
  }

  #keep(buffer: Buffer): void {
    if (buffer.byteLength === batchSize && this.#spare.length < mostSpare) this.#spare.push(buffer)
  }

  #lose(source: LineSource): number {
    const waste = this.#buffer(source.size)
    let lines = 0
    while (source.take(waste, 0) > 0) lines += source.lines
    this.#keep(waste)
    return lines
  }

  #makeRoom(size: number): boolean {
    if (this.#settings.onFull === 'drop') return false
    this.#gather()
    this.#writeSync(this.#settings.limit / 2)
    return this.#held + size <= this.#settings.limit
  }

  readonly #onTime = (): void => {
    this.#gather()
    this.#start()
  }

  async #pump(): Promise<void> {
    this.#isPumping = true
    for (;;) {
      const batch = this.#batches[0]
      if (batch === undefined) break
      try {
        this.#isWriting = true
        this.#took(batch, await this.#sink.write(batch.bytes.subarray(batch.at, batch.end)))
        this.#isWriting = false
      } catch (error) {
        this.#isWriting = false
        this.#report.failed(error)
        await this.#pause()
      }
    }
    this.#isPumping = false
    for (const resolve of this.#idle.splice(0)) resolve()
  }

  #pause(): Promise<void> {
    // Whoever closes waits for no second try.
    if (this.#idle.length > 0) this.#giveUp()
    return new Promise((resolve) => {
      if (this.#idle.length > 0) resolve()
      else this.#retry = { resolve, timer: setTimeout(resolve, retryDelay).unref() }
    })
  }

  #start(): void {
    if (!this.#isPumping && this.#batches.length > 0) void this.#pump()
  }

  #took(batch: Batch, size: number): void {
    batch.at += size
    this.#held -= size
    if (batch.at < batch.end) return
    const at = this.#batches.indexOf(batch)
    if (at >= 0) this.#batches.splice(at, 1)
    this.#keep(batch.bytes)
  }

  /** @param until bytes that may go on waiting. */
  #writeSync(until: number): void {
    const sink = this.#sink
    if (sink.writeSync === undefined) return
    try {
      while (this.#held > until) {
        const batch = this.#batches[this.#isWriting ? 1 : 0]
        if (batch === undefined) return
        this.#took(batch, sink.writeSync(batch.bytes.subarray(batch.at, batch.end)))
      }
    } catch (error) {
      this.#report.failed(error)
    }
  }
}
