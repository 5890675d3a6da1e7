import { HotpressError } from '../errors.js'

/**
 * What to throw where a package could not be loaded that only some apps need: `PACKAGE_MISSING` where it is not there. A
 * package that is there and misses another is broken, and its own error says how.
 *
 * @param cause what loading it threw.
 * @param what needs it.
 */
export function missingPackage(cause: unknown, name: string, what: string): unknown {
  return isMissing(cause, name) ? new HotpressError('PACKAGE_MISSING', { name, what }, { cause }) : cause
}

function isMissing(error: unknown, name: string): boolean {
  if (!(error instanceof Error) || !('code' in error)) return false
  return (
    (error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND') && error.message.includes(`'${name}'`)
  )
}
