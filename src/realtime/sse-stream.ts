import { Buffer } from 'node:buffer'
import { type HttpRequest, requestContext } from '../core/request.js'
import { isThenable } from '../core/thenable.js'
import { encodeEvent, retryLine, type SseEvent } from './sse-event.js'
import { Pulse } from './sse-pulse.js'
import { EventQueue } from './sse-queue.js'
import type { SseCleanup, SseEvents, SseSettings, SseSource, SseStream } from './sse-source.js'

type EventIterator = AsyncIterator<SseEvent | string>

/**
 * The events of one client, as the body of a response: given as fast as they are taken. Nothing is asked of the source
 * before the first is wanted, so that a HEAD sets nothing up.
 */
export class EventBody<Params> implements AsyncIterableIterator<string>, SseStream {
  #cleanup: SseCleanup | undefined
  #controller: AbortController | undefined
  #error: { readonly thrown: unknown } | undefined
  /** What is read before anything that was sent: the replay. */
  #first: EventIterator | undefined
  #forget: (() => void) | undefined
  #hasBegun = false
  #isClosing = false
  #isOver = false
  #isPulling = false
  #iterator: EventIterator | undefined
  readonly #pulse: Pulse
  readonly #queue = new EventQueue()
  readonly #request: HttpRequest<Params>
  readonly #settings: SseSettings
  readonly #source: SseSource<Params>
  readonly lastEventId: string | undefined

  constructor(source: SseSource<Params>, request: HttpRequest<Params>, settings: SseSettings) {
    this.#pulse = new Pulse(settings.heartbeat)
    this.#request = request
    this.#settings = settings
    this.#source = source
    const id = request.header('last-event-id')
    // Clients send it in UTF-8, and headers are read as Latin-1.
    this.lastEventId = id === undefined ? undefined : Buffer.from(id, 'latin1').toString()
  }

  get bufferedAmount(): number {
    return this.#queue.size
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
    this.#pulse.stir()
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
      const value = this.#queue.take(this.#first !== undefined)
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
    this.#queue.add(text)
    // Who is sent events cannot be held; a generator can.
    if (this.#iterator === undefined) this.#checkBackpressure()
    this.#pulse.stir()
    return this.isOpen
  }

  // The head of the answer goes out with the first bytes: a client is told at once that it is heard.
  #begin(): string {
    const { replay, retry } = this.#settings
    this.#request.signal.addEventListener('abort', this.#onAbort, { once: true })
    if (this.#request.signal.aborted) this.#finish()
    else this.#start()
    if (replay !== undefined && this.lastEventId !== undefined && !this.#isOver) this.#replay(replay, this.lastEventId)
    // Where the app closes already, that is now.
    if (!this.#isOver) this.#forget = requestContext(this.#request as HttpRequest)?.endings?.add(() => this.#leave())
    return retry === undefined ? ':\n\n' : `${retryLine(retry)}\n`
  }

  #checkBackpressure(): void {
    const { size } = this.#queue
    if (size <= this.#settings.maxBackpressure) return
    this.#request.log.warn({ bufferedAmount: size }, 'a client of events was too slow, and is let go')
    this.#finish()
  }

  #fail(thrown: unknown): void {
    this.#error ??= { thrown }
    this.#pulse.stir()
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#queue.clear()
    this.#forget?.()
    if (this.#hasBegun) this.#request.signal.removeEventListener('abort', this.#onAbort)
    this.#release(this.#first)
    this.#release(this.#iterator)
    this.#first = undefined
    this.#iterator = undefined
    this.#controller?.abort()
    this.#tidy()
    this.#pulse.stir()
  }

  // The app closes. The client has what was sent, and what is left of a replay when it comes again.
  #leave(): void {
    this.#release(this.#first)
    this.#first = undefined
    this.close()
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
      if (iterator === this.#first) {
        if (done === true) this.#first = undefined
        else this.#queue.addReplayed(encodeEvent(value))
      } else if (iterator === this.#iterator) {
        if (done === true) this.#isClosing = true
        else this.#queue.add(encodeEvent(value))
      }
    } catch (error) {
      if (iterator === this.#first || iterator === this.#iterator) this.#fail(error)
    }
    this.#isPulling = false
    this.#pulse.stir()
  }

  // It may be in the middle of something: its end is its own then.
  #release(iterator: EventIterator | undefined): void {
    if (iterator !== undefined) this.#quietly(() => iterator.return?.())
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

  #tidy(): void {
    const cleanup = this.#cleanup
    this.#cleanup = undefined
    if (cleanup !== undefined) this.#quietly(cleanup)
  }

  // Waits for whatever comes next; true where nothing did for as long as a heartbeat.
  async #wait(): Promise<boolean> {
    const silence = this.#pulse.wait()
    const iterator = this.#first ?? this.#iterator
    if (iterator !== undefined && !this.#isPulling) this.#pull(iterator)
    return (await silence) && !this.#isOver
  }
}

async function* readAll(events: Promise<SseEvents> | SseEvents): AsyncGenerator<SseEvent | string> {
  yield* await events
}
