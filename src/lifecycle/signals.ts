import { constants } from 'node:os'

// Nobody can handle the first two; a handler of the others runs never, or again and again.
const unhandled: readonly unknown[] = ['SIGKILL', 'SIGSTOP', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSEGV']

/** Whether a process can be told something by it here. */
export function isSignal(value: unknown): value is NodeJS.Signals {
  return typeof value === 'string' && Object.hasOwn(constants.signals, value) && !unhandled.includes(value)
}

/** What a shell says of a process that a signal has ended. */
export function exitCodeOf(signal: NodeJS.Signals): number {
  return 128 + constants.signals[signal]
}
