// Runs the compiled tests with node's own runner. `--full` adds the long suites (*.full.test.js), `--skip=deploy/,interop/`
// leaves files out; further arguments are names (or parts of names) of test files: `npm test -- router cookies`.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
const { positionals: wanted, values } = parseArgs({
  allowPositionals: true,
  options: { full: { type: 'boolean', default: false }, skip: { type: 'string' } },
})
const { full } = values
const unwanted = values.skip?.split(',') ?? []

const files = readdirSync(path.join(root, '.build/test'), { recursive: true })
  .map((file) => path.join('.build/test', file))
  .filter((file) => file.endsWith('.test.js') && (full || !file.endsWith('.full.test.js')))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .filter((file) => !unwanted.some((part) => file.includes(part)))
  .sort()

if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(' ')}`)
  process.exit(1)
}
// Tests wait for half of their time: with one file more than there are processors these have something to do. Node by itself
// would keep one free, which with two of them takes twice the time.
const flags = [
  '--enable-source-maps',
  '--test',
  '--test-reporter=spec',
  `--test-concurrency=${availableParallelism() + 1}`,
]
const { status } = spawnSync(process.execPath, [...flags, ...files], { cwd: root, stdio: 'inherit' })
process.exit(status ?? 1)
