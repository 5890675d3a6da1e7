import { awaited, begin, type Fields, order, type Told } from './_http3-program.js'

/** RFC 9114, 8.1 */
export const requestCancelled = 0x10c

export interface Http3Head {
  readonly headers: Headers
  readonly status: number
}

/** The whole of an answer. */
export interface Http3Answer extends Http3Head {
  readonly body: Buffer
  /** The informational answers before it. */
  readonly interim: readonly Http3Head[]
  readonly trailers: Fields | undefined
}

/** How a stream ended that did not end well; `code` is that of HTTP/3 (RFC 9114, 8.1), null where the connection ended. */
export class Http3Error extends Error {
  readonly code: number | null

  constructor(missing: string, { code, reason }: Told) {
    super(`no ${missing}: ${reason}`)
    this.code = code ?? null
  }
}

export interface Settled<T> {
  readonly promise: Promise<T>
  reject(error: Error): void
  resolve(value: T): void
}

export function settled<T>(): Settled<T> {
  let resolve: (value: T) => void = () => {}
  let reject: (error: Error) => void = () => {}
  const promise = new Promise<T>((yes, no) => {
    resolve = yes
    reject = no
  })
  return { promise, reject, resolve }
}

/** One request, from its head on. Nothing of its answer is read but what is asked for. */
export class Http3Request {
  readonly #conn: number
  readonly #id: number = begin((told) => this.#take(told))
  readonly #reads: ((told: Told) => void)[] = []
  readonly #sends: Settled<boolean>[] = []
  readonly #unsent: Settled<Http3Error> = settled()
  #failure: Told | undefined
  #isUnsent = false
  #isWhole = false
  /** Those of the answer, when it has been read to its end. */
  trailers: Fields | undefined

  constructor(conn: number, method: string, authority: string, path: string, headers: Fields) {
    this.#conn = conn
    this.#order({ authority, do: 'request', headers, method, path })
  }

  /** Why the rest of the request is not sent, when it is not. */
  get unsent(): Promise<Http3Error> {
    return this.#unsent.promise
  }

  /** Gives up both directions. */
  abort(): void {
    // In this order: an answer that ends without a head, as a reset may have it, is the end of the connection to the h3 crate.
    this.stop(requestCancelled)
    this.reset(requestCancelled)
  }

  /** All that is left of the answer, from its head on. */
  async answer(): Promise<Http3Answer> {
    const interim: Http3Head[] = []
    let head = await this.head()
    for (; head.status < 200; head = await this.head()) interim.push(head)
    const body = await this.bytes()
    return { ...head, body, interim, trailers: this.trailers }
  }

  /** All that is left of the body. */
  async bytes(): Promise<Buffer> {
    const parts: Buffer[] = []
    for (let part = await this.read(); part !== undefined; part = await this.read()) parts.push(part)
    return Buffer.concat(parts)
  }

  /**
   * Sends a part of the body; resolves when all of it has gone into the connection, which the server's windows may keep
   * it from, or with false when it will not.
   */
  data(part: string | Uint8Array): Promise<boolean> {
    if (this.#isUnsent) return Promise.resolve(false)
    const send = settled<boolean>()
    this.#sends.push(send)
    this.#order({ body: Buffer.from(part).toString('base64'), do: 'data' })
    return awaited(send.promise)
  }

  end(trailers: Fields = []): void {
    this.#order({ do: 'end', trailers })
  }

  /** The next head: of an interim answer, or of the answer. */
  async head(): Promise<Http3Head> {
    const told = await this.#next()
    if (told.event !== 'head') throw new Http3Error('head', told)
    const headers = new Headers()
    for (const [name, value] of told.headers ?? []) headers.append(name, value)
    return { headers, status: told.status! }
  }

  /** The next part of the body; undefined at its end. */
  async read(): Promise<Buffer | undefined> {
    if (this.#isWhole) return undefined
    const told = await this.#next()
    if (told.event === 'data') return Buffer.from(told.body!, 'base64')
    if (told.event !== 'end') throw new Http3Error('body', told)
    this.#isWhole = true
    this.trailers = told.trailers ?? undefined
    return undefined
  }

  /** Ends the request in the middle (RESET_STREAM), however much of it waits to be sent. */
  reset(code: number): void {
    this.#order({ code, do: 'reset' })
  }

  /** Wants no more of the answer (STOP_SENDING). */
  stop(code: number): void {
    this.#order({ code, do: 'stop' })
    this.#fail({ code, event: 'failed', reason: 'the client has stopped it' })
  }

  /** All that is left of the body; each byte a character. */
  async text(): Promise<string> {
    return (await this.bytes()).toString('latin1')
  }

  /** What comes next of the answer, or why nothing does. */
  #next(): Promise<Told> {
    if (this.#failure !== undefined) return Promise.resolve(this.#failure)
    const read = new Promise<Told>((resolve) => this.#reads.push(resolve))
    this.#order({ do: 'read' })
    return awaited(read)
  }

  #order(what: object): void {
    order({ ...what, conn: this.#conn, id: this.#id })
  }

  #take(told: Told): void {
    const { event } = told
    if (event === 'sent') {
      this.#sends.shift()?.resolve(true)
    } else if (event === 'data' || event === 'end' || event === 'head') {
      this.#reads.shift()?.(told)
    } else {
      if (event !== 'failed') this.#leave(told)
      if (event !== 'unsent') this.#fail(told)
    }
  }

  #fail(told: Told): void {
    this.#failure ??= told
    for (const read of this.#reads.splice(0)) read(told)
  }

  #leave(told: Told): void {
    this.#isUnsent = true
    this.#unsent.resolve(new Http3Error('more of the request', told))
    for (const send of this.#sends.splice(0)) send.resolve(false)
  }
}
