// Builds the native core for this machine into prebuilds/<platform>-<arch>, where node-gyp-build finds it.
// `--out <folder>` builds with cargo alone (no npm, no zig) into that folder: binding.gyp does so where the package
// is installed and no prebuild fits. scripts/prebuild-all.mjs builds for every platform.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { native, place, root, run } from './cargo.mjs'

/** The oldest glibc that Node 20 itself runs on. */
const glibc = '2.28'

const { out } = parseArgs({ options: { out: { type: 'string' } } }).values
const built = out === undefined ? prebuild() : fromSource()
console.log(path.relative(root, built))

function fromSource() {
  run('cargo', ['build', '--release', '--locked'])
  const libraries = { darwin: 'libhotpress_native.dylib', win32: 'hotpress_native.dll' }
  const library = libraries[process.platform] ?? 'libhotpress_native.so'
  return place(path.join(native, 'target/release', library), path.resolve(root, out, 'hotpress.node'))
}

function prebuild() {
  // Not `npm ci`: the CLI names packages for platforms that are not published, which a lock cannot hold.
  if (!existsSync(path.join(native, 'node_modules/@napi-rs/cli')))
    npm('install', '--ignore-scripts', '--no-audit', '--no-fund', '--no-package-lock')
  const staging = path.join(native, 'target/napi')
  npm('exec', '--', 'napi', 'build', '--release', '--no-js', '--output-dir', staging, ...portable(), '--', '--locked')
  const name = ['hotpress', 'napi', ...libc(), 'node'].join('.')
  const folder = path.join(root, 'prebuilds', `${process.platform}-${process.arch}`)
  return place(path.join(staging, 'hotpress.node'), path.join(folder, name))
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

function npm(...words) {
  run('npm', words, { shell: process.platform === 'win32' })
}
