import { request } from 'node:http'
import type { WorkersReport } from '../lifecycle/workers/workers-report.js'
import type { ControlSettings } from '../lifecycle/workers-options.js'
import { controlAddress } from './control-address.js'
import { Failure } from './failure.js'
import { readPidFile } from './pid-file.js'
import { tableOf } from './table.js'

interface AskOptions {
  readonly control?: string
  readonly pidFile?: string
}

/** Has the workers replaced: waits for the end of it where it asks by a socket. */
export async function askReload({ control, pidFile }: AskOptions): Promise<void> {
  if (control !== undefined) {
    const { body } = await askControl(controlAddress(control), 'POST', '/reload')
    const { detail, status } = JSON.parse(body) as { readonly detail?: string; readonly status: string }
    if (status !== 'ok') throw new Failure(`not reloaded: ${detail}`)
    console.log('reloaded')
    return
  }
  const pid = readPidFile(whichever(pidFile))
  if (process.platform === 'win32') throw new Failure('Windows has no SIGHUP: reload by --control')
  process.kill(pid, 'SIGHUP')
  console.log(`process ${pid} was asked to reload: its log says how it went`)
}

/** Tells how the workers are. */
export async function askStatus({ control, json, pidFile }: AskOptions & { readonly json?: boolean }): Promise<void> {
  if (control === undefined) {
    const pid = readPidFile(whichever(pidFile))
    console.log(json === true ? JSON.stringify({ pid }) : `process ${pid} is running`)
    return
  }
  const { body } = await askControl(controlAddress(control), 'GET', '/workers')
  console.log(json === true ? body.trim() : textOf(JSON.parse(body) as WorkersReport))
}

/** @throws Failure where nothing answers. */
export function askControl(where: ControlSettings, method: string, path: string): Promise<{ readonly body: string }> {
  const at = 'path' in where ? { headers: { Host: 'localhost' }, socketPath: where.path } : where
  const name = 'path' in where ? where.path : `${where.host}:${where.port}`
  return new Promise((resolve, reject) => {
    const asked = request({ ...at, agent: false, method, path }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk
      })
      response.once('end', () => resolve({ body }))
      response.once('error', reject)
    })
    asked.once('error', (error) => reject(new Failure(`nothing answers at ${name}: ${error.message}`)))
    asked.end()
  })
}

const head = ['worker', 'state', 'pid', 'restarts', 'uptime', 'memory', 'connections', 'requests', 'loop'] as const

function textOf({ supervisor, workers }: WorkersReport): string {
  const rows = workers.map((worker) => [
    String(worker.id),
    worker.state === 'ready' && !worker.isReady ? 'failed' : worker.state,
    String(worker.pid ?? '-'),
    String(worker.restarts),
    `${Math.round(worker.uptime)} s`,
    worker.memory === null ? '-' : megabytes(worker.memory),
    String(worker.connections ?? '-'),
    String(worker.requests ?? '-'),
    worker.eventLoopUtilization === null ? '-' : `${Math.round(worker.eventLoopUtilization * 100)}%`,
  ])
  const { memory, pid, uptime } = supervisor
  return `process ${pid}, ${Math.round(uptime)} s, ${megabytes(memory)}\n${tableOf([head, ...rows])}`
}

function megabytes(bytes: number): string {
  return `${(bytes / 1024 ** 2).toFixed(1)} MB`
}

function whichever(pidFile: string | undefined): string {
  if (pidFile === undefined) throw new Failure('it takes --control or --pid-file, as start was given')
  return pidFile
}
