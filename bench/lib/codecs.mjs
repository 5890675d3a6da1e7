// The codecs by themselves: CPU time for one body, on all threads, the way to the thread pool and back included. Each
// figure comes from a process of its own: what one codec has taken from the system would else be there for the next,
// and page faults are a good part of what node:zlib costs.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { Failure } from './failure.mjs'
import { median, medianRatio } from './stats.mjs'
import { ratio, table } from './table.mjs'

const program = fileURLToPath(new URL('codec-process.mjs', import.meta.url))

/** @typedef {{ bytes: number, cpu: number }} Figure */
/** @typedef {{ coding: string, hotpress: Figure[], node: Figure[], size: number }} CodecSample */

/**
 * @param {'hotpress' | 'node'} who
 * @returns {Figure}
 */
function measure(who, /** @type {string} */ coding, /** @type {number} */ size) {
  const { status, stdout } = spawnSync(process.execPath, [program, who, coding, String(size)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  if (status !== 0) throw new Failure(`the codec ${coding} of ${who} ended with ${status}`)
  return JSON.parse(stdout)
}

/** @param {number} rounds */
export function codecs(rounds) {
  /** @type {CodecSample[]} */
  const samples = []
  for (const coding of ['br', 'gzip', 'zstd']) {
    for (const size of [1024, 11 * 1024, 100 * 1024]) samples.push({ coding, hotpress: [], node: [], size })
  }
  for (let round = 1; round <= rounds; round++) {
    console.error(`Codecs, round ${round} of ${rounds}`)
    for (const { coding, hotpress, node, size } of samples) {
      hotpress.push(measure('hotpress', coding, size))
      // Node 20 has no zstd: what a client would get of it instead is gzip.
      node.push(measure('node', coding === 'zstd' ? 'gzip' : coding, size))
    }
  }
  return samples
}

const cpuOf = (/** @type {readonly Figure[]} */ figures) => figures.map(({ cpu }) => cpu)

/** @param {readonly CodecSample[]} samples */
export function codecTable(samples) {
  const rows = samples.map(({ coding, hotpress, node, size }) => [
    `${coding}, ${size / 1024} KB`,
    median(cpuOf(hotpress)).toFixed(0),
    median(cpuOf(node)).toFixed(0),
    ratio(medianRatio(cpuOf(hotpress), cpuOf(node))),
    String(hotpress[0].bytes),
    String(node[0].bytes),
  ])
  const head = ['orders as JSON', 'CPU µs', 'node:zlib µs', '÷ node:zlib', 'bytes', 'node:zlib bytes']
  return `The codecs by themselves, four bodies at a time (zstd beside gzip of node:zlib)\n\n${table(head, rows)}`
}

/** @param {readonly CodecSample[]} samples */
export const codecGoals = (samples) =>
  samples
    .filter(({ size }) => size < 50_000)
    .map(({ coding, hotpress, node, size }) => ({
      figure: medianRatio(cpuOf(hotpress), cpuOf(node)),
      goal: `${coding} of ${size / 1024} KB: CPU time over node:zlib's`,
      most: 0.55,
    }))
