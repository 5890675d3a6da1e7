import cluster from 'node:cluster'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Census } from '../../core/drain.js'
import type { CloseSettings } from '../options.js'
import type { ProcessWatch, Running } from '../process-watch.js'
import { type FromWorker, isMessage, type ToWorker, type WorkerAddress } from './messages.js'
import { watchTerminal } from './terminal.js'

/** What a worker tells of itself when its supervisor asks for it, by name: plain data, or a promise of it. */
export type WorkerReports = Readonly<Record<string, () => unknown>>

/** An app of a worker. */
export interface WorkerApp extends Omit<Running, 'close'> {
  /** Drains it. @param settings those that are to be others than its own. */
  close(settings?: Partial<CloseSettings>): Promise<void>
  count(): Promise<Census>
  /** Whether it is fit to serve, apart from that it listens. */
  isReady(): Promise<boolean>
  /** What it tells beside `status`. */
  readonly reports: WorkerReports
  /** Told once, when it begins to close for whatever reason. */
  onClosing(listener: () => void): void
  /** Told once, when it has closed. */
  onClosed(listener: () => void): void
}

/** What a worker says of itself, as the report `status`. */
export interface WorkerStatus extends Census {
  /** The share of time that its event loop was at work since the last such report. */
  readonly eventLoopUtilization: number
  readonly isReady: boolean
  /** Bytes. */
  readonly memory: number
}

/** Milliseconds for the supervisor to answer the last word of a worker. */
const farewell = 2000

/** Milliseconds between two looks at whether a worker that listens is ready. */
const readyInterval = 100

/**
 * Listens in a worker: the supervisor is told when it is ready and when it closes, has it close, and asks it for reports. A
 * worker whose supervisor is gone drains and ends by itself.
 */
export async function runInWorker<Server extends WorkerAddress>(
  app: WorkerApp,
  watch: ProcessWatch,
  listen: () => Promise<{ readonly isHeld: boolean; readonly server: Server }>,
): Promise<Server> {
  const link = new SupervisorLink(app, watch)
  try {
    const { isHeld, server } = await listen()
    void link.ready(server, isHeld)
    return server
  } catch (error) {
    const { code, message } = error as Error & { readonly code?: string }
    await tellFailed({ code, reason: message ?? String(error) })
    throw error
  }
}

/** A worker's side of what it and its supervisor have to say to each other. */
class SupervisorLink {
  readonly #answered: Promise<void>
  readonly #app: WorkerApp
  readonly #endWithTerminal: () => void = watchTerminal()
  #isClosing = false
  #onAnswered: () => void = () => {}
  readonly #reports: ReadonlyMap<string, () => unknown>
  /** How it is to close, where it has been told so. */
  #settings: Partial<CloseSettings> | undefined
  readonly #watch: ProcessWatch

  constructor(app: WorkerApp, watch: ProcessWatch) {
    this.#app = app
    this.#watch = watch
    this.#answered = new Promise((resolve) => {
      this.#onAnswered = resolve
    })
    // A terminal, and systemd, tell all processes of a group: a worker leaves them to its supervisor.
    for (const signal of app.signals) process.on(signal, () => {})
    process.on('SIGHUP', this.#endWithTerminal)
    watch.add({ ...app, close: () => this.#close(), signals: [] })
    app.onClosing(() => {
      this.#isClosing = true
      tell({ hotpress: 'leaving', time: app.time() })
    })
    // One that was closed by its program is held by nothing more.
    app.onClosed(async () => {
      await this.#takeLeave()
      if (process.connected) process.disconnect()
    })
    this.#reports = new Map(Object.entries({ ...app.reports, status: makeStatus(app) }))
    process.on('message', (message: unknown) => {
      if (isMessage<ToWorker>(message)) this.#hear(message)
    })
    cluster.worker?.once('disconnect', () => this.#orphaned())
    tell({ hotpress: 'hello', time: app.time() })
  }

  /** It listens: tells so when its checks pass. */
  async ready({ host, port, transport, url }: WorkerAddress, isHeld: boolean): Promise<void> {
    const app = this.#app
    while (!this.#isClosing && !(await app.isReady())) await sleep(readyInterval)
    if (this.#isClosing) return
    tell({ address: { host, port, transport, url }, hotpress: 'ready', isHeld, time: app.time() })
  }

  async #answer({ name, number }: Extract<ToWorker, { hotpress: 'ask' }>): Promise<void> {
    try {
      tell({ hotpress: 'answer', number, value: await this.#reports.get(name)?.() })
    } catch (error) {
      tell({ error: String(error), hotpress: 'answer', number })
    }
  }

  async #close(): Promise<number> {
    await this.#app.close(this.#settings)
    await this.#takeLeave()
    return 0
  }

  #hear(message: ToWorker): void {
    switch (message.hotpress) {
      case 'ask':
        void this.#answer(message)
        break
      case 'bye':
        this.#onAnswered()
        break
      case 'close':
        this.#settings ??= message.settings
        this.#watch.end(0)
        break
      case 'ping':
        tell({ hotpress: 'pong' })
        break
      case 'reopen':
        // Who listens to the signal does as if it had come; it would end who does not.
        if (process.listenerCount('SIGUSR2') > 0) process.emit('SIGUSR2', 'SIGUSR2')
        break
      default:
    }
  }

  #orphaned(): void {
    // Node has a worker exit at once, unless it was to be disconnected.
    if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true
    // Which may be known before the signal is.
    this.#endWithTerminal()
    if (this.#isClosing) return
    this.#app.log.error('the process that watches over this worker is gone: the app closes, and the process ends')
    // Whoever comes in its place finds the address free as soon as may be.
    this.#settings = { delay: 0 }
    this.#watch.end(1)
  }

  // On node connections are handed over by this channel, and one may be in it: when the supervisor has answered what it was
  // told after the listener had ended, there is none, and those that came too late have gone back.
  async #takeLeave(): Promise<void> {
    if (!process.connected) return
    tell({ hotpress: 'bye' })
    await Promise.race([this.#answered, sleep(farewell, undefined, { ref: false })])
  }
}

function makeStatus(app: WorkerApp): () => Promise<WorkerStatus> {
  let last = performance.eventLoopUtilization()
  return async () => {
    const now = performance.eventLoopUtilization()
    const { utilization } = performance.eventLoopUtilization(now, last)
    last = now
    const [census, isReady] = await Promise.all([app.count(), app.isReady()])
    return { ...census, eventLoopUtilization: utilization, isReady, memory: process.memoryUsage.rss() }
  }
}

// What cannot be sent is of no use to anybody: the supervisor is gone, or about to be.
function tell(message: FromWorker): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {})
}

/** Tells the supervisor why this worker does not start: before the process ends by it. */
export function tellFailed(why: { readonly code: string | undefined; readonly reason: string }): Promise<void> {
  const message: FromWorker = { ...why, hotpress: 'failed' }
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve())
    else resolve()
  })
}
