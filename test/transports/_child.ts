// A server in a process of its own, for tests that a native abort() would end: started by _server.ts, told what to do by
// messages.
import { readdirSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { TransportName } from '../../src/core/settings.js'
import { bytes, Hotpress, stream } from '../../src/index.js'
import { tls } from '../_variants.js'
import type { ChildReport } from './_server.js'

const chunk = new Uint8Array(65_536).fill(0x61)
// The native transport answers clients that have shut their side, if there is an answer: this is the longest wait for it.
const app = new Hotpress({ logger: false, requestTimeout: 4000, transport: process.argv[2] as TransportName })
let aborted = 0
let released = 0

async function* chunks(count: number, pause: number): AsyncGenerator<Uint8Array> {
  try {
    for (let index = 0; index < count; index++) {
      if (pause > 0) await sleep(pause)
      yield chunk
    }
  } finally {
    released++
  }
}

function gone(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => {
      aborted++
      resolve()
    })
  })
}

app.get('/async', () => sleep(5, 'async'))
// Much at once, and then nothing: what is held back must go out without a further chunk.
app.get('/burst', (req) =>
  stream(
    (async function* () {
      for (let count = 0; count < 3; count++) yield new Uint8Array(4 * 1024 ** 2)
      await gone(req.signal)
    })(),
  ),
)
app.get('/closing', () => stream(chunks(3, 1)).close())
app.get('/huge', () => bytes(new Uint8Array(100 * 1024 ** 2)))
app.get('/large', () => bytes(new Uint8Array(8 * 1024 ** 2)))
app.get('/long', () => stream(chunks(1600, 0)))
app.get('/long-counted', () => stream(chunks(1600, 0)).header('content-length', String(1600 * chunk.byteLength)))
app.get('/never', () => new Promise<string>(() => {}))
app.get('/reject', async () => {
  await sleep(1)
  throw new Error('as asked')
})
app.get('/slow', () => sleep(300, 'slow'))
app.get('/stream', () => stream(chunks(20, 1)))
app.get('/sync', () => 'sync')
app.get('/throw', () => {
  throw new Error('as asked')
})
app.get('/until-gone', async (req) => {
  await gone(req.signal)
  return 'nobody reads this'
})
app.get('/write-when-gone', (req) => {
  return stream(
    (async function* () {
      yield chunk
      await gone(req.signal)
      yield chunk
      yield chunk
    })(),
  )
})
// For native-random: each answer names what it was asked for, so that one in the wrong place is seen.
let meeting: (() => void) | undefined
app.get('/now/:name', (req) => req.params.name)
app.get('/late/:name', (req) => sleep(Number(req.query.get('ms')), req.params.name))
app.get('/large/:name', (req) => req.params.name.repeat(40_000))
// Two answers at once, on two connections.
app.get('/meet/:name', async (req) => {
  const other = meeting
  meeting = undefined
  if (other !== undefined) other()
  else {
    await new Promise<void>((resolve) => {
      meeting = resolve
      setTimeout(resolve, 30)
    })
  }
  return req.params.name
})
app.get('/parts/:name', (req) =>
  stream(
    (async function* () {
      for (let count = 0; count < 20; count++) {
        if (count % 5 === 0) await sleep(1)
        yield req.params.name.repeat(count * 50 + 1)
      }
    })(),
  ),
)
app.post('/echo', (req) => req.bytes())
app.post('/ignore', () => sleep(2, 'ignored'))
app.post('/ignore-sync', () => 'ignored')
app.post('/read', async (req) => String((await req.bytes()).byteLength))

process.on('message', async (message) => {
  if (message === 'report') {
    globalThis.gc?.()
    const { arrayBuffers, heapUsed, rss } = process.memoryUsage()
    const descriptors = process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0
    answer({ aborted, arrayBuffers, descriptors, heapUsed, released, rss })
  } else if (message === 'cpu') {
    const { system, user } = process.cpuUsage()
    process.send!((system + user) / 1000)
  } else if (message === 'close') {
    const start = performance.now()
    await app.close()
    process.send!(performance.now() - start, () => process.exit(0))
  }
})
// A parent that is gone leaves no server behind.
process.on('disconnect', () => process.exit(1))

function answer(report: ChildReport): void {
  process.send!(report)
}

const { port } = await app.listen(process.argv[3] === 'https' ? { tls } : {})
process.send!(port)
