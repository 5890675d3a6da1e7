// `npm run stress`: what is too much, too slow and too large for a server, one transport after the other, and what is left
// of it then. README.md says what is measured and how. Loopback alone, and it ends by itself.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { chosen, positive, run } from './lib/arguments.mjs'
import { Failure } from './lib/failure.mjs'
import { machineLine } from './lib/machine.mjs'
import { mostConnections, rerunWithMore } from './lib/open-files.mjs'
import { limits, runTrials } from './lib/stress-trials.mjs'
import { table } from './lib/table.mjs'

const transports = [{ id: 'uws' }, { id: 'native' }, { id: 'node' }]
const help = `npm run stress -- [options]

  --only <ids>   transports  (${transports.map(({ id }) => id).join(',')})
  --seconds <n>  of sustained load  (60)
`

/** Seconds of load before the first figure is taken, after all the rest of the trials. */
const warmUpSeconds = 20

/** Of what was there before, what may be there more afterwards. */
const tolerance = 0.05

/** Seconds that the trials may take beside their load, twice. */
const mostSeconds = 300

const connections = 5000
const file = path.join(import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname), 'lib/stress-server.mjs')

/** @typedef {{ files: number | undefined, memory: number }} Holding */

/**
 * @param {string} transport
 * @param {number} seconds
 */
async function stress(transport, seconds) {
  const server = fork(file, [transport, JSON.stringify(limits)], { execArgv: ['--expose-gc'] })
  const timer = setTimeout(() => server.kill('SIGKILL'), (mostSeconds + seconds) * 1000)
  const exited = once(server, 'exit').then(([code, signal]) => {
    throw new Failure(`the server on ${transport} has ended (${code ?? signal})`)
  })
  // Nobody waits for it between two questions.
  exited.catch(() => {})
  const told = () => Promise.race([once(server, 'message'), exited]).then(([message]) => message)
  const ask = () => {
    server.send('measure')
    return /** @type {Promise<Holding>} */ (told())
  }
  /** @type {import('./lib/stress-trials.mjs').Outcome[]} */
  const outcomes = []
  try {
    const { port } = await told()
    await Promise.race([runTrials(port, warmUpSeconds, () => {}), exited])
    const before = await ask()
    await Promise.race([runTrials(port, seconds, (outcome) => outcomes.push(outcome)), exited])
    const after = await ask()
    outcomes.push(...compared(before, after))
  } finally {
    clearTimeout(timer)
    server.removeAllListeners('exit')
    server.kill('SIGKILL')
  }
  return outcomes
}

/** @param {Holding} before @param {Holding} after @returns {import('./lib/stress-trials.mjs').Outcome[]} */
function compared(before, after) {
  const megabytes = (/** @type {number} */ bytes) => (bytes / 1024 ** 2).toFixed(1)
  const memory = {
    name: 'resident memory after it, MB',
    wanted: `${megabytes(before.memory)} + 5 % at most`,
    got: `${megabytes(after.memory)} (${signed(after.memory / before.memory - 1)})`,
    passed: after.memory <= before.memory * (1 + tolerance),
  }
  if (before.files === undefined || after.files === undefined) return [memory]
  const files = {
    name: 'file descriptors after it',
    wanted: `${before.files} + 5 % at most`,
    got: String(after.files),
    passed: after.files <= before.files * (1 + tolerance),
  }
  return [files, memory]
}

/** @param {number} part */
const signed = (part) => `${part < 0 ? '' : '+'}${(part * 100).toFixed(1)} %`

await run(async () => {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean' },
      only: { type: 'string' },
      seconds: { default: '60', type: 'string' },
    },
  })
  if (values.help) {
    console.log(help)
    return
  }
  const seconds = positive('seconds', values.seconds, (number) => number <= 3600)
  const asked = chosen('only', values.only, transports)
  const status = rerunWithMore(connections)
  if (status !== undefined) {
    process.exitCode = status
    return
  }
  if (mostConnections() < connections) {
    throw new Failure(`${connections} connections need as many open files: ulimit -n allows ${mostConnections()}`)
  }
  console.log(`${machineLine()}\n`)
  for (const { id } of asked) {
    const outcomes = await stress(id, seconds)
    const rows = outcomes.map(({ got, name, passed, wanted }) => [name, wanted, got, passed ? 'passed' : 'FAILED'])
    console.log(`${table([id, 'wanted', 'got', ''], rows)}\n`)
    if (outcomes.some(({ passed }) => !passed)) process.exitCode = 1
  }
})
