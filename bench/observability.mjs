// `npm run bench -- observability`: what it costs a request to be watched, against the same app with nobody who watches.
// README.md says how to read it.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { chosen, loadOptions, positive, run } from './lib/arguments.mjs'
import { extra, reportExtra } from './lib/extra.mjs'
import { Failure } from './lib/failure.mjs'
import { mustReach } from './lib/goals.mjs'
import { nodeOf, runnable } from './lib/launch.mjs'
import { lostLines } from './lib/lost-lines.mjs'
import { machine, machineLine } from './lib/machine.mjs'
import { underLoad } from './lib/measure.mjs'
import { route, watched } from './lib/observability.mjs'
import { thousands } from './lib/table.mjs'
import { chooseLoad } from './load/load.mjs'

const transports = ['native', 'uws', 'node'].map((id) => ({ id }))

const help = `npm run bench -- observability [options]

  --connections <n>   connections kept busy              (64)
  --json <file>       write every single measurement to a file
  --node <major>      the servers run on that Node, fetched from npm (this one)
  --only <ids>        who watches: ${watched.map(({ id }) => id).join(',')}
  --rounds <n>        rounds of each start, without the warm-up (4)
  --seconds <n>       whole seconds of load per server and round (2)
  --starts <n>        how often the servers are started anew (4)
  --transport <id>    ${transports.map(({ id }) => id).join(', ')} (native)
`

/** As a browser sends them. */
const headers = {
  Accept: 'application/json',
  'Accept-Encoding': 'gzip, deflate, br',
  'Accept-Language': 'en-GB,en;q=0.9',
  'User-Agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36',
}

/**
 * Asks a server once, and sees that it is watched as it should be.
 *
 * @param {string} id
 * @param {number} port
 */
async function check(id, port) {
  const answer = await fetch(`http://127.0.0.1:${port}${route.path}`)
  if (answer.status !== 200 || (await answer.text()) !== route.answer) throw new Failure(`${id} answers otherwise`)
  if (!id.startsWith('metrics')) return
  const told = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()
  if (!/_count\{.*http_route="\/users\/:id".*\} 1\n/.test(told)) throw new Failure(`${id} counts otherwise`)
}

await run(async () => {
  const { values } = parseArgs({
    options: {
      ...loadOptions({ rounds: '4', seconds: '2' }),
      starts: { type: 'string', default: '4' },
      transport: { type: 'string', default: 'native' },
    },
  })
  if (values.help) {
    console.log(help)
    return
  }
  const [transport] = chosen('transport', values.transport, transports)
  const needs = transport.id === 'node' ? {} : { needs: /** @type {'native' | 'uws'} */ (transport.id) }
  const asked = chosen('only', values.only, watched)
  const peers = asked.map(({ id, name }) => ({
    args: [transport.id, id],
    file: 'observability.mjs',
    id,
    name,
    ...needs,
  }))
  const node = nodeOf(values.node)
  const plan = {
    check,
    connections: positive('connections', values.connections, Number.isInteger),
    headers: () => headers,
    load: chooseLoad(),
    peers: runnable(peers, { node }),
    rounds: positive('rounds', values.rounds, Number.isInteger),
    routes: [route],
    seconds: positive('seconds', values.seconds, Number.isInteger),
  }
  const starts = positive('starts', values.starts, Number.isInteger)
  const rounds = `rounds: ${starts} × ${plan.rounds} × ${plan.seconds} s`
  const settings = `${plan.connections} connections, ${rounds}, on ${transport.id}`
  console.log(`${machineLine(node.version)}\nLoad: ${plan.load.name}, ${settings}\n`)
  // One process differs from another of the same program by more than what is looked for.
  const samples = []
  for (let start = 0; start < starts; start++) samples.push(...(await underLoad(plan)))
  console.log(`${reportExtra(samples, plan.peers, 'watched by')}\n`)
  const verdicts = asked
    .filter(({ most }) => most !== undefined)
    .map(({ id, most = 0, name }) => ({ figure: extra(samples, id), goal: `µs more than none: ${name}`, most }))
  if (asked.some(({ id }) => id === 'access-log')) {
    const [rate, seconds] = [20_000, 10]
    const at = `${thousands(rate)} requests per second for ${seconds} s`
    console.error(`The access log at ${at}, with rotation`)
    const { lines, requests, ...got } = await lostLines({
      connections: 64,
      headers,
      rate,
      seconds,
      transport: transport.id,
    })
    const came = `${thousands(requests)} requests at ${thousands(got.rate)} per second, ${thousands(lines)} lines`
    console.log(`Access log: ${came}\n`)
    // Neither a line too few nor one too many.
    verdicts.push({ figure: Math.abs(requests - lines), goal: `lines lost at ${at}`, most: 0 })
  }
  console.log(mustReach(verdicts))
  if (values.json !== undefined) {
    const { connections, load, seconds } = plan
    const about = { ...machine(node.version), connections, load: load.name, seconds, transport: transport.id }
    writeFileSync(values.json, `${JSON.stringify({ about, samples }, null, 2)}\n`)
  }
})
