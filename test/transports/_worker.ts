// An app in a worker thread: with TLS where its data says 'tls', and with HTTP/3 where it says 'http3'.
import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, threadId, workerData } from 'node:worker_threads'
import { bytes, Hotpress, stream } from '../../src/index.js'
import { tls } from '../_variants.js'

const listen = { http3: { http3: true, tls }, tls: { tls } } as const
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

const { port } = await app.listen(listen[workerData as keyof typeof listen] ?? {})
parentPort!.postMessage(port)
