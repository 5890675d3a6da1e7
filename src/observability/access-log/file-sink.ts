import { close, closeSync, fstatSync, openSync, renameSync, type Stats, statSync, writeSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { HotpressError } from '../../errors.js'
import { writeTo } from './descriptor.js'
import { onReopenSignal } from './reopen-signal.js'
import { Archive, type RotateSettings } from './rotation.js'
import type { Sink } from './sink.js'

/** How a file is written. */
export interface FileSettings {
  readonly file: string
  /** Permissions of a file that is made. */
  readonly mode: number
  /** Whether it is opened anew at SIGUSR2. */
  readonly reopen: boolean
  readonly rotate: RotateSettings | undefined
}

/** Milliseconds until a rotation that has failed is tried again. */
const rotatePause = 60_000

/**
 * A file that lines are added to. It is opened to append: each write is a whole behind what is there, whoever else writes.
 * With rotation it is looked for by its name before each write, and followed: another process may have put it aside.
 */
export class FileSink implements Sink {
  readonly #archive: Archive | undefined
  #closing: number | undefined
  #fd: number | undefined
  #inode = 0
  #isWriting = false
  #leave: (() => void) | undefined
  readonly #onError: (error: unknown) => void
  /** Which of the periods of {@link RotateSettings.every} its lines are of. */
  #period = 0
  #rotateFrom = 0
  readonly #settings: FileSettings
  #wantsReopening = false
  readonly name: string

  /** @param settle milliseconds until what was put aside is compressed. */
  constructor(settings: FileSettings, onError: (error: unknown) => void, settle?: number) {
    const { file, rotate } = settings
    this.#archive = rotate === undefined ? undefined : new Archive(file, rotate, onError, settle)
    this.#onError = onError
    this.#settings = settings
    this.name = file
  }

  async close(): Promise<void> {
    this.#leave?.()
    this.#leave = undefined
    const fd = this.#fd
    this.#fd = undefined
    // A write that is under way still, as its time was over, has its descriptor until it ends.
    if (this.#isWriting) this.#closing = fd
    else if (fd !== undefined) await new Promise<void>((resolve) => close(fd, () => resolve()))
    await this.#archive?.close()
  }

  open(): void {
    try {
      this.#reopen()
    } catch (error) {
      const reason = (error as Error).message
      throw new HotpressError('ACCESS_LOG_UNAVAILABLE', { reason, where: this.name }, { cause: error })
    }
    if (this.#settings.reopen) this.#leave ??= onReopenSignal(this.#onSignal)
    this.#archive?.tidy()
  }

  async write(bytes: Uint8Array): Promise<number> {
    this.#isWriting = true
    try {
      if (this.#wantsReopening || this.#fd === undefined) this.#reopen()
      const { rotate } = this.#settings
      if (rotate !== undefined) await this.#follow(rotate, bytes.byteLength)
      return await writeTo(this.#fd!, bytes)
    } finally {
      this.#isWriting = false
      if (this.#closing !== undefined) close(this.#closing, () => {})
      this.#closing = undefined
    }
  }

  // Also when it is closed: the last lines may come after the app has.
  writeSync(bytes: Uint8Array): number {
    if (this.#fd !== undefined) return writeSync(this.#fd, bytes)
    const fd = openSync(this.#settings.file, 'a', this.#settings.mode)
    try {
      return writeSync(fd, bytes)
    } finally {
      closeSync(fd)
    }
  }

  async #follow(rotate: RotateSettings, size: number): Promise<void> {
    const found = await stat(this.#settings.file).catch(missing)
    if (found === undefined || found.ino !== this.#inode) {
      this.#reopen()
      return
    }
    const now = Date.now()
    if (found.size === 0 || now < this.#rotateFrom) return
    const isFull = rotate.maxSize !== undefined && found.size + size > rotate.maxSize
    if (isFull || this.#period !== periodOf(now, rotate)) this.#rotate(now)
  }

  // In one breath from the last look to the new file. Where another process does the same in the same moment, what it has
  // just made may be put aside as well: a short file, and no line lost, as each follows the name.
  #rotate(now: number): void {
    const { file } = this.#settings
    try {
      if (statSync(file).ino === this.#inode) renameSync(file, this.#archive!.target(now))
    } catch (error) {
      // Without the name there is only a new file to be made. Else lines go on where they went.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') {
        this.#rotateFrom = now + rotatePause
        this.#onError(error)
        return
      }
    }
    this.#reopen()
    this.#archive!.tidy()
  }

  #reopen(): void {
    const { file, mode, rotate } = this.#settings
    const fd = openSync(file, 'a', mode)
    const before = this.#fd
    const stats = fstatSync(fd)
    this.#fd = fd
    this.#inode = stats.ino
    this.#period = rotate === undefined ? 0 : firstPeriod(stats, rotate)
    this.#wantsReopening = false
    if (before !== undefined) close(before, () => {})
  }

  readonly #onSignal = (): void => {
    this.#wantsReopening = true
    // The old file is held no longer than it has to be, lines or not.
    if (this.#isWriting || this.#fd === undefined) return
    try {
      this.#reopen()
    } catch (error) {
      this.#onError(error)
    }
  }
}

function missing(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
  throw error
}

function firstPeriod({ mtimeMs, size }: Stats, rotate: RotateSettings): number {
  return periodOf(size === 0 ? Date.now() : mtimeMs, rotate)
}

function periodOf(time: number, { every }: RotateSettings): number {
  return every === undefined ? 0 : Math.floor(time / every)
}
