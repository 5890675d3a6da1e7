import { readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** One line of a stack. */
export interface StackFrame {
  /** As the stack has it, without `at`. */
  readonly call: string
  readonly column: number | undefined
  /** The path of a file; undefined for what is Node's own, or has none. */
  readonly file: string | undefined
  /** Whether it is the user's: neither Node's nor that of a package. */
  readonly isOwn: boolean
  readonly line: number | undefined
}

/** Lines of a file around one of them. */
export interface Excerpt {
  /** The number of the first. */
  readonly first: number
  readonly lines: readonly string[]
}

/** Lines before and after the one that is meant. */
const around = 5

/** Bytes of a file that is looked into, and characters of a line that are shown. */
const largestFile = 2 * 1024 ** 2
const longestLine = 240

/** How many frames are told of. */
const mostFrames = 50

/** The frames of an error's stack; none where it has none. */
export function framesOf({ stack }: Error): readonly StackFrame[] {
  const lines = typeof stack === 'string' ? stack.split('\n') : []
  return lines
    .filter((line) => /^\s+at /.test(line))
    .slice(0, mostFrames)
    .map(frameOf)
}

function frameOf(text: string): StackFrame {
  const call = text.trim().slice('at '.length)
  const [, where, line, column] = /\(?((?:file:\/\/)?[^()]+?):(\d+):(\d+)\)?$/.exec(call) ?? []
  const file = where === undefined ? undefined : pathOf(where)
  const isOwn = file !== undefined && !/[\\/]node_modules[\\/]/.test(file)
  return {
    call,
    column: column === undefined ? undefined : Number(column),
    file,
    isOwn,
    line: Number(line) || undefined,
  }
}

// Asynchronous frames have words before the path, and a path may have blanks.
function pathOf(where: string): string | undefined {
  const isAbsolute = /^(?:\/|[A-Za-z]:\\)/
  if (isAbsolute.test(where)) return where
  const place = where.slice(where.lastIndexOf(' ') + 1)
  if (!place.startsWith('file:')) return isAbsolute.test(place) ? place : undefined
  try {
    return fileURLToPath(place)
  } catch {
    return undefined
  }
}

/** The lines around a frame's own; undefined where its file cannot be read. */
export function excerptOf({ file, line }: StackFrame): Excerpt | undefined {
  if (file === undefined || line === undefined) return undefined
  try {
    if (statSync(file).size > largestFile) return undefined
    const all = readFileSync(file, 'utf8').split(/\r?\n/)
    const first = Math.max(1, line - around)
    const lines = all.slice(first - 1, line + around).map((each) => each.slice(0, longestLine))
    return lines.length === 0 ? undefined : { first, lines }
  } catch {
    return undefined
  }
}
