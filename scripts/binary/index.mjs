import { describeElf, isElf } from './elf.mjs'
import { describeMachO, isMachO } from './mach-o.mjs'
import { describePe, isPe } from './pe.mjs'

/**
 * What the loader of its system would read of a library, on whatever system this runs.
 *
 * @param {Buffer} bytes - The file.
 * @returns {{
 *   architecture: string | undefined,
 *   exports: string[],
 *   faults: string[],
 *   format: 'elf' | 'mach-o' | 'pe',
 *   glibc?: [number, number],
 *   isStripped: boolean,
 *   macos?: [number, number],
 *   needed: string[],
 * }} `architecture` by Node's name; `faults` are those of its format, such as a broken signature.
 * @throws Error with a sentence about the file, when it is no library, or is cut short.
 */
export function describeBinary(bytes) {
  try {
    if (isElf(bytes)) return describeElf(bytes)
    if (isMachO(bytes)) return describeMachO(bytes)
    if (isPe(bytes)) return describePe(bytes)
  } catch (error) {
    if (error instanceof RangeError) throw new Error(`it is cut short: ${error.message}`)
    throw error
  }
  throw new Error('it is neither ELF nor Mach-O nor PE')
}
