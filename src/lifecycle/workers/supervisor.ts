import cluster from 'node:cluster'
import { performance } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'
import type { Logger } from '../../core/logger.js'
import { refused } from '../../core/options-check.js'
import { probePort } from '../../core/probe-port.js'
import { workerVariables } from '../../core/worker-id.js'
import { HotpressError } from '../../errors.js'
import type { CloseSettings } from '../options.js'
import type { WorkersSettings } from '../workers-options.js'
import type { WorkerAddress } from './messages.js'
import { type BindShared, socketMaker } from './port-sockets.js'
import { WorkerProcess } from './worker-process.js'
import { type SlotState, WorkerSlot } from './worker-slot.js'

/** What is started, and how. */
export interface SupervisorOptions {
  /** Where workers are to listen. */
  readonly address: { readonly host: string; readonly port: number }
  /** Binds a socket to an IP address and a port that others may bind too; undefined where that cannot be. */
  readonly bind: BindShared | undefined
  readonly close: CloseSettings
  /** Whether others may have the port already: another supervisor, say. */
  readonly isShared: boolean
  readonly log: Logger
  readonly workers: WorkersSettings
  /** Told when one worker after the other has failed and none serves: there is no use in going on. */
  onHopeless(): void
  /** Told when a reload begins, and when it is over. */
  onReload(isUnderWay: boolean): void
}

/** Of the environment, what is for this process alone: systemd speaks with it, and passes sockets to it. */
const ownVariables = ['LISTEN_FDNAMES', 'LISTEN_FDS', 'LISTEN_PID', 'NOTIFY_SOCKET', 'WATCHDOG_PID', 'WATCHDOG_USEC']

/** Watches over processes that run the same program, and serve at one address. It serves nothing itself. */
export class Supervisor {
  #closing: Promise<boolean> | undefined
  #hasStarted = false
  readonly #options: SupervisorOptions
  #reloading: Promise<void> | undefined
  /** The reload that was asked for while one was under way. */
  #reloadNext: Promise<void> | undefined
  #slots: readonly WorkerSlot[] = []

  constructor(options: SupervisorOptions) {
    this.#options = options
  }

  /** Whether it has not been told to close. */
  get isOpen(): boolean {
    return this.#closing === undefined
  }

  get states(): readonly SlotState[] {
    return this.#slots.map(({ state }) => state)
  }

  /** The most milliseconds that closing takes. */
  get time(): number {
    return Math.max(0, ...this.#slots.map(({ time }) => time))
  }

  /**
   * Has all workers drain at the same time, and end.
   *
   * @returns whether each has ended as it should.
   */
  close(settings: CloseSettings): Promise<boolean> {
    this.#closing ??= this.#close(settings)
    return this.#closing
  }

  /**
   * Asks every worker for a report.
   *
   * @param name what it is provided as (`WorkerReports`).
   * @param timeout milliseconds.
   * @returns the reports by the ids of workers; those of who gave none in time are not there.
   */
  async gather(name: string, timeout: number): Promise<ReadonlyMap<number, unknown>> {
    const answers = await Promise.all(
      this.#slots.map(async ({ current, id }) => [id, await current?.ask(name, timeout)] as const),
    )
    return new Map(answers.filter(([, answer]) => answer !== undefined))
  }

  /** Ends all workers at once. */
  kill(): void {
    for (const slot of this.#slots) slot.kill()
  }

  /**
   * Puts new processes in the place of those that serve, one after the other. Where it is asked for during a reload, another
   * one follows, however often it is asked for.
   *
   * @throws HotpressError `WORKER_FAILED` where a new process does not become ready: those that are left serve on.
   */
  reload(): Promise<void> {
    if (this.#closing !== undefined) return Promise.resolve()
    if (!this.#hasStarted) {
      this.#options.log.warn('reload: nothing to do before all workers are ready for the first time')
      return Promise.resolve()
    }
    if (this.#reloading !== undefined) {
      this.#reloadNext ??= this.#reloading
        .catch(() => {})
        .then(() => {
          this.#reloadNext = undefined
          return this.reload()
        })
      return this.#reloadNext
    }
    this.#reloading = this.#reload().finally(() => {
      this.#reloading = undefined
    })
    return this.#reloading
  }

  /** Has all workers open their files anew. */
  reopen(): void {
    for (const slot of this.#slots) slot.reopen()
  }

  /**
   * Starts the workers.
   *
   * @returns where they listen, when all are ready.
   * @throws HotpressError `ADDRESS_IN_USE`, `ADDRESS_REFUSED`, `OPTION_INVALID`; `WORKER_FAILED` where one does not become
   * ready: none is left then.
   */
  async start(): Promise<WorkerAddress> {
    const { address, close, isShared, log, workers } = this.#options
    checkProcess(workers.count)
    const { host } = address
    const port = isShared && address.port !== 0 ? address.port : await probePort(host, address.port)
    const makeSocket = await socketMaker(this.#options.bind, host, port)
    if (this.#closing === undefined) this.#slots = this.#makeSlots(port, makeSocket)
    log.info({ workers: workers.count }, `starting ${several(workers.count)} for port ${port}`)
    try {
      const [first, ...rest] = this.#slots
      if (first === undefined) throw new HotpressError('APP_CLOSING', { call: 'run()' })
      // Where the program cannot start, one of them is enough to say so.
      const found = await first.start()
      await Promise.all(rest.map((slot) => slot.start()))
      this.#hasStarted = true
      return found
    } catch (error) {
      await this.close({ ...close, delay: 0 })
      throw error
    }
  }

  async #close(settings: CloseSettings): Promise<boolean> {
    const ends = await Promise.all(this.#slots.map((slot) => slot.close(settings)))
    return ends.every((isClean) => isClean)
  }

  #makeSlots(port: number, makeSocket: () => number | undefined): readonly WorkerSlot[] {
    const { address, log, workers } = this.#options
    const own = Object.fromEntries(ownVariables.map((name) => [name, undefined]))
    // Who debugs has it stand still.
    const isInspected = process.execArgv.some((word) => word.startsWith('--inspect'))
    const fork = (id: number, socket: number | undefined): WorkerProcess =>
      new WorkerProcess({
        env: {
          ...own,
          [workerVariables.host]: address.host,
          [workerVariables.id]: String(id),
          [workerVariables.port]: String(port),
          [workerVariables.supervisor]: String(process.pid),
        },
        hangTimeout: isInspected ? 0 : workers.hangTimeout,
        id,
        log,
        socket,
        startTimeout: workers.startTimeout,
      })
    const onLoop = (slot: WorkerSlot): void => this.#onLoop(slot)
    return Array.from(
      { length: workers.count },
      (_, index) => new WorkerSlot({ fork, id: index + 1, log, makeSocket, onLoop }),
    )
  }

  #onLoop({ id }: WorkerSlot): void {
    const { log, onHopeless } = this.#options
    const text = `worker ${id} ends again and again before it is ready`
    if (this.#slots.some((slot) => slot.isReady)) {
      log.fatal({ worker: id }, `${text}: the others serve, and it is tried again from time to time`)
      return
    }
    log.fatal({ worker: id }, `${text}, and no other serves: the process ends`)
    onHopeless()
  }

  async #reload(): Promise<void> {
    const { close, log, onReload } = this.#options
    const begun = performance.now()
    log.info(`reload: ${several(this.#slots.length)}, one after the other`)
    onReload(true)
    let done = 0
    try {
      for (const slot of this.#slots) {
        if (this.#closing !== undefined) return
        await slot.reload(close)
        done++
      }
      log.info(`reload: done in ${Math.round(performance.now() - begun)} ms`)
    } catch (error) {
      if (this.#closing !== undefined) return
      log.error({ err: error }, `reload: given up after ${done} of ${several(this.#slots.length)}, the others serve on`)
      throw error
    } finally {
      onReload(false)
    }
  }
}

/** A number of workers, in words. */
export function several(count: number): string {
  return count === 1 ? '1 worker' : `${count} workers`
}

function checkProcess(count: number): void {
  const option = 'workers of run()'
  if (!isMainThread) refused(option, `${count} in a worker thread`, 'that in the main thread')
  if (!cluster.isPrimary) refused(option, `${count} in a worker of node:cluster`, 'that in the primary')
  if (cluster.settings.exec === undefined && process.argv[1] === undefined) {
    refused(option, `${count} in a program without a file`, 'that in a file, which workers run too')
  }
}
