/** What the prices were at one moment. */
export interface Tick {
  /** Milliseconds since 1970. */
  readonly at: number
  /** Counts the ticks, from 1. */
  readonly id: number
  /** In the order of {@link goods}. */
  readonly prices: readonly number[]
}

/** What is traded, with its price at the beginning. */
export const goods: readonly { readonly name: string; readonly start: number; readonly unit: string }[] = [
  { name: 'Cocoa', start: 8.42, unit: 'kg' },
  { name: 'Coffee', start: 6.15, unit: 'kg' },
  { name: 'Copper', start: 9.87, unit: 'kg' },
  { name: 'Saffron', start: 3.28, unit: 'g' },
  { name: 'Silver', start: 1.06, unit: 'g' },
  { name: 'Vanilla', start: 0.94, unit: 'g' },
]

const longest = 240

/** Prices that move by chance; the last of them are kept. */
export class Market {
  readonly #history: Tick[] = []
  readonly #listeners = new Set<(tick: Tick) => void>()
  #prices: readonly number[] = goods.map(({ start }) => start)
  readonly #random: () => number
  #timer: NodeJS.Timeout | undefined

  /** @param random from 0 to 1, as `Math.random` is. */
  constructor(random: () => number = Math.random) {
    this.#random = random
    for (let count = 0; count < 60; count++) this.tick(Date.now() - (60 - count) * 1000)
  }

  /** The ticks that are kept, oldest first. */
  get history(): readonly Tick[] {
    return this.#history
  }

  /** @returns what ends it. */
  onTick(listener: (tick: Tick) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Those after a tick; all where it is not kept any more. */
  since(id: number): readonly Tick[] {
    return this.#history.slice(this.#history.findIndex((tick) => tick.id === id) + 1)
  }

  /** @param pause in milliseconds. */
  start(pause = 1000): void {
    this.#timer ??= setInterval(() => this.tick(), pause)
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /** Moves every price a little, never by more than a hundredth. */
  tick(at: number = Date.now()): Tick {
    this.#prices = this.#prices.map((price) => Math.max(0.05, price * (1 + (this.#random() - 0.499) / 50)))
    const id = (this.#history.at(-1)?.id ?? 0) + 1
    const tick = { at, id, prices: this.#prices.map((price) => Math.round(price * 1e4) / 1e4) }
    this.#history.push(tick)
    if (this.#history.length > longest) this.#history.shift()
    for (const listener of this.#listeners) listener(tick)
    return tick
  }
}
