// What one thing more costs a request: servers that differ in it alone, measured in the same rounds.
import { median } from './stats.mjs'
import { table, thousands } from './table.mjs'

/** @typedef {import('./measure.mjs').Sample} Sample */

/** @param {readonly Sample[]} samples @param {string} id */
const cpuOf = (samples, id) => samples.filter(({ server }) => server === id).map(({ cpu }) => cpu)

/**
 * What a server adds to the one called `none`, in the median of the rounds: figures of one round share the machine's mood.
 *
 * @param {readonly Sample[]} samples
 * @param {string} id
 */
export function extra(samples, id) {
  const [none, own] = [cpuOf(samples, 'none'), cpuOf(samples, id)]
  return none.length === 0 || own.length === 0 ? undefined : median(own.map((cpu, round) => cpu - none[round]))
}

/**
 * @param {readonly Sample[]} samples
 * @param {readonly import('./launch.mjs').Runnable[]} servers
 * @param {string} what the servers differ in
 */
export function reportExtra(samples, servers, what) {
  const rows = servers.map(({ id, name }) => {
    const cpu = cpuOf(samples, id)
    const rate = median(samples.filter(({ server }) => server === id).map((sample) => sample.rate))
    const spread = `${median(cpu).toFixed(2)} (${Math.min(...cpu).toFixed(2)}–${Math.max(...cpu).toFixed(2)})`
    return [name, thousands(rate), spread, extra(samples, id)?.toFixed(2) ?? '–']
  })
  return table([what, 'req/s', 'CPU µs/req', 'more than none, µs'], rows)
}
