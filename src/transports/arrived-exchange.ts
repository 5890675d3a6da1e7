import { findHeader, type HeaderPairs, joinHeader } from '../core/headers.js'
import { Exchange } from './exchange.js'
import type { TransportHost } from './transport.js'

/** What was read of a request when it came. */
export interface Arrival {
  readonly bodySize: number
  /** Names in lower case. */
  readonly headers: HeaderPairs
  readonly method: string
  readonly path: string
  readonly query: string
}

/** Names, in lower case, and values as node gives them. */
export function pairsOf(raw: readonly string[]): HeaderPairs {
  return raw.map((text, index) => (index % 2 === 0 ? text.toLowerCase() : text))
}

/** An exchange on a transport that has read the whole head before it knows who asks for what. */
export abstract class ArrivedExchange extends Exchange {
  readonly #arrival: Arrival
  declare trailers?: HeaderPairs

  constructor(host: TransportHost, arrival: Arrival) {
    super(host)
    this.#arrival = arrival
  }

  get bodySize(): number {
    return this.#arrival.bodySize
  }

  get method(): string {
    return this.#arrival.method
  }

  get path(): string {
    return this.#arrival.path
  }

  get query(): string {
    return this.#arrival.query
  }

  header(lower: string): string | undefined {
    return findHeader(this.#arrival.headers, lower)
  }

  headerList(lower: string): string | undefined {
    return joinHeader(this.#arrival.headers, lower)
  }

  headers(): HeaderPairs {
    return this.#arrival.headers
  }
}
