import { performance } from 'node:perf_hooks'
import type { ContentCoding } from '../core/accept-encoding.js'
import type { Encoder } from '../core/encoder.js'
import type { FileCacheSettings } from '../core/static-options.js'
import type { Located, Refused } from './locate.js'
import { readWhole } from './read.js'
import { type Form, makeForm, StoredFile } from './stored.js'
import { contentTypeOf } from './types.js'

/** What a name led to. */
export type Found =
  | { readonly file: StoredFile }
  | { readonly folder: Located }
  /** Nothing that is served; with a reason where there is something. */
  | { readonly refused: string | undefined }

/** Finds a file by its name with something put behind it. */
export type Locate = (suffix: string) => Promise<Located | Refused | undefined>

/** What a store needs beside its bounds. */
export interface StoreParts {
  readonly encoder: Encoder | undefined
  /** Whether `.br`, `.zst` and `.gz` beside a file are forms of it. */
  readonly precompressed: boolean
}

const siblings: readonly (readonly [ContentCoding, string])[] = [
  ['br', '.br'],
  ['zstd', '.zst'],
  ['gzip', '.gz'],
]

// How often a file is read again that changes while it is read; then it is streamed.
const attempts = 3

/**
 * Files by their names: small ones with their bytes, larger ones by what is known of them, within a bound for all. A
 * file is asked about on disk at most once in `revalidate` milliseconds; in between it costs no call of the system.
 */
export class FileStore {
  #bytes = 0
  readonly #files = new Map<string, StoredFile>()
  readonly #parts: StoreParts
  readonly #pending = new Map<string, Promise<Found>>()
  readonly #settings: FileCacheSettings

  constructor(settings: FileCacheSettings, parts: StoreParts) {
    this.#parts = parts
    this.#settings = settings
  }

  /** Bytes that are kept. */
  get bytes(): number {
    return this.#bytes
  }

  /** Whether compressed forms are made. */
  get compresses(): boolean {
    return this.#parts.encoder !== undefined
  }

  /** Forgets a file that turned out to be another. */
  drop(key: string): void {
    const file = this.#files.get(key)
    if (file === undefined) return
    this.#files.delete(key)
    this.#bytes -= file.weight
    file.onGrown = undefined
  }

  /** The file that is kept under a key, if it was looked at lately. */
  fresh(key: string): StoredFile | undefined {
    const file = this.#files.get(key)
    if (file === undefined || performance.now() - file.checked > this.#settings.revalidate) return undefined
    file.isUsed = true
    return file
  }

  /**
   * Looks at a file on disk, and reads it where it is not kept as it is there. Those who ask meanwhile get the same.
   *
   * @param name whose extension says what the file is.
   */
  find(key: string, name: string, locate: Locate): Promise<Found> {
    const pending = this.#pending.get(key)
    if (pending !== undefined) return pending
    const found = this.#find(key, name, locate).finally(() => this.#pending.delete(key))
    this.#pending.set(key, found)
    return found
  }

  async #find(key: string, name: string, locate: Locate): Promise<Found> {
    for (let attempt = 1; ; attempt++) {
      // Taken before the look: what changes while it lasts is noticed with the next.
      const now = performance.now()
      const located = await locate('')
      if (located === undefined || 'refused' in located || located.stats.isDirectory()) {
        this.drop(key)
        if (located === undefined || 'refused' in located) return { refused: located?.refused }
        return { folder: located }
      }
      const beside = this.#parts.precompressed ? await besides(locate) : []
      const files = [located, ...beside.map(([, file]) => file)]
      const kept = this.#files.get(key)
      if (kept?.isOf(files)) {
        kept.touch(now)
        return { file: kept }
      }
      const isLast = attempt === attempts
      const identity = await this.#read(located, undefined, isLast)
      const forms = await Promise.all(beside.map(([coding, file]) => this.#read(file, coding, isLast)))
      if (identity === undefined || !forms.every((form) => form !== undefined)) continue
      const file = new StoredFile(name, [identity, ...forms], contentTypeOf(name), this.#parts.encoder)
      file.touch(now)
      this.#keep(key, file)
      return { file }
    }
  }

  async #read(file: Located, coding: ContentCoding | undefined, isLast: boolean): Promise<Form | undefined> {
    if (file.stats.size > this.#settings.fileSize) return makeForm(file, coding, undefined)
    const body = await readWhole(file)
    return body === undefined && !isLast ? undefined : makeForm(file, coding, body)
  }

  #keep(key: string, file: StoredFile): void {
    this.drop(key)
    let { weight } = file
    if (weight > this.#settings.size) return
    this.#files.set(key, file)
    this.#bytes += weight
    file.onGrown = () => {
      this.#bytes += file.weight - weight
      weight = file.weight
      this.#makeRoom()
    }
    this.#makeRoom()
    // It is not the first to go; from now on it has to be asked for to stay.
    file.isUsed = false
  }

  // A second chance for what was asked for since the last time: nearly as good as least recently used, and a hit costs
  // no more than to set a flag.
  #makeRoom(): void {
    for (const [key, file] of this.#files) {
      if (this.#bytes <= this.#settings.size) return
      if (file.isUsed && this.#files.size > 1) {
        file.isUsed = false
        this.#files.delete(key)
        this.#files.set(key, file)
      } else {
        this.drop(key)
      }
    }
  }
}

async function besides(locate: Locate): Promise<readonly (readonly [ContentCoding, Located])[]> {
  const found = await Promise.all(siblings.map(async ([coding, suffix]) => [coding, await locate(suffix)] as const))
  return found.flatMap(([coding, file]) =>
    file === undefined || 'refused' in file || !file.stats.isFile() ? [] : [[coding, file] as const],
  )
}
