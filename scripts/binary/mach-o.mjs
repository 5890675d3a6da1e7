// Libraries of macOS: what their loader reads of them, and whether it will take their signature. Mach-O, 64 bits.
import { createHash } from 'node:crypto'
import { text } from './text.mjs'

const machines = new Map([
  [0x0100000c, 'arm64'],
  [0x01000007, 'x64'],
])
const library = 6
const commands = {
  build: 0x32,
  dynamicInfo: [0x22, 0x80000022],
  dynamicSymbols: 0xb,
  exports: 0x80000033,
  libraries: [0xc, 0x80000018, 0x8000001f],
  segment: 0x19,
  signature: 0x1d,
}
const macos = 1
const sha256 = 2

export function isMachO(bytes) {
  return bytes.readUInt32LE(0) === 0xfeedfacf
}

/** See `describeBinary`. `macos` is the oldest version of it that the library is for, as `[major, minor]`. */
export function describeMachO(bytes) {
  if (bytes.readUInt32LE(12) !== library) throw new Error('it is not a dynamic library')
  const architecture = machines.get(bytes.readUInt32LE(4))
  const all = commandsOf(bytes)
  const build = all.find(({ kind }) => kind === commands.build)
  if (build === undefined || bytes.readUInt32LE(build.at + 8) !== macos) throw new Error('it is not for macOS')
  const version = bytes.readUInt32LE(build.at + 12)
  const symbols = all.find(({ kind }) => kind === commands.dynamicSymbols)
  const segments = all.filter(({ kind }) => kind === commands.segment).map(({ at }) => text(bytes, at + 8))
  return {
    architecture,
    exports: exportsOf(bytes, all),
    faults: faultsOfSignature(bytes, all, architecture),
    format: 'mach-o',
    isStripped: (symbols === undefined || bytes.readUInt32LE(symbols.at + 12) === 0) && !segments.includes('__DWARF'),
    macos: [version >>> 16, (version >>> 8) & 0xff],
    needed: all
      .filter(({ kind }) => commands.libraries.includes(kind))
      .map(({ at }) => text(bytes, at + bytes.readUInt32LE(at + 8))),
  }
}

function commandsOf(bytes) {
  const all = []
  let at = 32
  for (let left = bytes.readUInt32LE(16); left > 0; left -= 1) {
    const size = bytes.readUInt32LE(at + 4)
    if (size < 8) throw new Error(`its command at ${at} has the size ${size}`)
    all.push({ at, kind: bytes.readUInt32LE(at) })
    at += size
  }
  return all
}

/** What dlsym finds: a tree of the names' parts, whose nodes with a payload are symbols. */
function exportsOf(bytes, all) {
  const own = all.find(({ kind }) => kind === commands.exports)
  const old = all.find(({ kind }) => commands.dynamicInfo.includes(kind))
  const [from, size] = own === undefined ? [old?.at + 40, old?.at + 44] : [own.at + 8, own.at + 12]
  if (own === undefined && old === undefined) throw new Error('it exports nothing')
  const start = bytes.readUInt32LE(from)
  const tree = bytes.subarray(start, start + bytes.readUInt32LE(size))
  const names = []
  const seen = new Set()
  const open = [{ at: 0, name: '' }]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    if (seen.has(node.at)) throw new Error('its exports go round in circles')
    seen.add(node.at)
    const payload = number(tree, node.at)
    // Symbols of C begin with an underscore there.
    if (payload.value > 0) names.push(node.name.replace(/^_/, ''))
    let at = payload.end + payload.value
    for (let left = tree.readUInt8(at++); left > 0; left -= 1) {
      const part = text(tree, at)
      const child = number(tree, at + part.length + 1)
      open.push({ at: child.value, name: node.name + part })
      at = child.end
    }
  }
  return names
}

/** Seven bits a byte, the lowest first. */
function number(bytes, from) {
  let value = 0
  for (let at = from, scale = 1; ; at += 1, scale *= 128) {
    const byte = bytes.readUInt8(at)
    value += (byte & 0x7f) * scale
    if (byte < 0x80) return { end: at + 1, value }
  }
}

/** macOS on arm64 ends a process that maps a library whose pages are not those that were signed. */
function faultsOfSignature(bytes, all, architecture) {
  const command = all.find(({ kind }) => kind === commands.signature)
  if (command === undefined) return architecture === 'arm64' ? ['is not signed'] : []
  const blob = bytes.subarray(bytes.readUInt32LE(command.at + 8))
  const entries = Array.from({ length: blob.readUInt32BE(8) }, (_, index) => blob.readUInt32BE(12 + index * 8 + 4))
  const directory = entries
    .map((at) => blob.subarray(at))
    .find((each) => each.readUInt32BE(0) === 0xfade0c02 && each.readUInt8(37) === sha256)
  if (directory === undefined) return ['has a signature without hashes of SHA-256']
  const hashes = directory.readUInt32BE(16)
  const size = 2 ** directory.readUInt8(39)
  const limit = directory.readUInt32BE(32)
  for (let page = 0; page < directory.readUInt32BE(28); page += 1) {
    const content = bytes.subarray(page * size, Math.min((page + 1) * size, limit))
    const signed = directory.subarray(hashes + page * 32, hashes + page * 32 + 32)
    if (!createHash('sha256').update(content).digest().equals(signed))
      return [`was changed after it was signed: page ${page}`]
  }
  return limit === bytes.readUInt32LE(command.at + 8) ? [] : ['is not signed as a whole']
}
