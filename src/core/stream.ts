import { Buffer } from 'node:buffer'
import type { ResponseBody } from './response.js'

/** Whether a value can be read by `for await`. A ReadableStream of Node can. */
export function isAsyncIterable(value: object): value is AsyncIterable<Uint8Array | string> {
  return Symbol.asyncIterator in value && typeof value[Symbol.asyncIterator] === 'function'
}

/** Whether a body comes in chunks. */
export function isStream(body: ResponseBody): body is AsyncIterable<Uint8Array | string> {
  return typeof body === 'object' && !(body instanceof Uint8Array)
}

/** A whole body as a stream of one chunk; a stream as it is. */
export function asStream(body: ResponseBody): AsyncIterable<unknown> | Iterable<unknown> {
  if (isStream(body)) return body
  return body === undefined ? [] : [body]
}

/** A chunk of a response's stream as bytes. */
export function chunkBytes(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk
  if (typeof chunk === 'string') return Buffer.from(chunk, 'utf8')
  throw new TypeError(`a response stream gives strings and Uint8Arrays, and gave a ${typeof chunk}`)
}

/** Where a stream is written to. */
export interface StreamSink {
  /** Breaks the connection: what was sent is not whole, and nothing else can say so (RFC 9112, 8). */
  cut(): void
  /** All of it was written. */
  end(): void
  /** Resolves when more may be written; at once while there is room. False when nobody takes it any more. */
  write(chunk: Uint8Array): boolean | Promise<boolean>
}

/**
 * Reads a stream into a sink, no faster than the sink takes it, and lets the source go however it ends.
 *
 * @returns whether the sink took it all.
 * @throws whatever the source throws.
 */
export async function pump(source: AsyncIterable<unknown> | Iterable<unknown>, sink: StreamSink): Promise<boolean> {
  for await (const chunk of source) {
    const bytes = chunkBytes(chunk)
    // An empty chunk would end a chunked body (RFC 9112, 7.1).
    if (bytes.byteLength === 0) continue
    // Leaving the loop calls the source's return(): files are closed, upstream requests given up.
    if (!(await sink.write(bytes))) return false
  }
  return true
}

/** Lets a stream go that nobody will read. */
export function discard(source: AsyncIterable<unknown>): void {
  try {
    const iterator = source[Symbol.asyncIterator]()
    iterator.return?.()?.then(undefined, () => {})
  } catch {
    // Its owner could not end it either; there is nothing more to be done for a body that is not wanted.
  }
}

/** Lets go of a body that will not be sent. */
export function release(body: ResponseBody): void {
  if (isStream(body)) discard(body)
}

/** A sink that cuts a stream off which gives more or less than its declared length. */
export function counted(sink: StreamSink, total: number): StreamSink {
  let given = 0
  return {
    cut: () => sink.cut(),
    end: () => (given === total ? sink.end() : sink.cut()),
    write(chunk) {
      given += chunk.byteLength
      if (given > total) throw new RangeError(`the stream gives more than its length of ${total} bytes`)
      return sink.write(chunk)
    },
  }
}
