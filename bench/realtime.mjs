// `npm run bench -- realtime`: Socket.IO and WebSockets beside the official server, ws and raw uWebSockets.js. README.md
// says how to read it.
import { writeFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { chosen, positive, run } from './lib/arguments.mjs'
import { Failure } from './lib/failure.mjs'
import { nodeOf, runnable } from './lib/launch.mjs'
import { machine, machineLine } from './lib/machine.mjs'
import { rerunWithMore } from './lib/open-files.mjs'
import { pinning } from './lib/pin.mjs'
import { idleSockets, underSockets, virtualUsers } from './lib/realtime-measure.mjs'
import { loadTable, memoryTable, realtimeVerdicts, userTable } from './lib/realtime-report.mjs'
import { rotated } from './lib/stats.mjs'
import { thousands } from './lib/table.mjs'
import { realtimePeers } from './realtime-servers.mjs'

/** @typedef {import('./lib/realtime-measure.mjs').Contestant} Contestant */

/**
 * What is measured under load: of Socket.IO, or of WebSockets by themselves.
 *
 * @type {readonly (import('./lib/realtime-measure.mjs').Plan & { id: string, protocol: string, title: string })[]}
 */
const loads = [
  {
    atOnce: 0,
    id: 'echo',
    kind: 'echo',
    protocol: 'socketio',
    sockets: 64,
    title: 'Socket.IO: round trips of 64 sockets, one at a time each',
  },
  {
    atOnce: 4,
    id: 'broadcast',
    kind: 'broadcast',
    protocol: 'socketio',
    sockets: 1000,
    title: 'Socket.IO: broadcasts to 1,000 sockets, four under way',
  },
  {
    atOnce: 1,
    id: 'broadcast-1',
    kind: 'broadcast',
    protocol: 'socketio',
    sockets: 1000,
    title: 'Socket.IO: broadcasts to 1,000 sockets, one after the other',
  },
  {
    atOnce: 0,
    id: 'ws-echo',
    kind: 'echo',
    protocol: 'websocket',
    sockets: 64,
    title: 'WebSockets: round trips of 64 sockets, one at a time each',
  },
  {
    atOnce: 4,
    id: 'ws-broadcast',
    kind: 'broadcast',
    protocol: 'websocket',
    sockets: 1000,
    title: 'WebSockets: broadcasts to 1,000 sockets, four under way',
  },
]
const parts = [...loads, { id: 'idle' }, { id: 'users' }]

const help = `npm run bench -- realtime [options]

  --json <file>     write every single measurement to a file
  --node <major>    the servers run on that Node, fetched from npm (this one)
  --only <ids>      servers: ${realtimePeers.map(({ id }) => id).join(',')}
  --parts <ids>     ${parts.map(({ id }) => id).join(',')}
  --rounds <n>      (5)
  --seconds <n>     of load for each measurement  (3)
  --sockets <n>     idle ones  (5000)
  --users <n>       virtual users of each server  (520)
  --user-seconds <n> over which they come  (60)
`

await run(async () => {
  const { values } = parseArgs({
    options: {
      help: { type: 'boolean', short: 'h', default: false },
      json: { type: 'string' },
      node: { type: 'string' },
      only: { type: 'string' },
      parts: { type: 'string' },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '3' },
      sockets: { type: 'string', default: '5000' },
      'user-seconds': { type: 'string', default: '60' },
      users: { type: 'string', default: '520' },
    },
  })
  if (values.help) {
    console.log(help)
    return
  }
  const rounds = positive('rounds', values.rounds, Number.isInteger)
  const seconds = positive('seconds', values.seconds)
  const sockets = positive('sockets', values.sockets, Number.isInteger)
  const users = positive('users', values.users, Number.isInteger)
  const userSeconds = positive('user-seconds', values['user-seconds'])
  const wanted = chosen('parts', values.parts, parts).map(({ id }) => id)
  const asked = chosen('only', values.only, realtimePeers)
  const rerun = rerunWithMore(Math.max(sockets, users, 1000))
  if (rerun !== undefined) {
    process.exitCode = rerun
    return
  }
  const node = nodeOf(values.node)
  const able = runnable(asked, { flags: ['--expose-gc'], folder: 'servers/realtime', node })
  /** @type {readonly Contestant[]} */
  const contestants = able.map((peer) => ({
    ...peer,
    protocol: asked.find(({ id }) => id === peer.id)?.protocol ?? 'websocket',
  }))
  const speaking = (/** @type {string} */ protocol) =>
    contestants.filter((contestant) => contestant.protocol === protocol)
  console.log(`${machineLine(node.version)}, ${pinning}`)
  console.log(`Rounds: ${rounds} × ${seconds} s, each measurement with a server and a load of its own\n`)

  /** @type {import('./lib/realtime-measure.mjs').RealtimeSample[]} */
  const samples = []
  for (const plan of loads.filter(({ id }) => wanted.includes(id))) {
    const servers = speaking(plan.protocol)
    for (let round = 1; round <= rounds; round++) {
      console.error(`${plan.id}, round ${round} of ${rounds}`)
      for (const contestant of rotated(servers, round)) {
        samples.push({
          ...(await underSockets(contestant, plan, seconds)),
          part: plan.id,
          round,
          server: contestant.id,
        })
      }
    }
    const own = samples.filter(({ part }) => part === plan.id)
    if (own.length > 0) console.log(`${plan.title}\n\n${loadTable(own, servers)}\n`)
  }

  /** @type {import('./lib/realtime-measure.mjs').MemorySample[]} */
  const memory = []
  if (wanted.includes('idle')) {
    for (let round = 1; round <= Math.min(rounds, 3); round++) {
      console.error(`${thousands(sockets)} idle sockets, round ${round}`)
      for (const contestant of rotated(contestants, round)) memory.push(await idleSockets(contestant, sockets))
    }
    console.log(
      `${thousands(sockets)} sockets at once, each answered in the end\n\n${memoryTable(memory, contestants)}\n`,
    )
  }

  /** @type {import('./lib/realtime-measure.mjs').UserSample[]} */
  const stories = []
  if (wanted.includes('users')) {
    for (const contestant of speaking('socketio')) {
      console.error(`${users} virtual users of ${contestant.id}`)
      stories.push(await virtualUsers(contestant, users, userSeconds))
    }
    console.log(`${users} virtual users within ${userSeconds} s: ping-pong (60 %), rooms (30 %), storms (10 %)\n`)
    console.log(`${userTable(stories, contestants)}\n`)
  }

  if (samples.length + memory.length + stories.length === 0) throw new Failure('Nothing is left to measure')
  console.log(realtimeVerdicts(samples, memory, stories))
  if (values.json !== undefined) {
    const about = { ...machine(node.version), pinning, rounds, seconds }
    writeFileSync(values.json, `${JSON.stringify({ about, memory, samples, stories }, null, 2)}\n`)
  }
})
