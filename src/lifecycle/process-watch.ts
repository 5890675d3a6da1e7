import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from '../core/logger.js'
import { ServiceManager } from './service-manager.js'
import { exitCodeOf } from './signals.js'

/** An app that the process ends with. */
export interface Running {
  readonly log: Logger
  readonly signals: readonly NodeJS.Signals[]
  /** Drains it; never rejects. @returns the least code that the process is to end with. */
  close(): Promise<number>
  /** Ends at once what would outlive the process. */
  force?(): void
  /** The most milliseconds that this takes, but for what is between its parts. */
  time(): number
}

/** Milliseconds for what is between the parts of a drain, such as the adapters of Socket.IO. */
const slack = 5000

/**
 * Milliseconds in which the same signal is no second one: a terminal sends it to all of a group, and a program that runs
 * another, such as npm, sends it on to that.
 */
const echo = 200

/**
 * Milliseconds for the log to be written: at most, where it tells, and in any case. What pino is writing when the process
 * exits comes after what it writes then.
 */
const flushTime = 500
const writeTime = 20

/** Errors that are told of while the process ends; a loop of them would fill a disk. */
const mostErrors = 20

/** Watches over the process for the apps that run in it: signals, and errors that nobody has caught. */
export class ProcessWatch {
  #errors = 0
  #exitCode = 0
  #first: { readonly at: number; readonly signal: NodeJS.Signals } | undefined
  #isEnding = false
  readonly #listened = new Map<NodeJS.Signals, NodeJS.SignalsListener>()
  readonly #manager: ServiceManager | undefined = ServiceManager.of(process.env)
  readonly #running = new Set<Running>()

  /** Whether the process is about to end. */
  get isEnding(): boolean {
    return this.#isEnding
  }

  /** @returns has the process no longer end with it. */
  add(running: Running): () => void {
    if (this.#running.size === 0) process.on('uncaughtException', this.#onError)
    this.#running.add(running)
    for (const signal of running.signals) this.#listen(signal)
    return () => this.#delete(running)
  }

  /** Closes the apps, and ends the process. */
  end(exitCode: number): void {
    void this.#end(exitCode)
  }

  /** An app serves: the service manager is told. */
  ready(status: string, log: Logger): void {
    this.#manager?.ready(status, log)
  }

  /** What runs is put into the place of what serves; {@link ready} says when it is. */
  reloading(): void {
    this.#manager?.reloading()
  }

  #delete(running: Running): void {
    if (this.#isEnding || !this.#running.delete(running)) return
    const wanted = new Set([...this.#running].flatMap(({ signals }) => signals))
    for (const [signal, listener] of this.#listened) {
      if (wanted.has(signal)) continue
      process.off(signal, listener)
      this.#listened.delete(signal)
    }
    if (this.#running.size > 0) return
    process.off('uncaughtException', this.#onError)
    this.#manager?.close()
  }

  // Each app is drained, and then the process ends: at the latest when the longest of them should have been.
  async #end(exitCode: number): Promise<void> {
    this.#exitCode = Math.max(this.#exitCode, exitCode)
    if (this.#isEnding) return
    this.#isEnding = true
    const all = [...this.#running]
    const time = Math.max(...all.map((running) => running.time())) + slack
    this.#manager?.stopping(time)
    setTimeout(() => {
      for (const { log } of all) log.fatal({ time }, `not closed within ${time} ms: the process ends all the same`)
      this.#exit(1)
    }, time)
    const codes = await Promise.all(all.map((running) => running.close()))
    await Promise.all([sleep(writeTime), ...all.map(({ log }) => flushed(log))])
    this.#exit(Math.max(this.#exitCode, ...codes))
  }

  #exit(code: number): void {
    for (const running of this.#running) running.force?.()
    process.exit(code)
  }

  #listen(signal: NodeJS.Signals): void {
    if (this.#listened.has(signal)) return
    const listener = (): void => this.#onSignal(signal)
    this.#listened.set(signal, listener)
    process.on(signal, listener)
  }

  readonly #onError = (error: Error, origin: NodeJS.UncaughtExceptionOrigin): void => {
    this.#errors++
    if (this.#errors <= mostErrors) {
      const what =
        origin === 'unhandledRejection' ? 'a promise was rejected, and nobody cared' : 'nobody caught an error'
      for (const { log } of this.#running)
        log.fatal({ err: error, origin }, `${what}: the app closes, and the process ends`)
    }
    void this.#end(1)
  }

  #onSignal(signal: NodeJS.Signals): void {
    const now = performance.now()
    if (!this.#isEnding) {
      this.#first = { at: now, signal }
      const text = `${signal}: the app closes, and the process ends; a second signal ends it at once`
      for (const { log } of this.#running) log.info({ signal }, text)
      void this.#end(0)
      return
    }
    if (this.#first?.signal === signal && now - this.#first.at < echo) return
    for (const { log } of this.#running) log.warn({ signal }, `${signal} again: the process ends at once`)
    this.#exit(exitCodeOf(signal))
  }
}

// A logger may write by and by: what it has yet to write would be cut off.
async function flushed(log: Logger): Promise<void> {
  const flush: unknown = Reflect.get(log, 'flush')
  if (typeof flush !== 'function') return
  const written = new Promise((resolve) => Reflect.apply(flush, log, [resolve]))
  await Promise.race([written, sleep(flushTime)])
}

let watch: ProcessWatch | undefined

/** The one of the process. */
export function processWatch(): ProcessWatch {
  watch ??= new ProcessWatch()
  return watch
}
