import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

interface Platform {
  architecture: string
  file: string
  format: 'elf' | 'mach-o' | 'pe'
  name: string
}

const root = fileURLToPath(new URL('../../../', import.meta.url))
const script = (name: string) => path.join(root, 'scripts', `${name}.mjs`)
const { platforms }: { platforms: Platform[] } = await import(script('platforms'))
const { faultsOfPrebuild, greatestSize }: Faults = await import(script('prebuild-faults'))
const entry = 'napi_register_module_v1'
const folder = mkdtempSync(path.join(tmpdir(), 'hotpress-prebuilds-'))

interface Faults {
  faultsOfPrebuild(file: string, platform: Platform): string[]
  greatestSize: number
}

after(() => rmSync(folder, { force: true, recursive: true }))

function faultsOf(bytes: Uint8Array, platform: Platform): string[] {
  const file = path.join(folder, 'one.node')
  writeFileSync(file, bytes)
  return faultsOfPrebuild(file, platform)
}

/** A copy with another text of the same length wherever the first stands. */
function replaced(bytes: Buffer, text: string, other: string): Buffer {
  const copy = Buffer.from(bytes)
  let count = 0
  for (let at = copy.indexOf(text); at >= 0; at = copy.indexOf(text, at + 1)) count += copy.write(other, at, 'latin1')
  assert.notEqual(count, 0, `${text} is not there`)
  return copy
}

/** Where the headers of an ELF file's sections of a type are. */
function sections(bytes: Buffer, type: number): number[] {
  const table = Number(bytes.readBigUInt64LE(40))
  const headers = Array.from({ length: bytes.readUInt16LE(60) }, (_, index) => table + index * 64)
  return headers.filter((at) => bytes.readUInt32LE(at + 4) === type)
}

/** Where the load command of a kind of a Mach-O file is. */
function command(bytes: Buffer, kind: number): number {
  let at = 32
  while (bytes.readUInt32LE(at) !== kind) at += bytes.readUInt32LE(at + 4)
  return at
}

describe('prebuilds', () => {
  it('have names that node-gyp-build looks for', () => {
    const { matchTuple, parseTags, parseTuple } = createRequire(import.meta.url)('node-gyp-build')
    for (const { architecture, file, name } of platforms) {
      const [system = '', , libc] = name.split('-')
      const [parent = '', base = ''] = file.split('/')
      assert.equal(matchTuple(system, architecture)(parseTuple(parent)), true, file)
      assert.deepEqual([parseTags(base).napi, parseTags(base).libc], [true, libc], file)
    }
  })

  for (const platform of platforms) {
    const file = path.join(root, 'prebuilds', platform.file)
    const skip = existsSync(file) ? false : 'it is not built'
    it(`${platform.name} would load there, and what is wrong with a broken one is said`, { skip }, () => {
      const bytes = readFileSync(file)
      assert.deepEqual(faultsOf(bytes, platform), [])
      for (const other of platforms.filter((each) => each.architecture !== platform.architecture)) {
        assert.match(
          faultsOf(bytes, other).join(),
          /^is (elf|mach-o|pe) for (arm64|x64), and must be .* for (arm64|x64)$/,
        )
      }
      for (const part of [0, 3, 70, bytes.length >> 1]) {
        assert.match(
          faultsOf(bytes.subarray(0, part), platform).join(),
          /^is no loadable module: it (is cut short|has)/,
        )
      }
      assert.ok(faultsOf(replaced(bytes, entry, entry.toUpperCase()), platform).includes(`does not export ${entry}`))
      const large = Buffer.concat([bytes, Buffer.alloc(greatestSize - bytes.length + 1)])
      assert.deepEqual(faultsOf(large, platform), [`has ${greatestSize + 1} bytes, and ${greatestSize} is the most`])
      formats[platform.format](bytes, platform)
    })
  }

  it('say that what is none of the three formats is none', () => {
    const text = 'is no loadable module: it is neither ELF nor Mach-O nor PE'
    assert.deepEqual(faultsOf(Buffer.from('#!/bin/sh\nexit\n'), platforms[0]!), [text])
  })
})

const formats = {
  elf(bytes: Buffer, platform: Platform): void {
    const library = platform.name.endsWith('musl') ? ['libc.so\0', 'libz.so\0'] : ['libm.so.6\0', 'libz.so.6\0']
    const faults = faultsOf(replaced(bytes, library[0]!, library[1]!), platform)
    assert.ok(faults.includes(`needs ${library[1]!.slice(0, -1)}, which is not on every system`), faults.join())

    if (platform.name.endsWith('glibc')) {
      const newer = replaced(bytes, 'GLIBC_2.17', 'GLIBC_2.29')
      assert.deepEqual(faultsOf(newer, platform), ['needs glibc 2.29, and 2.28 must do'])
    }
    const more = Buffer.from(bytes)
    const symbols = Number(more.readBigUInt64LE(sections(more, 11)[0]! + 24))
    for (const index of [1, 2]) more.writeUInt16LE(1, symbols + index * 24 + 6)
    assert.match(faultsOf(more, platform).join(), /^exports 3 symbols, and 1 is the most: \w+, \w+$/)

    const full = Buffer.from(bytes)
    full.writeUInt32LE(2, sections(full, 1)[0]! + 4)
    assert.deepEqual(faultsOf(full, platform), ['is not stripped'])
  },

  'mach-o'(bytes: Buffer, platform: Platform): void {
    // Only those for arm64 have to be signed, and are.
    const changed = platform.architecture === 'arm64' ? ['was changed after it was signed: page 0'] : []
    const library = replaced(bytes, 'libSystem.B.dylib', 'libSystem.Z.dylib')
    const stranger = 'needs /usr/lib/libSystem.Z.dylib, which is not on every system'
    assert.deepEqual(faultsOf(library, platform), [...changed, stranger])

    const newer = Buffer.from(bytes)
    newer.writeUInt32LE(12 << 16, command(newer, 0x32) + 12)
    assert.deepEqual(faultsOf(newer, platform), [...changed, 'needs macOS 12.0, and 11.0 must do'])

    const full = Buffer.from(bytes)
    full.writeUInt32LE(1, command(full, 0xb) + 12)
    assert.deepEqual(faultsOf(full, platform), [...changed, 'is not stripped'])
  },

  pe(bytes: Buffer, platform: Platform): void {
    const stranger = 'needs ws2_99.dll, which is not on every system'
    assert.deepEqual(faultsOf(replaced(bytes, 'ws2_32.dll', 'ws2_99.dll'), platform), [stranger])

    const header = bytes.readUInt32LE(60)
    const full = Buffer.from(bytes)
    full.writeUInt32LE(4096, header + 12)
    assert.deepEqual(faultsOf(full, platform), ['is not stripped'])

    const soft = Buffer.from(bytes)
    soft.writeUInt16LE(0, header + 24 + 70)
    assert.deepEqual(faultsOf(soft, platform), ['lacks random addresses or data that is never run'])
  },
}

describe('check-prebuilds', () => {
  it('names what is missing, and what is for no platform', () => {
    const empty = path.join(folder, 'empty')
    mkdirSync(path.join(empty, 'linux-x64'), { recursive: true })
    writeFileSync(path.join(empty, 'linux-x64/hotpress.napi.uclibc.node'), '')
    const { status, stderr } = spawnSync(process.execPath, [script('check-prebuilds'), empty], { encoding: 'utf8' })
    const lines = platforms.map(
      ({ file, name }) => `prebuilds/${file} is missing: run npm run prebuild:all -- --only ${name}`,
    )
    lines.push('prebuilds/linux-x64/hotpress.napi.uclibc.node is for no platform of scripts/platforms.mjs')
    assert.deepEqual([status, stderr.trim().split('\n')], [1, lines])
  })
})

describe('prebuild-all', () => {
  const run = (...words: string[]) =>
    spawnSync(process.execPath, [script('prebuild-all'), ...words], { encoding: 'utf8', env: { PATH: folder } })

  it('names the platforms that there are, to one that does not know them', () => {
    const { status, stderr } = run('--only', 'linux-arm64', '--only', 'amiga')
    const names = platforms.map(({ name }) => name).join(', ')
    assert.deepEqual([status, stderr], [1, `--only got "amiga", and takes one of ${names}\n`])
  })

  it('says what it takes where that is missing', () => {
    const { status, stderr } = run('--only', 'darwin')
    assert.equal(status, 1)
    assert.match(stderr, /^to build these prebuilds, run first:\n {2}a Rust of 1\.88 or newer by rustup: .*\n$/)
  })
})
