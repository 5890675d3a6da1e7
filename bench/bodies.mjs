// `npm run bench -- bodies`: bodies of requests, read whole by Hotpress and its peers under the same load, and one long
// upload to a handler that is slower than its client. README.md says how to read it.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { chosen, loadOptions, positive, run } from './lib/arguments.mjs'
import { bodyRoutes } from './lib/contract.mjs'
import { mustReach } from './lib/goals.mjs'
import { routeTable } from './lib/http-report.mjs'
import { nodeOf, runnable } from './lib/launch.mjs'
import { machine, machineLine } from './lib/machine.mjs'
import { underLoad } from './lib/measure.mjs'
import { table } from './lib/table.mjs'
import { upload } from './lib/upload.mjs'
import { chooseLoad } from './load/load.mjs'
import { peers } from './servers.mjs'

/** @type {readonly import('./servers.mjs').Peer[]} */
const uploaders = [
  { id: 'native', name: 'hotpress on native', file: 'upload.mjs', args: ['native'], needs: 'native' },
  { id: 'uws', name: 'hotpress on uws', file: 'upload.mjs', args: ['uws'], needs: 'uws' },
  { id: 'node', name: 'hotpress on node', file: 'upload.mjs', args: ['node'] },
]

const help = `npm run bench -- bodies [options]

  --connections <n>   connections kept busy              (64)
  --json <file>       write every single measurement to a file
  --node <major>      the servers run on that Node, fetched from npm (this one)
  --only <ids>        servers: ${peers.map((peer) => peer.id).join(',')}
  --rounds <n>        rounds, without the warm-up; 0 for the upload alone (5)
  --routes <ids>      routes: ${bodyRoutes.map((route) => route.id).join(',')}
  --seconds <n>       whole seconds of load per server, route and round (3)
  --upload <mb>       megabytes of the upload; 0 for none (1024)
`

/** Megabytes that the resident memory of a server may grow while it takes an upload: V8 lets 32 gather before it looks. */
const mostGrowth = 48
const mb = 1024 ** 2

await run(async () => {
  const { values } = parseArgs({
    options: {
      ...loadOptions({ seconds: '3' }),
      routes: { type: 'string' },
      upload: { type: 'string', default: '1024' },
    },
  })
  if (values.help) {
    console.log(help)
    return
  }
  const node = nodeOf(values.node)
  const load = chooseLoad()
  const plan = {
    connections: positive('connections', values.connections, Number.isInteger),
    load,
    peers: runnable(chosen('only', values.only, peers), { node }),
    rounds: values.rounds === '0' ? 0 : positive('rounds', values.rounds, Number.isInteger),
    routes: chosen('routes', values.routes, bodyRoutes),
    seconds: positive('seconds', values.seconds, Number.isInteger),
  }
  const size = values.upload === '0' ? 0 : positive('upload', values.upload, Number.isInteger) * mb
  const settings = `${plan.connections} connections, rounds: ${plan.rounds} × ${plan.seconds} s`
  console.log(`${machineLine(node.version)}\nLoad: ${load.name}, ${settings}\n`)

  const samples = plan.rounds === 0 ? [] : await underLoad(plan)
  if (plan.rounds > 0) for (const route of plan.routes) console.log(`${routeTable(samples, plan.peers, route)}\n`)

  const uploads = []
  if (size > 0) {
    console.error('Uploading')
    for (const peer of runnable(uploaders, { flags: ['--expose-gc'], node })) uploads.push(await upload(peer, size))
    console.log(`${uploadTable(uploads)}\n`)
    console.log(
      mustReach(
        uploads.map(({ before, peak, server }) => ({
          figure: (peak - before) / mb,
          goal: `MB of memory that hotpress on ${server} takes for the upload`,
          most: mostGrowth,
        })),
      ),
    )
  }
  if (values.json !== undefined) {
    const about = { ...machine(node.version), load: load.name }
    writeFileSync(values.json, `${JSON.stringify({ about, samples, uploads }, null, 2)}\n`)
  }
})

/** @param {readonly import('./lib/upload.mjs').Upload[]} uploads */
function uploadTable(uploads) {
  const rows = uploads.map(({ before, peak, seconds, server, size }) => [
    `hotpress on ${server}`,
    seconds.toFixed(1),
    (size / mb / seconds).toFixed(0),
    (before / mb).toFixed(1),
    (peak / mb).toFixed(1),
    ((peak - before) / mb).toFixed(1),
  ])
  const title = `POST /upload: ${(uploads[0]?.size ?? 0) / mb} MB to a handler that rests after each`
  return `${title}\n\n${table(['server', 's', 'MB/s', 'MB before', 'MB at most', 'more'], rows)}`
}
