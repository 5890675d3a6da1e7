// Load by wrk: written in C, one thread, so that on two cores the server has one to itself.
import { execFile, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const postScript = fileURLToPath(new URL('post.lua', import.meta.url))
const microseconds = { us: 1, ms: 1e3, s: 1e6, m: 6e7, h: 3.6e9 }

/** @returns {import('./load.mjs').Load | undefined} undefined without wrk on the PATH */
export function wrk() {
  const { error, stdout } = spawnSync('wrk', ['-v'], { encoding: 'utf8' })
  if (error !== undefined) return undefined
  return { name: /^wrk \S+/.exec(stdout)?.[0] ?? 'wrk', fire }
}

/** @type {import('./load.mjs').Fire} */
async function fire({ body, connections, headers = {}, seconds, url }) {
  const script = body === undefined ? [] : ['-s', postScript]
  const lines = Object.entries(headers).flatMap(([name, value]) => ['-H', `${name}: ${value}`])
  const { stdout } = await run(
    'wrk',
    ['-t1', `-c${connections}`, `-d${seconds}s`, '--latency', ...lines, ...script, url],
    {
      env: { ...process.env, BENCH_BODY: body ?? '' },
    },
  )
  return parse(stdout)
}

/**
 * @param {string} output
 * @returns {import('./load.mjs').Fired}
 */
export function parse(output) {
  const failures = /Non-2xx.*|Socket errors:.*/g
  const done = /(\d+) requests in ([\d.]+)(\w+)/.exec(output)
  if (done === null) throw new Error(`wrk reports no requests:\n${output}`)
  return {
    failures: [...output.matchAll(failures)].map(([line]) => line),
    p50: percentile(output, 50),
    p99: percentile(output, 99),
    requests: Number(done[1]),
    seconds: duration(done[2], done[3]) / 1e6,
  }
}

/** @param {string} output */
function percentile(output, /** @type {number} */ of) {
  const found = new RegExp(`^\\s+${of}%\\s+([\\d.]+)(\\w+)`, 'm').exec(output)
  if (found === null) throw new Error(`wrk reports no ${of}th percentile:\n${output}`)
  return duration(found[1], found[2])
}

/**
 * @param {string} number
 * @param {string} unit
 * @returns {number} µs
 */
export function duration(number, unit) {
  const factor = microseconds[/** @type {keyof typeof microseconds} */ (unit)]
  if (factor === undefined) throw new Error(`wrk reports a time in "${unit}"`)
  return Number(number) * factor
}
