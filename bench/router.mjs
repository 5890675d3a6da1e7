// `npm run bench -- router`: Hotpress's two matchers beside find-my-way. README.md says how to read it.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { positive, run } from './lib/arguments.mjs'
import { Failure } from './lib/failure.mjs'
import { mustReach } from './lib/goals.mjs'
import { machine, machineLine } from './lib/machine.mjs'
import { median, medianRatio, rotated } from './lib/stats.mjs'
import { ratio, table } from './lib/table.mjs'
import { tables } from './routes.mjs'

const help = `npm run bench -- router [options]

  --json <file>          write every single measurement to a file
  --milliseconds <n>     time spent on each matcher, table and round (200)
  --rounds <n>           rounds, without the warm-up                 (9)
`

const contenders = [
  { id: 'native', name: 'hotpress native', file: 'hotpress.mjs' },
  { id: 'fallback', name: 'hotpress fallback', file: 'hotpress.mjs' },
  { id: 'walked', name: 'find-my-way', file: 'find-my-way.mjs' },
  { id: 'compiled', name: 'find-my-way, compile()', file: 'find-my-way.mjs' },
]
const most = 0.6

/** @typedef {import('./lib/serve-matcher.mjs').Pass} Pass */

class Contender {
  /** @type {import('node:child_process').ChildProcess} */
  #child

  /** @type {Pass[]} */
  passes = []

  /** @param {typeof contenders[number]} about */
  constructor(about, /** @type {string} */ tableName) {
    const file = fileURLToPath(new URL(`matchers/${about.file}`, import.meta.url))
    this.about = about
    this.#child = fork(file, [about.id, tableName])
    this.ready = this.#next()
  }

  /** @param {'answers' | { milliseconds: number }} question */
  ask(question) {
    const answer = this.#next()
    this.#child.send(question)
    return answer
  }

  async #next() {
    const waiting = new AbortController()
    const { signal } = waiting
    const ended = once(this.#child, 'exit', { signal }).then(() => {
      throw new Failure(`the matcher ${this.about.id} ended, see above`)
    })
    try {
      const [answer] = await Promise.race([once(this.#child, 'message', { signal }), ended])
      return answer
    } finally {
      ended.catch(() => {})
      waiting.abort()
    }
  }

  stop() {
    this.#child.kill()
  }
}

/** @param {readonly Contender[]} matchers */
async function compareAnswers(matchers) {
  const [expected, ...others] = await Promise.all(matchers.map((matcher) => matcher.ask('answers')))
  for (const [index, answers] of others.entries()) {
    const wrong = answers.findIndex((/** @type {unknown} */ answer, /** @type {number} */ at) => {
      return JSON.stringify(answer) !== JSON.stringify(expected[at])
    })
    if (wrong !== -1) {
      const [one, other] = [matchers[0], matchers[index + 1]].map((matcher) => matcher.about.id)
      const [left, right] = [expected[wrong], answers[wrong]].map((answer) => JSON.stringify(answer))
      throw new Failure(`matchers differ: ${one} finds ${left}, ${other} finds ${right}`)
    }
  }
}

/**
 * @param {string} tableName
 * @param {{ milliseconds: number, rounds: number }} plan
 */
async function measure(tableName, { milliseconds, rounds }) {
  const matchers = contenders.map((about) => new Contender(about, tableName))
  try {
    await Promise.all(matchers.map((matcher) => matcher.ready))
    await compareAnswers(matchers)
    // Round 0 warms up.
    for (let round = 0; round <= rounds; round++) {
      for (const matcher of rotated(matchers, round)) {
        const pass = await matcher.ask({ milliseconds })
        if (round > 0) matcher.passes.push(pass)
      }
    }
    return Object.fromEntries(matchers.map(({ about, passes }) => [about.id, passes]))
  } finally {
    for (const matcher of matchers) matcher.stop()
  }
}

/** @typedef {Record<string, Pass[]>} Passes by contender */

/** @param {Passes} passes */
const against = (passes, /** @type {string} */ id, /** @type {'bare' | 'full'} */ what) =>
  medianRatio(
    passes[id].map((pass) => pass[what]),
    passes.walked.map((pass) => pass[what]),
  )

/** @param {Passes} passes */
function report(passes) {
  const cell = (/** @type {number[]} */ ns) =>
    `${median(ns).toFixed(0)} (${Math.min(...ns).toFixed(0)}–${Math.max(...ns).toFixed(0)})`
  const rows = contenders.map(({ id, name }) => [
    name,
    cell(passes[id].map((pass) => pass.full)),
    ratio(against(passes, id, 'full')),
    cell(passes[id].map((pass) => pass.bare)),
    ratio(against(passes, id, 'bare')),
  ])
  return table(['matcher', 'match and params, ns', '÷ find-my-way', 'match alone, ns', '÷ find-my-way'], rows)
}

await run(async () => {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      json: { type: 'string' },
      milliseconds: { type: 'string', default: '200' },
      rounds: { type: 'string', default: '9' },
    },
  })
  if (values.help) {
    console.log(help)
    return
  }
  const plan = {
    milliseconds: positive('milliseconds', values.milliseconds),
    rounds: positive('rounds', values.rounds, Number.isInteger),
  }
  console.log(`${machineLine()}\nRounds: ${plan.rounds} × ${plan.milliseconds} ms\n`)
  /** @type {Record<string, Passes>} */
  const results = {}
  for (const name of Object.keys(tables)) {
    results[name] = await measure(name, plan)
    console.log(`${name}\n\n${report(results[name])}\n`)
  }
  const verdicts = Object.entries(results).map(([name, passes]) => ({
    figure: against(passes, 'native', 'full'),
    goal: `native ÷ find-my-way, match and params, ${name}`,
    most,
  }))
  console.log(mustReach(verdicts))
  if (values.json !== undefined) {
    writeFileSync(values.json, `${JSON.stringify({ about: { ...machine(), ...plan }, results }, null, 2)}\n`)
  }
})
