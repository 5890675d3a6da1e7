import cluster, { type Worker } from 'node:cluster'
import { performance } from 'node:perf_hooks'
import type { Logger } from '../../core/logger.js'
import { workerVariables } from '../../core/worker-id.js'
import { HotpressError } from '../../errors.js'
import type { CloseSettings } from '../options.js'
import { type FromWorker, isMessage, type ToWorker, type WorkerAddress } from './messages.js'

/** Where a process stands. */
export type WorkerState = 'draining' | 'ended' | 'ready' | 'starting'

/** What a process is made of. Times are milliseconds. */
export interface WorkerProcessOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly hangTimeout: number
  readonly id: number
  readonly log: Logger
  /** The descriptor of the socket that is held for it. */
  readonly socket: number | undefined
  readonly startTimeout: number
}

/** How a process has ended. */
export interface WorkerEnd {
  readonly code: number | null
  readonly signal: string | null
}

/** Milliseconds for what is between the parts of a drain, and for a process to end after it. */
const slack = 10_000

/** Milliseconds after its end for what a process has said to arrive. */
const lastWords = 1000

/** Looks without an answer after which a worker is taken to hang. */
const looks = 4

/** One process that serves, from its start to its end. */
export class WorkerProcess {
  readonly #asked = new Map<number, (answer: Extract<FromWorker, { hotpress: 'answer' }>) => void>()
  #bound: NodeJS.Timeout | undefined
  #failure: { readonly code: string | undefined; readonly reason: string } | undefined
  #isReached = false
  #leaves: () => void = () => {}
  #number = 0
  #onReady: (address: WorkerAddress) => void = () => {}
  #onUnready: (error: Error) => void = () => {}
  readonly #options: WorkerProcessOptions
  #readyAt: number | undefined
  #silence = 0
  readonly #start: NodeJS.Timeout
  #time = 0
  #watch: NodeJS.Timeout | undefined
  readonly #worker: Worker
  readonly ended: Promise<WorkerEnd>
  /** Resolves when it begins to end, of itself or not. */
  readonly leaving: Promise<void>
  /** Rejects where it ends, or is told to, before it is so. */
  readonly ready: Promise<WorkerAddress>
  readonly startedAt: number = performance.now()
  /** Whether it listens by the socket that is held for it. */
  isHeld = false
  state: WorkerState = 'starting'

  constructor(options: WorkerProcessOptions) {
    this.#options = options
    this.#worker = fork(options)
    const { process: child } = this.#worker
    this.ready = new Promise((resolve, reject) => {
      this.#onReady = resolve
      this.#onUnready = reject
    })
    // Whoever waits for it is told by it; nobody has to.
    this.ready.catch(() => {})
    this.leaving = new Promise((resolve) => {
      this.#leaves = resolve
    })
    this.ended = new Promise((resolve) => {
      const end = (code: number | null, signal: string | null): void => {
        this.#ends({ code, signal })
        resolve({ code, signal })
      }
      // What it said last may still be on its way, and comes before the end of the channel.
      child.once('exit', (code, signal) => {
        if (!child.connected) end(code, signal)
        else {
          const timer = setTimeout(() => end(code, signal), lastWords)
          child.once('disconnect', () => {
            clearTimeout(timer)
            end(code, signal)
          })
        }
      })
      // One that could not be started has no exit.
      child.on('error', (error) => {
        this.#failure ??= { code: undefined, reason: error.message }
        if (child.pid === undefined) end(null, null)
      })
    })
    this.#worker.on('message', (message: unknown) => {
      if (isMessage<FromWorker>(message)) this.#hear(message)
    })
    const { id, log, startTimeout } = options
    this.#start = setTimeout(() => {
      log.error({ startTimeout, worker: id }, `worker ${id} was not ready within ${startTimeout} ms: it is killed`)
      this.#fail(`it was not ready within ${startTimeout} ms`)
    }, startTimeout)
  }

  get pid(): number | undefined {
    return this.#worker.process.pid
  }

  /** Milliseconds for which it has been ready; undefined where it never was. */
  get readyTime(): number | undefined {
    return this.#readyAt === undefined ? undefined : performance.now() - this.#readyAt
  }

  /** The most milliseconds that it takes to close. */
  get time(): number {
    return this.#time
  }

  /**
   * Has it make a report.
   *
   * @returns undefined where it is not there in time, or cannot be made.
   */
  ask(name: string, timeout: number): Promise<unknown> {
    if (!this.#isReached || this.state === 'ended') return Promise.resolve(undefined)
    const number = ++this.#number
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#asked.delete(number)
        resolve(undefined)
      }, timeout)
      this.#asked.set(number, ({ error, value }) => {
        clearTimeout(timer)
        if (error !== undefined) this.#options.log.warn({ worker: this.#options.id }, `no report ${name}: ${error}`)
        resolve(value)
      })
      this.#tell({ hotpress: 'ask', name, number })
    })
  }

  /**
   * Has it drain and end, within a bound of its own. One that takes no orders yet is killed.
   *
   * @returns whether it has ended as it should.
   */
  async close(settings: CloseSettings): Promise<boolean> {
    if (this.state === 'ended') return true
    const { delay, drain } = settings
    const isReached = this.#isReached
    if (isReached) {
      this.#tell({ hotpress: 'close', settings })
      this.#leave(Math.max(this.#time, delay + drain))
    } else this.kill()
    const { code } = await this.ended
    return code === 0 || !isReached
  }

  /** Ends it at once. */
  kill(): void {
    if (this.state !== 'ended') this.#worker.process.kill('SIGKILL')
  }

  /** Has it open its files anew. */
  reopen(): void {
    if (this.#isReached) this.#tell({ hotpress: 'reopen' })
  }

  #fail(reason: string): void {
    this.#failure ??= { code: undefined, reason }
    this.kill()
  }

  #ends({ code, signal }: WorkerEnd): void {
    if (this.state === 'ended') return
    const how = signal === null ? `it ended with code ${code}` : `it was ended by ${signal}`
    this.#unready(`${how} before it was ready`)
    this.state = 'ended'
    clearTimeout(this.#bound)
    clearInterval(this.#watch)
    for (const [number, answer] of this.#asked) answer({ hotpress: 'answer', number })
    this.#asked.clear()
    this.#leaves()
  }

  #hear(message: FromWorker): void {
    this.#silence = 0
    switch (message.hotpress) {
      case 'answer':
        this.#asked.get(message.number)?.(message)
        this.#asked.delete(message.number)
        break
      case 'bye':
        this.#tell({ hotpress: 'bye' })
        break
      case 'failed':
        this.#failure ??= { code: message.code, reason: message.reason }
        break
      case 'hello':
        this.#isReached = true
        this.#time = message.time
        this.#watchOver()
        break
      case 'leaving':
        this.#leave(message.time)
        break
      case 'ready':
        if (this.state !== 'starting') break
        clearTimeout(this.#start)
        this.isHeld = message.isHeld
        this.#readyAt = performance.now()
        this.#time = message.time
        this.state = 'ready'
        this.#onReady(message.address)
        break
      default:
    }
  }

  #leave(time: number): void {
    this.#unready('it was closed before it was ready')
    if (this.state !== 'ended') this.state = 'draining'
    clearTimeout(this.#bound)
    this.#bound = setTimeout(() => {
      const { id, log } = this.#options
      log.error({ time, worker: id }, `worker ${id} has not closed within ${time} ms: it is killed`)
      this.kill()
    }, time + slack)
    this.#leaves()
  }

  #tell(message: ToWorker): void {
    // The channel may be gone, and its end on the way.
    if (this.#worker.isConnected()) this.#worker.send(message, () => {})
  }

  #unready(otherwise: string): void {
    clearTimeout(this.#start)
    const { code, reason } = this.#failure ?? { code: undefined, reason: otherwise }
    const cause = code === undefined ? undefined : Object.assign(new Error(reason), { code })
    this.#onUnready(new HotpressError('WORKER_FAILED', { reason, worker: this.#options.id }, { cause }))
  }

  // Looks are counted and not the time between them: of that, this process may have slept itself.
  #watchOver(): void {
    const { hangTimeout, id, log } = this.#options
    if (hangTimeout === 0 || this.#watch !== undefined) return
    this.#watch = setInterval(
      () => {
        if (this.#silence++ < looks) {
          this.#tell({ hotpress: 'ping' })
          return
        }
        clearInterval(this.#watch)
        log.error({ hangTimeout, worker: id }, `worker ${id} has stood still for ${hangTimeout} ms: it is killed`)
        this.#fail('its event loop stood still')
      },
      Math.max(1, hangTimeout / looks),
    )
  }
}

/** Where a worker has the socket that is held for it: behind its input, its outputs and the channel. */
const heldDescriptor = 4

// The settings are those of all that is forked from now on, and settled anew each time.
function fork({ env, socket }: WorkerProcessOptions): Worker {
  const stdio = ['inherit', 'inherit', 'inherit', 'ipc', ...(socket === undefined ? [] : [socket])] as const
  cluster.setupPrimary({ stdio: [...stdio] })
  const own = socket === undefined ? undefined : String(heldDescriptor)
  return cluster.fork({ ...env, [workerVariables.socket]: own })
}
