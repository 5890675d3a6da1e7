import type { HttpRequest } from '../core/request.js'
import { isThenable } from '../core/thenable.js'
import { encodeEvent, retryLine, type SseEvent } from './sse-event.js'

type Events = AsyncIterable<SseEvent | string> | Iterable<SseEvent | string>
type EventIterator = AsyncIterator<SseEvent | string>

/** What the events of one client are sent by, beside or in place of a generator. */
export interface SseStream {
  /** Bytes that wait for the client. */
  readonly bufferedAmount: number
  /** Whether events are still taken. */
  readonly isOpen: boolean
  /** The id of the last event that the client had before it lost its connection; undefined when it comes for the first time. */
  readonly lastEventId: string | undefined
  /** Aborted when the stream is over, whoever ended it. */
  readonly signal: AbortSignal
  /** Ends the stream when what was sent is out. The client comes again unless it is told not to. */
  close(): void
  /**
   * Sends an event.
   *
   * @returns false where the stream is over, and the event is let go.
   * @throws HotpressError `EVENT_INVALID`
   */
  send(event: SseEvent | string): boolean
}

/** Undoes what a source has set up; called once, when the stream is over. */
export type SseCleanup = () => void

/** Gives the events of one client: as a generator, or by what it sends to the stream. */
export type SseSource<Params = Readonly<Record<string, string>>> = (
  request: HttpRequest<Params>,
  stream: SseStream,
  // biome-ignore lint/suspicious/noConfusingVoidType: a function without a return statement has the type void
) => AsyncIterable<SseEvent | string> | Promise<SseCleanup | undefined | void> | SseCleanup | undefined | void

/** What all streams of one handler have in common. */
export interface SseSettings {
  /** Milliseconds of silence after which a comment is sent; 0 for never. */
  readonly heartbeat: number
  /** Bytes that may wait for a client. */
  readonly maxBackpressure: number
  readonly replay: ((lastEventId: string, request: HttpRequest) => Events | Promise<Events>) | undefined
  /** Milliseconds; undefined for what clients do. */
  readonly retry: number | undefined
}

/**
 * The events of one client, as the body of a response: given as fast as they are taken. Nothing is asked of the source
 * before the first is wanted, so that a HEAD sets nothing up.
 */
export class EventBody<Params> implements AsyncIterableIterator<string>, SseStream {
  #buffered = 0
  #cleanup: SseCleanup | undefined
  #controller: AbortController | undefined
  #error: { readonly thrown: unknown } | undefined
  #hasBegun = false
  #isClosing = false
  #isOver = false
  #isPulling = false
  /** What is read before anything that was sent: the replay. */
  #first: EventIterator | undefined
  #iterator: EventIterator | undefined
  #queue: string[] = []
  #replayed = ''
  readonly #request: HttpRequest<Params>
  readonly #settings: SseSettings
  readonly #source: SseSource<Params>
  #timer: NodeJS.Timeout | undefined
  #wake: (() => void) | undefined
  readonly lastEventId: string | undefined

  constructor(source: SseSource<Params>, request: HttpRequest<Params>, settings: SseSettings) {
    this.#request = request
    this.#settings = settings
    this.#source = source
    const id = request.header('last-event-id')
    // Clients send it in UTF-8, and headers are read as Latin-1.
    this.lastEventId = id === undefined ? undefined : Buffer.from(id, 'latin1').toString()
  }

  get bufferedAmount(): number {
    return this.#buffered
  }

  get isOpen(): boolean {
    return !this.#isOver && !this.#isClosing
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#isOver) this.#controller.abort()
    }
    return this.#controller.signal
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  close(): void {
    this.#isClosing = true
    this.#stir()
  }

  async next(): Promise<IteratorResult<string>> {
    if (!this.#hasBegun && !this.#isOver) {
      this.#hasBegun = true
      const value = this.#begin()
      return { done: false, value }
    }
    for (;;) {
      if (this.#error !== undefined) {
        const { thrown } = this.#error
        this.#error = undefined
        this.#finish()
        throw thrown
      }
      if (this.#isOver) return { done: true, value: undefined }
      const value = this.#take()
      if (value !== undefined) return { done: false, value }
      if (this.#first === undefined && this.#isClosing) this.#finish()
      else if (await this.#wait()) return { done: false, value: ':\n\n' }
    }
  }

  async return(): Promise<IteratorResult<string>> {
    this.#finish()
    return { done: true, value: undefined }
  }

  send(event: SseEvent | string): boolean {
    const text = encodeEvent(event)
    if (!this.isOpen) return false
    this.#put(text)
    return this.isOpen
  }

  // The head of the answer goes out with the first bytes: a client is told at once that it is heard.
  #begin(): string {
    const { replay, retry } = this.#settings
    this.#request.signal.addEventListener('abort', this.#onAbort, { once: true })
    if (this.#request.signal.aborted) this.#finish()
    else this.#start()
    if (replay !== undefined && this.lastEventId !== undefined && !this.#isOver) this.#replay(replay, this.lastEventId)
    return retry === undefined ? ':\n\n' : `${retryLine(retry)}\n`
  }

  #fail(thrown: unknown): void {
    this.#error ??= { thrown }
    this.#stir()
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#buffered = 0
    this.#queue = []
    this.#replayed = ''
    clearTimeout(this.#timer)
    if (this.#hasBegun) this.#request.signal.removeEventListener('abort', this.#onAbort)
    for (const iterator of [this.#first, this.#iterator]) {
      // It may be in the middle of something: its end is its own then.
      if (iterator !== undefined) this.#quietly(() => iterator.return?.())
    }
    this.#first = undefined
    this.#iterator = undefined
    this.#controller?.abort()
    this.#tidy()
    this.#stir()
  }

  #quietly(what: () => unknown): void {
    const tell = (error: unknown): void =>
      this.#request.log.error({ err: error }, 'the end of a stream of events failed')
    try {
      const later = what()
      if (isThenable(later)) later.then(undefined, tell)
    } catch (error) {
      tell(error)
    }
  }

  readonly #onAbort = (): void => this.#finish()

  // One that was begun is over when it is taken: a client that takes nothing has one event ready, and no more.
  async #pull(iterator: EventIterator): Promise<void> {
    this.#isPulling = true
    try {
      const { done, value } = await iterator.next()
      if (done === true) {
        if (iterator === this.#first) this.#first = undefined
        else if (iterator === this.#iterator) this.#isClosing = true
      } else if (!this.#isOver) {
        this.#put(encodeEvent(value), iterator === this.#first)
      }
    } catch (error) {
      if (!this.#isOver) this.#fail(error)
    }
    this.#isPulling = false
    this.#stir()
  }

  // The replay is read as fast as it is taken, and comes before all that was sent.
  #put(text: string, isReplayed = false): void {
    if (isReplayed) this.#replayed = text
    else this.#queue.push(text)
    this.#buffered += Buffer.byteLength(text)
    if (this.#buffered > this.#settings.maxBackpressure && !isReplayed && this.#iterator === undefined) {
      this.#request.log.warn({ bufferedAmount: this.#buffered }, 'a client of events was too slow, and is let go')
      this.#finish()
    }
    this.#stir()
  }

  // Asked at once, so that what is sent from here on is no part of it.
  #replay(replay: NonNullable<SseSettings['replay']>, lastEventId: string): void {
    try {
      this.#first = readAll(replay(lastEventId, this.#request as HttpRequest))
    } catch (error) {
      this.#fail(error)
    }
  }

  #start(): void {
    try {
      const given = this.#source(this.#request, this)
      if (typeof given === 'function') this.#cleanup = given
      else if (typeof given === 'object' && Symbol.asyncIterator in given)
        this.#iterator = given[Symbol.asyncIterator]()
      else if (isThenable(given))
        Promise.resolve(given).then(
          (later) => this.#settle(later),
          (error) => this.#fail(error),
        )
    } catch (error) {
      this.#fail(error)
    }
  }

  // biome-ignore lint/suspicious/noConfusingVoidType: it is what a promise of nothing gives
  #settle(cleanup: SseCleanup | undefined | void): void {
    if (typeof cleanup !== 'function') return
    this.#cleanup = cleanup
    if (this.#isOver) this.#tidy()
  }

  #stir(): void {
    this.#wake?.()
  }

  #take(): string | undefined {
    if (this.#replayed !== '') {
      const text = this.#replayed
      this.#replayed = ''
      this.#buffered -= Buffer.byteLength(text)
      return text
    }
    if (this.#first !== undefined || this.#queue.length === 0) return undefined
    const text = this.#queue.length === 1 ? this.#queue[0]! : this.#queue.join('')
    this.#queue = []
    this.#buffered = 0
    return text
  }

  #tidy(): void {
    const cleanup = this.#cleanup
    this.#cleanup = undefined
    if (cleanup !== undefined) this.#quietly(cleanup)
  }

  // Waits for whatever comes next; true where nothing did for as long as a heartbeat.
  async #wait(): Promise<boolean> {
    const iterator = this.#first ?? this.#iterator
    const { heartbeat } = this.#settings
    let isSilent = false
    const stirred = new Promise<void>((resolve) => {
      this.#wake = resolve
    })
    if (iterator !== undefined && !this.#isPulling) this.#pull(iterator)
    if (heartbeat > 0) {
      this.#timer = setTimeout(() => {
        isSilent = true
        this.#stir()
      }, heartbeat)
    }
    await stirred
    clearTimeout(this.#timer)
    this.#wake = undefined
    return isSilent && !this.#isOver
  }
}

async function* readAll(events: Events | Promise<Events>): AsyncGenerator<SseEvent | string> {
  yield* await events
}
