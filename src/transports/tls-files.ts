import { Buffer } from 'node:buffer'
import { readFileSync, statSync } from 'node:fs'
import path from 'node:path'
import { invalid, refused } from '../core/options-check.js'
import { HotpressError } from '../errors.js'
import { conversionOf } from './tls-der.js'

const begin = '-----BEGIN '

/** What a file was when it was read: its place on the disk, size and times; the empty text where there is none. */
export type FileVersion = string

/** Files by their paths, each as it was just before it was read. */
export type FileVersions = Map<string, FileVersion>

/** The version of a file that is there now, through whatever links lead to it. */
export function versionOf(file: string): FileVersion {
  const stats = statSync(file, { bigint: true, throwIfNoEntry: false })
  return stats === undefined ? '' : [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join()
}

/** @throws HotpressError `CERTIFICATE_UNREADABLE` */
export function unreadable(option: string, reason: string, cause?: unknown): never {
  throw new HotpressError('CERTIFICATE_UNREADABLE', { option, reason }, cause === undefined ? {} : { cause })
}

/** Whether a value is a text or bytes. @throws HotpressError `OPTION_INVALID` */
export function checkSource(value: unknown, option: string): string | Uint8Array {
  if (value instanceof Uint8Array || (typeof value === 'string' && value !== '')) return value
  return invalid(option, value, 'a PEM text, its bytes, or the path of a file')
}

/**
 * Reads PEM from a text, bytes, or the file at a path.
 *
 * @param files takes the file that was read.
 * @throws HotpressError `CERTIFICATE_UNREADABLE`; it never shows what may be a key.
 */
export function readPem(value: string | Uint8Array, option: string, files: FileVersions): string {
  const text = typeof value === 'string' && value.includes(begin) ? value : undefined
  const bytes = text === undefined ? readBytes(value, option, files) : Buffer.from(text)
  // PEM is ASCII; what stands around it may be anything.
  const pem = bytes.toString('latin1')
  if (!pem.includes(begin)) {
    const conversion = conversionOf(bytes, typeof value === 'string' ? value : undefined)
    return unreadable(option, conversion ?? 'is not PEM: there is no "-----BEGIN" in it')
  }
  if (/-----BEGIN [A-Z0-9 ]+-----\\n/.test(pem)) {
    return unreadable(option, 'has a backslash and an n where its lines should end: replace them by line ends')
  }
  return pem
}

/**
 * Reads bytes as they are, or the file at a path.
 *
 * @throws HotpressError `CERTIFICATE_UNREADABLE`
 */
export function readBytes(value: string | Uint8Array, option: string, files: FileVersions): Buffer {
  if (typeof value !== 'string') return Buffer.from(value)
  // A key in base64 without its first line would be shown by the error for a missing file.
  if (/[\r\n\0]/.test(value) || /^M[\w+/=]{60,}$/.test(value) || value.length > 4096) {
    return unreadable(option, 'is neither PEM, which begins with "-----BEGIN", nor the path of a file')
  }
  const file = path.resolve(value)
  try {
    files.set(file, versionOf(file))
    return readFileSync(file)
  } catch (error) {
    return unreadable(option, `cannot be read: ${(error as Error).message}`, error)
  }
}

/** One block of PEM. */
export interface PemBlock {
  /** What stands behind BEGIN. */
  readonly label: string
  /** The whole of it. */
  readonly pem: string
}

/** The blocks of a PEM text, in their order. */
export function pemBlocks(pem: string): readonly PemBlock[] {
  return [...pem.matchAll(/-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g)].map(([whole, label]) => ({
    label: label!,
    pem: whole,
  }))
}

/** @throws HotpressError `OPTION_INVALID` for a secret, which it does not show. */
export function checkSecret(value: unknown, option: string): string {
  if (typeof value === 'string' && value !== '') return value
  const got = value === '' ? 'an empty text' : `a value of the type ${value === null ? 'null' : typeof value}`
  return refused(option, got, 'a text')
}
