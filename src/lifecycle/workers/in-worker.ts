import cluster from 'node:cluster'
import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Census } from '../../core/drain.js'
import { reports } from '../../core/reports.js'
import type { CloseSettings } from '../options.js'
import type { ProcessWatch, Running } from '../process-watch.js'
import { type FromWorker, isMessage, type ToWorker, type WorkerAddress } from './messages.js'
import { watchTerminal } from './terminal.js'

/** An app of a worker. */
export interface WorkerApp extends Omit<Running, 'close'> {
  /** Drains it. @param settings those that are to be others than its own. */
  close(settings?: Partial<CloseSettings>): Promise<void>
  count(): Promise<Census>
  /** Whether it is fit to serve, apart from that it listens. */
  isReady(): Promise<boolean>
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
  listen: () => Promise<Server>,
): Promise<Server> {
  let settings: Partial<CloseSettings> | undefined
  let isClosing = false
  // A terminal, and systemd, tell all processes of a group: a worker leaves them to its supervisor.
  for (const signal of app.signals) process.on(signal, () => {})
  const endWithTerminal = watchTerminal()
  process.on('SIGHUP', endWithTerminal)
  // On node connections are handed over by this channel, and one may be in it: when the supervisor has answered what it was
  // told after the listener had ended, there is none, and those that came too late have gone back.
  let onAnswered = (): void => {}
  const answered = new Promise<void>((resolve) => {
    onAnswered = resolve
  })
  const takeLeave = (): Promise<void> => {
    if (!process.connected) return Promise.resolve()
    tell({ hotpress: 'bye' })
    return Promise.race([answered, sleep(farewell, undefined, { ref: false })])
  }
  watch.add({
    ...app,
    close: () =>
      app
        .close(settings)
        .then(takeLeave)
        .then(() => 0),
    signals: [],
  })
  process.on('message', (message: unknown) => {
    if (!isMessage<ToWorker>(message)) return
    if (message.hotpress === 'ping') tell({ hotpress: 'pong' })
    else if (message.hotpress === 'bye') onAnswered()
    else if (message.hotpress === 'ask') void answer(message)
    else {
      settings ??= message.settings
      watch.end(0)
    }
  })
  // Node has a worker exit at once then, unless it was to be disconnected.
  cluster.worker?.once('disconnect', () => {
    if (cluster.worker !== undefined) cluster.worker.exitedAfterDisconnect = true
    // Which may be known before the signal is.
    endWithTerminal()
    if (isClosing) return
    app.log.error('the process that watches over this worker is gone: the app closes, and the process ends')
    // Whoever comes in its place finds the address free as soon as may be.
    settings = { delay: 0 }
    watch.end(1)
  })
  app.onClosing(() => {
    isClosing = true
    tell({ hotpress: 'leaving', time: app.time() })
  })
  // One that was closed by its program is held by nothing more.
  app.onClosed(async () => {
    await takeLeave()
    if (process.connected) process.disconnect()
  })
  reports.provide('status', makeStatus(app))
  tell({ hotpress: 'hello', time: app.time() })
  try {
    const server = await listen()
    const { host, port, transport, url } = server
    const ready = async (): Promise<void> => {
      while (!isClosing && !(await app.isReady())) await sleep(readyInterval)
      if (!isClosing) tell({ address: { host, port, transport, url }, hotpress: 'ready', time: app.time() })
    }
    void ready()
    return server
  } catch (error) {
    const { code, message } = error as Error & { readonly code?: string }
    await tellFailed({ code, reason: message ?? String(error) })
    throw error
  }
}

async function answer({ name, number }: Extract<ToWorker, { hotpress: 'ask' }>): Promise<void> {
  try {
    tell({ hotpress: 'answer', number, value: await reports.make(name) })
  } catch (error) {
    tell({ error: String(error), hotpress: 'answer', number })
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
