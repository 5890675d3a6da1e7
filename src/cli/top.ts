import { performance } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WorkerReport, WorkersReport } from '../lifecycle/workers/workers-report.js'
import { askControl } from './ask.js'
import { controlAddress } from './control-address.js'
import { Failure } from './failure.js'
import { tableOf } from './table.js'

/** What `app.stats()` of any copy of the package says that is shown here. */
interface Counted {
  readonly requests?: { readonly latency: { readonly p50: number; readonly p99: number }; readonly total: number }
}

type Worker = WorkerReport & { readonly stats: Counted | null }
type Report = Omit<WorkersReport, 'workers'> & { readonly workers: readonly Worker[] }

interface TopOptions {
  readonly control?: string
  readonly count?: number
}

/** Milliseconds between two looks. */
const interval = 1000

const head = ['worker', 'state', 'req/s', 'p50', 'p99', 'under way', 'connections', 'loop', 'memory', 'uptime'] as const

// To the upper left, and nothing of what was there.
const clear = '\u001b[H\u001b[2J'

/** Shows how the workers are, again and again until it is interrupted, or so many times. */
export async function top({ control, count = Number.POSITIVE_INFINITY }: TopOptions): Promise<void> {
  if (control === undefined) throw new Failure('it takes --control, as start was given')
  const where = controlAddress(control)
  let before: { readonly report: Report; readonly time: number } | undefined
  for (let looks = 0; looks < count; looks++) {
    if (looks > 0) await sleep(interval)
    const { body } = await askControl(where, 'GET', '/stats')
    const report = JSON.parse(body) as Report
    const time = performance.now()
    const seconds = before === undefined ? 0 : (time - before.time) / 1000
    console.log(`${process.stdout.isTTY ? clear : ''}${textOf(report, before?.report, seconds)}`)
    before = { report, time }
  }
}

function textOf({ supervisor, workers }: Report, before: Report | undefined, seconds: number): string {
  const rows = workers.map((worker) => {
    const last = before?.workers.find(({ id, pid }) => id === worker.id && pid === worker.pid)
    return rowOf(worker, last, seconds)
  })
  const serving = workers.filter(({ isReady }) => isReady).length
  const about = `process ${supervisor.pid}, ${serving} of ${workers.length} workers serve`
  return `${about}\n${tableOf([head, ...rows])}`
}

function rowOf(worker: Worker, last: Worker | undefined, seconds: number): readonly string[] {
  const now = worker.stats?.requests
  const then = last?.stats?.requests
  const rate = now === undefined || then === undefined ? undefined : (now.total - then.total) / seconds
  return [
    String(worker.id),
    worker.state === 'ready' && !worker.isReady ? 'failed' : worker.state,
    rate === undefined ? '-' : rate.toFixed(rate < 10 ? 1 : 0),
    now === undefined ? '-' : milliseconds(now.latency.p50),
    now === undefined ? '-' : milliseconds(now.latency.p99),
    String(worker.requests ?? '-'),
    String(worker.connections ?? '-'),
    worker.eventLoopUtilization === null ? '-' : `${Math.round(worker.eventLoopUtilization * 100)}%`,
    worker.memory === null ? '-' : `${(worker.memory / 1024 ** 2).toFixed(1)} MB`,
    `${Math.round(worker.uptime)} s`,
  ]
}

function milliseconds(time: number): string {
  return `${time.toFixed(time < 10 ? 2 : 0)} ms`
}
