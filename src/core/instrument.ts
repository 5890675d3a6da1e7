import type { Handler, Middleware } from './types.js'

/** What measures the layers of chains, as they are composed. */
export interface Instrument {
  handler(handler: Handler): Handler
  /** @param layers outermost first. */
  layers(layers: readonly Middleware[]): readonly Middleware[]
}
