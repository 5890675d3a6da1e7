import { missingPackage } from '../core/missing-package.js'

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
