/** What logrotate's `postrotate` sends. */
const signal = 'SIGUSR2'

const waiting = new Set<() => void>()

const onSignal = (): void => {
  for (const reopen of waiting) reopen()
}

/**
 * Has something called at SIGUSR2. The process listens for it as long as anybody wants to know, and is not held by that.
 *
 * @returns has it no longer called.
 */
export function onReopenSignal(reopen: () => void): () => void {
  if (waiting.size === 0) process.on(signal, onSignal)
  waiting.add(reopen)
  return () => {
    waiting.delete(reopen)
    if (waiting.size === 0) process.off(signal, onSignal)
  }
}
