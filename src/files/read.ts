import { Buffer } from 'node:buffer'
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { isAbsent, type Located } from './locate.js'
import type { ByteRange } from './ranges.js'
import { isSameVersion } from './validators.js'

// Should a FIFO, or a link, have come into the place of the file since it was looked at, opening it neither waits nor
// follows. Windows has neither.
const flags = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0)

// What one read takes. With one chunk read ahead, a download holds twice this.
const chunkSize = 128 * 1024

/**
 * Opens a file that was located.
 *
 * @returns undefined when what is there is another file by now, or another version of it.
 */
export async function openVersion(file: Located): Promise<FileHandle | undefined> {
  let handle: FileHandle
  try {
    handle = await open(file.path, flags)
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
  try {
    const stats = await handle.stat({ bigint: true })
    if (stats.isFile() && isSameVersion(stats, file.stats)) return handle
  } catch (error) {
    await handle.close()
    throw error
  }
  await handle.close()
  return undefined
}

/**
 * Reads all of a file that was located.
 *
 * @returns undefined when it is another version by now, or became one while it was read: never a part of it.
 */
export async function readWhole(file: Located): Promise<Buffer | undefined> {
  const handle = await openVersion(file)
  if (handle === undefined) return undefined
  try {
    const buffer = Buffer.allocUnsafeSlow(Number(file.stats.size))
    let length = 0
    while (length < buffer.byteLength) {
      const { bytesRead } = await handle.read(buffer, length, buffer.byteLength - length, length)
      if (bytesRead === 0) return undefined
      length += bytesRead
    }
    return isSameVersion(await handle.stat({ bigint: true }), file.stats) ? buffer : undefined
  } finally {
    await handle.close()
  }
}

/**
 * Parts of an open file, and bytes between them, as a stream. One chunk is read ahead while the one before is sent. The
 * file is closed when the stream ends, fails, or is let go of, whether or not it was begun. A file that has become
 * shorter is an error; what has come after its end is not read.
 */
export class FileStream implements AsyncIterableIterator<Uint8Array> {
  #ahead: Promise<Uint8Array | undefined> | undefined
  readonly #handle: FileHandle
  #isClosed = false
  #part = 0
  readonly #parts: readonly (ByteRange | Uint8Array)[]
  #position = -1

  constructor(handle: FileHandle, parts: readonly (ByteRange | Uint8Array)[]) {
    this.#ahead = undefined
    this.#handle = handle
    this.#parts = parts
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#isClosed) return { done: true, value: undefined }
    try {
      const chunk = await (this.#ahead ?? this.#read())
      if (chunk !== undefined && !this.#isClosed) {
        this.#ahead = this.#read()
        // Whoever asks for the next chunk is told; nobody may.
        this.#ahead.catch(() => {})
        return { done: false, value: chunk }
      }
    } catch (error) {
      await this.return()
      throw error
    }
    return this.return()
  }

  async return(): Promise<{ done: true; value: undefined }> {
    if (!this.#isClosed) {
      this.#isClosed = true
      await this.#ahead?.catch(() => {})
      await this.#handle.close()
    }
    return { done: true, value: undefined }
  }

  async #read(): Promise<Uint8Array | undefined> {
    const part = this.#parts[this.#part]
    if (part === undefined) return undefined
    if (part instanceof Uint8Array) {
      this.#part++
      return part
    }
    const { first, last } = part
    const position = this.#position < 0 ? first : this.#position
    const length = Math.min(chunkSize, last - position + 1)
    // A buffer of its own for each: a transport may hold one until the socket has taken it.
    const buffer = Buffer.allocUnsafeSlow(length)
    const { bytesRead } = await this.#handle.read(buffer, 0, length, position)
    if (bytesRead === 0) throw new Error(`the file ends at byte ${position}, and had ${last + 1} when it was opened`)
    this.#position = position + bytesRead
    if (this.#position > last) {
      this.#part++
      this.#position = -1
    }
    return bytesRead === length ? buffer : buffer.subarray(0, bytesRead)
  }
}
