// Each connection is an open file, here and in the server.
import { spawnSync } from 'node:child_process'

/** Files that a process has open beside its connections, and some more. */
const others = 200

/** Set in the copy of the benchmark that was started with a higher limit. */
const raised = 'HOTPRESS_BENCH_FILES'

/** How many connections a process may have. Node takes its soft limit to the hard one by itself when it starts. */
export function mostConnections() {
  if (process.platform === 'win32') return Number.POSITIVE_INFINITY
  const limit = spawnSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).stdout.trim()
  return limit === 'unlimited' ? Number.POSITIVE_INFINITY : Number(limit) - others
}

/**
 * Where so many connections are too many, runs this program again below a shell that raises the limit, which root may.
 *
 * @param {number} connections
 * @returns {number | undefined} the exit code of that run; undefined when there was no need or the limit stays
 */
export function rerunWithMore(connections) {
  if (mostConnections() >= connections || process.env[raised] !== undefined) return undefined
  const script = 'ulimit -n "$1" 2>/dev/null; shift; exec "$@"'
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)]
  const { status } = spawnSync('sh', ['-c', script, 'sh', String(connections + others), ...again], {
    env: { ...process.env, [raised]: '1' },
    stdio: 'inherit',
  })
  return status ?? 1
}
