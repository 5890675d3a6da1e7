import { type ContentCoding, contentCodings } from '../core/accept-encoding.js'
import { isCompressible } from '../core/compressible.js'
import { checkFunction, checkOptions, invalid } from '../core/options-check.js'
import { bytesOf } from '../core/units.js'
import { defaultConcurrency, defaultLevels, defaultQueue, type Levels } from './encode.js'

/** Options of `compression()`. Sizes are bytes or texts such as `'1kb'`. */
export interface CompressionOptions {
  /** The codings that are offered, the preferred first: `['br', 'zstd', 'gzip']` by default. */
  readonly codings?: readonly ContentCoding[]
  /** Bodies that are compressed at once: by default one more than there are cores, but one thread of the pool is left free. */
  readonly concurrency?: number
  /** How hard each coding tries: br 0 to 11 (4 by default), gzip 1 to 9 (6), zstd 1 to 19 (3). */
  readonly levels?: Partial<Levels>
  /** Bytes of bodies that are kept with their compressed forms: 16 MB by default, false or 0 for none. */
  readonly memo?: boolean | number | string
  /** Bodies that wait for their turn: 256 by default. From half of them on the fastest level is used; beyond, none. */
  readonly queue?: number
  /** Bodies with fewer bytes are left alone: 256 by default. */
  readonly threshold?: number | string
  /** Which content types are compressed, in place of the built-in table. */
  readonly types?: (contentType: string) => boolean
}

/** The options, complete. */
export interface CompressionSettings {
  readonly codings: readonly ContentCoding[]
  readonly concurrency: number
  readonly levels: Levels
  /** Bytes. */
  readonly memo: number
  readonly queue: number
  /** Bytes. */
  readonly threshold: number
  readonly types: (contentType: string) => boolean
}

const ranges: Readonly<Record<ContentCoding, readonly [lowest: number, highest: number]>> = {
  br: [0, 11],
  gzip: [1, 9],
  zstd: [1, 19],
}

const checks: { readonly [Name in keyof CompressionOptions]-?: (value: unknown) => CompressionSettings[Name] } = {
  codings: checkCodings,
  concurrency: (value) => whole('compression.concurrency', value, 1, 1024),
  levels: checkLevels,
  memo: (value) => (typeof value === 'boolean' ? (value ? defaultMemo : 0) : bytesOf(value, 'compression.memo')),
  queue: (value) => whole('compression.queue', value, 0, 1_000_000),
  threshold: (value) => bytesOf(value, 'compression.threshold'),
  types: (value) => checkFunction(value as CompressionSettings['types'], 'compression.types'),
}

const defaultMemo = 16 * 1024 ** 2

/**
 * Checks the options and completes them.
 *
 * @throws HotpressError `OPTION_UNKNOWN`, or `OPTION_INVALID` naming the option, what it got and what it takes.
 */
export function settleCompression(options: CompressionOptions): CompressionSettings {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    return invalid('compression', options, takes)
  }
  const given = checkOptions(options, checks, ' of compression()')
  return {
    codings: contentCodings,
    concurrency: given.concurrency ?? defaultConcurrency(),
    levels: defaultLevels,
    memo: defaultMemo,
    queue: defaultQueue,
    threshold: 256,
    types: isCompressible,
    ...given,
  }
}

/** What the option `compression` of an app takes, for errors about it. */
const takes = 'true, false or an object'

function checkCodings(value: unknown): readonly ContentCoding[] {
  const takes = `an array of ${contentCodings.map((coding) => `'${coding}'`).join(', ')}, each once at most`
  if (!Array.isArray(value) || value.length === 0) return invalid('compression.codings', value, takes)
  for (const coding of value) {
    if (!contentCodings.includes(coding)) invalid('compression.codings', coding, takes)
  }
  return new Set(value).size === value.length ? [...value] : invalid('compression.codings', value, takes)
}

function checkLevels(value: unknown): Levels {
  if (typeof value !== 'object' || value === null)
    return invalid('compression.levels', value, 'an object with br, gzip or zstd')
  const levels = { ...defaultLevels }
  for (const [coding, level] of Object.entries(value)) {
    if (!Object.hasOwn(ranges, coding)) invalid('compression.levels', coding, 'an object with br, gzip or zstd')
    const name = coding as ContentCoding
    if (level !== undefined) levels[name] = whole(`compression.levels.${coding}`, level, ...ranges[name])
  }
  return levels
}

function whole(option: string, value: unknown, lowest: number, highest: number): number {
  const isRight = Number.isInteger(value) && (value as number) >= lowest && (value as number) <= highest
  return isRight ? (value as number) : invalid(option, value, `a whole number from ${lowest} to ${highest}`)
}
