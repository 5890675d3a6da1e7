import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { Hotpress } from '../../src/index.js'
import { nativeTransport } from '../../src/transports/native.js'
import { Http3Connection, http3Missing } from '../_http3.js'
import { tls } from '../_setup.js'
import { request } from './_http3-frames.js'
import { until } from './_server.js'

const skip = (await nativeTransport.load()) ?? http3Missing
const isLinux = process.platform === 'linux'

const descriptors = (): number => readdirSync('/proc/self/fd').length
const threads = (): number => readdirSync('/proc/self/task').length

async function textOf(port: number): Promise<string> {
  const connection = await Http3Connection.open(port)
  const { text } = await connection.get('/')
  connection.close()
  return text
}

async function begin(): Promise<{ readonly port: number; readonly worker: Worker }> {
  const worker = new Worker(new URL('./_worker.js', import.meta.url), { workerData: 'http3' })
  const [port] = (await once(worker, 'message')) as [number]
  return { port, worker }
}

describe('native: servers of HTTP/3, and their end', { skip, concurrency: 1 }, () => {
  test('one that was closed leaves no thread and no descriptor, however often', { skip: !isLinux }, async () => {
    const app = new Hotpress({ logger: false, transport: 'native' })
    app.get('/', () => 'here')
    app.get('/never', () => new Promise<string>(() => {}))
    const round = async (isUnderWay: boolean): Promise<void> => {
      const { port } = await app.listen({ http3: true, threads: 2, tls })
      const on = await Http3Connection.open(port)
      assert.equal((await on.get('/')).text, 'here')
      // What the client leaves there is given up with it.
      if (isUnderWay) on.request('/never').end()
      on.close()
      await app.close()
    }
    await round(false)
    await sleep(200)
    const before = { descriptors: descriptors(), threads: threads() }
    for (let count = 0; count < 50; count++) await round(count % 2 === 1)
    await until(() => threads() <= before.threads && descriptors() <= before.descriptors, 'all to be given back')
  })

  test('one that could not begin to listen leaves nothing', { skip: !isLinux }, async () => {
    const app = new Hotpress({ logger: false, transport: 'native' })
    app.get('/', () => 'here')
    const { port } = await app.listen({ http3: true, tls })
    const other = new Hotpress({ logger: false, transport: 'native' })
    await assert.rejects(other.listen({ http3: true, port, tls }), { code: 'ADDRESS_IN_USE' })
    await sleep(200)
    const before = { descriptors: descriptors(), threads: threads() }
    for (let count = 0; count < 10; count++) {
      await assert.rejects(other.listen({ http3: true, port, tls }), { code: 'ADDRESS_IN_USE' })
    }
    await until(() => threads() <= before.threads && descriptors() <= before.descriptors, 'all to be given back')
    assert.equal(await textOf(port), 'here')
    await app.close()
  })

  test('in worker threads each serves by itself', async () => {
    const app = new Hotpress({ logger: false, transport: 'native' })
    app.get('/', () => 'main')
    const { port } = await app.listen({ http3: true, tls })
    const workers = await Promise.all([begin(), begin()])
    const texts = await Promise.all([port, ...workers.map((each) => each.port)].map(textOf))
    assert.deepEqual(texts, ['main', ...workers.map(({ worker }) => `thread ${worker.threadId}`)])
    await Promise.all(workers.map(({ worker }) => worker.terminate()))
    assert.equal(await textOf(port), 'main')
    await app.close()
  })

  test('in a worker that is ended with requests under way it takes nobody with it', { timeout: 60_000 }, async () => {
    const app = new Hotpress({ logger: false, transport: 'native' })
    app.get('/', () => 'main')
    const { port: ofMain } = await app.listen({ http3: true, tls })
    const paths = ['/large', '/never', '/stream', '/spin']
    let before = { descriptors: 0, threads: 0 }
    for (let round = 0; round < 9; round++) {
      const { port, worker } = await begin()
      const on = await Http3Connection.open(port, { raw: true })
      const idle = await Http3Connection.open(port)
      assert.match((await idle.get('/')).text, /^thread /)
      for (const path of paths.slice(0, round % 2 === 0 ? 3 : 4)) on.write(request('GET', path), { end: true })
      // One with a body that does not end.
      on.write(request('POST', '/'))
      await sleep(round * 5)
      await worker.terminate()
      assert.equal(await textOf(ofMain), 'main')
      on.close()
      idle.close()
      if (!isLinux) continue
      if (round === 0) {
        await sleep(200)
        before = { descriptors: descriptors(), threads: threads() }
      } else {
        await until(() => threads() <= before.threads && descriptors() <= before.descriptors, 'all to be given back')
      }
    }
    await app.close()
  })

  test('its port can be had at once when its worker has ended', async () => {
    const { port, worker } = await begin()
    assert.match(await textOf(port), /^thread /)
    await worker.terminate()
    const app = new Hotpress({ logger: false, transport: 'native' })
    app.get('/', () => 'main')
    assert.equal((await app.listen({ http3: true, port, tls })).port, port)
    assert.equal(await textOf(port), 'main')
    await app.close()
  })
})
