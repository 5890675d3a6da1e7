// CommonJS in both builds, for a `require` that can wait: the library takes some milliseconds to load, and few apps
// filter paths.
import type picomatch = require('picomatch')

/** The source of a regular expression for the paths that a glob matches; names that begin with a dot are names. */
function globSource(glob: string): string {
  const library: typeof picomatch = require('picomatch')
  return library.makeRe(glob, { dot: true }).source
}

export = globSource
