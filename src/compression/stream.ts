import { Buffer } from 'node:buffer'
import { once } from 'node:events'
import type { Transform } from 'node:stream'
import zlib from 'node:zlib'
import type { ContentCoding } from '../core/accept-encoding.js'
import { chunkBytes } from '../core/stream.js'
import type { Levels } from './encode.js'

type Source = AsyncIterable<Uint8Array | string>

interface Flushing extends Transform {
  flush(kind: number, callback: () => void): void
}

/** What newer versions of Node have beside what their oldest types say. */
interface Zstd {
  readonly constants: Readonly<Record<string, number>>
  createZstdCompress(options: object): Flushing
}

const zstd: Zstd | undefined = 'createZstdCompress' in zlib ? (zlib as unknown as Zstd) : undefined

/** The codings that streams can have on this Node. */
export const streamCodings: readonly ContentCoding[] = zstd === undefined ? ['br', 'gzip'] : ['br', 'gzip', 'zstd']

// A stream may be open for days, and there may be thousands. Windows of 128 KB hold what a stream repeats, and keep
// one at a few hundred KB where the defaults of br and zstd take several MB.
const windowBits = 17

// Bytes that go in at once: what comes of a chunk is held until it is flushed, whatever the size of the chunk.
const largestStep = 64 * 1024

/** Makes the stream of node:zlib for a coding, and says what makes it give out all that it was given. */
function encoder(coding: ContentCoding, levels: Levels): { readonly flush: number; readonly stream: Flushing } {
  const { constants } = zlib
  if (coding === 'br') {
    const params = { [constants.BROTLI_PARAM_LGWIN]: windowBits, [constants.BROTLI_PARAM_QUALITY]: levels.br }
    return { flush: constants.BROTLI_OPERATION_FLUSH, stream: zlib.createBrotliCompress({ params }) as Flushing }
  }
  if (coding === 'zstd' && zstd !== undefined) {
    const { ZSTD_c_compressionLevel, ZSTD_c_windowLog, ZSTD_e_flush } = zstd.constants
    const params = { [ZSTD_c_compressionLevel!]: levels.zstd, [ZSTD_c_windowLog!]: windowBits }
    return { flush: ZSTD_e_flush!, stream: zstd.createZstdCompress({ params }) }
  }
  return { flush: constants.Z_SYNC_FLUSH, stream: zlib.createGzip({ level: levels.gzip }) as Flushing }
}

/**
 * A stream of chunks, each of them complete in what is given out for it, so that an event or a line reaches the client
 * at once. It reads a chunk when the one before has been taken, and lets its source go whenever it is let go itself.
 */
class CompressedStream implements AsyncIterableIterator<Uint8Array> {
  readonly #coding: ContentCoding
  #encoder: ReturnType<typeof encoder> | undefined
  #error: Error | undefined
  #given: Uint8Array[] = []
  #isDone = false
  #isEnded = false
  // It has ended, or failed, or is being asked.
  #isSourceOver = false
  #iterator: AsyncIterator<Uint8Array | string> | undefined
  readonly #levels: Levels
  // What is left of a chunk that is larger than a step.
  #rest: Uint8Array | undefined
  readonly #source: Source

  constructor(source: Source, coding: ContentCoding, levels: Levels) {
    this.#coding = coding
    this.#levels = levels
    this.#source = source
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#isDone) return { done: true, value: undefined }
    try {
      // A step may give nothing, and a chunk of length 0 would be the end of the body.
      while (!this.#isEnded) {
        const value = await this.#step()
        if (value.byteLength > 0) return { done: false, value }
      }
    } catch (error) {
      this.#close()
      // Whoever reads by `for await` does not call return() after an error, and the source did not always fail itself.
      if (!this.#isSourceOver) await this.#iterator?.return?.().catch(() => {})
      throw error
    }
    this.#close()
    return { done: true, value: undefined }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    if (!this.#isDone) {
      this.#close()
      // A source that was never asked for anything is to be told all the same.
      this.#iterator ??= this.#source[Symbol.asyncIterator]()
      await this.#iterator.return?.()
    }
    return { done: true, value: undefined }
  }

  #close(): void {
    this.#isDone = true
    this.#encoder?.stream.destroy()
  }

  #open(): ReturnType<typeof encoder> {
    const made = encoder(this.#coding, this.#levels)
    made.stream.on('data', (chunk: Uint8Array) => this.#given.push(chunk))
    made.stream.on('error', (error) => {
      this.#error = error
    })
    return made
  }

  async #step(): Promise<Uint8Array> {
    this.#encoder ??= this.#open()
    this.#iterator ??= this.#source[Symbol.asyncIterator]()
    const { flush, stream } = this.#encoder
    let chunk = this.#rest
    if (chunk === undefined) {
      this.#isSourceOver = true
      const { done, value } = await this.#iterator.next()
      this.#isSourceOver = done === true
      if (this.#isDone) return new Uint8Array(0)
      if (done) {
        this.#isEnded = true
        stream.end()
        await once(stream, 'end')
        return this.#take()
      }
      chunk = chunkBytes(value)
    }
    const isLast = chunk.byteLength <= largestStep
    this.#rest = isLast ? undefined : chunk.subarray(largestStep)
    const step = isLast ? chunk : chunk.subarray(0, largestStep)
    if (step.byteLength > 0) {
      await new Promise<void>((resolve) => {
        stream.once('close', resolve)
        const settle = (): void => {
          stream.off('close', resolve)
          resolve()
        }
        if (isLast) {
          stream.write(step)
          stream.flush(flush, settle)
        } else {
          stream.write(step, settle)
        }
      })
    }
    return this.#take()
  }

  #take(): Uint8Array {
    if (this.#error !== undefined) throw this.#error
    const [first = new Uint8Array(0), ...others] = this.#given
    this.#given = []
    return others.length === 0 ? first : Buffer.concat([first, ...others])
  }
}

/** A stream in a coding of {@link streamCodings}. */
export function compressStream(source: Source, coding: ContentCoding, levels: Levels): AsyncIterable<Uint8Array> {
  return new CompressedStream(source, coding, levels)
}
