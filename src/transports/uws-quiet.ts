import { performance } from 'node:perf_hooks'

/** Milliseconds of a turn of the event loop in which next to nothing has happened. */
const quiet = 0.1

/** Milliseconds after which a turn that is not quiet has to do. */
const patience = 100

/**
 * Resolves right after the event loop has found nothing to do, and so nobody who waits to be accepted. What waits for a
 * listener when it ends is reset with it, and the library accepts only when it is told that somebody is there.
 */
export async function quietTurn(): Promise<void> {
  const begun = performance.now()
  for (let before = begun; ; ) {
    await new Promise(setImmediate)
    const now = performance.now()
    if (now - before < quiet || now - begun > patience) return
    before = now
  }
}
