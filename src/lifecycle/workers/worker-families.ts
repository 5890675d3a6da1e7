import { single, type ValueFamily, type ValueSeries } from '../../core/metric.js'
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

/** The figures of workers: each for itself, and all together. */
export function workerFamilies({ supervisor, workers }: WorkersReport): readonly ValueFamily[] {
  const families = metrics.flatMap(({ help, name, sum, type, value }): readonly ValueFamily[] => {
    const series = workers.flatMap((worker): readonly ValueSeries[] => {
      const found = value(worker)
      return found === null ? [] : [{ labels: { worker: String(worker.id) }, value: found }]
    })
    const own: ValueFamily = { help, name: `hotpress_${name}`, series, type }
    if (sum === undefined) return [own]
    const together = series.reduce((all, each) => all + each.value, 0)
    return [own, single(type, `hotpress_${sum}`, `${help} Of all workers together.`, together)]
  })
  const memory = 'Resident memory of the process that watches over workers.'
  return [
    ...families,
    single('gauge', 'hotpress_supervisor_resident_memory_bytes', memory, supervisor.memory),
    single('gauge', 'hotpress_workers', 'How many workers there are to be.', workers.length),
  ]
}
