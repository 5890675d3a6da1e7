// Builds the native core for this machine into prebuilds/<platform>-<arch>, where node-gyp-build finds it.
// `--out <folder>` builds with cargo alone (no npm, no zig) into that folder: binding.gyp does so where the package
// is installed and no prebuild fits.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, renameSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { contentHash } from './content-hash.mjs'

/** The oldest glibc that Node 20 itself runs on. */
const glibc = '2.28'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
const native = path.join(root, 'native')
const { out } = parseArgs({ options: { out: { type: 'string' } } }).values
const built = out === undefined ? prebuild() : fromSource()
console.log(path.relative(root, built))

function fromSource() {
  run('cargo', ['build', '--release', '--locked'])
  const libraries = { darwin: 'libhotpress_native.dylib', win32: 'hotpress_native.dll' }
  const library = libraries[process.platform] ?? 'libhotpress_native.so'
  return place(path.join(native, 'target/release', library), path.resolve(root, out), 'hotpress.node')
}

function prebuild() {
  // Not `npm ci`: the CLI names packages for platforms that are not published, which a lock cannot hold.
  if (!existsSync(path.join(native, 'node_modules/@napi-rs/cli')))
    npm('install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock')
  const staging = path.join(native, 'target/napi')
  npm('exec', '--', 'napi', 'build', '--release', '--no-js', '--output-dir', staging, ...portable(), '--', '--locked')
  const folder = path.join(root, 'prebuilds', `${process.platform}-${process.arch}`)
  return place(path.join(staging, 'hotpress.node'), folder, ['hotpress', 'napi', ...libc(), 'node'].join('.'))
}

/** What makes a binary for glibc run on older systems than the one that builds it. */
function portable() {
  if (libc()[0] !== 'glibc') return []
  if (spawnSync('cargo-zigbuild', ['--version']).status !== 0) {
    const install = 'pip install ziglang cargo-zigbuild'
    console.warn(
      `this binary needs the glibc of this machine; for one that runs on ${glibc} and may be committed: ${install}`,
    )
    return []
  }
  const machine = { arm64: 'aarch64', x64: 'x86_64' }[process.arch] ?? process.arch
  return ['--cross-compile', '--target', `${machine}-unknown-linux-gnu.${glibc}`]
}

function libc() {
  if (process.platform !== 'linux') return []
  return [process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc']
}

/** Renamed into place: a process that has the old file mapped would crash if its bytes changed. */
function place(file, folder, name) {
  mkdirSync(folder, { recursive: true })
  const target = path.join(folder, name)
  copyFileSync(file, `${target}.new`)
  renameSync(`${target}.new`, target)
  return target
}

function npm(...arguments_) {
  run('npm', arguments_, { shell: process.platform === 'win32' })
}

function run(command, arguments_, options = {}) {
  const cargoHome = process.env.CARGO_HOME ?? path.join(os.homedir(), '.cargo')
  // Without these, paths of this machine stand in panic messages. The encoded form may hold spaces.
  const flags = [`--remap-path-prefix=${root}=hotpress`, `--remap-path-prefix=${cargoHome}=cargo`]
  const env = { ...process.env, CARGO_ENCODED_RUSTFLAGS: flags.join('\x1f'), HOTPRESS_CONTENT_HASH: contentHash() }
  const { error, status } = spawnSync(command, arguments_, { cwd: native, env, stdio: 'inherit', ...options })
  if (error !== undefined) console.error(`${command} could not be run: ${error.message}`)
  if (status !== 0) process.exit(status ?? 1)
}
