// Builds the native core for every platform into prebuilds/, on Linux, and checks what came out. `--only <platform>`,
// as often as wanted, builds some of them: a name of scripts/platforms.mjs, or how names begin, such as `linux-x64`.
// What it takes is said when it is missing, and in docs/native.md.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { native, place, root, run } from './cargo.mjs'
import { oldestGlibc, oldestMacos, platforms } from './platforms.mjs'
import { faultsOfPrebuild } from './prebuild-faults.mjs'

const targetFolder = path.resolve(native, process.env.CARGO_TARGET_DIR ?? 'target')
const wanted = choose(parseArgs({ options: { only: { multiple: true, type: 'string' } } }).values.only)
const missing = missingTools(wanted)
if (missing.length > 0) fail(['to build these prebuilds, run first:', ...missing.map((line) => `  ${line}`)])

const built = wanted.map(build)
console.table(built.map(({ megabytes, name, seconds }) => ({ name, MB: megabytes, seconds })))
const faults = built.flatMap((each) => each.faults)
if (faults.length > 0) fail(faults)

function choose(names) {
  const found = platforms.filter(({ name }) => names?.some((part) => matches(name, part)) ?? true)
  const unknown = names?.find((part) => !platforms.some(({ name }) => matches(name, part)))
  if (unknown === undefined) return found
  return fail([`--only got "${unknown}", and takes one of ${platforms.map(({ name }) => name).join(', ')}`])
}

function matches(name, part) {
  return name === part || name.startsWith(`${part}-`)
}

function missingTools(all) {
  const lines = []
  const sysroot = spawnSync('rustc', ['--print', 'sysroot'], { encoding: 'utf8' })
  if (sysroot.status !== 0) return ['a Rust of 1.88 or newer by rustup: https://rustup.rs']
  if (spawnSync('cargo-zigbuild', ['--version']).status !== 0) lines.push('pip install cargo-zigbuild ziglang')
  const libraries = path.join(sysroot.stdout.trim(), 'lib/rustlib')
  const targets = all.map(({ target }) => target).filter((target) => !hasStandardLibrary(path.join(libraries, target)))
  if (targets.length > 0) lines.push(`rustup target add ${targets.join(' ')}`)
  return lines
}

function hasStandardLibrary(folder) {
  const libraries = path.join(folder, 'lib')
  return existsSync(libraries) && readdirSync(libraries).some((file) => /^libstd-.*\.rlib$/.test(file))
}

function build(platform) {
  const { file, format, name, target } = platform
  console.log(`\n${name}`)
  const start = performance.now()
  const suffix = target.endsWith('-gnu') ? `.${oldestGlibc}` : ''
  run('cargo', ['zigbuild', '--release', '--locked', '--target', `${target}${suffix}`], settings(platform))
  const library = { elf: 'libhotpress_native.so', 'mach-o': 'libhotpress_native.dylib', pe: 'hotpress_native.dll' }[
    format
  ]
  const placed = place(path.join(targetFolder, target, 'release', library), path.join(root, 'prebuilds', file))
  return {
    faults: faultsOfPrebuild(placed, platform).map((fault) => `${path.relative(root, placed)} ${fault}`),
    megabytes: Number((statSync(placed).size / 1e6).toFixed(2)),
    name,
    seconds: Math.round((performance.now() - start) / 1000),
  }
}

/** What the compilers and linkers of a platform have to be told. */
function settings({ format, target }) {
  if (format === 'mach-o') {
    // The linker's own name of the library is the path that it was built at. It takes no list of what to export, as
    // those of the others do, so that the libraries of C hide themselves; and it links what is not used.
    const words = ['-Wl,-install_name,@rpath/hotpress.node', '-Wl,-dead_strip_dylibs']
    return {
      env: { CFLAGS: '-fvisibility=hidden', MACOSX_DEPLOYMENT_TARGET: oldestMacos },
      flags: words.flatMap((word) => ['-C', `link-arg=${word}`]),
    }
  }
  // A module for musl uses the C library of its host, which Rust would link into it.
  if (target.endsWith('-musl')) return { flags: ['-C', 'target-feature=-crt-static'] }
  if (format === 'pe') {
    const folder = path.join(targetFolder, 'windows')
    mkdirSync(folder, { recursive: true })
    // cargo-zigbuild leaves out the list of exports that rustc makes, and then everything is exported.
    const exports = path.join(folder, 'hotpress.def')
    writeFileSync(exports, 'EXPORTS\n    napi_register_module_v1\n')
    // napi's build script wants Node as a library to link with. All of Node's symbols are looked up at run time, so that
    // there is nothing in it.
    writeFileSync(path.join(folder, 'libnode.dll'), '')
    writeFileSync(path.join(folder, 'libnode.a'), '!<arch>\n')
    return { env: { LIBNODE_PATH: folder }, flags: ['-C', `link-arg=${exports}`] }
  }
  return {}
}

function fail(lines) {
  console.error(lines.join('\n'))
  process.exit(1)
}
