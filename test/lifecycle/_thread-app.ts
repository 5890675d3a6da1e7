// An app in a worker thread, run as its data says.
import { parentPort, threadId, workerData } from 'node:worker_threads'
import { Hotpress, type RunOptions } from '../../src/index.js'

const { run, transport } = workerData as {
  readonly run: RunOptions
  readonly transport: 'auto' | 'native' | 'node' | 'uws'
}
const app = new Hotpress({ logger: false, transport })
app.get('/', () => String(threadId))
parentPort!.once('message', () => app.close().then(() => parentPort!.close()))
try {
  const { transport: found, url } = await app.run(run)
  parentPort!.postMessage({ transport: found, url })
} catch (error) {
  parentPort!.postMessage({ reason: (error as Error).message })
}
