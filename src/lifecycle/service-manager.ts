import { spawn } from 'node:child_process'
import type { Logger } from '../core/logger.js'

const program = 'systemd-notify'

/** Milliseconds for the program to tell one thing. */
const patience = 5000

/**
 * Tells the service manager of the process where it stands (sd_notify(3)). Node has no datagram sockets of the family
 * AF_UNIX, so the program `systemd-notify` says it: the unit needs `NotifyAccess=all`.
 */
export class ServiceManager {
  readonly #env: NodeJS.ProcessEnv
  #isMissing = false
  /** What was said last: one thing after the other. */
  #last: Promise<void> = Promise.resolve()
  #log: Logger | undefined
  #timer: NodeJS.Timeout | undefined
  /** What is still to be said. */
  #untold = 0
  /** Milliseconds between two signs of life; undefined where none are waited for. */
  readonly #interval: number | undefined

  private constructor(env: NodeJS.ProcessEnv) {
    this.#env = env
    this.#interval = watchdogInterval(env)
  }

  /** Undefined where none is there. */
  static of(env: NodeJS.ProcessEnv): ServiceManager | undefined {
    return env.NOTIFY_SOCKET ? new ServiceManager({ ...env }) : undefined
  }

  /** Ends the signs of life. */
  close(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  /**
   * The process serves. From here on the watchdog has its signs of life, which end with the event loop that gives them.
   *
   * @param log told when the program is not there.
   */
  ready(status: string, log: Logger): void {
    this.#log = log
    this.#tell('READY=1', `STATUS=${status}`)
    if (this.#interval === undefined || this.#timer !== undefined) return
    this.#timer = setInterval(() => {
      if (this.#untold === 0) this.#tell('WATCHDOG=1')
    }, this.#interval).unref()
  }

  /** What serves is being replaced; {@link ready} says when it has been. */
  reloading(): void {
    const microseconds = process.hrtime.bigint() / 1000n
    this.#tell('RELOADING=1', 'STATUS=reloading', `MONOTONIC_USEC=${microseconds}`)
  }

  /** @param time the most milliseconds until the process ends. */
  stopping(time: number): void {
    this.#tell('STOPPING=1', 'STATUS=closing', `EXTEND_TIMEOUT_USEC=${time * 1000}`)
  }

  #tell(...words: readonly string[]): void {
    if (this.#isMissing) return
    this.#untold++
    this.#last = this.#last.then(() => this.#say(words)).finally(() => this.#untold--)
  }

  #say(words: readonly string[]): Promise<void> {
    return new Promise((resolve) => {
      if (this.#isMissing) {
        resolve()
        return
      }
      const child = spawn(program, words, { env: this.#env, stdio: 'ignore', timeout: patience })
      child.unref()
      child.once('error', (error: NodeJS.ErrnoException) => {
        this.#isMissing = error.code === 'ENOENT'
        this.#log?.warn({ err: error }, `the service manager is not told of the app: ${program} cannot be run`)
        resolve()
      })
      child.once('exit', (code) => {
        if (code !== 0) this.#log?.warn({ code }, `the service manager was not told of the app: ${program} has failed`)
        resolve()
      })
    })
  }
}

// sd_watchdog_enabled(3): half of the time that systemd waits for.
function watchdogInterval({ WATCHDOG_PID: pid, WATCHDOG_USEC: microseconds }: NodeJS.ProcessEnv): number | undefined {
  if (pid !== undefined && pid !== String(process.pid)) return undefined
  const time = Number(microseconds)
  return Number.isFinite(time) && time > 0 ? Math.max(1, Math.min(time / 2000, 2 ** 31 - 1)) : undefined
}
