// What a process and all that it has started use, as Linux counts it.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { Failure } from './failure.mjs'

/**
 * @typedef {object} Memory bytes of one process
 * @property {number} pss resident, what it shares counted by its share
 * @property {number} rss resident, what it shares counted in full
 * @property {number} uss resident, and shared with nobody
 */

/** Ticks of the kernel's clock a second. */
let ticks = 0

/** @throws Failure where this is no Linux */
export function mustCountTrees() {
  if (process.platform !== 'linux') throw new Failure('This is measured by /proc, which Linux alone has')
  ticks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }))
}

/**
 * A process and those that it has started, itself first.
 *
 * @param {number} pid
 * @returns {readonly number[]}
 */
export function treeOf(pid) {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim()
  return [pid, ...(children === '' ? [] : children.split(' ').flatMap((child) => treeOf(Number(child))))]
}

/**
 * CPU time of processes in µs: user and system, all threads, to the tick (10 ms).
 *
 * @param {readonly number[]} pids
 */
export function cpuOf(pids) {
  return pids.reduce((sum, pid) => {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // Behind the name of the program, which may hold anything.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return sum + ((Number(fields[11]) + Number(fields[12])) / ticks) * 1e6
  }, 0)
}

/**
 * @param {number} pid
 * @returns {Memory}
 */
export function memoryOf(pid) {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const bytes = (/** @type {string} */ name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1]) * 1024
  return { pss: bytes('Pss'), rss: bytes('Rss'), uss: bytes('Private_Clean') + bytes('Private_Dirty') }
}
