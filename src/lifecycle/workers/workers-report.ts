import type { WorkerStatus } from './in-worker.js'
import type { Supervisor } from './supervisor.js'
import type { SlotState } from './worker-slot.js'

/** Milliseconds for workers to say how they are: less than whoever asks waits for. */
const patience = 1000

/** How a worker is. What it says of itself is null where it does not answer in time. */
export interface WorkerReport extends SlotState {
  readonly connections: number | null
  /** The share of time that its event loop was at work since it was last asked. */
  readonly eventLoopUtilization: number | null
  /** Whether it serves, and its checks pass. */
  readonly isReady: boolean
  /** Resident bytes. */
  readonly memory: number | null
  /** Those under way. */
  readonly requests: number | null
  /** Its WebSockets. */
  readonly sockets: number | null
}

/** How all are. */
export interface WorkersReport {
  /** Whether one of them serves. */
  readonly isReady: boolean
  readonly supervisor: { readonly memory: number; readonly pid: number; readonly uptime: number }
  readonly workers: readonly WorkerReport[]
}

/** Asks all workers how they are. */
export async function workersReport(supervisor: Supervisor): Promise<WorkersReport> {
  const said = await supervisor.gather('status', patience)
  const workers = supervisor.states.map((state): WorkerReport => {
    const status = said.get(state.id) as WorkerStatus | undefined
    return {
      ...state,
      connections: status?.connections ?? null,
      eventLoopUtilization: status?.eventLoopUtilization ?? null,
      isReady: state.state === 'ready' && status?.isReady === true,
      memory: status?.memory ?? null,
      requests: status?.requests ?? null,
      sockets: status?.sockets ?? null,
    }
  })
  return {
    isReady: supervisor.isOpen && workers.some(({ isReady }) => isReady),
    supervisor: { memory: process.memoryUsage.rss(), pid: process.pid, uptime: process.uptime() },
    workers,
  }
}
