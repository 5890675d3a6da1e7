import { performance } from 'node:perf_hooks'
import type { Logger } from '../core/logger.js'

/** How a check has gone. */
export type HealthStatus = 'failed' | 'ok' | 'timeout'

/**
 * Looks whether something that an app needs is there: it is, unless this throws, rejects or gives false.
 *
 * @param signal aborted when the time is over.
 */
export type HealthTest = (signal: AbortSignal) => unknown

/** One check, settled; times are milliseconds. */
export interface HealthCheckSettings {
  readonly cacheTime: number
  readonly name: string
  readonly test: HealthTest
  readonly timeout: number
}

/** What a check has found. */
export interface HealthResult {
  /** What it has thrown. */
  readonly error: unknown
  /** Milliseconds that it took. */
  readonly took: number
  readonly status: HealthStatus
}

/** Tests that have been given up and have not ended: beyond these none is begun. */
const mostHung = 3

/**
 * A check, and what it found last. It runs when somebody asks and that is too old, once for all who ask meanwhile; it is
 * given up after its time.
 */
export class HealthCheck {
  #at: number = Number.NEGATIVE_INFINITY
  #hung = 0
  #last: HealthResult | undefined
  #running: Promise<HealthResult> | undefined
  readonly #settings: HealthCheckSettings

  constructor(settings: HealthCheckSettings) {
    this.#settings = settings
  }

  get name(): string {
    return this.#settings.name
  }

  /** @param log told when what it finds is another than before. */
  result(log: Logger): HealthResult | Promise<HealthResult> {
    if (this.#running !== undefined) return this.#running
    const { cacheTime, timeout } = this.#settings
    const isFresh = performance.now() - this.#at < cacheTime
    if (this.#last !== undefined && isFresh) return this.#last
    if (this.#hung >= mostHung) return this.#note({ error: undefined, status: 'timeout', took: timeout }, log)
    this.#running = this.#run().then((result) => {
      this.#running = undefined
      return this.#note(result, log)
    })
    return this.#running
  }

  #note(result: HealthResult, log: Logger): HealthResult {
    const before = this.#last?.status ?? 'ok'
    this.#last = result
    this.#at = performance.now()
    if (result.status === before) return result
    const { name } = this.#settings
    if (result.status === 'ok') log.info({ check: name }, 'health check passes again')
    else if (result.status === 'timeout') log.warn({ check: name }, 'health check timed out')
    else log.warn({ check: name, err: result.error }, 'health check failed')
    return result
  }

  #run(): Promise<HealthResult> {
    const { test, timeout } = this.#settings
    const start = performance.now()
    const abort = new AbortController()
    return new Promise((resolve) => {
      let isOver = false
      const timer = setTimeout(() => {
        isOver = true
        this.#hung++
        resolve({ error: undefined, status: 'timeout', took: timeout })
        abort.abort(new Error(`the health check took longer than ${timeout} ms`))
      }, timeout)
      const settle = (status: 'failed' | 'ok', error?: unknown): void => {
        clearTimeout(timer)
        if (isOver) this.#hung--
        else resolve({ error, status, took: performance.now() - start })
      }
      const run = async (): Promise<unknown> => test(abort.signal)
      run().then(
        (value) => (value === false ? settle('failed', new Error('the check gave false')) : settle('ok')),
        (error: unknown) => settle('failed', error),
      )
    })
  }
}
