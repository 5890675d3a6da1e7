import { type DrainPlan, total } from '../core/drain.js'
import { type ListenerCloseOptions, settleDrain } from '../core/drain-options.js'
import type { TransportName } from '../core/settings.js'
import { HotpressError } from '../errors.js'
import { CloseHooks } from './close-hooks.js'
import { type DrainParts, drain } from './drain.js'
import type { CloseSettings, RunSettings } from './options.js'
import { processWatch } from './process-watch.js'
import type { WriteMetrics } from './workers/control.js'
import type { WorkerReports } from './workers/in-worker.js'
import type { BindShared } from './workers/port-sockets.js'
import type { Supervision } from './workers/supervise.js'
import type { WorkersSettings } from './workers-options.js'

/** Where an app listens. */
interface Address {
  readonly host: string
  readonly port: number
  readonly transport: TransportName
  readonly url: string
}

/** What stands for the listeners of workers, in the process that watches over them. */
interface WorkersServer extends Address {
  close(options?: ListenerCloseOptions): Promise<void>
  setCertificates(): never
}

/** Where workers are to listen. */
interface WorkersAddress {
  /** Binds a socket to an IP address and a port that others may bind too; undefined where that cannot be. */
  readonly bind: BindShared | undefined
  readonly host: string
  /** Whether others may have the port already. */
  readonly isShared: boolean
  readonly port: number
  readonly writeMetrics: WriteMetrics
}

/** Where an app stands between its start and its end. */
export class Lifecycle {
  #closing: Promise<void> | undefined
  /** What has the process no longer end with the app. */
  readonly #leaving = new Set<() => void>()
  readonly #parts: DrainParts
  #supervision: Supervision | undefined
  /** Told when it begins to close. */
  readonly #watchers = new Set<() => void>()
  readonly hooks: CloseHooks = new CloseHooks()
  /** Whether it is fit to serve, apart from that it listens. */
  isFit: () => Promise<boolean> = async () => true

  constructor(parts: Omit<DrainParts, 'hooks'>) {
    this.#parts = { ...parts, hooks: this.hooks }
  }

  /** @throws HotpressError `APP_CLOSING` while it closes, `WORKERS_SERVE` where workers listen and not this process. */
  checkOpen(call: string): void {
    if (this.#closing !== undefined) throw new HotpressError('APP_CLOSING', { call })
    if (this.#supervision !== undefined) throw elsewhere(call)
  }

  /** Drains the app. Whoever asks while it does so waits for the same. */
  close(settings: CloseSettings): Promise<void> {
    if (this.#parts.phase.name === 'closed') return Promise.resolve()
    this.#closing ??= this.#drain(settings).finally(() => {
      this.#closing = undefined
      this.#supervision = undefined
      for (const leave of this.#leaving) leave()
      this.#leaving.clear()
    })
    return this.#closing
  }

  /**
   * Listens, and has the process end with the app: after a signal, and after an error that nobody has caught.
   *
   * @param listen gives the address.
   */
  async run<Server extends Address>({ close, signals }: RunSettings, listen: () => Promise<Server>): Promise<Server> {
    const { log } = this.#parts
    const watch = processWatch()
    const end = (): Promise<number> => this.close(close).then(() => 0)
    const leave = watch.add({ close: end, log, signals, time: () => this.#time(close) })
    this.#leaving.add(leave)
    try {
      const server = await listen()
      watch.ready(`listening on ${server.url}`, log)
      return server
    } catch (error) {
      leave()
      this.#leaving.delete(leave)
      throw error
    }
  }

  /** As {@link run}, in a worker: another process says when it ends. */
  async runInWorker<Server extends Address>(
    { close, signals }: RunSettings,
    reports: WorkerReports,
    listen: () => Promise<{ readonly isHeld: boolean; readonly server: Server }>,
  ): Promise<Server> {
    const { runInWorker } = await import('./workers/in-worker.js')
    const app = {
      close: (settings: Partial<CloseSettings> = {}) => this.close({ ...close, ...settings }),
      count: async () => total((await this.#parts.listeners()).map((listener) => listener.count())),
      isReady: async () => this.#parts.phase.name === 'ready' && (await this.isFit()),
      log: this.#parts.log,
      onClosed: (listener: () => void) => void this.#leaving.add(listener),
      onClosing: (listener: () => void) => void this.#watchers.add(listener),
      reports,
      signals,
      time: () => this.#time(close),
    }
    return runInWorker(app, processWatch(), listen)
  }

  /** As {@link run}, by workers: this process watches over them. */
  async supervise(
    { close, signals, workers }: RunSettings & { readonly workers: WorkersSettings },
    { bind, isShared, writeMetrics, ...address }: WorkersAddress,
  ): Promise<WorkersServer> {
    const { listeners, log } = this.#parts
    if (this.#supervision !== undefined || (await listeners()).length > 0) throw elsewhere('run()')
    const { supervise } = await import('./workers/supervise.js')
    const end = (): Promise<void> => this.close(close)
    const time = (): number => this.#time(close)
    let leave = (): void => {}
    const app = { address, bind, close, end, isShared, log, signals, time, workers, writeMetrics }
    const found = await supervise(app, processWatch(), (supervision) => {
      this.#supervision = supervision
      leave = () => supervision.leave()
      this.#leaving.add(leave)
    }).catch((error: unknown) => {
      this.#supervision = undefined
      this.#leaving.delete(leave)
      throw error
    })
    return {
      ...found,
      close: async (options = {}) => {
        const plan: DrainPlan = settleDrain(options, ' of close() of a listener')
        await this.#supervision?.close({ ...close, ...plan, delay: 0 })
      },
      setCertificates() {
        throw elsewhere('setCertificates()')
      },
    }
  }

  async #drain(settings: CloseSettings): Promise<void> {
    for (const watcher of this.#watchers) watcher()
    if (this.#supervision === undefined) return drain(this.#parts, settings)
    this.#parts.phase.name = 'draining'
    await this.#supervision.close(settings)
    // Workers have had the delay.
    return drain(this.#parts, { ...settings, delay: 0 })
  }

  /** The most milliseconds that closing takes. */
  #time({ delay, drain: time }: CloseSettings): number {
    return delay + time + this.hooks.time
  }
}

function elsewhere(call: string): HotpressError {
  const reason = 'listen in the workers, where workerId() gives a number'
  return new HotpressError('WORKERS_SERVE', { call, reason })
}
