import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { test } from 'node:test'
import zlib from 'node:zlib'
import { ContentType, stream, text } from '../../../src/index.js'
import { onEveryTransport } from '../../_setup.js'
import { type Deferred, deferred, recorder } from './_tools.js'

const { constants } = zlib

/** What a client waits for, by the name that it sends. */
const gates = new Map<string, Deferred<void>>()
const gate = (name: string): Deferred<void> => {
  const known = gates.get(name) ?? deferred()
  gates.set(name, known)
  return known
}

// Large and dear enough that a client can leave while it is compressed.
const dear = Array.from({ length: 30_000 }, (_, index) => (index * 7919) % 65_521).join()

/** Compressed answers that take a while: events as they come, and clients that leave. */
export function compressionStreamsContract(): void {
  const { entries, logger } = recorder()

  onEveryTransport(
    'compression while a client waits or leaves',
    (app) => {
      app.get('/', () => 'here')
      app.get('/events', (request) => {
        const name = request.query.get('name')!
        async function* events(): AsyncGenerator<string> {
          yield 'data: first\n\n'
          await gate(name).promise
          yield 'data: second\n\n'
        }
        return stream(events()).type(ContentType.EventStream)
      })
      app.get('/endless', (request) => {
        const name = request.query.get('name')!
        async function* endless(): AsyncGenerator<string> {
          try {
            for (let index = 0; ; index++) yield `data: ${index} ${'x'.repeat(1000)}\n\n`
          } finally {
            gate(name).resolve()
          }
        }
        return stream(endless()).type(ContentType.EventStream)
      })
      let served = 0
      app.get('/dear', () => text(`${served++},${dear}`))
    },
    (client) => {
      for (const [coding, make] of [
        ['br', () => zlib.createBrotliDecompress({ flush: constants.BROTLI_OPERATION_FLUSH })],
        ['gzip', () => zlib.createGunzip()],
      ] as const) {
        test(`an event arrives before the next is there: ${coding}`, async () => {
          if (client.transport === 'inject') return
          const name = `${client.variant}-${coding}`
          const headers = { 'accept-encoding': coding }
          const query = new URLSearchParams({ name })
          const response = await client.fetch(`/events?${query}`, { asSent: true, headers })
          assert.equal(response.headers.get('content-encoding'), coding)
          const plain = Readable.fromWeb(response.body as ReadableStream<Uint8Array>).pipe(make())
          let seen = ''
          plain.on('data', (chunk: Buffer) => {
            seen += chunk
            // The second is written when the first is here, and at no other time.
            if (seen === 'data: first\n\n') gate(name).resolve()
          })
          await once(plain, 'end')
          assert.equal(seen, 'data: first\n\ndata: second\n\n')
        })

        test(`a client that leaves lets the source go: ${coding}`, async () => {
          if (client.transport === 'inject') return
          const name = `${client.variant}-${coding}-endless`
          const headers = { 'accept-encoding': coding }
          const query = new URLSearchParams({ name })
          const response = await client.fetch(`/endless?${query}`, { asSent: true, headers })
          const reader = response.body!.getReader()
          await reader.read()
          await reader.cancel()
          await gate(name).promise
        })
      }

      test('clients that leave in the middle of compression harm nobody', async () => {
        // A socket of TLS cannot be told to reset.
        if (!client.hasWire || client.protocol === 'https') return
        const before = entries.length
        const sockets = await Promise.all(
          Array.from({ length: 30 }, async (_, index) => {
            const socket = await client.connect()
            socket.write(`GET /dear HTTP/1.1\r\nHost: h\r\nAccept-Encoding: ${index % 2 ? 'br' : 'gzip'}\r\n\r\n`)
            return socket
          }),
        )
        // The first are under way by now, and the others wait.
        await (await client.fetch('/')).text()
        for (const [index, socket] of sockets.entries()) {
          if (index % 3 === 0) socket.resetAndDestroy()
          else socket.destroy()
        }
        const response = await client.fetch('/dear', { headers: { 'accept-encoding': 'gzip' } })
        assert.equal(response.headers.get('content-encoding'), 'gzip')
        const body = await response.text()
        assert.equal(body.slice(body.indexOf(',') + 1), dear)
        const errors = entries.slice(before).filter(({ level }) => level === 'error')
        assert.deepEqual(errors, [])
      })
    },
    { compression: { concurrency: 1, levels: { br: 5 } }, logger },
  )
}
