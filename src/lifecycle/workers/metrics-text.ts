import type { WorkerReport, WorkersReport } from './workers-report.js'

interface Metric {
  readonly help: string
  readonly name: string
  readonly type: 'counter' | 'gauge'
  /** What all workers have together, under the name `hotpress_<sum>`. */
  readonly sum?: string
  value(worker: WorkerReport): number | null
}

// In the order in which they are told.
const metrics: readonly Metric[] = [
  {
    help: 'Whether the worker serves and its checks pass.',
    name: 'worker_ready',
    sum: 'workers_ready',
    type: 'gauge',
    value: ({ isReady }) => (isReady ? 1 : 0),
  },
  {
    help: 'Connections that are open.',
    name: 'worker_connections',
    sum: 'connections',
    type: 'gauge',
    value: ({ connections }) => connections,
  },
  {
    help: 'The share of time that the event loop was at work since it was last asked.',
    name: 'worker_event_loop_utilization',
    type: 'gauge',
    value: ({ eventLoopUtilization }) => eventLoopUtilization,
  },
  {
    help: 'Requests under way.',
    name: 'worker_requests',
    sum: 'requests',
    type: 'gauge',
    value: ({ requests }) => requests,
  },
  {
    help: 'Resident memory.',
    name: 'worker_resident_memory_bytes',
    sum: 'resident_memory_bytes',
    type: 'gauge',
    value: ({ memory }) => memory,
  },
  {
    help: 'How often the process was replaced because it had ended unasked.',
    name: 'worker_restarts_total',
    sum: 'restarts_total',
    type: 'counter',
    value: ({ restarts }) => restarts,
  },
  {
    help: 'Time since the process was started.',
    name: 'worker_uptime_seconds',
    type: 'gauge',
    value: ({ uptime }) => uptime,
  },
  {
    help: 'WebSockets that are open.',
    name: 'worker_websockets',
    sum: 'websockets',
    type: 'gauge',
    value: ({ sockets }) => sockets,
  },
]

/** The figures of workers in the text format of Prometheus (0.0.4): each for itself, and all together. */
export function metricsText({ supervisor, workers }: WorkersReport): string {
  const lines: string[] = []
  for (const { help, name, sum, type, value } of metrics) {
    const values = workers.map((worker) => [worker.id, value(worker)] as const)
    const known = values.filter((each): each is readonly [number, number] => each[1] !== null)
    lines.push(...head(name, help, type), ...known.map(([id, number]) => `hotpress_${name}{worker="${id}"} ${number}`))
    if (sum === undefined) continue
    const together = known.reduce((all, [, number]) => all + number, 0)
    lines.push(...head(sum, `${help} Of all workers together.`, type), `hotpress_${sum} ${together}`)
  }
  lines.push(
    ...head('supervisor_resident_memory_bytes', 'Resident memory of the process that watches over workers.', 'gauge'),
    `hotpress_supervisor_resident_memory_bytes ${supervisor.memory}`,
    ...head('workers', 'How many workers there are to be.', 'gauge'),
    `hotpress_workers ${workers.length}`,
  )
  return `${lines.join('\n')}\n`
}

function head(name: string, help: string, type: Metric['type']): readonly string[] {
  return [`# HELP hotpress_${name} ${help}`, `# TYPE hotpress_${name} ${type}`]
}
