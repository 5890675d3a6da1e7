import { Readable } from 'node:stream'
import { type FetchInit, type HttpClient, mostAsSent, type Outgoing, outgoing, responseOf } from './_clients.js'
import { awaited, begin, type Fields, order, type Told } from './_http3-program.js'
import { type Http3Answer, type Http3Head, Http3Request, type Settled, settled } from './_http3-request.js'

export { http3Missing } from './_http3-program.js'
export { Http3Error, requestCancelled } from './_http3-request.js'

/** What came back by a stream that bytes were written to. */
export interface RawStream {
  readonly bytes: Buffer
  readonly failed: string | undefined
  readonly reset: number | undefined
}

export interface Http3Options {
  readonly alpn?: string
  /** The file of the authority that the server's certificate is verified by; without one, any is believed. */
  readonly ca?: string
  /** The files of the client's own certificate and key. */
  readonly identity?: { readonly cert: string; readonly key: string }
  /** The host name, for SNI, for what the certificate is to hold and for `:authority`. */
  readonly name?: string
  /** Streams alone, without HTTP/3 on them. */
  readonly raw?: boolean
}

export interface Http3Init {
  /** Without one, the request ends after its head. */
  readonly body?: string | Uint8Array
  readonly headers?: Fields
  readonly method?: string
  readonly trailers?: Fields
}

export interface RawInit {
  /** Whether the stream then ends; else that of one direction does with the connection, the other with what comes back. */
  readonly end?: boolean
  readonly kind?: 'bi' | 'uni'
  /** The code that it is then reset with. */
  readonly reset?: number
  /** The code that what comes back is refused with. */
  readonly stop?: number
  /** How often the bytes are written; once unless given. */
  readonly times?: number
}

/** A connection of HTTP/3. */
export class Http3Connection {
  readonly #closed: Settled<number | null> = settled()
  readonly #conn: number = begin((told) => this.#take(told))
  readonly #opened: Settled<void> = settled()
  #certificate: string | undefined
  readonly authority: string

  private constructor(port: number, name: string) {
    this.authority = `${name}:${port}`
  }

  /** @throws Error saying why there is none. */
  static async open(port: number, options: Http3Options = {}): Promise<Http3Connection> {
    const { alpn = 'h3', name = 'localhost' } = options
    const connection = new Http3Connection(port, name)
    connection.#order({ ...options, alpn, do: 'connect', name, port })
    await awaited(connection.#opened.promise)
    return connection
  }

  /** That of the server, as DER in hexadecimal. */
  get certificate(): string | undefined {
    return this.#certificate
  }

  /** The code that the server has closed it with; null where it ended in another way. */
  get closed(): Promise<number | null> {
    return awaited(this.#closed.promise)
  }

  async close(): Promise<void> {
    this.#order({ do: 'close' })
    await this.closed
  }

  /** Sends a request and waits for all of the answer. */
  fetch(path: string, { body, headers, method, trailers }: Http3Init = {}): Promise<Http3Answer> {
    const request = this.request(path, method, headers)
    if (body !== undefined) request.data(body)
    request.end(trailers)
    return request.answer()
  }

  /** A request without a body, and its answer. */
  async get(path: string, method = 'GET', headers: Fields = []): Promise<Http3Answer & { readonly text: string }> {
    const answer = await this.fetch(path, { headers, method })
    return { ...answer, text: answer.body.toString('latin1') }
  }

  /** Calls when it is closed, and does not hold the process until then as {@link closed} does. */
  onClosed(listener: () => void): void {
    this.#closed.promise.then(listener)
  }

  /** Goes on from another port, as a client does whose network has changed. */
  rebind(): void {
    this.#order({ do: 'rebind' })
  }

  request(path: string, method = 'GET', headers: Fields = [], authority: string = this.authority): Http3Request {
    return new Http3Request(this.#conn, method, authority, path, headers)
  }

  /** Opens a stream and writes bytes to it. */
  write(bytes: Uint8Array, init: RawInit = {}): Promise<RawStream> {
    const stream = settled<RawStream>()
    const id = begin(({ body = '', code, reason }) => {
      stream.resolve({ bytes: Buffer.from(body, 'base64'), failed: reason, reset: code ?? undefined })
    })
    this.#order({ ...init, body: Buffer.from(bytes).toString('base64'), do: 'write', id })
    return awaited(stream.promise)
  }

  #order(what: object): void {
    order({ ...what, conn: this.#conn })
  }

  #take({ certificate, code, event, reason }: Told): void {
    if (event === 'connected') {
      if (certificate !== undefined) this.#certificate = Buffer.from(certificate, 'base64').toString('hex')
      this.#opened.resolve()
    } else {
      this.#opened.reject(new Error(reason))
      this.#closed.resolve(code ?? null)
    }
  }
}

/** HTTP/3 by the h3 crate, on one connection for as long as it lasts, but for requests that go out as they were given. */
export function http3Client(base: string): HttpClient {
  const { hostname, port: written } = new URL(base)
  const port = Number(written)
  const all: Promise<Http3Connection>[] = []
  let asSent = 0
  let kept: Promise<Http3Connection> | undefined

  function connection(out: Outgoing): Promise<Http3Connection> {
    const isUsedUp = out.asSent && asSent++ % mostAsSent === 0
    if (kept !== undefined && !isUsedUp) return kept
    const opened = Http3Connection.open(port, { name: hostname })
    const forget = (): void => {
      if (kept === opened) kept = undefined
    }
    opened.then((made) => made.onClosed(forget), forget)
    all.push(opened)
    kept = opened
    return opened
  }

  return {
    close() {
      for (const opened of all) {
        opened.then(
          (made) => made.close(),
          () => {},
        )
      }
    },
    async fetch(path: string, init: FetchInit = {}) {
      const out = await outgoing(base, path, init)
      out.signal?.throwIfAborted()
      const { host, ...headers } = Object.fromEntries(out.headers)
      for (const name of ['connection', 'keep-alive', 'transfer-encoding']) delete headers[name]
      const made = await connection(out)
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
        // What is no request is refused without an answer: by the library, or by the server's end of the stream, and of
        // the connection where there are too many of them.
        const isRefusal = /^no head: (?:invalid|path|.*H3_(?:EXCESSIVE_LOAD|MESSAGE_ERROR))/.test(
          (error as Error).message,
        )
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
      // Whoever reads is told; nobody may, as of an answer without a body.
      body.on('error', () => {})
      return responseOf({ body, headers: head.headers, status: head.status }, out)
    },
  }
}

async function send(request: Http3Request, body: ReadableStream<Uint8Array> | Uint8Array | undefined): Promise<void> {
  if (body instanceof ReadableStream) {
    try {
      for await (const part of body) if (!(await request.data(part))) return
    } catch {
      request.abort()
      return
    }
  } else if (body !== undefined && body.byteLength > 0) {
    request.data(body)
  }
  request.end()
}
