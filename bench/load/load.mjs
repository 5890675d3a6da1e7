import { autocannonLoad } from './autocannon.mjs'
import { wrk } from './wrk.mjs'

/**
 * @typedef {object} Fired
 * @property {string[]} failures anything but a 2xx answer, in the generator's words
 * @property {number} p50 µs
 * @property {number} p99 µs
 * @property {number} requests answered
 * @property {number} seconds
 *
 * @typedef {object} Shot
 * @property {string} url
 * @property {string} [body]
 * @property {number} connections
 * @property {Readonly<Record<string, string>>} [headers]
 * @property {number} seconds
 *
 * @typedef {(shot: Shot) => Promise<Fired>} Fire
 *
 * @typedef {object} Load
 * @property {string} name
 * @property {Fire} fire
 */

/** wrk where it is installed, else autocannon, with a word about how to get wrk. */
export function chooseLoad() {
  const load = wrk()
  if (load !== undefined) return load
  console.error('No wrk on the PATH (Debian, Ubuntu: apt-get install wrk; Homebrew: brew install wrk).')
  console.error('autocannon takes its place, which cannot load the fast servers to the full.\n')
  return autocannonLoad()
}
