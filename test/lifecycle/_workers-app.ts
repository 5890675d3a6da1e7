// An app for workers.test.ts and others: what a program of _workers.ts runs in each worker.
import { setTimeout as sleep } from 'node:timers/promises'
import { Hotpress, type RunOptions, stream, workerId } from '../../src/index.js'

/** What a program is to do beside serving. */
export interface WorkerDeeds {
  /** The ids of workers whose health check never passes. */
  readonly unfit?: readonly number[]
  readonly version?: string
}

async function* parts(text: string): AsyncGenerator<string> {
  yield text.slice(0, 1)
  await sleep(2)
  yield text.slice(1)
}

export async function serve(
  { unfit, version = 'one' }: WorkerDeeds,
  transport: 'native' | 'node' | 'uws',
): Promise<void> {
  const app = new Hotpress({ transport })
  const id = workerId()
  app.get('/', () => ({ id, pid: process.pid, version }))
  app.get('/now/:number', ({ params }) => params.number)
  app.get('/later/:number', ({ params }) => sleep(5, params.number))
  app.get('/parts/:number', ({ params }) => stream(parts(params.number!)))
  app.post('/body/:number', async (req) => req.text())
  app.get('/slow', () => {
    app.log.info('a request has arrived')
    return sleep(400, 'slow')
  })
  app.get('/never', () => {
    app.log.info('a request has arrived')
    return new Promise<string>(() => {})
  })
  app.get('/spin', () => {
    for (;;);
  })
  app.get('/throw', () => {
    setTimeout(() => {
      throw new Error('nobody catches')
    })
    return 'thrown'
  })
  app.get('/close', () => {
    void app.close()
    return 'closing'
  })
  if (unfit !== undefined) app.health({ checks: { fit: () => !unfit.includes(id ?? 0) } })
  if (process.env.LISTENS !== undefined && id !== undefined) {
    process.on('SIGUSR2', () => app.log.info('told to open files anew'))
  }
  app.onClose(() => app.log.info('the hook has run'))
  const server = await app.run({ idleGrace: 100, ...(JSON.parse(process.argv[2]!) as RunOptions) })
  if (id !== undefined) return
  if (process.argv[3] === 'close') await server.close()
  if (process.argv[3] === 'twice') await new Hotpress({ transport }).run({ workers: 2 })
}
