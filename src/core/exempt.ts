import type { Handler, Middleware } from './types.js'

// On the functions themselves, so that those of another loaded copy of the package are known too.
const exemptKey = Symbol.for('hotpress.exempt')
const limitKey = Symbol.for('hotpress.limit')

/**
 * Marks a handler that is to answer while the app has too much to do: what limits the app as a whole does not ask about
 * it, and connections beyond `maxConnections` are taken for it.
 */
export function exempt<Exempt extends Handler>(handler: Exempt): Exempt {
  return Object.defineProperty(handler, exemptKey, { value: true })
}

/** Whether {@link exempt} has marked a handler. */
export function isExempt(handler: object): boolean {
  return (handler as { readonly [exemptKey]?: boolean })[exemptKey] === true
}

/** Marks a middleware that refuses requests for there being too many: where it is the app's, it is not for what is exempt. */
export function limit<Limit extends Middleware>(middleware: Limit): Limit {
  return Object.defineProperty(middleware, limitKey, { value: true })
}

/** Whether {@link limit} has marked a middleware. */
export function isLimit(middleware: Middleware): boolean {
  return (middleware as { readonly [limitKey]?: boolean })[limitKey] === true
}
