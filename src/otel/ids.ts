import { randomFillSync } from 'node:crypto'
import type { IdGenerator } from '@opentelemetry/sdk-trace'

// Ids are written out a batch at a time into one text and cut from it, which costs a tenth of writing each: a request that
// is not recorded needs its ids all the same. Not more than 64, because a cut keeps the whole text for as long as it is kept.
const perBatch = 64

/** Random ids of traces and spans, from the operating system's generator. */
export class TraceIdGenerator implements IdGenerator {
  readonly #span = idsOf(8)
  readonly #trace = idsOf(16)
  #unused: string | undefined = undefined

  generateSpanId(): string {
    return this.#span()
  }

  generateTraceId(): string {
    const unused = this.#unused
    if (unused === undefined) return this.#trace()
    this.#unused = undefined
    return unused
  }

  /** Has the next trace have an id that was made, and is nobody's yet. */
  reuse(traceId: string): void {
    this.#unused = traceId
  }
}

function idsOf(bytes: number): () => string {
  const random = Buffer.alloc(bytes * perBatch)
  const zero = '0'.repeat(bytes * 2)
  let text = ''
  let at = 0
  return () => {
    for (;;) {
      if (at === text.length) {
        text = randomFillSync(random).toString('hex')
        at = 0
      }
      const id = text.slice(at, at + bytes * 2)
      at += bytes * 2
      // It stands for none.
      if (id !== zero) return id
    }
  }
}
