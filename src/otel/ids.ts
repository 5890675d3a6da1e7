import { Buffer } from 'node:buffer'
import { randomFillSync } from 'node:crypto'
import type { IdGenerator } from '@opentelemetry/sdk-trace'

// Ids are written out a batch at a time into one text and cut from it, which costs a tenth of writing each: a request that
// is not recorded needs its id all the same. Not more than 64, because a cut keeps the whole text for as long as it is kept.
const perBatch = 64
// One call of the generator serves several batches: the call costs more than the bytes.
const batches = 8

/** Random ids of so many bytes, in hexadecimal digits. */
class RandomIds {
  #at = 0
  readonly #bytes: number
  #end = 0
  readonly #random: Buffer
  #text = ''
  readonly #zero: string

  constructor(bytes: number) {
    this.#bytes = bytes
    this.#random = Buffer.alloc(bytes * perBatch * batches)
    this.#zero = '0'.repeat(bytes * 2)
  }

  next(): string {
    for (;;) {
      if (this.#at === this.#text.length) this.#write()
      const id = this.#text.slice(this.#at, this.#at + this.#bytes * 2)
      this.#at += this.#bytes * 2
      // It stands for none.
      if (id !== this.#zero) return id
    }
  }

  /** The XOR of the numbers of 32 bits that the last id is made of. */
  number(): number {
    const start = this.#end - this.#bytes * perBatch + this.#at / 2 - this.#bytes
    let number = 0
    for (let at = start; at < start + this.#bytes; at += 4) number ^= this.#random.readInt32BE(at)
    return number >>> 0
  }

  #write(): void {
    const size = this.#bytes * perBatch
    if (this.#end % this.#random.length === 0) {
      randomFillSync(this.#random)
      this.#end = 0
    }
    this.#text = this.#random.toString('hex', this.#end, this.#end + size)
    this.#end += size
    this.#at = 0
  }
}

/** Random ids of traces and spans, from the operating system's generator. */
export class TraceIdGenerator implements IdGenerator {
  readonly #spans = new RandomIds(8)
  readonly #traces = new RandomIds(16)
  #unused: string | undefined = undefined

  generateSpanId(): string {
    return this.#spans.next()
  }

  generateTraceId(): string {
    const unused = this.#unused
    if (unused === undefined) return this.#traces.next()
    this.#unused = undefined
    return unused
  }

  /** What samplers by a ratio make of the id that was made last for a trace: the XOR of its four numbers. */
  lastNumber(): number {
    return this.#traces.number()
  }

  /** Has the next trace have an id that was made, and is nobody's yet. */
  reuse(traceId: string): void {
    this.#unused = traceId
  }
}
