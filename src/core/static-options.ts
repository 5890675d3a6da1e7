import { fileURLToPath } from 'node:url'
import { checkHeaderValue, type HeadersInit, headerName } from './headers.js'
import { type Check, checkBoolean, checkOptions, invalid } from './options-check.js'
import { bytesOf, durationOf, millisecondsOf } from './units.js'

/** How files are kept in memory. */
export interface FileCacheOptions {
  /** The most that one file may have to be kept, in bytes or as `'256kb'` (the default); larger ones are streamed. */
  readonly fileSize?: number | string
  /** How long a file that was looked at is taken to be unchanged: 1 s by default, in milliseconds or as a text. */
  readonly revalidate?: number | string
  /** The most that all files may have together, compressed forms included: 64 MB by default. */
  readonly size?: number | string
}

/** Options that `app.static()` and `file()` have in common. */
export interface FileHeaderOptions {
  /** The whole value of `Cache-Control`, or false for none. `no-cache` by default: kept, and asked about each time. */
  readonly cacheControl?: string | false
  /** Whether `ETag` is sent: true by default. */
  readonly etag?: boolean
  /** Adds `immutable` to `Cache-Control`, and a `maxAge` of a year where there is none: for names that hold a hash. */
  readonly immutable?: boolean
  /** Whether `Last-Modified` is sent: true by default. */
  readonly lastModified?: boolean
  /** `max-age` of `Cache-Control`: milliseconds, or a text such as `'1h'` or `'365d'`. */
  readonly maxAge?: number | string
}

/** Options of `app.static()`. */
export interface StaticOptions extends FileHeaderOptions {
  /** How files are kept in memory; false for not at all. */
  readonly cache?: FileCacheOptions | false
  /** Whether files kept in memory are kept compressed too. By default where the app has compression switched on. */
  readonly compress?: boolean
  /** What becomes of names that begin with a dot: a 404 (`'ignore'`, the default; not for `/.well-known/`), or not. */
  readonly dotfiles?: 'ignore' | 'serve'
  /** The file that answers navigations for which there is none, for single-page applications. None by default. */
  readonly fallback?: string
  /** Further headers: for all files, or made for one by its path below the folder, once for each version of it. */
  readonly headers?: HeadersInit | ((path: string) => HeadersInit)
  /** The file that answers for its folder: `index.html` by default, false for none. */
  readonly index?: string | false
  /** Whether folders without an index answer with a list of their files: false by default. */
  readonly listing?: boolean
  /** Whether `app.css.br`, `.zst` and `.gz` beside `app.css` are sent to those who take them: false by default. */
  readonly precompressed?: boolean
  /** Whether a folder asked for without its slash is a redirection to it: true by default, else a 404. */
  readonly redirect?: boolean
}

/** Bounds of what is kept in memory. */
export interface FileCacheSettings {
  /** Bytes of one file; -1 for none at all. */
  readonly fileSize: number
  /** Milliseconds. */
  readonly revalidate: number
  /** Bytes of all together. */
  readonly size: number
}

/** {@link FileHeaderOptions}, checked and complete. */
export interface FileHeaderSettings {
  readonly cacheControl: string | undefined
  readonly etag: boolean
  readonly lastModified: boolean
}

/** {@link StaticOptions} and their folder, checked and complete. */
export interface StaticSettings extends FileHeaderSettings {
  readonly cache: FileCacheSettings
  readonly compress: boolean | undefined
  readonly dotfiles: 'ignore' | 'serve'
  readonly fallback: string | undefined
  /** The folder, as it was given. */
  readonly folder: string
  readonly headers: HeadersInit | ((path: string) => HeadersInit) | undefined
  readonly index: string | undefined
  readonly listing: boolean
  readonly precompressed: boolean
  readonly redirect: boolean
}

/** Stands for the handler of a folder until the app starts, which alone has what such a handler needs. */
export class FolderRoute {
  /** Whether it is for the path of the folder without the slash at its end. */
  readonly isBare: boolean
  readonly settings: StaticSettings

  constructor(settings: StaticSettings, isBare: boolean) {
    this.isBare = isBare
    this.settings = settings
  }
}

/** What is kept where nothing else is said. */
export const defaultFileCache: FileCacheSettings = Object.freeze({
  fileSize: 256 * 1024,
  revalidate: 1000,
  size: 64 * 1024 ** 2,
})

const year = 365 * 86_400_000

/** The checks of {@link FileHeaderOptions}, for a table of options that has more. */
export const headerOptionChecks: {
  readonly [Name in keyof FileHeaderOptions]-?: Check<NonNullable<FileHeaderOptions[Name]>>
} = {
  cacheControl: (value, option) => (value === false ? value : headerText(value, option)),
  etag: checkBoolean,
  immutable: checkBoolean,
  lastModified: checkBoolean,
  maxAge: durationOf,
}

const cacheChecks: Readonly<Record<keyof FileCacheOptions, Check>> = {
  fileSize: bytesOf,
  revalidate: millisecondsOf,
  size: bytesOf,
}

const staticChecks: Readonly<Record<keyof StaticOptions, Check>> = {
  ...headerOptionChecks,
  cache: (value, option) => (value === false ? value : checkOptions(value, cacheChecks, ` of ${option}`)),
  compress: checkBoolean,
  dotfiles: (value, option) =>
    value === 'ignore' || value === 'serve' ? value : invalid(option, value, "'ignore' or 'serve'"),
  fallback: fileName,
  headers: checkHeaders,
  index: (value, option) => (value === false ? value : fileName(value, option)),
  listing: checkBoolean,
  precompressed: checkBoolean,
  redirect: checkBoolean,
}

/**
 * Checks the options of `static()` and completes them.
 *
 * @throws HotpressError `HEADER_INVALID`, `OPTION_INVALID`, `OPTION_UNKNOWN`
 */
export function settleStatic(prefix: string, folder: URL | string, options: StaticOptions): StaticSettings {
  const where = ` of static(${JSON.stringify(prefix)})`
  const given = checkOptions(options, staticChecks, where) as StaticOptions
  const cache = given.cache === false ? { fileSize: -1, size: 0 } : (given.cache ?? {})
  return Object.freeze({
    cache: { ...defaultFileCache, ...(cache as Partial<FileCacheSettings>) },
    compress: given.compress,
    dotfiles: given.dotfiles ?? 'ignore',
    fallback: given.fallback,
    folder: checkPath(folder, `folder${where}`, 'the path of a folder'),
    headers: given.headers,
    index: given.index === false ? undefined : (given.index ?? 'index.html'),
    listing: given.listing ?? false,
    precompressed: given.precompressed ?? false,
    redirect: given.redirect ?? true,
    ...settleFileHeaders(given, where),
  })
}

/**
 * The settings of options that {@link headerOptionChecks} has checked.
 *
 * @throws HotpressError `OPTION_INVALID` for those that exclude each other.
 */
export function settleFileHeaders(given: FileHeaderOptions, where: string): FileHeaderSettings {
  const { cacheControl, etag = true, immutable = false, lastModified = true, maxAge } = given
  if (cacheControl !== undefined && (maxAge !== undefined || immutable)) {
    invalid(`cacheControl${where}`, cacheControl, 'the whole value, without maxAge and immutable beside it')
  }
  const age = maxAge ?? (immutable ? year : undefined)
  const value =
    age === undefined ? 'no-cache' : `max-age=${Math.floor(Number(age) / 1000)}${immutable ? ', immutable' : ''}`
  return { cacheControl: cacheControl === false ? undefined : (cacheControl ?? value), etag, lastModified }
}

/** A path, from one or from a `file:` URL. @throws HotpressError `OPTION_INVALID` */
export function checkPath(value: unknown, option: string, takes: string): string {
  if (value instanceof URL && value.protocol === 'file:') return fileURLToPath(value)
  if (typeof value === 'string' && value !== '' && !value.includes('\0')) return value
  return invalid(option, value, `${takes}, or a file: URL`)
}

function checkHeaders(value: unknown, option: string): StaticOptions['headers'] {
  if (typeof value === 'function') return value as (path: string) => HeadersInit
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return invalid(option, value, 'an object of header names and values, or a function that returns one')
  }
  for (const [name, given] of Object.entries(value)) {
    headerName(name)
    for (const each of Array.isArray(given) ? given : [given]) checkHeaderValue(name, each)
  }
  return value as HeadersInit
}

// A name and no path: it is put behind a folder that a request has named.
function fileName(value: unknown, option: string): string {
  const isName = typeof value === 'string' && /^[^/\\\0]+$/.test(value) && value !== '.' && value !== '..'
  return isName ? value : invalid(option, value, 'the name of a file, without a folder')
}

function headerText(value: unknown, option: string): string {
  if (typeof value !== 'string' || value === '') return invalid(option, value, 'a text, or false')
  checkHeaderValue(option, value)
  return value
}
