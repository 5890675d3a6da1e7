import type { Cluster, Redis } from 'ioredis'

type Listener = (...values: unknown[]) => void

/** Milliseconds before what Redis refused is asked again. */
const pauseAfterRefusal = 250

/** What a link tells of its connection. */
export interface LinkEvents {
  /** @param error why, where it is known. */
  lost(error?: Error): void
  ready(): void
  /** Redis is there, and does not do what it was asked. */
  refused(error: Error): void
}

/**
 * A connection of ours that an adapter listens by, for as long as we say: it subscribes again whenever Redis is back, to
 * all that the adapter has asked for, and an adapter that reads a stream does not do so while Redis is away.
 */
export class RedisLink {
  readonly #channels = { psubscribe: new Set<string>(), subscribe: new Set<string>() }
  readonly #client: Cluster | Redis
  readonly #events: LinkEvents
  #isClosed = false
  /** Of streams that are read from their end: where that was. */
  readonly #ends = new Map<string, string>()
  readonly #wakes = new Set<() => void>()
  /** What an adapter takes for a client of ioredis. */
  readonly proxy: object

  constructor(client: Cluster | Redis, events: LinkEvents) {
    this.#client = client
    this.#events = events
    this.proxy = this.#proxyOf(client)
    // Each namespace listens.
    client.setMaxListeners(0)
    client.on('close', () => events.lost())
    client.on('error', (error) => events.lost(error))
    client.on('ready', () => {
      for (const call of ['psubscribe', 'subscribe'] as const) this.#subscribe(call, [...this.#channels[call]])
      this.#wake()
      events.ready()
    })
  }

  get isReady(): boolean {
    return this.#client.status === 'ready'
  }

  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#wake()
    this.#client.disconnect()
  }

  /** Has a connection that leads nowhere be found out: nothing else is asked by one that listens. */
  probe(): void {
    if (this.isReady && this.#channels.subscribe.size > 0) this.#client.ping().catch(() => {})
  }

  #proxyOf(client: Cluster | Redis): object {
    const unsubscribe = (call: 'psubscribe' | 'subscribe', names: string[]): void => {
      for (const name of names) this.#channels[call].delete(name)
      if (this.isReady) client[call === 'subscribe' ? 'unsubscribe' : 'punsubscribe'](...names).catch(() => {})
    }
    const subscribe = (call: 'psubscribe' | 'subscribe', names: string[]): void => {
      for (const name of names) this.#channels[call].add(name)
      if (this.isReady) this.#subscribe(call, names)
    }
    return {
      disconnect: () => this.close(),
      listenerCount: (event: string) => client.listenerCount(event),
      off: (event: 'messageBuffer', listener: Listener) => client.off(event, listener),
      on: (event: 'messageBuffer', listener: Listener) => client.on(event, listener),
      psubscribe: (...names: (string | string[])[]) => subscribe('psubscribe', names.flat()),
      punsubscribe: (...names: (string | string[])[]) => unsubscribe('psubscribe', names.flat()),
      subscribe: (...names: (string | string[])[]) => subscribe('subscribe', names.flat()),
      unsubscribe: (...names: (string | string[])[]) => unsubscribe('subscribe', names.flat()),
      xread: (...words: (number | string)[]) => this.#read(words),
    }
  }

  /**
   * Reads a stream as XREAD does, but fails never: whoever is told of a failure asks again at once, which would keep the
   * event loop. A link that is closed has nothing more to say.
   *
   * @param words of the command; the name of one stream and where to begin are the last.
   */
  async #read(words: readonly (number | string)[]): Promise<unknown> {
    const stream = String(words.at(-2))
    while (!this.#isClosed) {
      try {
        if (this.isReady)
          return await this.#client.call('xread', ...words.slice(0, -1), await this.#start(stream, words.at(-1)!))
      } catch (error) {
        if (this.isReady) {
          this.#events.refused(error as Error)
          await this.#pause(pauseAfterRefusal)
        }
      }
      if (!this.isReady) await this.#pause()
    }
    return new Promise(() => {})
  }

  /** Waits for the connection to be there, or for the end; so long at most. */
  #pause(milliseconds?: number): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isClosed) {
        resolve()
        return
      }
      const timer = milliseconds === undefined ? undefined : setTimeout(() => wake(), milliseconds)
      const wake = (): void => {
        clearTimeout(timer)
        this.#wakes.delete(wake)
        resolve()
      }
      this.#wakes.add(wake)
    })
  }

  // From one reading of the end ($) to the next, what is added would be passed over.
  async #start(stream: string, from: number | string): Promise<number | string> {
    if (from !== '$') {
      this.#ends.delete(stream)
      return from
    }
    let end = this.#ends.get(stream)
    if (end === undefined) {
      const [last] = await this.#client.xrevrange(stream, '+', '-', 'COUNT', 1)
      end = last?.[0] ?? '0-0'
      this.#ends.set(stream, end)
    }
    return end
  }

  #subscribe(call: 'psubscribe' | 'subscribe', names: readonly string[]): void {
    if (names.length === 0) return
    this.#client[call](...names).catch((error: Error) => {
      if (this.isReady && !this.#isClosed) this.#events.refused(error)
    })
  }

  #wake(): void {
    for (const wake of [...this.#wakes]) wake()
  }
}
