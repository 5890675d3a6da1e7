// An app in a worker thread, for native-worker.test.ts.
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, threadId, workerData } from 'node:worker_threads'
import { bytes, Hotpress, stream } from '../../src/index.js'
import { tls } from '../_variants.js'

const chunk = new Uint8Array(65_536)
const app = new Hotpress({ logger: false, transport: 'native' })

app.get('/', () => `thread ${threadId}`)
app.get('/large', () => bytes(new Uint8Array(16 * 1024 ** 2)))
app.get('/never', () => new Promise<string>(() => {}))
app.get('/spin', () => {
  for (;;);
})
app.get('/stream', () =>
  stream(
    (async function* () {
      for (let count = 0; count < 10_000; count++) {
        await sleep(1)
        yield chunk
      }
    })(),
  ),
)
app.post('/', async (req) => String((await req.bytes()).byteLength))

const { port } = await app.listen(workerData === 'tls' ? { tls } : {})
parentPort!.postMessage(port)
