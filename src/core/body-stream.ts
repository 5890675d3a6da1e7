/** What a stream asks of whatever feeds it. */
export interface StreamFlow {
  pauseBody(): void
  resumeBody(): void
}

interface Waiting {
  readonly promise: Promise<IteratorResult<Uint8Array>>
  reject(error: Error): void
  resolve(result: IteratorResult<Uint8Array>): void
}

const done: IteratorReturnResult<undefined> = Object.freeze({ done: true, value: undefined })

/**
 * The parts of a body as they are asked for. Where the reader is slower than the sender, the sender is held: once as
 * much as the high-water mark waits, until less than half of it does.
 */
export class BodyStream implements AsyncIterableIterator<Uint8Array> {
  #error: Error | undefined = undefined
  readonly #flow: StreamFlow
  readonly #highWater: number
  #isEnded = false
  #isHeld = false
  #isReleased = false
  /** Where in `#queue` the next part is. */
  #next = 0
  #queue: Uint8Array[] = []
  /** Bytes in the queue. */
  #size = 0
  #waiting: Waiting | undefined = undefined

  constructor(flow: StreamFlow, highWater: number) {
    this.#flow = flow
    this.#highWater = highWater
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  /** All of it has come, with this last part. */
  end(part?: Uint8Array): void {
    this.#isEnded = true
    if (part !== undefined) this.push(part)
    if (this.#waiting !== undefined) this.#settle(done)
  }

  /** No more will come; what waits is not given any more. */
  fail(error: Error): void {
    if (this.#isEnded || this.#error !== undefined) return
    this.#error = error
    this.#drop()
    const waiting = this.#waiting
    this.#waiting = undefined
    if (waiting === undefined) return
    waiting.promise.catch(() => {})
    waiting.reject(error)
  }

  /** Holds the sender no longer, whatever waits. */
  letCome(): void {
    if (!this.#isHeld) return
    this.#isHeld = false
    this.#flow.resumeBody()
  }

  next(): Promise<IteratorResult<Uint8Array>> {
    // A second call before the first is settled has its turn after it.
    if (this.#waiting !== undefined) return this.#waiting.promise.then(() => this.next())
    const value = this.#queue[this.#next]
    if (value !== undefined) {
      this.#size -= value.byteLength
      this.#next++
      if (this.#next === this.#queue.length) this.#drop()
      if (this.#size <= this.#highWater / 2) this.letCome()
      return Promise.resolve({ done: false, value })
    }
    if (this.#error !== undefined && !this.#isReleased) {
      const promise = Promise.reject(this.#error)
      promise.catch(() => {})
      return promise
    }
    if (this.#isEnded || this.#isReleased) return Promise.resolve(done)
    let resolve!: Waiting['resolve']
    let reject!: Waiting['reject']
    const promise = new Promise<IteratorResult<Uint8Array>>((yes, no) => {
      resolve = yes
      reject = no
    })
    this.#waiting = { promise, reject, resolve }
    this.letCome()
    return promise
  }

  /** Takes a part. */
  push(part: Uint8Array): void {
    if (part.byteLength === 0) return
    if (this.#waiting !== undefined) {
      this.#settle({ done: false, value: part })
      return
    }
    if (!this.#isReleased) {
      this.#queue.push(part)
      this.#size += part.byteLength
      if (this.#size < this.#highWater) return
    }
    if (this.#isEnded) return
    // Asked for again where more comes all the same: a transport may have gone on by itself.
    this.#isHeld = true
    this.#flow.pauseBody()
  }

  /** The reader wants no more. The sender is held until the request is answered. */
  return(): Promise<IteratorResult<Uint8Array>> {
    this.#isReleased = true
    this.#drop()
    if (this.#waiting !== undefined) this.#settle(done)
    return Promise.resolve(done)
  }

  #drop(): void {
    this.#next = 0
    this.#queue = []
    this.#size = 0
  }

  #settle(result: IteratorResult<Uint8Array>): void {
    const waiting = this.#waiting!
    this.#waiting = undefined
    waiting.resolve(result)
  }
}
