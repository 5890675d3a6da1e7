// Shared objects of Linux: what their loader reads of them. ELF, 64 bits, little-endian.
import { text } from './text.mjs'

const machines = new Map([
  [62, 'x64'],
  [183, 'arm64'],
])
const sharedObject = 3
const neededEntry = 1
const sections = { dynamic: 6, dynamicSymbols: 11, symbols: 2, versionsNeeded: 0x6ffffffe }

export function isElf(bytes) {
  return bytes.readUInt32BE(0) === 0x7f454c46
}

/** See `describeBinary`. `glibc` is the newest version of it whose symbols are asked for, as `[major, minor]`. */
export function describeElf(bytes) {
  if (bytes[4] !== 2 || bytes[5] !== 1) throw new Error('it is not of 64 bits, little-endian')
  if (bytes.readUInt16LE(16) !== sharedObject) throw new Error('it is not a shared object')
  const all = sectionsOf(bytes)
  const symbols = all.find(({ type }) => type === sections.dynamicSymbols)
  if (symbols === undefined) throw new Error('it has no table of dynamic symbols')
  return {
    architecture: machines.get(bytes.readUInt16LE(18)),
    exports: exportsOf(bytes, symbols, all),
    faults: [],
    format: 'elf',
    glibc: newestGlibc(bytes, all),
    isStripped: !all.some(({ name, type }) => type === sections.symbols || name.startsWith('.debug')),
    needed: neededBy(bytes, all),
  }
}

function sectionsOf(bytes) {
  const table = Number(bytes.readBigUInt64LE(40))
  const size = bytes.readUInt16LE(58)
  const all = Array.from({ length: bytes.readUInt16LE(60) }, (_, index) => {
    const at = table + index * size
    return {
      at: Number(bytes.readBigUInt64LE(at + 24)),
      link: bytes.readUInt32LE(at + 40),
      nameAt: bytes.readUInt32LE(at),
      size: Number(bytes.readBigUInt64LE(at + 32)),
      type: bytes.readUInt32LE(at + 4),
    }
  })
  const names = linked(all, bytes.readUInt16LE(62))
  return all.map((section) => ({ ...section, name: text(bytes, names.at + section.nameAt) }))
}

function linked(all, index) {
  const section = all[index]
  if (section === undefined) throw new Error(`it has no section ${index}`)
  return section
}

function exportsOf(bytes, symbols, all) {
  const names = linked(all, symbols.link)
  const found = []
  for (let at = symbols.at; at < symbols.at + symbols.size; at += 24) {
    const isGlobal = bytes.readUInt8(at + 4) >> 4 !== 0
    const isVisible = (bytes.readUInt8(at + 5) & 3) === 0
    const isDefined = bytes.readUInt16LE(at + 6) !== 0
    if (isGlobal && isVisible && isDefined) found.push(text(bytes, names.at + bytes.readUInt32LE(at)))
  }
  return found
}

function neededBy(bytes, all) {
  const dynamic = all.find(({ type }) => type === sections.dynamic)
  if (dynamic === undefined) throw new Error('it has no dynamic section')
  const names = linked(all, dynamic.link)
  const needed = []
  for (let at = dynamic.at; at < dynamic.at + dynamic.size; at += 16) {
    if (bytes.readBigInt64LE(at) !== BigInt(neededEntry)) continue
    needed.push(text(bytes, names.at + Number(bytes.readBigUInt64LE(at + 8))))
  }
  return needed
}

/** Each entry is a library, and has a chain of the versions that are needed of it; offsets are relative. */
function newestGlibc(bytes, all) {
  const versions = all.find(({ type }) => type === sections.versionsNeeded)
  if (versions === undefined) return undefined
  const names = linked(all, versions.link)
  let newest
  let library = versions.at
  for (let step = -1; step !== 0; library += step) {
    let version = library + bytes.readUInt32LE(library + 8)
    for (let next = -1; next !== 0; version += next) {
      const name = text(bytes, names.at + bytes.readUInt32LE(version + 8))
      // Names such as GLIBC_PRIVATE or GLIBC_ABI_DT_RELR are no versions; a library with the first runs on no other one.
      const [, major, minor] = /^GLIBC_(\d+)\.(\d+)/.exec(name) ?? []
      if (name.startsWith('GLIBC_') && minor === undefined) throw new Error(`it needs ${name} of glibc`)
      const found = [Number(major), Number(minor)]
      if (minor !== undefined && (newest === undefined || isNewer(found, newest))) newest = found
      next = bytes.readUInt32LE(version + 12)
    }
    step = bytes.readUInt32LE(library + 12)
  }
  return newest
}

export function isNewer([major, minor], [otherMajor, otherMinor]) {
  return major > otherMajor || (major === otherMajor && minor > otherMinor)
}
