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
