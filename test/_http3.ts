import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import { type FetchInit, type HttpClient, outgoing, responseOf } from './_clients.js'

// What speaks HTTP/3 here is the h3 crate: neither Node nor most builds of curl do.
const suffix = process.platform === 'win32' ? '.exe' : ''
const program = fileURLToPath(new URL(`../../native/h3-client/target/release/h3-client${suffix}`, import.meta.url))

/** Why there is no client of HTTP/3; false where there is one. */
export const http3Missing: string | false = existsSync(program) ? false : 'not built: npm run build:h3-client'

type Fields = readonly (readonly [name: string, value: string])[]

interface Told {
  readonly certificate?: string
  readonly code?: number | null
  readonly conn?: number
  readonly event:
    | 'certificate'
    | 'closed'
    | 'connected'
    | 'data'
    | 'end'
    | 'failed'
    | 'head'
    | 'parted'
    | 'raw'
    | 'sent'
  readonly failed?: string
  readonly headers?: Fields
  readonly hex?: string
  readonly id?: number
  readonly reason?: string
  readonly reset?: number
  readonly status?: number
  readonly trailers?: Fields
}

export interface Http3Head {
  readonly headers: Headers
  readonly status: number
}

/** What came back by a stream that bytes were written to. */
export interface RawStream {
  readonly bytes: Buffer
  readonly failed: string | undefined
  readonly reset: number | undefined
}

let last = 0
let running: ChildProcess | undefined
const listeners = new Map<string, (told: Told) => void>()

// One process for a test file; it ends with its input, and holds nobody up.
function client(): ChildProcess {
  if (running !== undefined) return running
  const started = spawn(program, { stdio: ['pipe', 'pipe', 'inherit'] })
  started.unref()
  for (const end of [started.stdin!, started.stdout!]) (end as unknown as { unref(): void }).unref()
  createInterface({ input: started.stdout! }).on('line', (line) => {
    const told = JSON.parse(line) as Told
    listeners.get(told.id === undefined ? `conn ${told.conn}` : `id ${told.id}`)?.(told)
  })
  running = started
  return started
}

let waiting = 0

/** While somebody waits for what the client tells, the test's process stays for it; and no longer. */
async function awaited<T>(promise: Promise<T>): Promise<T> {
  const ends = [client(), client().stdout as unknown as { ref(): void; unref(): void }]
  if (waiting++ === 0) for (const end of ends) end.ref()
  try {
    return await promise
  } finally {
    if (--waiting === 0) for (const end of ends) end.unref()
  }
}

function order(what: Record<string, unknown>): void {
  client().stdin!.write(`${JSON.stringify(what)}\n`)
}

const hexOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')

/** One request, from its head on. */
export class Http3Request {
  readonly #events: Told[] = []
  readonly #id: number = ++last
  #isAborted = false
  #wake: (() => void) | undefined
  #sent: (() => void) | undefined
  trailers: Fields = []

  constructor(conn: number, method: string, authority: string, path: string, headers: Fields) {
    listeners.set(`id ${this.#id}`, (told) => {
      if (told.event === 'sent') {
        this.#sent?.()
        return
      }
      this.#events.push(told)
      this.#wake?.()
      if (told.event === 'failed') this.#sent?.()
    })
    order({ authority, conn, do: 'request', headers, id: this.#id, method, path })
  }

  async #next(): Promise<Told> {
    while (this.#events.length === 0) {
      if (this.#isAborted) return { event: 'failed', reason: 'aborted' }
      await awaited(
        new Promise<void>((resolve) => {
          this.#wake = resolve
        }),
      )
    }
    return this.#events.shift()!
  }

  abort(): void {
    order({ do: 'abort', id: this.#id })
    // Nothing more is told of it, and whoever waits is to know.
    this.#isAborted = true
    this.#sent?.()
    this.#wake?.()
  }

  /** Sends a part of the body; resolves when the connection has taken it. */
  async data(bytes: Uint8Array): Promise<void> {
    const sent = new Promise<void>((resolve) => {
      this.#sent = resolve
    })
    order({ do: 'data', hex: hexOf(bytes), id: this.#id })
    await awaited(sent)
  }

  end(trailers: Fields = []): void {
    order({ do: 'end', id: this.#id, trailers })
  }

  /** The next head: of an interim answer, or of the answer. */
  async head(): Promise<Http3Head> {
    const told = await this.#next()
    if (told.event !== 'head') throw new Error(`no head: ${told.reason ?? told.event}`)
    const headers = new Headers()
    for (const [name, value] of told.headers ?? []) headers.append(name, value)
    return { headers, status: told.status! }
  }

  /** The next part of the body; undefined at its end. */
  async read(): Promise<Buffer | undefined> {
    order({ do: 'read', id: this.#id })
    const told = await this.#next()
    if (told.event === 'data') return Buffer.from(told.hex!, 'hex')
    if (told.event !== 'end') throw new Error(told.reason)
    this.trailers = told.trailers ?? []
    return undefined
  }

  async text(): Promise<string> {
    const parts: Buffer[] = []
    for (let part = await this.read(); part !== undefined; part = await this.read()) parts.push(part)
    return Buffer.concat(parts).toString('latin1')
  }
}

interface ConnectOptions {
  readonly alpn?: string
  /** The client's own certificate and key, as DER. */
  readonly cert?: Uint8Array
  readonly key?: Uint8Array
  readonly name?: string
  /** Streams alone, without HTTP/3 on them. */
  readonly raw?: boolean
}

/** A connection of HTTP/3. */
export class Http3Connection {
  readonly #conn: number
  readonly authority: string
  /** That of the server, as DER in hexadecimal. */
  readonly certificate: string | undefined
  /** The code that the server has closed it with; null where it ended in another way. */
  readonly closed: Promise<number | null>

  private constructor(
    conn: number,
    authority: string,
    certificate: string | undefined,
    closed: Promise<number | null>,
  ) {
    this.#conn = conn
    this.authority = authority
    this.certificate = certificate
    this.closed = closed
  }

  static async open(port: number, { cert, key, ...options }: ConnectOptions = {}): Promise<Http3Connection> {
    const conn = ++last
    const opened = new Promise<Http3Connection>((resolve, reject) => {
      let close: (code: number | null) => void
      const closed = new Promise<number | null>((resolveClosed) => {
        close = resolveClosed
      })
      const authority = `${options.name ?? 'localhost'}:${port}`
      listeners.set(`conn ${conn}`, ({ certificate, code, event, reason }) => {
        if (event === 'connected') resolve(new Http3Connection(conn, authority, certificate, closed))
        if (event !== 'closed') return
        close(code ?? null)
        reject(new Error(reason || `closed with ${code}`))
      })
      const own = cert === undefined || key === undefined ? {} : { cert: hexOf(cert), key: hexOf(key) }
      order({ conn, do: 'connect', port, ...own, ...options })
    })
    return awaited(opened)
  }

  close(): void {
    order({ conn: this.#conn, do: 'close' })
  }

  request(path: string, method = 'GET', headers: Fields = [], authority: string = this.authority): Http3Request {
    return new Http3Request(this.#conn, method, authority, path, headers)
  }

  /** A request without a body, and its answer. */
  async get(path: string, method = 'GET', headers: Fields = []): Promise<Http3Head & { readonly text: string }> {
    const request = this.request(path, method, headers)
    request.end()
    const head = await request.head()
    return { ...head, text: await request.text() }
  }

  /** Opens a stream and writes bytes to it, as often as is asked for. */
  write(bytes: Uint8Array, how: Record<string, unknown> = {}): Promise<RawStream> {
    const id = ++last
    return new Promise((resolve) => {
      listeners.set(`id ${id}`, ({ failed, hex, reset }) => {
        resolve({ bytes: Buffer.from(hex ?? '', 'hex'), failed, reset })
      })
      order({ conn: this.#conn, do: 'write', hex: hexOf(bytes), id, kind: 'bi', ...how })
    })
  }
}

/** HTTP/3 by the h3 crate, on one connection for as long as it lasts. */
export function http3Client(base: string): HttpClient {
  const { hostname, port: written } = new URL(base)
  const port = Number(written)
  let kept: Promise<Http3Connection> | undefined

  async function connection(): Promise<Http3Connection> {
    kept ??= Http3Connection.open(port, { name: hostname })
    const made = await kept
    made.closed.then(() => {
      kept = undefined
    })
    return made
  }

  return {
    close() {
      kept?.then((made) => made.close())
    },
    async fetch(path: string, init: FetchInit = {}) {
      const out = await outgoing(base, path, init)
      out.signal?.throwIfAborted()
      const { host, ...headers } = Object.fromEntries(out.headers)
      for (const name of ['connection', 'keep-alive', 'transfer-encoding']) delete headers[name]
      const made = await connection()
      const request = made.request(out.path, out.method, Object.entries(headers), host)
      const aborted = new Promise<never>((_, reject) => {
        out.signal?.addEventListener('abort', () => {
          request.abort()
          reject(out.signal?.reason)
        })
      })
      send(request, out.body)
      let head: Http3Head
      try {
        head = await Promise.race([request.head(), aborted])
        while (head.status < 200) head = await request.head()
      } catch (error) {
        // What is no request is refused without an answer: by the library, or by the server's end of the stream.
        const isRefusal = /^no head: (?:invalid|path|.*H3_MESSAGE_ERROR)/.test((error as Error).message)
        if (out.asSent && isRefusal) return new Response('', { status: 400 })
        throw error
      }
      const body = new Readable({
        destroy(error, done) {
          request.abort()
          done(error)
        },
        read() {
          request.read().then(
            (part) => this.push(part ?? null),
            (error: Error) => this.destroy(error),
          )
        },
      })
      return responseOf({ body, headers: head.headers, status: head.status }, out)
    },
  }
}

async function send(request: Http3Request, body: ReadableStream<Uint8Array> | Uint8Array | undefined): Promise<void> {
  if (body instanceof ReadableStream) {
    try {
      for await (const part of body) await request.data(part)
    } catch {
      request.abort()
      return
    }
  } else if (body !== undefined && body.byteLength > 0) {
    request.data(body)
  }
  request.end()
}
