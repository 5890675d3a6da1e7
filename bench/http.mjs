// `npm run bench -- http`: Hotpress and its peers under the same load, one at a time. README.md says how to read it.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { chosen, loadOptions, positive, run } from './lib/arguments.mjs'
import { loadRoutes } from './lib/contract.mjs'
import { httpVerdicts, routeTable, startTable } from './lib/http-report.mjs'
import { nodeOf, runnable } from './lib/launch.mjs'
import { machine, machineLine } from './lib/machine.mjs'
import { startTimes, underLoad } from './lib/measure.mjs'
import { chooseLoad } from './load/load.mjs'
import { peers } from './servers.mjs'

const help = `npm run bench -- http [options]

  --connections <n>   connections kept busy              (64)
  --json <file>       write every single measurement to a file
  --node <major>      the servers run on that Node, fetched from npm (this one)
  --only <ids>        servers: ${peers.map((peer) => peer.id).join(',')}
  --rounds <n>        rounds, without the warm-up        (5)
  --routes <ids>      routes: ${loadRoutes.map((route) => route.id).join(',')}
  --seconds <n>       whole seconds of load per server, route and round (4)
  --starts <n>        starts of each server; 0 for none  (5)
`

await run(async () => {
  const { values } = parseArgs({
    options: {
      ...loadOptions(),
      routes: { type: 'string' },
      starts: { type: 'string', default: '5' },
    },
  })
  if (values.help) {
    console.log(help)
    return
  }
  const asked = chosen('only', values.only, peers)
  const node = nodeOf(values.node)
  const plan = {
    connections: positive('connections', values.connections, Number.isInteger),
    load: chooseLoad(),
    peers: runnable(asked, { node }),
    rounds: positive('rounds', values.rounds, Number.isInteger),
    routes: chosen('routes', values.routes, loadRoutes),
    // wrk takes whole seconds only.
    seconds: positive('seconds', values.seconds, Number.isInteger),
  }
  const starts = values.starts === '0' ? 0 : positive('starts', values.starts, Number.isInteger)
  const settings = `${plan.connections} connections, rounds: ${plan.rounds} × ${plan.seconds} s`
  console.log(`${machineLine(node.version)}\nLoad: ${plan.load.name}, ${settings}\n`)

  const started = starts === 0 ? [] : await startTimes(plan.peers, loadRoutes[0], starts)
  const samples = await underLoad(plan)

  for (const route of plan.routes) console.log(`${routeTable(samples, plan.peers, route)}\n`)
  if (starts > 0) console.log(`${startTable(started, plan.peers)}\n`)
  console.log(httpVerdicts(samples))
  if (values.json !== undefined) {
    const about = {
      ...machine(node.version),
      load: plan.load.name,
      connections: plan.connections,
      seconds: plan.seconds,
    }
    writeFileSync(values.json, `${JSON.stringify({ about, samples, starts: started }, null, 2)}\n`)
  }
})
