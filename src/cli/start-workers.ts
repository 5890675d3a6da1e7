import cluster from 'node:cluster'
import { settleRun } from '../lifecycle/options.js'
import { processWatch } from '../lifecycle/process-watch.js'
import type { Supervision } from '../lifecycle/workers/supervise.js'
import { type ControlSettings, oneWorker } from '../lifecycle/workers-options.js'
import { binding } from '../native/binding.js'
import { createLogger } from '../observability/logger.js'
import { workersMetrics } from '../observability/workers-metrics.js'
import type { StartOptions, WorkerOrders } from './orders.js'

/** Has workers run an app, and this process watch over them. */
export async function startWorkers(
  orders: WorkerOrders,
  { control, workers: given }: { readonly control: ControlSettings | undefined } & Pick<StartOptions, 'workers'>,
): Promise<void> {
  const { listen, run } = settleRun({ ...orders.run, workers: { count: given } }, ['host', 'port'])
  const { count, hangTimeout, startTimeout } = run.workers ?? oneWorker
  const { host, port } = listen as { readonly host: string; readonly port: number }
  cluster.setupPrimary({ args: [JSON.stringify(orders)] })
  const { supervise } = await import('../lifecycle/workers/supervise.js')
  let supervision: Supervision | undefined
  await supervise(
    {
      address: { host, port },
      bind: binding().bindShared,
      close: run.close,
      end: async () => supervision?.close(run.close),
      isShared: false,
      log: createLogger(true),
      signals: run.signals,
      time: () => run.close.delay + run.close.drain,
      writeMetrics: workersMetrics,
      workers: { control, count, hangTimeout, startTimeout },
    },
    processWatch(),
    (it) => {
      supervision = it
    },
  )
}
