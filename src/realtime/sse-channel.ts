import { type Check, checkOptions } from '../core/options-check.js'
import type { HttpRequest } from '../core/request.js'
import type { HttpResponse } from '../core/response.js'
import { countOf } from '../core/units.js'
import { eventStream, type SseOptions, settleSse } from './sse.js'
import { encodeEvent, type SseEvent } from './sse-event.js'
import type { SseSettings, SseStream } from './sse-source.js'

/** Options of an {@link SseChannel}. */
export interface SseChannelOptions extends Omit<SseOptions, 'replay'> {
  /** Events with an id that are kept for clients that come again: none (0) by default. */
  readonly history?: number
}

/**
 * Events that many clients have in common. What is published goes to all who are there; with a history, a client that
 * lost its connection has what it has missed first.
 *
 * @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN`
 * @example
 * const news = new SseChannel({ history: 100 })
 * app.get('/news', news.handler)
 * news.publish({ data: article, id: article.id })
 */
export class SseChannel {
  readonly #history: SseEvent[] = []
  readonly #most: number
  readonly #settings: SseSettings
  readonly #streams = new Set<SseStream>()
  /** Answers a request with the events of the channel. */
  readonly handler: (request: HttpRequest<unknown>) => HttpResponse

  constructor(options: SseChannelOptions = {}) {
    const where = ' of new SseChannel()'
    const { history, ...others } = checkOptions(options, { ...passed, history: countOf }, where)
    this.#most = history ?? 0
    const settings = settleSse(others as SseOptions)
    this.#settings = this.#most === 0 ? settings : { ...settings, replay: (id) => this.#after(id) }
    this.handler = (request) => eventStream((_, stream) => this.#add(stream), request, this.#settings)
  }

  /** How many clients are there. */
  get size(): number {
    return this.#streams.size
  }

  /** Ends all streams. Clients come again unless they are told not to. */
  close(): void {
    for (const stream of this.#streams) stream.close()
  }

  /**
   * Sends an event to all clients that are there.
   *
   * @returns how many they are.
   * @throws HotpressError `EVENT_INVALID`
   */
  publish(event: SseEvent | string): number {
    // Checked with nobody there, too.
    encodeEvent(event)
    if (typeof event === 'object' && event.id !== undefined && this.#most > 0) {
      this.#history.push(event)
      if (this.#history.length > this.#most) this.#history.shift()
    }
    for (const stream of this.#streams) stream.send(event)
    return this.#streams.size
  }

  #add(stream: SseStream): () => void {
    this.#streams.add(stream)
    return () => this.#streams.delete(stream)
  }

  // Where the id is none that is known, the client has missed all that there is. What is published from here on is sent
  // to it besides, and so the list is as it is now.
  #after(id: string): SseEvent[] {
    return this.#history.slice(this.#history.findIndex((event) => event.id === id) + 1)
  }
}

// Their checks are those of sse().
const same: Check = (value) => value
const passed: Readonly<Record<'heartbeat' | 'maxBackpressure' | 'retry', Check>> = {
  heartbeat: same,
  maxBackpressure: same,
  retry: same,
}
