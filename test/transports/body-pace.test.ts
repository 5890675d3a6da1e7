import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { listeningTransports, raw, start } from '../_setup.js'

const head = (path: string, framing: string): string => `POST ${path} HTTP/1.1\r\nHost: h\r\n${framing}\r\n\r\n`

for (const { name, skip } of listeningTransports) {
  if (name === 'uws') continue

  describe(`how long a body may take, on ${name}`, { skip }, () => {
    test('is not counted while the sender is held', { timeout: 15_000 }, async () => {
      const { address } = await start(
        name,
        (app) => {
          app.post('/', async (req) => {
            const parts = req.stream()
            let size = (await parts.next()).value?.byteLength ?? 0
            await sleep(1500)
            for await (const part of parts) size += part.byteLength
            return [size]
          })
        },
        { bodyLimit: '64mb', readTimeout: 300 },
      )
      const socket = connect(address.port, '127.0.0.1')
      let answer = ''
      socket.setEncoding('latin1').on('data', (part: string) => {
        answer += part
      })
      const size = 32 * 1024 ** 2
      socket.write(head('/', `Connection: close\r\nContent-Length: ${size}`))
      socket.write(Buffer.alloc(size))
      await new Promise((resolve) => socket.once('close', resolve))
      assert.match(answer, /^HTTP\/1\.1 200 /)
      assert.ok(answer.endsWith(`[${size}]`), answer)
    })

    test('is counted while it is waited for: 408', { timeout: 15_000 }, async () => {
      const { address } = await start(name, (app) => app.post('/', (req) => req.bytes()), { readTimeout: 300 })
      const { closed, text } = await raw(address.port, [head('/', 'Content-Length: 10'), 'abc'], 3000)
      assert.match(text, /^HTTP\/1\.1 408 Request Timeout\r\n/)
      assert.ok(closed)
    })

    test('is counted of a rest that nobody wants: the connection is closed', { timeout: 15_000 }, async () => {
      const { address } = await start(name, (app) => app.post('/', () => 'early'), { readTimeout: 300 })
      const { closed, text } = await raw(address.port, [head('/', 'Content-Length: 10'), 'abc'], 3000)
      assert.match(text, /^HTTP\/1\.1 200 [\s\S]*early$/)
      assert.ok(closed)
    })

    test('has an end where chunks without end follow an answer', { timeout: 15_000 }, async () => {
      const { address } = await start(name, (app) => app.post('/', () => 'early'))
      const socket = connect(address.port, '127.0.0.1')
      let answer = ''
      socket.setEncoding('latin1').on('error', () => {})
      socket.on('data', (part: string) => {
        answer += part
      })
      const closed = new Promise((resolve) => socket.once('close', resolve))
      socket.write(head('/', 'Transfer-Encoding: chunked'))
      const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`
      while (!socket.destroyed) {
        if (!socket.write(chunk)) await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), closed])
        await new Promise((resolve) => setImmediate(resolve))
      }
      await closed
      assert.match(answer, /^HTTP\/1\.1 200 [\s\S]*early$/)
    })
  })
}
