import { overflowHost } from './connection-limits.js'
import { beside, Control } from './native-control.js'
import type { NativeIo } from './native-owner.js'
import type { TransportHost } from './transport.js'

/**
 * The limit of connections of the event loop, where the core takes some beyond it for what is exempt. Each connection has a
 * slot of its own: while there are too many, at least as many of them have slots from the limit on, and it is they
 * who are refused.
 */
export class NativeLimit {
  /** By slot beyond the limit: the connection that came to be one within it, when others had left. */
  readonly #admitted: number[] = []
  /** For those of them that are beyond it again: they have their answer, which is their last. */
  readonly #leaving: TransportHost
  readonly #most: number
  readonly #overflow: TransportHost
  readonly #serving: TransportHost
  /** Refuses every request. */
  readonly refusing: TransportHost

  constructor(host: TransportHost, most: number) {
    this.#leaving = overflowHost(host, 'native', () => false)
    this.#most = most
    this.#overflow = overflowHost(host, 'native')
    this.#serving = host
    this.refusing = overflowHost(host, 'native', () => true)
  }

  /** What serves the request that is handed over. */
  hostFor({ control, connections }: NativeIo): TransportHost {
    const slot = control[Control.slot]!
    if (slot < this.#most || (slot & beside) !== 0) return this.#serving
    const connection = control[Control.connection]!
    if (connections() <= this.#most) {
      this.#admitted[slot - this.#most] = connection
      return this.#serving
    }
    return this.#admitted[slot - this.#most] === connection ? this.#leaving : this.#overflow
  }

  /** @param others connections that the core has given away, this one perhaps the next. */
  isFull({ connections }: NativeIo, others: number): boolean {
    return connections() + others > this.#most
  }
}
