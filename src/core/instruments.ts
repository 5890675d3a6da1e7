import type { Census } from './drain.js'
import type { Meter } from './metric.js'
import type { TransportName } from './settings.js'

/** What an app has that can be counted beside its requests. */
export interface Instruments {
  /** What each listener has open. */
  readonly listeners: () => readonly { readonly census: Census; readonly transport: TransportName }[]
  /** Its parts that have figures of their own, each once. */
  readonly meters: () => readonly Meter[]
}
