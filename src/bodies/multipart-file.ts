import { Buffer } from 'node:buffer'
import { open, unlink } from 'node:fs/promises'
import path from 'node:path'
import type { Readable } from 'node:stream'
import type { MultipartFile, SavedFile, SaveOptions } from '../core/multipart.js'
import { HotpressError } from '../errors.js'
import { fileNameFor } from './file-name.js'
import { multipartTooLarge } from './multipart-limits.js'

/** What is known of a file before its bytes. */
export interface FileHead {
  readonly filename: string
  readonly name: string
  readonly type: string
}

/** A file of a multipart body, over the stream that the parser fills. */
export class FilePart implements MultipartFile {
  readonly #failure: () => Error | undefined
  readonly #limit: number
  #state: 'passed' | 'read' | 'waiting' = 'waiting'
  readonly #stream: Readable
  readonly filename: string
  readonly kind = 'file'
  readonly name: string
  readonly type: string

  /**
   * @param failure why the body has ended before its end, where it has.
   * @param limit in bytes.
   */
  constructor({ filename, name, type }: FileHead, stream: Readable, limit: number, failure: () => Error | undefined) {
    this.#failure = failure
    this.#limit = limit
    this.#stream = stream
    this.filename = filename
    this.name = name
    this.type = type
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    if (this.#state !== 'waiting') throw new HotpressError('FILE_PASSED', { name: JSON.stringify(this.name) })
    this.#state = 'read'
    let size = 0
    try {
      for await (const chunk of this.#stream as AsyncIterable<Uint8Array>) {
        size += chunk.byteLength
        if (size > this.#limit) throw multipartTooLarge(this.#limit, `bytes in the file ${JSON.stringify(this.name)}`)
        yield chunk
      }
    } catch (error) {
      throw this.#failure() ?? error
    }
    // A stream that was destroyed may end as one that is complete does.
    const failure = this.#failure()
    if (failure !== undefined) throw failure
  }

  async bytes(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = []
    for await (const chunk of this) chunks.push(chunk)
    return Buffer.concat(chunks)
  }

  /** Lets go of what was not read. */
  pass(): void {
    if (this.#state === 'waiting') this.#state = 'passed'
    if (!this.#stream.destroyed) this.#stream.resume()
  }

  async saveTo(directory: string, { name = 'random' }: SaveOptions = {}): Promise<SavedFile> {
    const target = path.join(directory, fileNameFor(this.filename, name))
    const handle = await open(target, 'wx', 0o600)
    let size = 0
    try {
      for await (const chunk of this) {
        await handle.writeFile(chunk)
        size += chunk.byteLength
      }
      await handle.close()
    } catch (error) {
      await handle.close().catch(() => {})
      await unlink(target).catch(() => {})
      throw error
    }
    return { filename: this.filename, path: target, size }
  }
}
