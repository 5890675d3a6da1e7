// The few kinds of option value that the benchmarks take, and how a benchmark ends.
import { Failure } from './failure.mjs'

/**
 * @param {string} name
 * @param {string} value
 * @param {(number: number) => boolean} [valid]
 */
export function positive(name, value, valid = () => true) {
  const number = Number(value)
  if (!(number > 0) || !valid(number)) throw new Failure(`--${name} cannot be "${value}"`)
  return number
}

/**
 * The entries that a comma-separated list of ids names, in the entries' own order.
 *
 * @template {{ id: string }} T
 * @param {string} name
 * @param {string | undefined} value
 * @param {readonly T[]} entries
 */
export function chosen(name, value, entries) {
  if (value === undefined) return entries
  const ids = value.split(',')
  const unknown = ids.filter((id) => !entries.some((entry) => entry.id === id))
  if (unknown.length > 0) {
    throw new Failure(
      `--${name} has no "${unknown.join(',')}"; there are ${entries.map((entry) => entry.id).join(', ')}`,
    )
  }
  return entries.filter((entry) => ids.includes(entry.id))
}

/**
 * The options that benchmarks under load have in common, for `parseArgs()`; what they are by default is each one's own.
 *
 * @param {{ connections?: string, rounds?: string, seconds?: string }} [defaults]
 */
export function loadOptions({ connections = '64', rounds = '5', seconds = '4' } = {}) {
  const text = /** @type {const} */ ('string')
  return {
    connections: { type: text, default: connections },
    help: { type: /** @type {const} */ ('boolean'), short: 'h', default: false },
    json: { type: text },
    node: { type: text },
    only: { type: text },
    rounds: { type: text, default: rounds },
    seconds: { type: text, default: seconds },
  }
}

/**
 * Runs a benchmark; a failure is one message and exit code 1.
 *
 * @param {() => Promise<void>} main
 */
export async function run(main) {
  try {
    await main()
  } catch (error) {
    const isPlain = error instanceof Failure || String(/** @type {any} */ (error)?.code).startsWith('ERR_PARSE_ARGS')
    console.error(isPlain ? /** @type {Error} */ (error).message : error)
    process.exitCode = 1
  }
}
