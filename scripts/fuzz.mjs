// Fuzzes the parsers of the native core: `node scripts/fuzz.mjs [target] [--seconds 60] [--build]`, by default each
// target. It needs Rust and a C++ compiler, on Linux or macOS. What is found stands in native/fuzz/artifacts.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const fuzz = path.join(path.dirname(fileURLToPath(import.meta.url)), '../native/fuzz')
const all = readdirSync(path.join(fuzz, 'fuzz_targets')).map((file) => path.parse(file).name)
const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { build: { type: 'boolean' }, seconds: { default: '60', type: 'string' } },
})
const targets = positionals.length === 0 ? all : positionals
const unknown = targets.find((target) => !all.includes(target))
if (unknown !== undefined) fail(`there is no target ${unknown}, only ${all.join(' and ')}`)

const host = /^host: (\S+)/m.exec(spawnSync('rustc', ['-vV'], { encoding: 'utf8' }).stdout ?? '')?.[1]
if (host === undefined) fail('rustc could not be run')

// What cargo-fuzz passes too, and no more: so it is not needed. -Zsanitizer is what asks for RUSTC_BOOTSTRAP.
const flags = [
  '-Cpasses=sancov-module',
  '-Cllvm-args=-sanitizer-coverage-level=4',
  '-Cllvm-args=-sanitizer-coverage-inline-8bit-counters',
  '-Cllvm-args=-sanitizer-coverage-pc-table',
  '-Cllvm-args=-sanitizer-coverage-trace-compares',
  '-Zsanitizer=address',
  '--cfg=fuzzing',
]
run('cargo', ['build', '--release', '--locked', '--target', host], {
  CARGO_ENCODED_RUSTFLAGS: flags.join('\x1f'),
  RUSTC_BOOTSTRAP: '1',
})
if (values.build) process.exit(0)

for (const target of targets) {
  const found = path.join(fuzz, 'artifacts', target, path.sep)
  const grown = path.join(fuzz, 'target/corpus', target)
  for (const folder of [found, grown]) mkdirSync(folder, { recursive: true })
  // New inputs go into the first folder; the second is the corpus that is kept.
  run(path.join(fuzz, 'target', host, 'release', target), [
    `-artifact_prefix=${found}`,
    `-max_total_time=${values.seconds}`,
    '-max_len=4096',
    '-print_final_stats=1',
    grown,
    path.join(fuzz, 'corpus', target),
  ])
}

function fail(message) {
  console.error(message)
  process.exit(1)
}

function run(command, arguments_, env = {}) {
  const { error, status } = spawnSync(command, arguments_, {
    cwd: fuzz,
    env: { ...process.env, ...env },
    stdio: 'inherit',
  })
  if (error !== undefined) fail(`${command} could not be run: ${error.message}`)
  if (status !== 0) process.exit(status ?? 1)
}
