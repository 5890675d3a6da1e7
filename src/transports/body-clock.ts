import type { Deadlines, Expiring, Wait } from '../core/deadlines.js'

/** Bytes a second that a body must bring. The native core has the same. */
const leastRate = 500

/** What a transport without a clock of its own for bodies watches one with. It stands still while the sender is held. */
export class BodyClock implements Expiring {
  readonly #deadlines: Deadlines
  readonly #least: number
  readonly #onLate: () => void
  #size = 0
  #wait: Wait | undefined

  /** @param timeout that of the deadlines, in milliseconds. */
  constructor(deadlines: Deadlines, timeout: number, onLate: () => void) {
    this.#deadlines = deadlines
    this.#least = Math.max(1, (leastRate * timeout) / 1000)
    this.#onLate = onLate
    this.#wait = deadlines.add(this)
  }

  expire(): void {
    if (this.#size < this.#least) this.#onLate()
    else this.start()
  }

  start(): void {
    this.stop()
    this.#size = 0
    this.#wait = this.#deadlines.add(this)
  }

  stop(): void {
    this.#deadlines.remove(this.#wait)
  }

  /** So many bytes have come. */
  took(size: number): void {
    this.#size += size
  }
}
