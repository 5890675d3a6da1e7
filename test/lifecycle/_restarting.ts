import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import type { RunOptions } from '../../src/index.js'
import type { VariantName } from '../_variants.js'

/** An app in a process of its own. */
export class AppProcess {
  readonly #child: ChildProcess
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>
  readonly port: number

  private constructor(child: ChildProcess, port: number) {
    this.#child = child
    this.port = port
    this.ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })))
  }

  static async start(variant: VariantName, options: RunOptions): Promise<AppProcess> {
    const file = fileURLToPath(new URL('./_restart-app.js', import.meta.url))
    const child = spawn(process.execPath, [file, variant, JSON.stringify(options)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const failed = once(child, 'exit').then(() => {
      throw new Error('the app has not come to listen')
    })
    const [port] = await Promise.race([once(child, 'message'), failed])
    failed.catch(() => {})
    return new AppProcess(child, port as number)
  }

  /** Resolves when it says that it is ready no more. */
  async isUnready(): Promise<void> {
    for (let isReady = true; isReady; ) {
      this.#child.send('ready?')
      const [answer] = await once(this.#child, 'message')
      isReady = answer as boolean
    }
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#child.kill(signal)
  }
}

/** What stands before apps: it hands each new connection to the one that is ready, and leaves the others where they are. */
export class Front {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #target = 0

  private constructor() {
    this.#server = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#carry(client))
  }

  static async open(): Promise<Front> {
    const front = new Front()
    await new Promise<void>((resolve) => front.#server.listen(0, '127.0.0.1', resolve))
    return front
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  close(): void {
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  to(port: number): void {
    this.#target = port
  }

  #carry(client: Socket): void {
    const upstream = connect({ allowHalfOpen: true, host: '127.0.0.1', noDelay: true, port: this.#target })
    for (const [from, into] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#sockets.add(from)
      from.on('error', () => into.destroy())
      from.on('close', (hadError) => {
        this.#sockets.delete(from)
        if (hadError || !into.writableEnded) into.destroy()
      })
      from.pipe(into)
    }
  }
}
