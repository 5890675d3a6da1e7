import { closeSync, openSync } from 'node:fs'
import { isatty } from 'node:tty'

/**
 * Gives what SIGHUP was made for its way: has a program end whose terminal is closed, and no other.
 *
 * @returns to be called when it may be: where the terminal is gone that this process had, it ends the process.
 */
export function watchTerminal(): () => void {
  // One that says nothing there, as below nohup, outlives it, and is reloaded by the same signal.
  const hadTerminal = (isatty(1) || isatty(2)) && hasTerminal()
  return () => {
    if (!hadTerminal || hasTerminal()) return
    // As any program: nothing can be said there any more, and a log that waits for it would never end.
    process.removeAllListeners('SIGHUP')
    process.kill(process.pid, 'SIGHUP')
  }
}

// Whether there is a terminal that controls this process.
function hasTerminal(): boolean {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}
