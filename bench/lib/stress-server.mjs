// The server of `npm run stress`, in a process of its own: `node --expose-gc stress-server.mjs <transport> <limits>`. It
// tells its parent the port, and on demand what it holds.
import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { bytes, Hotpress } from '../../dist/esm/index.js'

const [, , transport, limits] = process.argv
const { bodyLimit, maxConnections, patience } = JSON.parse(String(limits))
// uws has times of its own, which are as short.
const times = transport === 'uws' ? {} : { readTimeout: patience, writeTimeout: patience }
const large = new Uint8Array(32 * 1024 ** 2)

// The type has each transport's name; the parent asks for no other.
const app = new Hotpress(/** @type {any} */ ({ bodyLimit, logger: false, maxConnections, transport, ...times }))
app.health({ checks: { turns: () => sleep(1) } })
app.get('/async', () => sleep(5, 'async'))
app.get('/large', () => bytes(large))
app.get('/ping', () => 'pong')
app.post('/echo', async (req) => String((await req.bytes()).byteLength))

/** Readings, each after a collection, that must agree before one counts. */
const agreeing = 4
const mostReadings = 100

process.on('message', async () => {
  const memory = await settled()
  process.send?.({ files: filesOf(), heap: process.memoryUsage().heapTotal, memory })
})
process.on('disconnect', () => process.exit())

const { port } = await app.listen()
process.send?.({ port })

/** Resident bytes, when they do not fall any more. */
async function settled() {
  let least = Number.POSITIVE_INFINITY
  for (let same = 0, count = 0; same < agreeing && count < mostReadings; count++) {
    collect()
    await sleep(200)
    const { rss } = process.memoryUsage()
    // What is given back comes in steps.
    same = rss < least * 0.995 ? 0 : same + 1
    least = Math.min(least, rss)
  }
  return least
}

// V8 keeps the room for young objects as large as it was last needed, until some collections have found it empty.
function collect() {
  for (let count = 0; count < 4; count++) globalThis.gc?.({ type: 'minor' })
  globalThis.gc?.()
}

// None where the system does not list them.
function filesOf() {
  try {
    return readdirSync('/proc/self/fd').length
  } catch {
    return undefined
  }
}
