import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { createBodyTools } from '../../src/bodies/tools.js'
import { Deadlines } from '../../src/core/deadlines.js'
import { HeadTemplate } from '../../src/core/head.js'
import type { TransportName } from '../../src/core/settings.js'
import { createResponder } from '../../src/core/to-response.js'
import type { HotpressOptions } from '../../src/index.js'
import { settle } from '../../src/options.js'
import { createMatcher } from '../../src/routing/matcher.js'
import type { TransportHost } from '../../src/transports/transport.js'

/** What the server in the child process tells of itself. */
export interface ChildReport {
  /** Requests whose signal was aborted. */
  readonly aborted: number
  readonly arrayBuffers: number
  /** Open file descriptors; 0 where that cannot be known. */
  readonly descriptors: number
  readonly heapUsed: number
  /** Streams whose source was let go. */
  readonly released: number
  readonly rss: number
}

/** An app in a process of its own: its end is seen, and not suffered. */
export class ChildServer {
  readonly #child: ChildProcess
  readonly port: number

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
  }

  /** @param files the most file descriptors that it may have; not on Windows. */
  static async start(
    transport: TransportName,
    files?: number,
    protocol: 'http' | 'https' = 'http',
  ): Promise<ChildServer> {
    const file = fileURLToPath(new URL('./_child.js', import.meta.url))
    const line = [process.execPath, '--expose-gc', file, transport, protocol]
    const limited = files === undefined ? line : ['/bin/sh', '-c', `ulimit -n ${files} && exec "$0" "$@"`, ...line]
    const child = spawn(limited[0]!, limited.slice(1), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    return new ChildServer(child, (await next(child)) as number)
  }

  /** Why the process is no more; undefined while it lives. */
  get end(): string | undefined {
    const { exitCode, signalCode } = this.#child
    return exitCode === null && signalCode === null ? undefined : `exit code ${exitCode}, signal ${signalCode}`
  }

  /** Closes the app. @returns the milliseconds that it took: long where an exchange was left under way. */
  async close(): Promise<number> {
    this.#child.send('close')
    const time = (await next(this.#child)) as number
    if (this.end === undefined) await once(this.#child, 'exit')
    return time
  }

  /** Ends the process, if the test has not come to its close. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  /** Milliseconds of processor time since it began; asking for them needs no file descriptor. */
  async cpu(): Promise<number> {
    this.#child.send('cpu')
    return (await next(this.#child)) as number
  }

  async report(): Promise<ChildReport> {
    this.#child.send('report')
    return (await next(this.#child)) as ChildReport
  }

  /** Reports until what it says has come true, or time is over. */
  async settled(is: (report: ChildReport) => boolean, time = 3000): Promise<ChildReport> {
    const end = performance.now() + time
    for (;;) {
      const report = await this.report()
      if (is(report) || performance.now() > end) return report
      await sleep(50)
    }
  }
}

async function next(child: ChildProcess): Promise<unknown> {
  const waiting = new AbortController()
  const timer = setTimeout(() => waiting.abort(new Error('the child said nothing for 20 s')), 20_000)
  const ended = once(child, 'exit', waiting).then(([code, signal]) => {
    throw new Error(`the server process ended: exit code ${code}, signal ${signal}`)
  })
  try {
    const [message] = await Promise.race([once(child, 'message', waiting), ended])
    return message
  } finally {
    clearTimeout(timer)
    ended.catch(() => {})
    waiting.abort()
  }
}

/** Connects, and takes errors for the close that follows them. */
export function open(port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  return socket
}

/** What a transport needs of an app, with one function for all of it: for what `app.listen()` and `app.close()` settle. */
export function hostOf(dispatch: TransportHost['dispatch'], options: HotpressOptions = {}): TransportHost {
  const settings = settle({ logger: false, ...options })
  const head = new HeadTemplate(settings.defaultHeaders)
  return {
    bodies: createBodyTools(),
    bridge: undefined,
    deadlines: new Deadlines(settings.requestTimeout),
    decorate: (response) => response,
    dispatch,
    head,
    log: settings.log,
    responder: createResponder(undefined),
    routes: { fixed: undefined, matcher: createMatcher(), wantsPath: [] },
    settings,
    upgrades: [],
  }
}

/** Sends requests on a connection that stays open, and collects what comes. */
export class Client {
  /** All that has come, as Latin-1. */
  received = ''
  readonly #socket: Socket
  readonly closed: Promise<void>

  constructor(port: number) {
    this.#socket = open(port)
    this.#socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1')
    })
    this.closed = new Promise((resolve) => {
      this.#socket.once('close', () => resolve())
    })
  }

  get isClosed(): boolean {
    return this.#socket.destroyed
  }

  /** The statuses of the answers that have come. */
  get statuses(): readonly number[] {
    return [...this.received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status))
  }

  close(): void {
    this.#socket.destroy()
  }

  send(bytes: string): void {
    this.#socket.write(bytes, 'latin1')
  }

  /** Resolves when this many answers have begun; fails when they do not. */
  async answers(count: number, time = 3000): Promise<void> {
    await until(() => this.statuses.length >= count, `${count} answers, got ${this.statuses.join(' ')}`, time)
  }
}

/** Resolves when something has come true; fails when it does not within `time` milliseconds. */
export async function until(is: () => boolean, what: string, time = 3000): Promise<void> {
  const end = performance.now() + time
  while (!is()) {
    if (performance.now() > end) throw new Error(`waited ${time} ms for ${what}`)
    await sleep(5)
  }
}

/** Reads an answer of 100 MB with long pauses. @returns how many bytes came, and the most memory the server had. */
export async function readSlowly(server: ChildServer, path: string): Promise<{ bytes: number; resident: number }> {
  const socket = open(server.port)
  let bytes = 0
  let resident = 0
  socket.write(`GET ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`)
  socket.on('data', (chunk) => {
    bytes += chunk.byteLength
  })
  for (let pauses = 0; pauses < 10 && !socket.destroyed; pauses++) {
    socket.pause()
    await sleep(60)
    resident = Math.max(resident, (await server.report()).rss)
    socket.resume()
    await sleep(10)
  }
  const timer = setTimeout(() => socket.destroy(), 10_000)
  if (!socket.closed) await once(socket, 'close')
  clearTimeout(timer)
  return { bytes, resident }
}
