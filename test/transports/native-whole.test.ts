import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Hotpress } from '../../src/index.js'
import { nativeTransport } from '../../src/transports/native.js'
import { start } from '../_setup.js'
import { Client } from './_server.js'

const skip = (await nativeTransport.load()) ?? false
// The most that goes along with its head.
const most = 4096
const kept: Uint8Array[] = []

function build(app: Hotpress): void {
  app.post('/echo', async (req) => Buffer.from(await req.bytes()))
  app.post('/ignored', () => 'ignored')
  app.post('/ignored-late', () => sleep(2, 'late'))
  app.post('/kept', async (req) => {
    kept.push(await req.bytes())
    return 'kept'
  })
  app.post('/late', async (req) => {
    await sleep(2)
    return Buffer.from(await req.bytes())
  })
  app.post('/small', { bodyLimit: 10 }, (req) => req.text())
}

const post = (path: string, body: string, ...fields: readonly string[]): string =>
  [`POST ${path} HTTP/1.1`, 'Host: h', `Content-Length: ${body.length}`, ...fields, '', body].join('\r\n')

// Each body has letters of its own, so that one that is mistaken for another is seen.
const bodyOf = (size: number, seed: number): string =>
  String.fromCharCode(...Array.from({ length: size }, (_, index) => 97 + ((index + seed) % 26)))

describe('native: a body that comes with its head', { skip }, () => {
  for (const path of ['/echo', '/late']) {
    test(`of any size, pipelined: ${path}`, async () => {
      const { address } = await start('native', build)
      const sizes = [1, 2, 100, 0, most - 1, most, most + 1, 3 * most, 7]
      const client = new Client(address.port)
      client.send(sizes.map((size, index) => post(path, bodyOf(size, index))).join(''))
      await client.answers(sizes.length)
      const bodies = client.received.split(/HTTP\/1\.1 200 OK\r\n[\s\S]*?\r\n\r\n/).slice(1)
      assert.deepEqual(bodies, sizes.map(bodyOf))
      client.close()
    })
  }

  test('is not parsed as the next request, read or not', async () => {
    const { address } = await start('native', build)
    const client = new Client(address.port)
    const hidden = post('/echo', 'hidden')
    for (const path of ['/ignored', '/ignored-late', '/missing', '/echo']) client.send(post(path, hidden))
    await client.answers(4)
    assert.deepEqual(client.statuses, [200, 200, 404, 200])
    assert.ok(client.received.endsWith(hidden))
    client.close()
  })

  test('stays what it is when others come', async () => {
    const { address } = await start('native', build)
    const client = new Client(address.port)
    const bodies = Array.from({ length: 20 }, (_, index) => bodyOf(500, index))
    for (const [index, body] of bodies.entries()) {
      client.send(post('/kept', body))
      await client.answers(index + 1)
    }
    assert.deepEqual(
      kept.map((bytes) => Buffer.from(bytes).toString('latin1')),
      bodies,
    )
    client.close()
  })

  test('has its limit', async () => {
    const { address } = await start('native', build)
    const client = new Client(address.port)
    client.send(post('/small', 'a'.repeat(10)))
    await client.answers(1)
    client.send(post('/small', 'a'.repeat(11)))
    await client.answers(2)
    assert.deepEqual(client.statuses, [200, 413])
    await client.closed
  })

  test('needs no 100', async () => {
    const { address } = await start('native', build)
    const client = new Client(address.port)
    client.send(post('/echo', 'abc', 'Expect: 100-continue') + post('/ignored', 'abc', 'Expect: 100-continue'))
    await client.answers(2)
    assert.deepEqual(client.statuses, [200, 200])
    // One that is still to come does.
    client.send('POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n')
    await client.answers(3)
    assert.deepEqual(client.statuses, [200, 200, 100])
    client.send('abc')
    await client.answers(4)
    assert.deepEqual(client.statuses, [200, 200, 100, 200])
    client.close()
  })

  test('in two parts, wherever they are split', async () => {
    const { address } = await start('native', build)
    const request = post('/echo', 'abcdef')
    await Promise.all(
      Array.from({ length: request.length - 1 }, async (_, index) => {
        const client = new Client(address.port)
        client.send(request.slice(0, index + 1))
        await sleep(10)
        client.send(request.slice(index + 1))
        await client.answers(1)
        assert.match(client.received, /\r\n\r\nabcdef$/)
        client.close()
      }),
    )
  })
})
