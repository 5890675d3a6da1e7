import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { Worker } from 'node:worker_threads'
import { createCodec } from '../../src/native/fallback/codec.js'
import { codecContract } from '../contract/codec.js'
import { native, withoutNative } from './_native.js'

if (withoutNative === undefined) codecContract('native', (workers) => native.createCodec(workers))
codecContract('fallback', createCodec)

const nativeUrl = new URL('_native.js', import.meta.url).href

describe('codec: native binary', { skip: withoutNative ?? false }, () => {
  test('agrees with node:zlib on what a text is', async () => {
    const text = `${'x'.repeat(1000)}€😀\ud800${'y'.repeat(1000)}`
    const [first, second] = await Promise.all(
      [native.createCodec(2), createCodec(2)].map(({ compress }) => compress(text, 'gzip', 6)),
    )
    const { gunzipSync } = await import('node:zlib')
    assert.deepEqual(gunzipSync(first!), gunzipSync(second!))
  })

  test('lets a thread end with work under way', async () => {
    const source = `
      const { parentPort, workerData } = require('node:worker_threads')
      import(workerData).then(({ native }) => {
        const { compress } = native.createCodec(2)
        const body = 'some text of many kinds, '.repeat(20_000)
        const done = Array.from({ length: 20 }, () => compress(body, 'br', 9))
        done[0].then(() => parentPort.postMessage('begun'))
      })`
    const mine = native.createCodec(2).compress('x'.repeat(100_000), 'br', 9)
    for (let round = 0; round < 3; round++) {
      const worker = new Worker(source, { eval: true, workerData: nativeUrl })
      await once(worker, 'message')
      await worker.terminate()
    }
    assert.ok((await mine).byteLength > 0)
  })

  test('lets a process end with work under way', () => {
    const script = `
      const { native } = await import(${JSON.stringify(nativeUrl)})
      const { compress } = native.createCodec(2)
      for (let made = 0; made < 20; made++) compress('some text, '.repeat(50_000), 'br', 9)
      setTimeout(() => process.exit(7), 20)`
    assert.throws(() => execFileSync(process.execPath, ['--input-type=module', '-e', script]), { status: 7 })
  })

  // AddressSanitizer keeps what is freed for a while.
  test('gives memory back', { skip: process.env.HOTPRESS_TEST_ASAN === '1' }, () => {
    const script = `
      const { native } = await import(${JSON.stringify(nativeUrl)})
      const { compress } = native.createCodec(2)
      const body = Buffer.from(Array.from({ length: 30_000 }, (_, index) => index * 7919 % 65_536).join())
      async function many(rounds) {
        for (let round = 0; round < rounds; round++) {
          const codings = ['br', 'gzip', 'zstd', 'gzip']
          await Promise.all(codings.map((coding) => compress(body, coding, 3)))
          if (round % 10 === 0) { globalThis.gc(); await new Promise(setImmediate) }
        }
        globalThis.gc(); await new Promise(setImmediate)
        return process.memoryUsage.rss()
      }
      const before = await many(30)
      console.log((await many(150) - before) / 600)`
    const output = execFileSync(process.execPath, ['--expose-gc', '--input-type=module', '-e', script], {
      encoding: 'utf8',
    })
    // Each result has 60 KB or more, so one leaked in three would show.
    assert.ok(Number(output) < 20_000, `${output.trim()} bytes of each body stayed`)
  })
})
