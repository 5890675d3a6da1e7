import { checkOptions, invalid } from '../../core/options-check.js'
import type { Middleware } from '../../core/types.js'
import { describe, HotpressError } from '../../errors.js'

/** Options of `app.dashboard()`. */
export interface DashboardOptions {
  /** Where it is: `/_hotpress` by default. */
  readonly path?: string
  /**
   * Middleware in front of it, such as `basicAuth()`: whoever passes it may look. Without any it is for this machine alone:
   * for connections from a loopback address that no proxy has passed on, by an address or `localhost`.
   */
  readonly use?: Middleware | readonly Middleware[]
}

/** The options, checked and complete. */
export interface DashboardSettings {
  readonly path: string
  /** None for this machine alone. */
  readonly use: readonly Middleware[]
}

/** @throws HotpressError `HANDLER_INVALID`, `OPTION_INVALID`, `OPTION_UNKNOWN` */
export function settleDashboard(options: DashboardOptions): DashboardSettings {
  const given = checkOptions(options, { path: checkPath, use: checkUse }, ' of dashboard()')
  return { path: given.path ?? '/_hotpress', use: given.use ?? [] }
}

function checkPath(value: unknown, option: string): string {
  const isPath = typeof value === 'string' && /^\/[^:*]*[^:*/]$/.test(value)
  return isPath ? value : invalid(option, value, 'a path without parameters that does not end in a slash')
}

function checkUse(value: unknown, option: string): readonly Middleware[] {
  const layers: readonly unknown[] = Array.isArray(value) ? value : [value]
  for (const layer of layers) {
    if (typeof layer !== 'function') throw new HotpressError('HANDLER_INVALID', { got: describe(layer), what: option })
  }
  // None would be taken for a lock that is none.
  if (layers.length === 0) invalid(option, value, 'middleware')
  return layers as readonly Middleware[]
}
