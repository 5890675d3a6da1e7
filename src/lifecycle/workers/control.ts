import { Buffer } from 'node:buffer'
import { chmodSync, unlinkSync } from 'node:fs'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { connect, isIP } from 'node:net'
import type { Logger } from '../../core/logger.js'
import type { ValueFamily } from '../../core/metric.js'
import { HotpressError } from '../../errors.js'
import type { ControlSettings } from '../workers-options.js'
import type { Supervisor } from './supervisor.js'
import { workerFamilies } from './worker-families.js'
import { type WorkersReport, workersReport } from './workers-report.js'

/** Milliseconds for a request to come whole: who asks is a program beside this one. */
const requestTimeout = 5000

interface Answer {
  readonly allow?: string
  readonly body: object | string
  readonly status: number
  /** Of a text. */
  readonly type?: string
}

/**
 * Makes one text of what workers say of their metrics, and of what is known of workers.
 *
 * @param reports by the ids of workers.
 * @param accept of whoever asks.
 */
export type WriteMetrics = (
  reports: ReadonlyMap<number, unknown>,
  known: readonly ValueFamily[],
  accept: string | undefined,
) => { readonly text: string; readonly type: string }

/** Milliseconds for workers to say what they have counted. */
const patience = 1000

/** Answers those who ask how workers are. It has no part in what they serve. */
export class ControlServer {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  /** @throws HotpressError `ADDRESS_IN_USE`, `ADDRESS_REFUSED` */
  static async listen(
    where: ControlSettings,
    supervisor: Supervisor,
    { log, writeMetrics }: { readonly log: Logger; readonly writeMetrics: WriteMetrics },
  ): Promise<ControlServer> {
    const isLocal = 'path' in where || isLoopback(where.host)
    const server = createServer({ requestTimeout }, (request, response) => {
      const answered =
        isLocal && !('path' in where) && !namesLoopback(request)
          ? Promise.resolve(failure(403, 'this is asked for by an address, or localhost'))
          : answerOf(request, supervisor, 'path' in where, writeMetrics)
      answered.then(
        (answer) => send(request, response, answer),
        (error: unknown) => {
          log.error({ err: error }, 'the control endpoint has failed')
          send(request, response, failure(500, 'it has failed: the log says why'))
        },
      )
    })
    await bind(server, where)
    // Whoever holds one open has no part in when the process ends.
    server.unref()
    return new ControlServer(server)
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve())
      this.#server.closeAllConnections()
    })
  }
}

async function answerOf(
  { headers, method, url = '' }: IncomingMessage,
  supervisor: Supervisor,
  mayReload: boolean,
  writeMetrics: WriteMetrics,
): Promise<Answer> {
  const path = url.split('?')[0]
  if (path === '/reload')
    return mayReload ? reload(method, supervisor) : failure(403, 'a reload is asked for by a path')
  const make = path === undefined ? undefined : answers.get(path)
  if (make === undefined) return failure(404, `nothing is at ${path}: there are ${[...answers.keys()].join(', ')}`)
  if (method !== 'GET' && method !== 'HEAD')
    return { ...failure(405, `${method} is not allowed here`), allow: 'GET, HEAD' }
  const further = path === undefined ? undefined : furtherReports.get(path)
  const [report, said] = await Promise.all([
    workersReport(supervisor),
    further === undefined ? new Map<number, unknown>() : supervisor.gather(further, patience),
  ])
  return make(report, (known) => writeMetrics(said, known, headers.accept), said)
}

/** @param said what workers have said beside how they are. */
type Make = (
  report: WorkersReport,
  write: (known: readonly ValueFamily[]) => ReturnType<WriteMetrics>,
  said: ReadonlyMap<number, unknown>,
) => Answer

const answers: ReadonlyMap<string, Make> = new Map<string, Make>([
  ['/healthz', () => ({ body: { status: 'ok' }, status: 200 })],
  [
    '/metrics',
    (report, write) => {
      const { text, type } = write(workerFamilies(report))
      return { body: text, status: 200, type }
    },
  ],
  [
    '/readyz',
    ({ isReady, workers }) => ({
      body: {
        status: isReady ? 'ok' : 'failed',
        workers: Object.fromEntries(
          workers.map(({ id, isReady: isFit, state }) => [id, !isFit && state === 'ready' ? 'failed' : state]),
        ),
      },
      status: isReady ? 200 : 503,
    }),
  ],
  ['/stats', (report, _, said) => ({ body: withStats(report, said), status: 200 })],
  ['/workers', (report) => ({ body: report, status: 200 })],
])

/** What workers are asked for, by the path that wants it. */
const furtherReports: ReadonlyMap<string, string> = new Map([
  ['/metrics', 'metrics'],
  ['/stats', 'stats'],
])

function withStats({ workers, ...rest }: WorkersReport, stats: ReadonlyMap<number, unknown>): object {
  return { ...rest, workers: workers.map((worker) => ({ ...worker, stats: stats.get(worker.id) ?? null })) }
}

async function reload(method: string | undefined, supervisor: Supervisor): Promise<Answer> {
  if (method !== 'POST') return { ...failure(405, `${method} is not allowed here`), allow: 'POST' }
  if (!supervisor.isOpen) return failure(503, 'the workers are being closed')
  try {
    await supervisor.reload()
    return { body: { status: 'ok' }, status: 200 }
  } catch (error) {
    return failure(500, error instanceof Error ? error.message : String(error))
  }
}

function failure(status: number, detail: string): Answer {
  return { body: { detail, status: 'failed' }, status }
}

function send({ method }: IncomingMessage, response: ServerResponse, { allow, body, status, type }: Answer): void {
  const text = typeof body === 'string' ? body : `${JSON.stringify(body)}\n`
  response.writeHead(status, {
    ...(allow === undefined ? {} : { Allow: allow }),
    'Cache-Control': 'no-store',
    'Content-Length': Buffer.byteLength(text),
    'Content-Type': type ?? 'application/json; charset=utf-8',
    'X-Content-Type-Options': 'nosniff',
  })
  response.end(method === 'HEAD' ? undefined : text)
}

async function bind(server: Server, where: ControlSettings): Promise<void> {
  try {
    await listenAt(server, where)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const address = 'path' in where ? where.path : `${where.host}:${where.port}`
    const isStale = 'path' in where && code === 'EADDRINUSE' && !(await answersAt(where.path))
    if (!isStale) {
      if (code === 'EADDRINUSE') throw new HotpressError('ADDRESS_IN_USE', { address }, { cause: error })
      throw new HotpressError('ADDRESS_REFUSED', { address, reason: message }, { cause: error })
    }
    // Left by one that was ended by force.
    unlinkSync(where.path)
    await listenAt(server, where)
  }
  if ('path' in where && process.platform !== 'win32') chmodSync(where.path, 0o600)
}

function listenAt(server: Server, where: ControlSettings): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ ...where, exclusive: true }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}

function answersAt(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host)
}

// A page of another site can have a name of its own mean this machine (DNS rebinding).
function namesLoopback({ headers }: IncomingMessage): boolean {
  const name = (headers.host ?? '').replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1')
  return name === 'localhost' || isIP(name) !== 0
}
