// Runs the compiled tests with node's own runner. `--full` adds the long suites (*.full.test.js); further
// arguments are names (or parts of names) of test files: `npm test -- router cookies`.
import { spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
const wanted = process.argv.slice(2).filter((argument) => argument !== '--full')
const full = process.argv.includes('--full')

const files = readdirSync(path.join(root, '.build/test'), { recursive: true })
  .map((file) => path.join('.build/test', file))
  .filter((file) => file.endsWith('.test.js') && (full || !file.endsWith('.full.test.js')))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort()

if (files.length === 0) {
  console.error(`no test file matches ${wanted.join(' ')}`)
  process.exit(1)
}
// Node would keep a processor for itself, which on a machine with two of them takes twice the time.
const flags = ['--enable-source-maps', '--test', '--test-reporter=spec', `--test-concurrency=${availableParallelism()}`]
const { status } = spawnSync(process.execPath, [...flags, ...files], { cwd: root, stdio: 'inherit' })
process.exit(status ?? 1)
