import { HotpressError } from '../errors.js'

/**
 * Loads a package that only some apps need, when it is first needed; later calls give the same.
 *
 * @param what needs it, for the error.
 * @param load the import, written out where it is used: a bundler must see its name.
 * @throws HotpressError `PACKAGE_MISSING` which says what to install.
 */
export function peer<Library>(name: string, what: string, load: () => Promise<Library>): () => Promise<Library> {
  let library: Promise<Library> | undefined
  return () => {
    library ??= load().catch((cause: unknown) => {
      // It may be installed while the app runs.
      library = undefined
      throw missingPackage(cause, name, what)
    })
    return library
  }
}

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
