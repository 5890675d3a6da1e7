import { fstatSync, write, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Sink } from './sink.js'

/** Bytes that a pipe takes as one whole, whoever else writes to it (POSIX demands 512; Linux has 4,096). */
const pipeSize = process.platform === 'linux' ? 4096 : 512

/** Milliseconds until a pipe that is full is tried again. */
const fullPause = 10

const newline = 0x0a

const cell = new Int32Array(new SharedArrayBuffer(4))

/** As fs.write, by the thread pool: resolves to how many bytes were written. */
export function writeTo(fd: number, bytes: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, bytes, 0, bytes.byteLength, null, (error, size) => (error === null ? resolve(size) : reject(error)))
  })
}

/** Standard output, which others write to as well, the app's logger above all. */
export class DescriptorSink implements Sink {
  readonly #fd: number
  #isFile = false
  readonly name: string

  constructor(fd: number, name: string) {
    this.#fd = fd
    this.name = name
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  open(): void {
    this.#isFile = fstatSync(this.#fd).isFile()
  }

  async write(bytes: Uint8Array): Promise<number> {
    for (;;) {
      try {
        return await writeTo(this.#fd, this.#piece(bytes))
      } catch (error) {
        if (!isFull(error)) throw error
        await sleep(fullPause)
      }
    }
  }

  writeSync(bytes: Uint8Array): number {
    for (;;) {
      try {
        return writeSync(this.#fd, this.#piece(bytes))
      } catch (error) {
        if (!isFull(error)) throw error
        Atomics.wait(cell, 0, 0, fullPause)
      }
    }
  }

  // Lines stay whole beside those of others: a pipe takes so much at once or nothing.
  #piece(bytes: Uint8Array): Uint8Array {
    if (this.#isFile || bytes.byteLength <= pipeSize) return bytes
    const end = bytes.lastIndexOf(newline, pipeSize - 1)
    if (end >= 0) return bytes.subarray(0, end + 1)
    return bytes.subarray(0, bytes.indexOf(newline) + 1)
  }
}

function isFull(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'EAGAIN'
}
