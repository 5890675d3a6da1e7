// `npm run bench -- policies`: what each policy costs a request, against the same app without any. README.md says how to
// read it.
import { writeFileSync } from 'node:fs'
import http from 'node:http'
import { parseArgs } from 'node:util'
import { chosen, loadOptions, positive, run } from './lib/arguments.mjs'
import { extra, reportExtra } from './lib/extra.mjs'
import { Failure } from './lib/failure.mjs'
import { mustReach } from './lib/goals.mjs'
import { nodeOf, runnable } from './lib/launch.mjs'
import { machine, machineLine } from './lib/machine.mjs'
import { underLoad } from './lib/measure.mjs'
import { headersFor, policies, route } from './lib/policies.mjs'
import { chooseLoad } from './load/load.mjs'

const transports = ['native', 'uws', 'node'].map((id) => ({ id }))

const help = `npm run bench -- policies [options]

  --connections <n>   connections kept busy              (64)
  --json <file>       write every single measurement to a file
  --node <major>      the servers run on that Node, fetched from npm (this one)
  --only <ids>        policies: ${policies.map((policy) => policy.id).join(',')}
  --rounds <n>        rounds, without the warm-up        (8)
  --seconds <n>       whole seconds of load per policy and round (2)
  --transport <id>    ${transports.map(({ id }) => id).join(', ')} (native)
`

/** µs of CPU that policies 1 to 4 of the docs and the rate limit may cost together. */
const most = 2

/**
 * Asks a server once, and sees that its policy is at work.
 *
 * @param {string} id
 * @param {number} port
 */
async function check(id, port) {
  const expected = policies.find((policy) => policy.id === id)?.sends ?? {}
  const { body, found, status } = await ask(id, port)
  const wrong = Object.entries(expected).filter(([name, value]) => !value.test(String(found[name] ?? '')))
  if (status === 200 && body === route.answer && wrong.length === 0) return
  throw new Failure(`${id} answers otherwise: ${status} ${body} ${wrong.map(([name]) => `${name}: ${found[name]}`)}`)
}

/**
 * @param {string} id
 * @param {number} port
 * @returns {Promise<{ body: string, found: import('node:http').IncomingHttpHeaders, status: number | undefined }>}
 */
function ask(id, port) {
  return new Promise((resolve, reject) => {
    http
      .get({ headers: headersFor(id), host: '127.0.0.1', path: route.path, port }, (response) => {
        let body = ''
        response.setEncoding('utf8').on('data', (chunk) => {
          body += chunk
        })
        response.on('end', () => resolve({ body, found: response.headers, status: response.statusCode }))
      })
      .on('error', reject)
  })
}

await run(async () => {
  const { values } = parseArgs({
    options: {
      ...loadOptions({ rounds: '8', seconds: '2' }),
      transport: { type: 'string', default: 'native' },
    },
  })
  if (values.help) {
    console.log(help)
    return
  }
  const [transport] = chosen('transport', values.transport, transports)
  const needs = transport.id === 'node' ? {} : { needs: /** @type {'native' | 'uws'} */ (transport.id) }
  const asked = chosen('only', values.only, policies)
  const peers = asked.map(({ id, name }) => ({ args: [transport.id, id], file: 'policies.mjs', id, name, ...needs }))
  const node = nodeOf(values.node)
  const plan = {
    check,
    connections: positive('connections', values.connections, Number.isInteger),
    headers: headersFor,
    load: chooseLoad(),
    peers: runnable(peers, { node }),
    rounds: positive('rounds', values.rounds, Number.isInteger),
    routes: [route],
    seconds: positive('seconds', values.seconds, Number.isInteger),
  }
  const settings = `${plan.connections} connections, rounds: ${plan.rounds} × ${plan.seconds} s, on ${transport.id}`
  console.log(`${machineLine(node.version)}\nLoad: ${plan.load.name}, ${settings}\n`)
  const samples = await underLoad(plan)
  console.log(`${reportExtra(samples, plan.peers, 'policy')}\n`)
  const goal = 'µs more than none: CORS, cookies, security headers, request id and rate limit together'
  console.log(mustReach([{ figure: extra(samples, 'all'), goal, most }]))
  if (values.json !== undefined) {
    const { connections, load, seconds } = plan
    const about = { ...machine(node.version), connections, load: load.name, seconds, transport: transport.id }
    writeFileSync(values.json, `${JSON.stringify({ about, samples }, null, 2)}\n`)
  }
})
