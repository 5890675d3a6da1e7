import type { BigIntStats } from 'node:fs'
import { lstat, readdir, realpath, stat } from 'node:fs/promises'
import path from 'node:path'

/** A file or folder that is there: its path without symbolic links, and what the file system says of it. */
export interface Located {
  readonly path: string
  readonly stats: BigIntStats
}

/** Why there is nothing to serve. */
export interface Refused {
  readonly refused: string
}

// What says that nothing is there for us; anything else (EMFILE, EIO) is a failure of the machine.
const absent = new Set(['EACCES', 'EINVAL', 'ELOOP', 'ENAMETOOLONG', 'ENOENT', 'ENOTDIR', 'EPERM'])

/** Whether an error of the file system says that nothing is there. */
export function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && absent.has(String(error.code))
}

/**
 * Finds what a name stands for below a folder. Folder and target are both resolved to what they really are, and compared
 * before anything of the target is opened. Symbolic links are followed as long as they stay in the folder.
 *
 * @param name segments joined by `/`, none of them `.` or `..`, without a slash at the end.
 * @returns undefined when nothing is there.
 */
export async function locate(folder: string, name: string): Promise<Located | Refused | undefined> {
  try {
    const base = await realpath(folder)
    const asked = path.join(base, name)
    if (!isInside(base, asked)) return { refused: 'a path out of the folder' }
    const [real, isFolded] = await Promise.all([realpath(asked), foldsCase(base, name)])
    if (!isInside(base, real)) return { refused: 'a link out of the folder' }
    if ((isFolded || real !== asked) && !(await isSpelled(base, name))) {
      return { refused: 'another spelling than that on disk' }
    }
    return await examine(real)
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

/** Finds a file by a path that the program itself gives. */
export async function locateTrusted(file: string): Promise<Located | Refused | undefined> {
  try {
    return await examine(await realpath(file))
  } catch (error) {
    if (isAbsent(error)) return undefined
    throw error
  }
}

// Asked before anything is opened: to open a FIFO waits for a writer, to open a device may do something.
async function examine(real: string): Promise<Located | Refused> {
  const stats = await stat(real, { bigint: true })
  if (!stats.isFile() && !stats.isDirectory()) return { refused: 'neither a file nor a folder' }
  return { path: real, stats }
}

function isInside(base: string, target: string): boolean {
  return target === base || target.startsWith(base.endsWith(path.sep) ? base : base + path.sep)
}

// Where realpath() gives names as they are on disk, another spelling shows by itself.
const tellsSpelling = process.platform === 'darwin' || process.platform === 'win32'

/**
 * Whether a name may be found by other spellings of it: on Linux a folder may fold letter case (vfat, casefold, mounts of
 * other systems), and realpath() then gives a name back as it was asked for. Each segment is tried in another spelling.
 */
async function foldsCase(base: string, name: string): Promise<boolean> {
  if (tellsSpelling || name === '') return false
  const segments = name.split('/')
  const tries = segments.map(async (segment, index) => {
    const other = respell(segment)
    if (other === segment) return false
    try {
      await lstat(path.join(base, ...segments.slice(0, index), other))
      return true
    } catch {
      return false
    }
  })
  return (await Promise.all(tries)).includes(true)
}

function respell(name: string): string {
  const upper = name.toUpperCase()
  const other = upper === name ? name.toLowerCase() : upper
  if (other !== name) return other
  const composed = name.normalize('NFC')
  return composed === name ? name.normalize('NFD') : composed
}

async function isSpelled(base: string, name: string): Promise<boolean> {
  let folder = base
  for (const segment of name.split('/')) {
    if (!(await readdir(folder)).includes(segment)) return false
    folder = path.join(folder, segment)
  }
  return true
}
