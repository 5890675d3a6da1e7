// Two cores of their own: the first that this process may use for the server, the last for the load.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

const cores = allowed()

/** Whether the server and the load are kept apart, in words for the top of a report. */
export const pinning =
  cores === undefined ? 'server and load on any core' : `server on core ${cores.server}, load on core ${cores.load}`

/**
 * A command that runs on the core of its role, and so does everything that it starts; the same command where there is
 * no taskset (util-linux), or one core only.
 *
 * @param {'load' | 'server'} role
 * @param {readonly string[]} command
 */
export const pinned = (role, command) =>
  cores === undefined ? command : ['taskset', '-c', String(cores[role]), ...command]

function allowed() {
  if (process.platform !== 'linux' || spawnSync('taskset', ['--version']).error !== undefined) return undefined
  // `0-3,8`: what a container or a shell above has left.
  const list = /^Cpus_allowed_list:\s*(\S+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
  const numbers = list.split(/[,-]/).map(Number)
  const [server, load] = [numbers[0], numbers[numbers.length - 1]]
  return server === load ? undefined : { load, server }
}
