import type { BigIntStats } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
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
    const real = await realpath(asked)
    if (!isInside(base, asked) || !isInside(base, real)) return { refused: 'a link out of the folder' }
    // Where they differ there is a link in between, or the file system takes another spelling for the same name.
    if (real !== asked && !(await isSpelled(base, name))) return { refused: 'another spelling than that on disk' }
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

async function isSpelled(base: string, name: string): Promise<boolean> {
  let folder = base
  for (const segment of name.split('/')) {
    if (!(await readdir(folder)).includes(segment)) return false
    folder = path.join(folder, segment)
  }
  return true
}
