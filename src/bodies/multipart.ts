import { Buffer } from 'node:buffer'
import type { Readable } from 'node:stream'
import type { Dicer } from '@fastify/busboy'
import type { MultipartLimits, MultipartPart } from '../core/multipart.js'
import { HttpError } from '../errors.js'
import { FilePart } from './multipart-file.js'
import { multipartInvalid, multipartTooLarge } from './multipart-limits.js'
import { headerSlack, mostPairs, type PartHead, type PartHeaders, readPartHead } from './part-head.js'

/** As much as the parser is given at once: what one write makes of parts waits in memory. */
const mostWritten = 65_536

interface Part {
  readonly head: PartHead
  readonly stream: Readable
}

/**
 * The parts of a multipart body, one after the other; the source is read no faster than they are.
 *
 * @throws HttpError 400 `MULTIPART_INVALID`, 413 `MULTIPART_TOO_LARGE`, and what the source throws.
 */
export async function* readParts(
  source: AsyncIterable<Uint8Array>,
  boundary: string,
  limits: MultipartLimits,
): AsyncGenerator<MultipartPart, void, undefined> {
  // Loaded when it is first used.
  const { Dicer } = await import('@fastify/busboy')
  // Its types leave out the size.
  const config = { boundary, maxHeaderPairs: mostPairs, maxHeaderSize: limits.headerSize + headerSlack }
  const parser = new Dicer(config)
  const parts = new Parts(parser, limits)
  const feeding = parts.feed(source)
  try {
    for (let part = await parts.next(); part !== undefined; part = await parts.next()) {
      const { filename, name, type } = part.head
      if (filename === undefined) {
        yield { kind: 'field', name, type, value: await parts.text(part) }
        continue
      }
      const head = { filename, name, type: type ?? 'application/octet-stream' }
      const file = new FilePart(head, part.stream, limits.fileSize, () => parts.failure)
      try {
        yield file
      } finally {
        file.pass()
      }
    }
  } finally {
    parts.close()
    await feeding
  }
}

/** The parts that a parser has found, for whoever asks for them. */
class Parts {
  #fields = 0
  #files = 0
  #found: Part[] = []
  /** A part of which the headers have not come. */
  #headless: Readable | undefined
  #isDone = false
  readonly #limits: MultipartLimits
  #open = new Set<Readable>()
  readonly #parser: Dicer
  #total = 0
  #wakeFeeder: (() => void) | undefined
  #wakeReader: (() => void) | undefined
  failure: Error | undefined

  constructor(parser: Dicer, limits: MultipartLimits) {
    this.#limits = limits
    this.#parser = parser
    parser.on('part', (part: Readable) => this.#begin(part))
    parser.on('finish', () => this.#end())
    parser.on('error', (error: Error) => this.#fail(multipartInvalid(reasonOf(error), error)))
  }

  close(): void {
    this.#isDone = true
    for (const stream of this.#open) stream.destroy()
    this.#parser.destroy()
    this.#wakeFeeder?.()
  }

  /** Reads the source into the parser until either ends. Never rejects: whoever asks for parts gets the error. */
  async feed(source: AsyncIterable<Uint8Array>): Promise<void> {
    try {
      for await (const chunk of source) {
        for (let at = 0; at < chunk.byteLength; at += mostWritten) {
          await this.#write(chunk.subarray(at, at + mostWritten))
          // Leaving the loop lets the source go.
          if (this.#isDone || this.failure !== undefined) return
        }
      }
      this.#parser.end()
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  /** The next part; undefined after the last. */
  async next(): Promise<Part | undefined> {
    for (;;) {
      // What came before a mistake is not given either: nobody can tell where it began.
      if (this.failure !== undefined) throw this.failure
      const part = this.#found.shift()
      if (part !== undefined || this.#isDone) return part
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve
      })
    }
  }

  /** The value of a field. */
  async text({ head, stream }: Part): Promise<string> {
    const { fieldSize } = this.#limits
    const chunks: Uint8Array[] = []
    let size = 0
    try {
      for await (const chunk of stream as AsyncIterable<Uint8Array>) {
        size += chunk.byteLength
        if (size > fieldSize) throw multipartTooLarge(fieldSize, `bytes in the field ${JSON.stringify(head.name)}`)
        chunks.push(chunk)
      }
    } catch (error) {
      throw this.failure ?? error
    }
    if (this.failure !== undefined) throw this.failure
    return Buffer.concat(chunks).toString()
  }

  #begin(stream: Readable): void {
    // The parser has no word for a part that ends within its headers.
    if (this.#headless !== undefined) this.#fail(multipartInvalid('a part has no end of its headers'))
    // Its errors are those of the whole, which are told once.
    stream.on('error', () => {})
    if (this.failure !== undefined) {
      stream.resume()
      return
    }
    this.#headless = stream
    this.#open.add(stream)
    stream.once('close', () => this.#open.delete(stream))
    stream.once('header', (headers: PartHeaders) => this.#complete(stream, headers))
    if (++this.#total > this.#limits.parts) this.#fail(multipartTooLarge(this.#limits.parts, 'parts'))
  }

  #complete(stream: Readable, headers: PartHeaders): void {
    this.#headless = undefined
    try {
      const head = readPartHead(headers, this.#limits.headerSize)
      const { fields, files } = this.#limits
      if (head.filename === undefined && ++this.#fields > fields) throw multipartTooLarge(fields, 'fields')
      if (head.filename !== undefined && ++this.#files > files) throw multipartTooLarge(files, 'files')
      this.#found.push({ head, stream })
      this.#wakeReader?.()
    } catch (error) {
      this.#fail(error as Error)
    }
  }

  #end(): void {
    if (this.#headless !== undefined) this.#fail(multipartInvalid('a part has no end of its headers'))
    this.#isDone = true
    this.#wakeReader?.()
  }

  #fail(error: Error): void {
    if (this.failure !== undefined || this.#isDone) return
    this.failure = HttpError.is(error) ? error : multipartInvalid(reasonOf(error), error)
    for (const stream of this.#open) stream.destroy(this.failure)
    this.#wakeReader?.()
    this.#wakeFeeder?.()
  }

  // One at a time: the parser takes the next when what came of this one has been read.
  #write(chunk: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#wakeFeeder = resolve
      this.#parser.write(chunk, () => resolve())
    })
  }
}

function reasonOf({ message }: Error): string {
  return message === 'Unexpected end of multipart data' ? 'it ends before its last boundary' : message
}
