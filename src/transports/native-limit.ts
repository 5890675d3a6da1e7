import { overflowHost } from './connection-limits.js'
import { Control } from './native-control.js'
import type { NativeIo } from './native-owner.js'
import type { TransportHost } from './transport.js'

/**
 * The limit of connections, where the core takes some beyond it for what is exempt. It says of each request whether it came by
 * one of these, and there is no room for it yet; the answer is the last of its connection.
 */
export class NativeLimit {
  readonly #most: number
  readonly #overflow: TransportHost
  readonly #serving: TransportHost
  /** Refuses every request. */
  readonly refusing: TransportHost

  constructor(host: TransportHost, most: number) {
    this.#most = most
    this.#overflow = overflowHost(host, 'native')
    this.#serving = host
    this.refusing = overflowHost(host, 'native', () => true)
  }

  /** What serves the request that is handed over. */
  hostFor({ control }: NativeIo): TransportHost {
    return control[Control.extra] === 0 ? this.#serving : this.#overflow
  }

  /** @param others connections that the core has given away, this one perhaps the next. */
  isFull({ connections }: NativeIo, others: number): boolean {
    return connections() + others > this.#most
  }
}
