import { performance } from 'node:perf_hooks'
import type { Logger } from '../../core/logger.js'
import { HotpressError } from '../../errors.js'
import type { CloseSettings } from '../options.js'
import { BackOff } from './back-off.js'
import type { WorkerAddress } from './messages.js'
import { PortSocket } from './port-sockets.js'
import type { WorkerProcess, WorkerState } from './worker-process.js'

/** What a slot is made of. */
export interface WorkerSlotParts {
  readonly id: number
  readonly log: Logger
  /** @param socket the descriptor of the socket that is held for it. */
  fork(id: number, socket: number | undefined): WorkerProcess
  /** A further socket for it, where there can be one. */
  makeSocket(): number | undefined
  /** Told when one worker after the other ends without being ready. */
  onLoop(slot: WorkerSlot): void
}

/** What is to be seen of a worker from outside. */
export interface SlotState {
  readonly id: number
  readonly pid: number | undefined
  /** How often its process was replaced because it had ended unasked. */
  readonly restarts: number
  readonly state: WorkerState | 'waiting'
  /** Seconds since its process was started; 0 where there is none. */
  readonly uptime: number
}

/** A worker: the process that has its id, and those that have it next. */
export class WorkerSlot {
  readonly #backOff = new BackOff()
  #current: WorkerProcess | undefined
  #hasLooped = false
  #isOver = false
  /** Processes that drain while another serves. */
  readonly #leaving = new Set<WorkerProcess>()
  #next: WorkerProcess | undefined
  readonly #parts: WorkerSlotParts
  #restarts = 0
  readonly #socket: PortSocket
  #timer: NodeJS.Timeout | undefined

  constructor(parts: WorkerSlotParts) {
    this.#parts = parts
    this.#socket = new PortSocket(() => parts.makeSocket())
  }

  /** The process that serves, or is to. */
  get current(): WorkerProcess | undefined {
    return this.#current
  }

  get id(): number {
    return this.#parts.id
  }

  get isReady(): boolean {
    return this.#current?.state === 'ready'
  }

  get state(): SlotState {
    const process = this.#current
    return {
      id: this.id,
      pid: process?.pid,
      restarts: this.#restarts,
      state: process?.state ?? 'waiting',
      uptime: process === undefined ? 0 : (performance.now() - process.startedAt) / 1000,
    }
  }

  /** The most milliseconds that its processes take to close. */
  get time(): number {
    return Math.max(0, ...this.#all().map(({ time }) => time))
  }

  /** Has all its processes drain and end; there is none from here on. @returns whether each has ended as it should. */
  async close(settings: CloseSettings): Promise<boolean> {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#socket.close()
    const ends = await Promise.all(this.#all().map((process) => process.close(settings)))
    return ends.every((isClean) => isClean)
  }

  /** Ends all its processes at once. */
  kill(): void {
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#socket.close()
    for (const process of this.#all()) process.kill()
  }

  /**
   * Puts a new process in the place of the one that serves, which is drained when the new one is ready.
   *
   * @throws HotpressError `WORKER_FAILED` where that does not come to be ready: the old one serves on.
   */
  async reload(settings: CloseSettings): Promise<void> {
    clearTimeout(this.#timer)
    this.#backOff.reset()
    const next = this.#fork()
    this.#next = next
    try {
      await next.ready
    } catch (error) {
      // It may listen already, and have clients.
      this.#retire(next, settings)
      this.#next = undefined
      if (this.#isOver) return
      // It may have had the socket listen, by which nobody else does.
      if (this.#current?.isHeld !== true) this.#socket.renew()
      if (this.#current === undefined) this.#again(0)
      throw error
    }
    this.#next = undefined
    const before = this.#current
    this.#current = next
    this.#becameReady(next)
    this.#watch(next)
    if (!next.isHeld) this.#socket.renew()
    if (before !== undefined) await this.#retire(before, settings)
  }

  /** Has all its processes open their files anew. */
  reopen(): void {
    for (const process of this.#all()) process.reopen()
  }

  /**
   * Starts its first process.
   *
   * @throws HotpressError `APP_CLOSING`, `WORKER_FAILED`
   */
  async start(): Promise<WorkerAddress> {
    if (this.#isOver) throw new HotpressError('APP_CLOSING', { call: 'run()' })
    const process = this.#fork()
    this.#current = process
    const address = await process.ready
    this.#becameReady(process)
    this.#watch(process)
    return address
  }

  #fork(): WorkerProcess {
    return this.#parts.fork(this.id, this.#socket.descriptor)
  }

  #again(wait: number): void {
    if (this.#isOver || this.#next !== undefined) return
    this.#timer = setTimeout(() => {
      this.#restarts++
      const process = this.#fork()
      this.#current = process
      process.ready.then(
        () => this.#becameReady(process),
        () => {},
      )
      this.#watch(process)
    }, wait)
  }

  #all(): WorkerProcess[] {
    return [this.#current, this.#next, ...this.#leaving].filter((process) => process !== undefined)
  }

  #becameReady({ pid }: WorkerProcess): void {
    this.#hasLooped = false
    this.#parts.log.info({ worker: this.id, workerPid: pid }, `worker ${this.id} is ready`)
  }

  // Drained beside the one that has its place.
  #retire(process: WorkerProcess, settings: CloseSettings): Promise<unknown> {
    this.#leaving.add(process)
    return process.close(settings).finally(() => this.#leaving.delete(process))
  }

  /** Has a process replaced when it begins to end, unless it was told to. */
  #watch(process: WorkerProcess): void {
    void process.leaving.then(async () => {
      if (this.#isOver || this.#current !== process) return
      this.#current = undefined
      const { log } = this.#parts
      const { readyTime } = process
      const wait = this.#backOff.ended(readyTime)
      const when = wait === 0 ? 'at once' : `after ${wait} ms`
      const fields = { wait, worker: this.id, workerPid: process.pid }
      if (process.state === 'ended') {
        const { code, signal } = await process.ended
        const how = signal === null ? `ended with code ${code}` : `was ended by ${signal}`
        log.error({ code, signal, ...fields }, `worker ${this.id} ${how}: it is replaced ${when}`)
      } else {
        this.#leaving.add(process)
        void process.ended.then(() => this.#leaving.delete(process))
        log.error(fields, `worker ${this.id} closes unasked: it is replaced ${when}`)
      }
      // Nobody waits for longer than it takes to start.
      if (wait > 0 || !process.isHeld) this.#socket.renew()
      this.#again(wait)
      if (!this.#backOff.isLoop || this.#hasLooped) return
      this.#hasLooped = true
      this.#parts.onLoop(this)
    })
  }
}
