// Libraries of Windows: what their loader reads of them. PE32+.
import { text } from './text.mjs'

const machines = new Map([
  [0x8664, 'x64'],
  [0xaa64, 'arm64'],
])
const directories = { exports: 0, imports: 1, lateImports: 13 }
const isLibrary = 0x2000
const plus = 0x20b
/** Addresses that differ from run to run, in 64 bits, and data that is never run. */
const hardened = 0x20 | 0x40 | 0x100

export function isPe(bytes) {
  return bytes.readUInt16BE(0) === 0x4d5a
}

/** See `describeBinary`. */
export function describePe(bytes) {
  const header = bytes.readUInt32LE(60)
  if (bytes.readUInt32BE(header) !== 0x50450000) throw new Error('it is not a program of Windows')
  if ((bytes.readUInt16LE(header + 22) & isLibrary) === 0) throw new Error('it is not a library')
  const optional = header + 24
  if (bytes.readUInt16LE(optional) !== plus) throw new Error('it is not of 64 bits')
  const sections = sectionsOf(bytes, optional + bytes.readUInt16LE(header + 20), bytes.readUInt16LE(header + 6))
  const image = { bytes, directory: (index) => bytes.readUInt32LE(optional + 112 + index * 8), sections }
  const isHardened = (bytes.readUInt16LE(optional + 70) & hardened) === hardened
  return {
    architecture: machines.get(bytes.readUInt16LE(header + 4)),
    exports: exportsOf(image),
    faults: isHardened ? [] : ['lacks random addresses or data that is never run'],
    format: 'pe',
    isStripped: bytes.readUInt32LE(header + 12) === 0 && !sections.some(({ name }) => /^(\/\d|\.debug)/.test(name)),
    needed: [...importsOf(image, directories.imports, 20, 12), ...importsOf(image, directories.lateImports, 32, 4)].map(
      (name) => name.toLowerCase(),
    ),
  }
}

function sectionsOf(bytes, table, count) {
  return Array.from({ length: count }, (_, index) => {
    const at = table + index * 40
    return {
      address: bytes.readUInt32LE(at + 12),
      at: bytes.readUInt32LE(at + 20),
      name: bytes.latin1Slice(at, at + 8).replace(/\0+$/, ''),
      size: bytes.readUInt32LE(at + 16),
    }
  })
}

function offset({ sections }, address) {
  const section = sections.find((each) => address >= each.address && address < each.address + each.size)
  if (section === undefined) throw new Error(`no section has the address ${address}`)
  return section.at + address - section.address
}

function exportsOf(image) {
  const address = image.directory(directories.exports)
  if (address === 0) throw new Error('it exports nothing')
  const at = offset(image, address)
  const count = image.bytes.readUInt32LE(at + 24)
  const names = offset(image, image.bytes.readUInt32LE(at + 32))
  return Array.from({ length: count }, (_, index) =>
    text(image.bytes, offset(image, image.bytes.readUInt32LE(names + index * 4))),
  )
}

/** A table of libraries up to an entry without a name. */
function importsOf(image, directory, size, nameAt) {
  const address = image.directory(directory)
  if (address === 0) return []
  const names = []
  for (let at = offset(image, address); ; at += size) {
    const name = image.bytes.readUInt32LE(at + nameAt)
    if (name === 0) return names
    names.push(text(image.bytes, offset(image, name)))
  }
}
