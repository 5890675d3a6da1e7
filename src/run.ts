import { HeldSocket } from './core/held-socket.js'
import type { Logger } from './core/logger.js'
import { refused } from './core/options-check.js'
import { workerId, workerVariables } from './core/worker-id.js'
import { HotpressError } from './errors.js'
import type { Lifecycle } from './lifecycle/lifecycle.js'
import { settleRun } from './lifecycle/options.js'
import type { WorkerReports } from './lifecycle/workers/in-worker.js'
import { defaultHost, listenOptionNames, settleListen } from './listen-options.js'
import { binding } from './native/binding.js'
import { workersMetrics } from './observability/workers-metrics.js'
import type { ListenOptions, RunOptions } from './option-types.js'
import type { ListeningServer } from './transports/listening-server.js'

/** Set while the command `hotpress` loads a program, which is not to run its app itself; known to both builds. */
const loading = Symbol.for('hotpress.loading')

/** What `run()` needs of an app. */
export interface RunParts {
  readonly lifecycle: Lifecycle
  readonly log: Logger
  /** @param held a socket that is bound to the address already. */
  listen(options: ListenOptions, held?: number): Promise<ListeningServer>
  /** What is told of the app as a worker, by name. */
  readonly reports: WorkerReports
}

/** Runs an app as `app.run()` says: in this process, or in workers of it. */
export async function runApp(
  options: RunOptions,
  { lifecycle, listen, log, reports }: RunParts,
): Promise<ListeningServer> {
  const { listen: given, run } = settleRun(options, listenOptionNames)
  if (Reflect.get(globalThis, loading) === true) throw new HotpressError('RUN_BY_COMMAND', {})
  // A thread has no channel to whoever watches over the process.
  if (workerId() !== undefined && process.connected) {
    return lifecycle.runInWorker(run, reports, () => listenInWorker(given, listen))
  }
  const { workers } = run
  if (workers === undefined) return lifecycle.run(run, () => listen(given))
  const got = workers.count === 1 ? 'control' : `workers: ${workers.count}`
  for (const option of ['fd', 'http3'] as const) {
    if ((given[option] ?? false) !== false) refused(option, `${String(given[option])} beside ${got}`, 'one process')
  }
  const { where } = settleListen({ ...given, reusePort: true }, log)
  const isShared = given.reusePort === true
  return lifecycle.supervise(
    { ...run, workers },
    { bind: binding().bindShared, host: where.host, isShared, port: where.port, writeMetrics: workersMetrics },
  )
}

// By the socket that is held for it, where the transport takes one.
async function listenInWorker(
  given: ListenOptions,
  listen: RunParts['listen'],
): Promise<{ readonly isHeld: boolean; readonly server: ListeningServer }> {
  const port = portOf(given)
  const held = HeldSocket.take(given.host ?? defaultHost, port)
  const server = await listen({ ...given, port, reusePort: true }, held?.descriptor)
  const isHeld = held !== undefined && server.transport === 'native'
  if (!isHeld) held?.close()
  return { isHeld, server }
}

// Where a program asks for any port, all workers have the same.
function portOf({ port }: ListenOptions): number {
  return port === undefined || port === 0 ? Number(process.env[workerVariables.port]) : port
}
