// Runs the native core under AddressSanitizer: its unit tests, then the addon in Node with the tests of the native transport
// or those that are named: `npm run build && node scripts/asan.mjs [test file…]`. Linux with gcc, whose runtime is
// loaded before Node; Node's own allocations are seen too, and leaks are not looked for: V8 lets go of much at exit only.
import { spawnSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { contentHash } from './content-hash.mjs'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
const native = path.join(root, 'native')
const release = path.join(root, 'build/Release')
const target = `${{ arm64: 'aarch64', x64: 'x86_64' }[process.arch]}-unknown-linux-gnu`
const tests = readdirSync(path.join(root, '.build/test'), { recursive: true })
  .filter((file) => file.endsWith('.test.js') && !file.endsWith('.full.test.js'))
  .filter((file) =>
    (process.argv.length > 2 ? process.argv.slice(2) : ['native/codec', 'native-', 'native.']).some((part) =>
      file.includes(part),
    ),
  )
  .map((file) => path.join('.build/test', file))

if (existsSync(release)) fail('build/Release is there already, and would be replaced: remove it first')
const cargo = ['--manifest-path', path.join(native, 'Cargo.toml'), '--target', target]
const rust = { HOTPRESS_CONTENT_HASH: contentHash(), RUSTC_BOOTSTRAP: '1', RUSTFLAGS: '-Zsanitizer=address' }
const folder = path.join(native, 'target/asan')
run('cargo', ['test', '--locked', '--target-dir', folder, ...cargo], rust)
run('cargo', ['build', '--locked', '--target-dir', folder, ...cargo], rust)

const runtime = spawnSync('gcc', ['-print-file-name=libasan.so'], { encoding: 'utf8' }).stdout?.trim()
if (!runtime?.startsWith('/')) fail('gcc has no libasan.so')
try {
  // node-gyp-build prefers it to the prebuilds.
  mkdirSync(release, { recursive: true })
  copyFileSync(path.join(folder, target, 'debug/libhotpress_native.so'), path.join(release, 'hotpress.node'))
  run(process.execPath, ['--test', '--test-reporter=spec', ...tests], {
    ASAN_OPTIONS: 'abort_on_error=1:detect_leaks=0',
    HOTPRESS_NATIVE: 'on',
    HOTPRESS_TEST_ASAN: '1',
    LD_PRELOAD: runtime,
  })
} finally {
  rmSync(path.join(root, 'build'), { force: true, recursive: true })
}

function fail(message) {
  throw new Error(message)
}

function run(command, arguments_, env) {
  const { error, status } = spawnSync(command, arguments_, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: 'inherit',
  })
  if (error !== undefined) fail(`${command} could not be run: ${error.message}`)
  if (status !== 0) fail(`${command} ended with ${status}`)
}
