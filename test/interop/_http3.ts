import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { fixturePath } from '../_certificates.js'

const crate = fileURLToPath(new URL('../../../test/clients/h3', import.meta.url))
const program = (name: string): string => path.join(crate, 'target/debug', name)

/** Why tests with the client are skipped: it is not built, and cannot be. */
export const http3Skip: string | false = (() => {
  if (spawnSync('cargo', ['--version'], { stdio: 'ignore' }).error === undefined) return false
  return existsSync(program('h3-client')) ? false : 'cargo is not installed, which the client of HTTP/3 is built with'
})()

/** Builds the client and the server of HTTP/3, unless they are there: half a minute on a core where nothing is. */
export async function buildHttp3(): Promise<void> {
  // As they are, where they were built by another or this is another machine than they were built on.
  if (spawnSync('cargo', ['--version'], { stdio: 'ignore' }).error !== undefined) return
  const child = spawn('cargo', ['build', '--locked', '--quiet'], { cwd: crate, stdio: ['ignore', 'ignore', 'inherit'] })
  const status = await new Promise((resolve) => child.once('close', resolve))
  assert.equal(status, 0, 'the client of HTTP/3 does not build')
}

export type Fields = readonly (readonly [name: string, value: string])[]

export interface Http3Head {
  readonly headers: Fields
  readonly status: number
}

export interface Http3Answer extends Http3Head {
  readonly body: Buffer
  /** The informational answers before it. */
  readonly interim: readonly Http3Head[]
  readonly trailers: Fields | null
}

/** How a stream ended that did not end well; `code` is that of HTTP/3 (RFC 9114, 8.1), null where the connection ended. */
export class Http3Error extends Error {
  readonly code: number | null

  constructor(event: string, { code, reason }: Event) {
    super(`${event}: ${reason}`)
    this.code = code ?? null
  }
}

interface Event {
  readonly body?: string
  readonly code?: number | null
  readonly event: string
  readonly headers?: Fields
  readonly id?: number
  readonly reason?: string
  readonly status?: number
  readonly trailers?: Fields | null
}

export interface Http3Init {
  /** Sent whole, and then the request ends; without one it ends after its head. Open: as {@link Http3Exchange} is told. */
  readonly body?: string | Uint8Array | 'open'
  readonly headers?: Fields
  readonly method?: string
  /** False: nothing of the answer is read until it is told. */
  readonly reads?: boolean
  readonly trailers?: Fields
}

export interface Http3Options {
  readonly alpn?: string
  readonly ca?: string
  /** The files of the client's own certificate and key. */
  readonly identity?: { readonly cert: string; readonly key: string }
  /** The host name, for SNI, for what the certificate is to hold and for `:authority`. */
  readonly name?: string
}

function settled<T>(): { promise: Promise<T>; reject: (error: Error) => void; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  // Whoever waits for it is told; nobody may.
  promise.catch(() => {})
  return { promise, reject, resolve }
}

/** A request and its answer, both as far as they have come. */
export class Http3Exchange {
  readonly #answer = settled<Http3Answer>()
  readonly #body: Buffer[] = []
  readonly #head = settled<Http3Head>()
  readonly #interim: Http3Head[] = []
  readonly #order: (order: object) => void
  readonly #sending: (() => void)[] = []
  readonly #unsent = settled<Http3Error>()
  #final: Http3Head | undefined

  constructor(order: (order: object) => void) {
    this.#order = order
  }

  /** The whole of it; rejects with an {@link Http3Error}. */
  get answer(): Promise<Http3Answer> {
    return this.#answer.promise
  }

  /** Of the final answer. */
  get head(): Promise<Http3Head> {
    return this.#head.promise
  }

  /** Bytes of the answer's body so far. */
  get received(): number {
    return this.#body.reduce((sum, { length }) => sum + length, 0)
  }

  /** Why the server does not take the rest of the request. */
  get unsent(): Promise<Http3Error> {
    return this.#unsent.promise
  }

  end(trailers?: Fields): void {
    this.#order({ do: 'end', trailers })
  }

  /** Reads on, where it was not to. */
  read(): void {
    this.#order({ do: 'read' })
  }

  /** Ends the request in the middle (RESET_STREAM). */
  reset(code: number): void {
    this.#order({ code, do: 'reset' })
  }

  /** Resolves when all of it has gone into the connection, which the server's windows may keep from it. */
  send(part: string | Uint8Array): Promise<void> {
    this.#order({ body: Buffer.from(part).toString('base64'), do: 'send' })
    return new Promise((resolve) => this.#sending.push(resolve))
  }

  /** Wants no more of the answer (STOP_SENDING). */
  stop(code: number): void {
    this.#order({ code, do: 'stop' })
  }

  /** What the client tells of it. */
  take(event: Event): void {
    const { body, event: name, headers = [], status = 0, trailers = null } = event
    if (name === 'sent') {
      this.#sending.shift()?.()
    } else if (name === 'data') {
      this.#body.push(Buffer.from(body!, 'base64'))
    } else if (name === 'head' && status < 200) {
      this.#interim.push({ headers, status })
    } else if (name === 'head') {
      this.#final = { headers, status }
      this.#head.resolve(this.#final)
    } else if (name === 'end') {
      this.#answer.resolve({ ...this.#final!, body: Buffer.concat(this.#body), interim: this.#interim, trailers })
    } else {
      const error = new Http3Error(name, event)
      if (name === 'unsent') {
        this.#unsent.resolve(error)
        return
      }
      this.#head.reject(error)
      this.#answer.reject(error)
    }
  }
}

/** One connection of HTTP/3. */
export class Http3Connection {
  readonly #child: ChildProcess
  readonly #closed = settled<string>()
  readonly #exchanges: Http3Exchange[] = []
  readonly #opened = settled<void>()
  readonly #origin: string

  private constructor(port: number, { alpn = 'h3', ca = fixturePath('ca.pem'), identity, name }: Http3Options) {
    const authority = name ?? 'a.example'
    this.#origin = `https://${authority}:${port}`
    const args = [`127.0.0.1:${port}`, authority, ca, '--alpn', alpn]
    if (identity !== undefined) args.push('--identity', identity.cert, identity.key)
    this.#child = spawn(program('h3-client'), args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#child.on('error', this.#opened.reject)
    // It may have left before it is told.
    this.#child.stdin!.on('error', () => {})
    const abandon = (): void => {
      this.#child.kill('SIGKILL')
    }
    process.once('exit', abandon)
    this.#child.once('close', () => {
      process.removeListener('exit', abandon)
      this.#opened.reject(new Error('the client of HTTP/3 has ended'))
      this.#closed.resolve('the client of HTTP/3 has ended')
    })
    createInterface({ input: this.#child.stdout! }).on('line', (line) => this.#take(JSON.parse(line) as Event))
  }

  /** @throws Error saying why the handshake failed. */
  static async open(port: number, options: Http3Options = {}): Promise<Http3Connection> {
    const connection = new Http3Connection(port, options)
    await connection.#opened.promise
    return connection
  }

  /** Why it was closed, when it is. */
  get closed(): Promise<string> {
    return this.#closed.promise
  }

  /** Closes it, and ends the client. */
  async close(): Promise<void> {
    this.#child.stdin!.end()
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      await new Promise((resolve) => this.#child.once('close', resolve))
    }
  }

  /** Goes on from another port, as a client does whose network has changed. */
  rebind(): void {
    this.#order({ do: 'rebind' })
  }

  /** Sends a request and waits for all of the answer. */
  fetch(path: string, init: Http3Init = {}): Promise<Http3Answer> {
    return this.request(path, init).answer
  }

  request(path: string, { body, headers = [], method = 'GET', reads = true, trailers }: Http3Init = {}): Http3Exchange {
    const id = this.#exchanges.length
    const exchange = new Http3Exchange((order) => this.#order({ ...order, id }))
    this.#exchanges.push(exchange)
    this.#order({ do: 'request', headers, id, method, reads, url: this.#origin + path })
    if (body === 'open') return exchange
    if (body !== undefined) exchange.send(body)
    exchange.end(trailers)
    return exchange
  }

  #order(order: object): void {
    this.#child.stdin!.write(`${JSON.stringify(order)}\n`)
  }

  #take(event: Event): void {
    if (event.event === 'connected') this.#opened.resolve()
    else if (event.event === 'failed') this.#opened.reject(new Error(event.reason))
    else if (event.event === 'closed') this.#closed.resolve(event.reason!)
    else this.#exchanges[event.id!]!.take(event)
  }
}

/** Starts the server that the client is tested with. */
export async function startReference(): Promise<{ readonly port: number; close(): Promise<void> }> {
  const files = [fixturePath('a-chain.pem'), fixturePath('a-key.pem')]
  const child = spawn(program('h3-server'), files, { stdio: ['pipe', 'pipe', 'inherit'] })
  const port = await new Promise<number>((resolve, reject) => {
    child.once('error', reject)
    child.stdout.once('data', (line) => resolve(Number(line)))
  })
  return {
    async close() {
      const ended = new Promise((resolve) => child.once('close', resolve))
      child.stdin.end()
      await ended
    },
    port,
  }
}
