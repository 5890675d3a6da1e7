import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import type { RunOptions } from '../../src/index.js'
import { nativeTransport } from '../../src/transports/native.js'
import { variants } from '../_variants.js'

interface Thread {
  readonly id: string
  readonly reason?: string
  readonly transport: string
  readonly url: string
  readonly worker: Worker
}

/** Ends one: uws alone has to be closed first. */
async function end({ transport, worker }: Thread): Promise<void> {
  if (transport !== 'uws') {
    await worker.terminate()
    return
  }
  const ended = once(worker, 'exit')
  worker.postMessage('close')
  await ended
}

async function begin(transport: string, run: RunOptions): Promise<Thread> {
  const worker = new Worker(new URL('./_thread-app.js', import.meta.url), { workerData: { run, transport } })
  const id = String(worker.threadId)
  const [{ reason, transport: found, url }] = await once(worker, 'message')
  return { id, reason, transport: found, url, worker }
}

async function whoAnswers(url: string): Promise<string> {
  return (await fetch(url, { headers: { connection: 'close' } })).text()
}

/** Asks until each of some threads has answered. */
async function allAnswer(url: string, ids: readonly string[]): Promise<void> {
  const missing = new Set(ids)
  while (missing.size > 0) missing.delete(await whoAnswers(url))
}

const skips = (await nativeTransport.load()) ?? false

describe('worker threads', { timeout: 120_000 }, () => {
  for (const { name, skip, transport } of variants) {
    if (name !== transport) continue
    const sharing = process.platform === 'win32' ? 'there are no shared ports' : skip
    test(`${transport}: each runs an app of its own, and one that is ended takes no other with it`, {
      skip,
    }, async () => {
      const [first, second] = await Promise.all([begin(transport, {}), begin(transport, {})])
      assert.deepEqual([await whoAnswers(first.url), await whoAnswers(second.url)], [first.id, second.id])
      await end(first)
      await assert.rejects(whoAnswers(first.url))
      assert.equal(await whoAnswers(second.url), second.id)
      await end(second)
    })

    if (transport === 'node') continue
    test(`${transport}: two share a port, and one goes on without the other`, { skip: sharing }, async () => {
      const first = await begin(transport, { reusePort: true })
      const port = Number(new URL(first.url).port)
      const second = await begin(transport, { port, reusePort: true })
      await allAnswer(first.url, [first.id, second.id])
      await end(first)
      for (let count = 0; count < 20; count++) assert.equal(await whoAnswers(second.url), second.id)
      await end(second)
    })
  }

  test('are served by native where nobody says by what, as uws must not be terminated', { skip: skips }, async () => {
    const { transport, worker } = await begin('auto', {})
    assert.equal(transport, 'native')
    await worker.terminate()
  })

  test('start no processes', async () => {
    const { reason, worker } = await begin('node', { workers: 2 })
    assert.equal(reason, 'the option workers of run() got 2 in a worker thread, and takes that in the main thread')
    await worker.terminate()
  })
})
