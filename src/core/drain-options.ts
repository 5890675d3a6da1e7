import type { DrainPlan } from './drain.js'
import { type Check, checkOptions } from './options-check.js'
import { millisecondsOf } from './units.js'

/** Options of `close()` of one listener. Times are milliseconds, or texts such as `'10s'`. */
export interface ListenerCloseOptions {
  /**
   * How long requests under way, streams and WebSockets have, from when nothing more is accepted; what is left then is cut
   * off. 10 s by default, 0 to wait for nothing.
   */
  readonly drain?: number | string
  /**
   * How long connections without a request stay open, from when nothing more is accepted, for one that is on its way: it is
   * answered with `Connection: close`. 0 by default, 2 s by `app.run()`. No more than `drain`.
   */
  readonly idleGrace?: number | string
}

/** The checks of {@link ListenerCloseOptions}. */
export const drainChecks: Readonly<Record<keyof ListenerCloseOptions, Check<number>>> = {
  drain: millisecondsOf,
  idleGrace: millisecondsOf,
}

/** Milliseconds for which a drain waits, where nobody says. */
const defaultDrain = 10_000

/** Completes what {@link drainChecks} have checked. */
export function drainPlan(
  { drain = defaultDrain, idleGrace }: { readonly drain?: number; readonly idleGrace?: number },
  defaultGrace: number,
): DrainPlan {
  return { drain, idleGrace: Math.min(idleGrace ?? defaultGrace, drain) }
}

/** @throws HotpressError `OPTION_INVALID`, `OPTION_UNKNOWN` */
export function settleDrain(options: ListenerCloseOptions, where: string): DrainPlan {
  return drainPlan(checkOptions(options, drainChecks, where), 0)
}
