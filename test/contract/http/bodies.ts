import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bytes, empty, HttpResponse, json, stream, text } from '../../../src/index.js'
import { onEveryTransport } from '../../_setup.js'
import { bodyOf, type Deferred, deferred, linesOf, postChunked, soon, wire } from './_tools.js'

/** An endless source that tells when it was let go. */
function endless(
  chunk: string | Uint8Array,
  ended: () => void,
  taken: () => void = () => {},
): AsyncIterable<string | Uint8Array> {
  return (async function* () {
    try {
      for (;;) {
        yield chunk
        taken()
        await soon(undefined)
      }
    } finally {
      ended()
    }
  })()
}

async function* chunks(...all: readonly (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  for (const chunk of all) yield soon(chunk)
}

async function* failing(before: number): AsyncGenerator<string> {
  for (let index = 0; index < before; index++) yield soon('part ')
  throw new Error('the source broke')
}

/** How bodies are framed: whole, streamed, none at all, and broken. */
export function bodiesOutContract(): void {
  wholeContract()
  streamContract()
  brokenContract()
  disconnectContract()
}

function wholeContract(): void {
  const large = Uint8Array.from({ length: 5 * 1024 ** 2 }, (_, index) => index % 251)

  onEveryTransport(
    'a whole body',
    (app) => {
      app.get('/megabyte', () => 'ü'.repeat(512 * 1024))
      app.get('/megabyte/later', async () => 'ü'.repeat(512 * 1024))
      app.get('/bytes', () => bytes(large))
      app.get('/bytes/closes', () => bytes(large).close())
      app.post('/bytes', (req) => req.bytes())
      for (const status of [204, 205, 304]) {
        app.post(`/${status}`, () => empty(status))
        app.get(`/${status}`, () => text('never sent', status))
        app.get(`/${status}/stream`, () => stream(chunks('never sent'), status))
        app.get(`/${status}/length`, () => empty(status).header('content-length', '9'))
      }
      app.get('/closes/204', () => empty().close())
      app.get('/closes/stream', () => stream(chunks('a', 'b')).close())
      app.get('/closes/200', () => text('x').close())
      for (const status of [200, 299, 418, 599]) app.get(`/${status}`, () => text('x', status))
    },
    (client) => {
      for (const path of ['/megabyte', '/megabyte/later']) {
        test(`of a megabyte of text comes whole: ${path}`, async () => {
          const response = await client.fetch(path)
          assert.equal(response.headers.get('content-length'), String(1024 ** 2))
          assert.equal((await response.text()).length, 512 * 1024)
        })
      }

      for (const path of ['/bytes', '/bytes/closes']) {
        test(`of five megabytes comes whole: ${path}`, async () => {
          const response = await client.fetch(path)
          assert.equal(Buffer.compare(Buffer.from(await response.arrayBuffer()), large), 0)
        })
      }

      test('of five megabytes comes whole both ways', async () => {
        const response = await client.fetch('/bytes', { body: large, method: 'POST' })
        assert.equal(Buffer.compare(Buffer.from(await response.arrayBuffer()), large), 0)
      })

      for (const status of [204, 205, 304]) {
        for (const path of [`/${status}`, `/${status}/stream`]) {
          test(`is never sent with ${path}`, async () => {
            const answer = await wire(client, path)
            assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `))
            assert.deepEqual(linesOf(answer, 'content-length'), status === 205 ? ['0'] : [])
            assert.deepEqual(linesOf(answer, 'transfer-encoding'), [])
            assert.equal(bodyOf(answer), '')
          })
        }

        test(`has no length with /${status}/length`, async () => {
          const found = linesOf(await wire(client, `/${status}/length`), 'content-length')
          assert.deepEqual(found, status === 205 ? ['0'] : [])
        })

        test(`has no length with ${status} after a chunked request`, async () => {
          const response = await postChunked(client, `/${status}`, ['a', 'b'])
          assert.equal(response.status, status)
          assert.equal(response.headers.get('content-length'), status === 205 ? '0' : null)
        })
      }

      for (const status of [200, 299, 418, 599]) {
        test(`goes with the status ${status}`, async () => {
          const response = await client.fetch(`/${status}`)
          assert.equal(response.status, status)
          assert.equal(await response.text(), 'x')
        })
      }

      if (!client.hasWire) return

      for (const path of ['/closes/200', '/closes/204', '/closes/stream']) {
        test(`of ${path} is the last of its connection`, async () => {
          const request = `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
          const { text: answer } = await client.raw([request, request], 50)
          assert.deepEqual(linesOf(answer, 'connection'), ['close'])
          assert.equal(answer.split('HTTP/1.1 ').length, 2)
        })
      }
    },
  )
}

function streamContract(): void {
  let gates: readonly Deferred<void>[] = []

  onEveryTransport(
    'a stream',
    (app) => {
      const mine = [deferred(), deferred()]
      gates = mine
      const snowman = Buffer.from('☃')
      app.get('/parts', () =>
        stream(chunks('a', '', snowman.subarray(0, 1), new Uint8Array(0), snowman.subarray(1), 'z')),
      )
      app.get('/counted', () => stream(chunks('ab', '', 'cd')).header('content-length', '4'))
      app.get('/counted/none', () => stream(chunks()).header('content-length', '0'))
      app.get('/closes', () => stream(chunks('ab', 'cd')).close())
      app.get('/closes/counted', () => stream(chunks('ab', 'cd')).close().header('content-length', '4'))
      app.get('/none', () => stream(chunks()))
      app.get('/empty', () => stream(chunks('', '')))
      app.get('/large', () => stream(chunks(...Array.from({ length: 50 }, (_, index) => Buffer.alloc(50_000, index)))))
      app.get('/large/counted', () => {
        const source = chunks(...Array.from({ length: 50 }, (_, index) => Buffer.alloc(50_000, index)))
        return stream(source).header('content-length', '2500000')
      })
      app.get('/open', () =>
        stream(
          (async function* () {
            yield 'first'
            await mine[0]!.promise
            yield 'second'
          })(),
        ),
      )
      app.post('/echo', async (req) => stream(chunks(await req.bytes())))
    },
    (client) => {
      const [gate] = gates

      for (const [path, body] of [
        ['/closes', 'abcd'],
        ['/closes/counted', 'abcd'],
        ['/parts', 'a☃z'],
        ['/counted', 'abcd'],
        ['/counted/none', ''],
        ['/none', ''],
        ['/empty', ''],
      ] as const) {
        test(`comes whole, whatever its chunks: ${path}`, async () => {
          const response = await client.fetch(path)
          assert.equal(response.status, 200)
          assert.equal(await response.text(), body)
        })
      }

      test('has the length that its handler knows', async () => {
        assert.deepEqual(linesOf(await wire(client, '/counted'), 'content-length'), ['4'])
        assert.deepEqual(linesOf(await wire(client, '/parts'), 'content-length'), [])
      })

      for (const path of ['/large', '/large/counted']) {
        test(`comes whole when it is more than a socket takes at once: ${path}`, async () => {
          const body = Buffer.from(await (await client.fetch(path)).arrayBuffer())
          assert.equal(body.length, 2_500_000)
          assert.ok(
            Array.from({ length: 50 }, (_, index) => body[index * 50_000 + 49_999]).every(
              (byte, index) => byte === index,
            ),
          )
        })
      }

      test('answers a body', async () => {
        assert.equal(await (await client.fetch('/echo', { body: 'back', method: 'POST' })).text(), 'back')
        assert.equal(await (await postChunked(client, '/echo', ['ba', 'ck'])).text(), 'back')
      })

      if (client.transport === 'inject') return

      test('sends each chunk when it is there', async () => {
        const response = await client.fetch('/open')
        const reader = response.body!.getReader()
        assert.equal(Buffer.from((await reader.read()).value!).toString(), 'first')
        gate!.resolve()
        assert.equal(Buffer.from((await reader.read()).value!).toString(), 'second')
        assert.equal((await reader.read()).done, true)
      })
    },
  )
}

function brokenContract(): void {
  onEveryTransport(
    'a stream that fails',
    (app) => {
      app.get('/before', () => stream(failing(0)))
      app.get('/midway', () => stream(failing(3)))
      app.get('/midway/counted', () => stream(failing(3)).header('content-length', '100'))
      app.get('/short', () => stream(chunks('abc')).header('content-length', '4'))
      app.get('/short/none', () => stream(chunks()).header('content-length', '4'))
      app.get('/long', () => stream(chunks('abcde')).header('content-length', '4'))
      app.get('/long/later', () => stream(chunks('abc', 'de')).header('content-length', '4'))
      app.get('/wrong', () => stream(chunks('a', 7 as never)))
      app.get('/object', () => stream(chunks('a', { b: 1 } as never)))
      app.get('/not-a-stream', () => new HttpResponse({} as never, 'text/plain'))
      app.get('/alive', () => json('alive'))
    },
    (client) => {
      const broken = [
        '/before',
        '/midway',
        '/midway/counted',
        '/short',
        '/short/none',
        '/long',
        '/long/later',
        '/wrong',
        '/object',
        '/not-a-stream',
      ]
      for (const path of broken) {
        test(`is never taken for whole: ${path}`, { timeout: 3000 }, async () => {
          await assert.rejects(async () => (await client.fetch(path)).text())
          assert.equal(await (await client.fetch('/alive')).json(), 'alive')
        })
      }
    },
  )
}

function disconnectContract(): void {
  let ends: Readonly<Record<'aborted' | 'counted' | 'ended' | 'handler' | 'slow', Deferred<void>>> & { taken: number }

  onEveryTransport(
    'a client that leaves',
    (app) => {
      const mine = {
        aborted: deferred(),
        counted: deferred(),
        ended: deferred(),
        handler: deferred(),
        slow: deferred(),
        taken: 0,
      }
      ends = mine
      app.get('/ended', () => stream(endless('x', mine.ended.resolve)))
      app.get('/counted', () => stream(endless('x', mine.counted.resolve)).header('content-length', '1000000'))
      app.get('/slow', () => stream(endless(Buffer.alloc(65_536), mine.slow.resolve, () => mine.taken++)))
      app.get('/aborted', (req) => {
        req.signal.addEventListener('abort', () => mine.aborted.resolve())
        return stream(
          (async function* () {
            yield 'first'
            // As a source does that waits for an event which may never come.
            await mine.aborted.promise
          })(),
        )
      })
      app.get('/handler', async (req) => {
        await new Promise<void>((resolve) => req.signal.addEventListener('abort', () => resolve()))
        mine.handler.resolve()
        return 'too late'
      })
      app.get('/alive', () => 'alive')
    },
    (client) => {
      if (client.transport === 'inject') return
      const mine = ends
      const { aborted, counted, ended, handler, slow } = mine

      for (const [path, end] of [
        ['/ended', ended],
        ['/counted', counted],
      ] as const) {
        test(`ends the source of its stream: ${path}`, { timeout: 3000 }, async () => {
          const controller = new AbortController()
          const response = await client.fetch(path, { signal: controller.signal })
          await response.body!.getReader().read()
          controller.abort()
          await end.promise
          assert.equal(await (await client.fetch('/alive')).text(), 'alive')
        })
      }

      test('aborts the signal of a request that is being streamed', { timeout: 3000 }, async () => {
        const controller = new AbortController()
        const response = await client.fetch('/aborted', { signal: controller.signal })
        await response.body!.getReader().read()
        controller.abort()
        await aborted.promise
      })

      if (!client.hasWire) return

      test('aborts the signal of a request without an answer', { timeout: 3000 }, async () => {
        const socket = await client.connect()
        socket.write('GET /handler HTTP/1.1\r\nHost: a\r\n\r\n')
        await soon(undefined)
        await client.fetch('/alive')
        socket.destroy()
        await handler.promise
        assert.equal(await (await client.fetch('/alive')).text(), 'alive')
      })

      test('or does not read holds its source up, and ends it', { timeout: 5000 }, async () => {
        const socket = await client.connect()
        socket.pause()
        socket.write('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n')
        // Until nothing more is taken: what the buffers of the system hold is bounded.
        for (let before = -1; before < mine.taken || mine.taken === 0; ) {
          before = mine.taken
          await new Promise((resolve) => setTimeout(resolve, 50))
        }
        assert.ok(mine.taken < 400, `${mine.taken} chunks of 64 KB were taken`)
        socket.destroy()
        await slow.promise
      })
    },
    {},
    'beside each other',
  )
}
