// CommonJS in both builds, for a `require` that can wait: pino takes as long to load as all the rest, and an app with a
// logger of its own, or none, needs none of it.
import type { pino as Pino } from 'pino'

/** pino, loaded when it is first needed. */
function loadPino(): typeof Pino {
  return (require('pino') as { readonly pino: typeof Pino }).pino
}

export = loadPino
