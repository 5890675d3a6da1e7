// The part of a matcher under test that is the same for all of them. Each runs alone in a process, with one table, so
// that V8 compiles its loops for this matcher and this table only, as it would in a server.
import { pathsFor, tables } from '../routes.mjs'

/**
 * @typedef {object} Matching
 * @property {string} version
 * @property {(path: string) => { id: number, params: unknown }} answer for the comparison, not timed
 * @property {(paths: readonly string[]) => number} bare one match a path; returns the sum of the ids
 * @property {(paths: readonly string[]) => number} full one match a path and its decoded parameters; returns the same
 *
 * @typedef {{ full: number, bare: number }} Pass ns per match
 */

/**
 * @param {string} tableName
 * @param {(routes: readonly string[]) => Matching} build
 */
export function serveMatcher(tableName, build) {
  const routes = tables[/** @type {keyof typeof tables} */ (tableName)]
  const paths = pathsFor(routes)
  const matching = build(routes)
  process.on('disconnect', () => process.exit(0))
  process.on('message', (/** @type {'answers' | { milliseconds: number }} */ message) => {
    if (message === 'answers') process.send?.(paths.map(matching.answer))
    else process.send?.(pass(matching, paths, message.milliseconds))
  })
  process.send?.({ version: matching.version })
}

/**
 * @param {Matching} matching
 * @param {readonly string[]} paths
 * @param {number} milliseconds
 * @returns {Pass}
 */
function pass({ bare, full }, paths, milliseconds) {
  const text = Buffer.from(paths.join(''), 'latin1')
  return { full: perMatch(full, paths, text, milliseconds / 2), bare: perMatch(bare, paths, text, milliseconds / 2) }
}

/**
 * Times a loop over paths that are new strings each time, as a server's are: a string matched before carries its hash,
 * which would make a present to a matcher that looks paths up in a map. CPU time and not the clock, for what the
 * machine does meanwhile is nobody's cost; garbage collection is, and is counted.
 *
 * @param {(paths: readonly string[]) => number} loop
 * @param {readonly string[]} paths
 * @param {Buffer} text the paths, one after the other
 * @param {number} milliseconds
 */
function perMatch(loop, paths, text, milliseconds) {
  const fresh = new Array(paths.length).fill('')
  let spent = 0
  let matches = 0
  let sum = 0
  while (spent < milliseconds * 1e3) {
    let start = 0
    for (let index = 0; index < paths.length; index++) {
      fresh[index] = text.toString('latin1', start, start + paths[index].length)
      start += paths[index].length
    }
    const before = process.cpuUsage()
    sum += loop(fresh)
    const { system, user } = process.cpuUsage(before)
    spent += system + user
    matches += paths.length
  }
  if (sum < 0) throw new Error('a path found no route')
  return (spent * 1e3) / matches
}
