// The part of a server under test that is the same for all of them: it reports where it listens, tells its CPU time
// or memory when asked, and never outlives the benchmark.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'

/** How the load generator's requests reach a server; also the only address it may listen on. */
export const host = '127.0.0.1'

/** How long timers and what the collector frees in the background have before memory is read, in ms. */
const settling = 500

/** How often the event loop is looked at, in ms. */
const resolution = 1
const delay = monitorEventLoopDelay({ resolution })

/** @typedef {keyof typeof answers} Question */

const answers = {
  /** The kernel's own figure (getrusage: user and system time, every thread) in microseconds. */
  cpu() {
    const { system, user } = process.cpuUsage()
    return system + user
  },
  /** By how many µs the event loop was late in 99 of 100 looks since the last question, at most; counts from the first. */
  async late() {
    // What is counted is the time between two looks.
    const late = delay.percentile(99) / 1e3 - resolution * 1e3
    delay.reset()
    delay.enable()
    return Math.max(0, late)
  },
  /** Resident bytes after a garbage collection, where the process was started with one to call. */
  async memory() {
    for (let collection = 0; collection < 2; collection++) {
      globalThis.gc?.()
      await setTimeout(settling)
    }
    return process.memoryUsage.rss()
  },
}

/**
 * @param {() => Promise<number>} listen binds `host` to a free port and resolves to that port
 * @param {{ cpu?: () => number, memory?: () => number }} [other] how to answer for another process than this one
 */
export async function serve(listen, other = {}) {
  const end = () => process.exit(0)
  process.on('SIGTERM', end)
  process.on('disconnect', end)
  process.stdin.on('close', end).on('end', end).resume()
  process.on('message', async (/** @type {Question} */ question) =>
    process.send?.(await { ...answers, ...other }[question]()),
  )
  const port = await listen()
  // performance.now() counts from the start of the process.
  console.log(JSON.stringify({ port, startup: Number(performance.now().toFixed(1)) }))
}
