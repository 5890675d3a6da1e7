import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { readdir, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import { pipeline } from 'node:stream/promises'
import { constants, createGzip } from 'node:zlib'

/** When a file is put aside, and what becomes of it. Sizes are bytes, times milliseconds. */
export interface RotateSettings {
  readonly compress: boolean
  /** Undefined for no rotation by time. */
  readonly every: number | undefined
  /** Files that are kept beside the one that is written; undefined for all. */
  readonly keep: number | undefined
  /** Undefined for no rotation by size. */
  readonly maxSize: number | undefined
  /** How long files are kept; undefined for ever. */
  readonly maxAge: number | undefined
}

/**
 * Milliseconds in which nobody writes to a file that was put aside: another process may have begun to before it learns
 * that.
 */
export const settleTime = 10_000

/** Milliseconds after which what is left of a compression is nobody's any more. */
const abandoned = 3_600_000

const chunk = 262_144

/** The files that were put aside of one: how they are called, compressed and taken away. */
export class Archive {
  #controller = new AbortController()
  readonly #file: string
  /** The pattern of the names. */
  readonly #names: RegExp
  readonly #onError: (error: unknown) => void
  readonly #settings: RotateSettings
  readonly #settleTime: number
  #tidying: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(file: string, settings: RotateSettings, onError: (error: unknown) => void, settle: number = settleTime) {
    this.#file = file
    const base = path.basename(file).replace(/[^\w]/g, '\\$&')
    this.#names = new RegExp(`^${base}\\.\\d{8}T\\d{9}Z-\\d+(?:-\\d+)?(\\.gz(?:\\.\\d+\\.tmp)?)?$`)
    this.#onError = onError
    this.#settings = settings
    this.#settleTime = settle
  }

  /** Ends what is under way: a compression begins anew when the file is opened the next time. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#controller.abort()
    await this.#tidying
  }

  /** Where the file is to be put that is written now. */
  target(now: number): string {
    const stamp = new Date(now).toISOString().replace(/[-:.]/g, '')
    // The process in the name: another cannot have taken it between the look and the rename.
    const name = `${this.#file}.${stamp}-${process.pid}`
    for (let count = 0; ; count++) {
      const target = count === 0 ? name : `${name}-${count}`
      if (!existsSync(target) && !existsSync(`${target}.gz`)) return target
    }
  }

  /** Has files compressed and taken away, once nobody writes to them any more. */
  tidy(): void {
    if (this.#controller.signal.aborted) this.#controller = new AbortController()
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      const { signal } = this.#controller
      this.#tidying = (this.#tidying ?? Promise.resolve()).then(() => this.#tidy(signal))
    }, this.#settleTime).unref()
  }

  async #tidy(signal: AbortSignal): Promise<void> {
    try {
      await this.#retain(signal)
      if (this.#settings.compress) await this.#compress(signal)
    } catch (error) {
      if (!signal.aborted) this.#onError(error)
    }
  }

  async #compress(signal: AbortSignal): Promise<void> {
    let isLeft = false
    for (const { age, name } of await this.#found()) {
      if (signal.aborted) return
      if (name.endsWith('.tmp')) {
        if (age > abandoned) await rm(name, { force: true })
      } else if (!name.endsWith('.gz')) {
        if (age >= this.#settleTime) await compressFile(name, signal)
        else isLeft = true
      }
    }
    if (isLeft && !signal.aborted) this.tidy()
  }

  /** The newest first. */
  async #found(): Promise<{ readonly age: number; readonly name: string }[]> {
    const folder = path.dirname(this.#file)
    const names = (await readdir(folder)).filter((name) => this.#names.test(name)).sort()
    const found: { age: number; name: string }[] = []
    for (const base of names.reverse()) {
      const name = path.join(folder, base)
      const stats = await stat(name).catch(() => undefined)
      if (stats !== undefined) found.push({ age: Date.now() - stats.mtimeMs, name })
    }
    return found
  }

  async #retain(signal: AbortSignal): Promise<void> {
    const { keep = Number.POSITIVE_INFINITY, maxAge = Number.POSITIVE_INFINITY } = this.#settings
    let count = 0
    for (const { age, name } of await this.#found()) {
      if (signal.aborted) return
      if (name.endsWith('.tmp')) continue
      count++
      if (count > keep || age > maxAge) await rm(name, { force: true })
    }
  }
}

// By the thread pool, and in large pieces: each costs the event loop a callback.
async function compressFile(name: string, signal: AbortSignal): Promise<void> {
  const made = `${name}.gz.${process.pid}.tmp`
  try {
    const { mode } = await stat(name)
    await pipeline(
      createReadStream(name, { highWaterMark: chunk }),
      createGzip({ chunkSize: chunk, level: constants.Z_DEFAULT_COMPRESSION }),
      createWriteStream(made, { flush: true, mode }),
      { signal },
    )
    await rename(made, `${name}.gz`)
    await rm(name, { force: true })
  } catch (error) {
    await rm(made, { force: true })
    // Another process has done it.
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
