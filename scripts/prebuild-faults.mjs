import { readFileSync } from 'node:fs'
import { isNewer } from './binary/elf.mjs'
import { describeBinary } from './binary/index.mjs'
import { oldestGlibc, oldestMacos } from './platforms.mjs'

/** Bytes of one prebuild, at most. */
export const greatestSize = 12e6

const entry = 'napi_register_module_v1'

/** The linker for macOS exports what it is not told to hide, as the standard library's own few symbols. */
const mostExports = { elf: 1, 'mach-o': 32, pe: 1 }

/**
 * Why a file would not load where it is meant to, or should not be shipped.
 *
 * @param {string} file
 * @param {(typeof import('./platforms.mjs').platforms)[number]} platform - What it is to be for.
 * @returns {string[]} What can follow the name of the file in a sentence.
 */
export function faultsOfPrebuild(file, platform) {
  const bytes = readFileSync(file)
  let found
  try {
    found = describeBinary(bytes)
  } catch (error) {
    return [`is no loadable module: ${error.message}`]
  }
  const { architecture, exports, faults, format, isStripped } = found
  if (format !== platform.format || architecture !== platform.architecture) {
    return [
      `is ${format} for ${architecture ?? 'another machine'}, and must be ${platform.format} for ${platform.architecture}`,
    ]
  }
  const most = mostExports[format]
  return [
    ...faults,
    exports.includes(entry) ? undefined : `does not export ${entry}`,
    exports.length > most
      ? `exports ${exports.length} symbols, and ${most} is the most: ${sample(exports)}`
      : undefined,
    ...strangers(found.needed, platform.libraries).map((library) => `needs ${library}, which is not on every system`),
    tooNew('glibc', found.glibc, oldestGlibc),
    tooNew('macOS', found.macos, oldestMacos),
    isStripped ? undefined : 'is not stripped',
    bytes.length > greatestSize ? `has ${bytes.length} bytes, and ${greatestSize} is the most` : undefined,
  ].filter((fault) => fault !== undefined)
}

function sample(names) {
  const others = names.filter((name) => name !== entry)
  return others.length > 3 ? `${others.slice(0, 3).join(', ')} …` : others.join(', ')
}

function strangers(needed, allowed) {
  return needed.filter((name) => !allowed.some((each) => (typeof each === 'string' ? each === name : each.test(name))))
}

function tooNew(system, version, oldest) {
  if (version === undefined || !isNewer(version, oldest.split('.').map(Number))) return undefined
  return `needs ${system} ${version.join('.')}, and ${oldest} must do`
}
