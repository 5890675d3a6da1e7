import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** The benchmarks' folder, whose lockfile names the peers. */
export const benchFolder = path.join(root, 'bench')

/**
 * Runs npm; what it prints goes to stderr, for stdout is the report's.
 *
 * @param {readonly string[]} options
 */
export function npm(options) {
  const all = [...options, '--no-audit', '--no-fund']
  const stdio = /** @type {const} */ (['inherit', 2, 2])
  const own = process.env.npm_execpath
  // npm says where it is when it runs a script; by hand it is a command, on Windows one that needs a shell.
  if (own !== undefined) return spawnSync(process.execPath, [own, ...all], { cwd: root, stdio: [...stdio] })
  return spawnSync('npm', all, { cwd: root, shell: process.platform === 'win32', stdio: [...stdio] })
}
