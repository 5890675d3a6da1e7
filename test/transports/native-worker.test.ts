import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { nativeTransport } from '../../src/transports/native.js'
import { start } from '../_setup.js'
import { Client, open } from './_server.js'

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`

async function begin(): Promise<{ readonly port: number; readonly worker: Worker }> {
  const worker = new Worker(new URL('./_worker.js', import.meta.url))
  const [port] = (await once(worker, 'message')) as [number]
  return { port, worker }
}

async function textOf(port: number): Promise<string> {
  return (await fetch(`http://127.0.0.1:${port}/`)).text()
}

describe('native: worker threads', { skip: (await nativeTransport.load()) ?? false }, () => {
  test('each thread serves by itself', async () => {
    const main = await start('native', (app) => app.get('/', () => 'main'))
    const workers = await Promise.all([begin(), begin()])
    const texts = await Promise.all([main.address.port, ...workers.map(({ port }) => port)].map(textOf))
    assert.deepEqual(texts, ['main', ...workers.map(({ worker }) => `thread ${worker.threadId}`)])
    await Promise.all(workers.map(({ worker }) => worker.terminate()))
    assert.equal(await textOf(main.address.port), 'main')
    for (const { port } of workers) await assert.rejects(textOf(port))
  })

  test('one that is ended with requests under way takes nobody with it', async () => {
    const main = await start('native', (app) => app.get('/', () => 'main'))
    for (let round = 0; round < 8; round++) {
      const { port, worker } = await begin()
      const clients = Array.from({ length: 12 }, () => open(port))
      const closed = Promise.all(clients.map((client) => new Promise((resolve) => client.once('close', resolve))))
      for (const [index, client] of clients.entries()) {
        // Some read nothing, so that much is unsent.
        if (index % 3 === 0) client.pause()
        else client.resume()
        client.write(
          [
            get('/large'),
            get('/never') + get('/'),
            get('/stream'),
            'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99\r\n\r\nx',
            'GET / HT',
            '',
          ][index % 6]!,
        )
      }
      await sleep(round * 5)
      await worker.terminate()
      for (const client of clients) client.resume()
      await closed
      assert.equal(await textOf(main.address.port), 'main')
    }
  })

  test('one that is ended within a handler closes its connections', async () => {
    for (const path of ['/never', '/spin']) {
      const { port, worker } = await begin()
      const [idle, client] = [new Client(port), new Client(port)]
      idle.send(get('/'))
      await idle.answers(1)
      client.send(get(path) + get('/'))
      await sleep(30)
      await worker.terminate()
      await Promise.all([client.closed, idle.closed])
      assert.deepEqual(client.statuses, [])
    }
  })
})
