import { Buffer } from 'node:buffer'
import { randomUUID } from 'node:crypto'
import { describe, HotpressError } from '../errors.js'

/** Bytes; the most that common file systems take. */
const longest = 255

// Names that Windows gives to devices, whatever comes after the first dot.
const devices = /^(?:aux|com[0-9¹²³]|con|conin\$|conout\$|lpt[0-9¹²³]|nul|prn)[ ]*(?:\.|$)/i
// What a path or a shell would read, what Windows refuses, and what cannot be seen.
const unsafe = /[\p{C}\p{Zl}\p{Zp}<>:"|?*]/gu

/**
 * A client's file name as one that names a file in a directory and nothing else, on every system: the part after the
 * last slash or backslash without control characters, leading dots, trailing dots and spaces, at most 255 bytes long
 * with its extension kept. Undefined where nothing is left, or a device of Windows would be named.
 */
export function safeFileName(original: string): string | undefined {
  const last = original.slice(Math.max(original.lastIndexOf('/'), original.lastIndexOf('\\')) + 1)
  const name = shorten(trimmed(last.normalize('NFC').replace(unsafe, '')))
  return name === '' || devices.test(name) ? undefined : name
}

function trimmed(name: string): string {
  return name.replace(/^[. ]+/, '').replace(/[. ]+$/, '')
}

function shorten(name: string): string {
  if (Buffer.byteLength(name) <= longest) return name
  const dot = name.lastIndexOf('.')
  const extension = dot > 0 && Buffer.byteLength(name.slice(dot)) <= 32 ? name.slice(dot) : ''
  let stem = ''
  let size = Buffer.byteLength(extension)
  for (const letter of name.slice(0, name.length - extension.length)) {
    size += Buffer.byteLength(letter)
    if (size > longest) break
    stem += letter
  }
  return trimmed(stem) + extension
}

/**
 * The name of a file that is to be saved.
 *
 * @param wanted as in `SaveOptions`.
 * @throws HotpressError `FILE_NAME_INVALID` for a name of the user's own that would lead elsewhere.
 */
export function fileNameFor(original: string, wanted: string): string {
  if (wanted === 'random') return randomUUID()
  if (wanted === 'original') return safeFileName(original) ?? randomUUID()
  if (typeof wanted !== 'string' || safeFileName(wanted) !== wanted.normalize('NFC')) {
    throw new HotpressError('FILE_NAME_INVALID', { got: describe(wanted) })
  }
  return wanted
}
