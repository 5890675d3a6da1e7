import { type FSWatcher, readlinkSync, statSync, watch } from 'node:fs'
import path from 'node:path'
import type { Logger } from '../core/logger.js'
import { type FileVersions, versionOf } from './tls-files.js'

/** Milliseconds. */
interface Pace {
  /** After a change is noticed, for what is written along with it. */
  readonly debounce: number
  /** After which the files are looked at in any case: not every file system tells of changes. */
  readonly interval: number
}

/** Links in one path, beyond which it leads nowhere (as the system's ELOOP). */
const mostLinks = 40

/**
 * Has certificates read again when their files change, however that is done: written in place, replaced by rename, or by
 * another target of a link anywhere in their paths. Its timers and watchers keep no process.
 */
export class CertificateWatch {
  readonly #folders = new Map<string, { readonly inode: bigint | undefined; readonly watcher: FSWatcher }>()
  readonly #interval: NodeJS.Timeout
  #isClosed = false
  #isFailing = false
  readonly #log: Logger
  readonly #pace: Pace
  /** What was said last, so that it is not said again. */
  #said = ''
  readonly #read: () => FileVersions
  #timer: NodeJS.Timeout | undefined
  #versions: FileVersions

  /**
   * @param versions the files, as they were when they were read.
   * @param read reads them and puts them to use; throws where that cannot be.
   */
  constructor(
    versions: FileVersions,
    read: () => FileVersions,
    log: Logger,
    pace: Pace = { debounce: 250, interval: 30_000 },
  ) {
    this.#log = log
    this.#pace = pace
    this.#read = read
    this.#versions = versions
    this.#interval = setInterval(() => this.#look(), pace.interval).unref()
    this.#look()
  }

  close(): void {
    this.#isClosed = true
    clearInterval(this.#interval)
    clearTimeout(this.#timer)
    for (const { watcher } of this.#folders.values()) watcher.close()
    this.#folders.clear()
  }

  // Not put off by further events: in a folder where there is always something going on, it would never come.
  #lookSoon(): void {
    if (this.#isClosed) return
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#look()
    }, this.#pace.debounce).unref()
  }

  #look(): void {
    // Links lead elsewhere perhaps.
    this.#watchFolders()
    const now = new Map([...this.#versions.keys()].map((file) => [file, versionOr(file)]))
    const isChanged = [...now].some(([file, version]) => version !== this.#versions.get(file))
    if (!isChanged && !this.#isFailing) return
    try {
      this.#versions = this.#read()
      this.#isFailing = false
      this.#said = ''
      this.#log.info({ files: [...this.#versions.keys()] }, 'new certificates are in use')
    } catch (error) {
      this.#versions = now
      // The certificate may have come before its key: once more, before anything is said.
      if (this.#isFailing) this.#say(error)
      else this.#lookSoon()
      this.#isFailing = true
    }
  }

  #say(error: unknown): void {
    const { message } = error as Error
    if (message === this.#said) return
    this.#said = message
    this.#log.error({ err: error }, 'changed certificates cannot be used: those in use stay')
  }

  #watchFolders(): void {
    const wanted = new Set([...this.#versions.keys()].flatMap(foldersOf))
    for (const [folder, { inode, watcher }] of this.#folders) {
      // One that was made anew is another, though it has the name.
      if (wanted.has(folder) && inodeOf(folder) === inode) continue
      watcher.close()
      this.#folders.delete(folder)
    }
    for (const folder of wanted) if (!this.#folders.has(folder)) this.#watchFolder(folder)
  }

  #watchFolder(folder: string): void {
    try {
      const inode = inodeOf(folder)
      const watcher = watch(folder, { persistent: false }, () => this.#lookSoon())
      watcher.on('error', () => {
        watcher.close()
        this.#folders.delete(folder)
      })
      this.#folders.set(folder, { inode, watcher })
    } catch (error) {
      // Not there at the moment, or more than the system will watch: the files are looked at now and then all the same.
      this.#log.debug({ err: error, folder }, 'a folder of certificates cannot be watched')
    }
  }
}

/** The folders in which a change may make a path lead to another file: its own, and those of the links on the way. */
export function foldersOf(file: string): readonly string[] {
  const folders = new Set<string>()
  let { at, rest } = split(path.resolve(file))
  for (let links = 0; rest.length > 0; ) {
    const [name, ...others] = rest
    const next = path.join(at, name!)
    const target = links < mostLinks ? linkOf(next) : undefined
    if (target !== undefined || others.length === 0) folders.add(at)
    if (target === undefined) {
      at = next
      rest = others
    } else {
      links++
      const from = split(path.resolve(at, target))
      at = from.at
      rest = [...from.rest, ...others]
    }
  }
  return [...folders]
}

function split(absolute: string): { at: string; rest: readonly string[] } {
  const { root } = path.parse(absolute)
  return {
    at: root,
    rest: absolute
      .slice(root.length)
      .split(path.sep)
      .filter((name) => name !== ''),
  }
}

function linkOf(name: string): string | undefined {
  try {
    return readlinkSync(name)
  } catch {
    return undefined
  }
}

function inodeOf(folder: string): bigint | undefined {
  return statSync(folder, { bigint: true, throwIfNoEntry: false })?.ino
}

function versionOr(file: string): string {
  try {
    return versionOf(file)
  } catch {
    // What cannot be looked at cannot be read, which says why.
    return ''
  }
}
