import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { HotpressError, HttpError, type HttpRequest, RouteGroup, stream } from '../../../src/index.js'
import { binding } from '../../../src/native/binding.js'
import { type Client, onEveryTransport } from '../../_setup.js'
import { Sender, sent } from './_sender.js'
import { assertProblem, type Deferred, deferred, postChunked, soon } from './_tools.js'

/** How bodies come in: part by part, held, given up, and cut into whatever pieces. */
export function bodiesInContract(): void {
  streamsContract()
  heldContract()
  abortsContract()
  pacesContract()
  splitsContract()
  continueContract()
  groupLimitsContract()
}

const large = Buffer.from(Uint8Array.from({ length: 700_000 }, (_, index) => index % 251))

async function sizeOf(parts: AsyncIterable<Uint8Array>): Promise<number> {
  let size = 0
  for await (const part of parts) size += part.byteLength
  return size
}

function codeOf(error: unknown): string {
  return HttpError.is(error) || error instanceof HotpressError ? String(error.code) : String(error)
}

async function codeFrom(read: () => unknown): Promise<string> {
  try {
    await read()
    return 'read'
  } catch (error) {
    return codeOf(error)
  }
}

function streamsContract(): void {
  onEveryTransport(
    'the stream of a request body',
    (app) => {
      app.post('/echo', (req) => stream(req.stream()))
      app.post('/echo/later', async (req) => stream((await soon(req)).stream()))
      app.post('/slow', async (req) => {
        const parts: Uint8Array[] = []
        for await (const part of req.stream()) parts.push(await soon(part))
        return Buffer.concat(parts)
      })
      app.post('/together', async (req) => {
        const parts = req.stream()
        const asked = await Promise.all([parts.next(), parts.next(), parts.next()])
        const sizes = asked.map(({ value }) => value?.byteLength ?? 0)
        return [sizes.reduce((sum, size) => sum + size, 0) + (await sizeOf(parts))]
      })
      app.post('/late', async (req) => {
        await sleep(50)
        return req.bytes()
      })
      app.post('/after-bytes', async (req) => {
        const first = (await req.bytes()).byteLength
        return [first, await sizeOf(req.stream()), await sizeOf(req.stream()), (await req.bytes()).byteLength]
      })
      app.post('/used', async (req) => {
        const parts = req.stream()
        const codes = []
        for (const read of [() => req.bytes(), () => req.text(), () => req.stream()]) codes.push(await codeFrom(read))
        await sizeOf(parts)
        codes.push(await codeFrom(() => req.bytes()), await codeFrom(() => req.stream()))
        return codes
      })
      app.post('/waiting', async (req) => {
        const whole = req.bytes()
        const code = await codeFrom(() => req.stream())
        return [code, (await whole).byteLength]
      })
      app.post('/break', async (req) => {
        for await (const part of req.stream()) return [part.byteLength > 0]
        return []
      })
      app.post('/break/first', async (req) => {
        const parts = req.stream()
        await parts.return?.()
        return [await parts.next()]
      })
      app.post('/ignored', () => 'not read')
      app.post('/ignored/later', async () => {
        await sleep(30)
        return 'not read'
      })
      app.post('/asked', (req) => {
        // Nobody looks at what becomes of it.
        req.bytes()
        return 'not awaited'
      })
      app.get('/stream', async (req) => [await sizeOf(req.stream())])
      app.onNotFound(async (req) => [req.method, (await req.bytes()).byteLength])
    },
    (client) => {
      const post = (path: string, body: string | Uint8Array<ArrayBuffer>): Promise<Response> =>
        client.fetch(path, { body, method: 'POST' })
      const halves = [large.toString('latin1', 0, 200_000), large.toString('latin1', 200_000)]

      for (const path of ['/echo', '/echo/later', '/slow', '/late']) {
        test(`gives every byte: ${path}`, async () => {
          const answer = Buffer.from(await (await post(path, large)).arrayBuffer())
          assert.equal(Buffer.compare(answer, large), 0)
          assert.equal(await (await post(path, 'short')).text(), 'short')
          assert.equal(await (await post(path, '')).text(), '')
        })

        test(`gives every byte of chunks: ${path}`, async () => {
          assert.equal(await (await postChunked(client, path, halves)).text(), halves.join(''))
          assert.equal(await (await postChunked(client, path, ['a', 'b'])).text(), 'ab')
          assert.equal(await (await postChunked(client, path, [])).text(), '')
        })
      }

      test('may be asked again before it has answered', async () => {
        assert.deepEqual(await (await post('/together', large)).json(), [large.byteLength])
        assert.deepEqual(await (await post('/together', 'x')).json(), [1])
      })

      test('is there after the whole has been read, as often as wanted', async () => {
        for (const body of ['small', large]) {
          const size = body.length
          assert.deepEqual(await (await post('/after-bytes', body)).json(), [size, size, size, size])
        }
      })

      test('is had once, and by nobody beside it', async () => {
        const codes = ['BODY_USED', 'BODY_USED', 'BODY_USED', 'BODY_USED', 'BODY_USED']
        for (const body of ['small', large]) assert.deepEqual(await (await post('/used', body)).json(), codes)
      })

      test('is not to be had while somebody waits for the whole', async () => {
        const [, size] = (await (await post('/waiting', large)).json()) as unknown[]
        assert.equal(size, large.byteLength)
      })

      test('is empty where there is no body', async () => {
        assert.deepEqual(await (await client.fetch('/stream')).json(), [0])
      })

      for (const [path, answer] of [
        ['/break', [true]],
        ['/break/first', [{ done: true }]],
      ] as const) {
        test(`can be left, and the next request is answered: ${path}`, async () => {
          assert.deepEqual(await (await post(path, large)).json(), answer)
          assert.deepEqual(await (await post('/after-bytes', 'x')).json(), [1, 1, 1, 1])
        })
      }

      for (const path of ['/ignored', '/ignored/later', '/asked']) {
        for (const size of [70_000, 700_000, 3_000_000]) {
          test(`is left alone by ${path}, ${size} bytes, and the next request is answered`, async () => {
            const response = await post(path, 'x'.repeat(size))
            assert.equal(response.status, 200)
            assert.match(await response.text(), /^not /)
            assert.deepEqual(await (await post('/after-bytes', 'x')).json(), [1, 1, 1, 1])
          })
        }
      }

      test('is there where no route matches', async () => {
        assert.deepEqual(await (await post('/nowhere', large)).json(), ['POST', large.byteLength])
      })

      if (!client.hasWire) return

      test('that is not read leaves the connection to the next request, in small', async () => {
        const body = 'x'.repeat(300_000)
        const request = `POST /ignored HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`
        const next = 'GET /stream HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
        const { text } = await client.raw([request, next])
        assert.deepEqual(text.match(/HTTP\/1\.1 \d+/g), ['HTTP/1.1 200', 'HTTP/1.1 200'])
      })
    },
  )
}

function heldContract(): void {
  let gates: readonly Deferred<void>[]
  const paths = ['/unread', '/steps', '/unread/chunked', '/steps/chunked'] as const

  onEveryTransport(
    'a sender',
    (app) => {
      const mine = paths.map(() => deferred())
      gates = mine
      const unread = (gate: number) => async (req: HttpRequest) => {
        await mine[gate]!.promise
        return [(await req.bytes()).byteLength]
      }
      const steps = (gate: number) => async (req: HttpRequest) => {
        const parts = req.stream()
        let size = 0
        // A while slower than the sender, and then not at all.
        while (size < 8 * 1024 ** 2) {
          size += (await parts.next()).value?.byteLength ?? 0
          await sleep(1)
        }
        await mine[gate]!.promise
        return [size + (await sizeOf(parts))]
      }
      app.post('/unread', unread(0))
      app.post('/steps', steps(1))
      app.post('/unread/chunked', unread(2))
      app.post('/steps/chunked', steps(3))
    },
    (client) => {
      if (client.transport === 'inject') return
      // What uWebSockets.js reads in spite of a pause is bounded by the system only, see docs/transports.md.
      const skip = client.transport === 'uws' && (process.platform !== 'linux' || binding().kind === 'fallback')
      const mine = gates
      for (const [index, path] of paths.entries()) {
        test(`is held until somebody reads, and then sends the rest: ${path}`, { skip, timeout: 60_000 }, async () => {
          await client.fetch('/nowhere')
          const { url } = client.address!
          const sender = new Sender({ isChunked: path.endsWith('chunked'), path, url, version: client.version })
          try {
            // What the handler has had, and what the buffers of the system hold on both sides: a few megabytes.
            const taken = await sender.stopped()
            assert.ok(taken < sent / 2, `${taken} bytes were taken with nobody reading`)
            mine[index]!.resolve()
            const answer = await sender.answer()
            assert.match(answer, /^200 /)
            assert.ok(answer.includes(`[${sent}]`), answer)
          } finally {
            await sender.end()
          }
        })
      }
    },
    { bodyLimit: '64mb' },
  )
}

function abortsContract(): void {
  let seen: Readonly<Record<'bytes' | 'json' | 'stream' | 'unread', Deferred<string>>>

  onEveryTransport(
    'a client that leaves in the middle of its body',
    (app) => {
      const mine = {
        bytes: deferred<string>(),
        json: deferred<string>(),
        stream: deferred<string>(),
        unread: deferred<string>(),
      }
      seen = mine
      app.post('/bytes', async (req) => mine.bytes.resolve(await codeFrom(() => req.bytes())))
      app.post('/json', async (req) => mine.json.resolve(await codeFrom(() => req.json())))
      app.post('/stream', async (req) => mine.stream.resolve(await codeFrom(() => sizeOf(req.stream()))))
      app.post('/unread', async (req) => {
        await new Promise((resolve) => req.signal.addEventListener('abort', resolve))
        mine.unread.resolve(await codeFrom(() => req.bytes()))
      })
      app.post('/asked', async (req) => {
        // Rejected with nobody there to see it: the process must live on.
        req.bytes()
        await new Promise((resolve) => req.signal.addEventListener('abort', resolve))
      })
      app.get('/alive', () => 'alive')
    },
    (client) => {
      if (!client.hasWire) return
      const mine = seen
      for (const path of ['bytes', 'json', 'stream', 'unread'] as const) {
        // A socket of TLS cannot be told to reset.
        for (const how of ['destroy', ...(client.protocol === 'http' ? ['resetAndDestroy' as const] : [])] as const) {
          test(`rejects what is being read: ${path}, ${how}`, { timeout: 5000 }, async () => {
            await leave(client, `/${path}`, how)
            assert.equal(await mine[path].promise, 'BODY_ABORTED')
          })
        }
      }

      test('is no end of the process where nobody looks', { timeout: 5000 }, async () => {
        await leave(client, '/asked', 'destroy')
        await sleep(20)
        assert.equal(await (await client.fetch('/alive')).text(), 'alive')
      })
    },
  )
}

async function leave(client: Client, path: string, how: 'destroy' | 'resetAndDestroy'): Promise<void> {
  const socket = await client.connect()
  socket.write(
    `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n{"half":`,
  )
  await sleep(30)
  socket[how]()
}

function pacesContract(): void {
  onEveryTransport(
    'the time that a request may take',
    (app) => {
      app.post('/read', async (req) => [(await req.bytes()).byteLength])
      app.post('/code', async (req) => {
        const code = await codeFrom(() => req.bytes())
        await sleep(20)
        return [code]
      })
    },
    (client) => {
      if (!client.hasWire) return

      test('is not over while its body comes', { timeout: 10_000 }, async () => {
        const head = 'POST /read HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\nConnection: close\r\n\r\n'
        const socket = await client.connect()
        let answer = ''
        socket.setEncoding('latin1').on('data', (part: string) => {
          answer += part
        })
        socket.write(head)
        for (let sent = 0; sent < 20; sent++) {
          await sleep(60)
          socket.write('x')
        }
        await new Promise((resolve) => socket.once('close', resolve))
        assert.match(answer, /^HTTP\/1\.1 200 [\s\S]*\[20\]/)
      })

      test('is over where nothing comes', { timeout: 10_000 }, async () => {
        const head = 'POST /code HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n\r\n'
        const { text } = await client.raw(head, 3000)
        assert.match(text, /^HTTP\/1\.1 503 [\s\S]*REQUEST_TIMEOUT/)
      })
    },
    { requestTimeout: 400 },
    'beside each other',
  )
}

function splitsContract(): void {
  onEveryTransport(
    'a chunked upload in two packets',
    (app) => {
      app.post('/bytes', async (req) => `<${await req.text()}>`)
      app.post('/stream', async (req) => {
        let text = ''
        for await (const part of req.stream()) text += Buffer.from(part).toString('latin1')
        return `<${text}>`
      })
    },
    (client) => {
      if (!client.hasWire) return
      const body = '1\r\na\r\n5\r\nbcdef\r\n0010\r\n0123456789abcdef\r\nB\r\n\r\n0\r\n\r\n0123\r\n0\r\n\r\n'
      const all = '<abcdef0123456789abcdef\r\n0\r\n\r\n0123>'
      const head = (path: string): string =>
        `POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n`

      for (const path of ['/bytes', '/stream']) {
        test(`is whole wherever it is cut: ${path}`, { timeout: 60_000 }, async () => {
          const cuts = Array.from({ length: body.length }, (_, at) => at)
          while (cuts.length > 0) {
            await Promise.all(
              cuts.splice(0, 16).map(async (at) => {
                const { text } = await client.raw([head(path) + body.slice(0, at), body.slice(at)], 3000)
                assert.ok(text.endsWith(all), `cut at ${at}: ${text}`)
              }),
            )
          }
        })

        test(`is whole where each byte comes by itself: ${path}`, { timeout: 60_000 }, async () => {
          const { text } = await client.raw([head(path), ...body], 3000)
          assert.ok(text.endsWith(all), text)
        })
      }
    },
  )
}

function continueContract(): void {
  onEveryTransport(
    'a client that expects a 100',
    (app) => {
      app.use(async (_, next) => next())
      app.post('/read', async (req) => req.text())
      app.post('/later', async (req) => (await soon(req)).text())
      app.post('/stream', (req) => stream(req.stream()))
      app.post('/json', async (req) => req.json())
      app.post('/ignored', async () => soon('not read'))
    },
    (client) => {
      if (!client.hasWire) return
      // uWebSockets.js sends it by itself, before anybody has seen the request.
      const isUnasked = client.transport === 'uws'
      const request = (path: string, size: number): string =>
        `POST ${path} HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: ${size}\r\n\r\n`

      for (const path of ['/read', '/later', '/stream']) {
        test(`has it where the body is read: ${path}`, async () => {
          const { text } = await client.raw([request(path, 5), ...Array(20).fill(''), 'hello'])
          assert.match(text, /^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 OK\r\n[\s\S]*hello/)
        })
      }

      for (const [path, size, status] of [
        ['/read', 11, 413],
        ['/json', 5, 415],
        ['/ignored', 5, 200],
        ['/nowhere', 5, 404],
      ] as const) {
        test(`has the answer alone where the body is not: ${path}, ${status}`, async () => {
          const { text } = await client.raw(request(path, size), 1500)
          const answer = isUnasked ? text.replace('HTTP/1.1 100 Continue\r\n\r\n', '') : text
          assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `))
          assert.equal(answer.includes('100 Continue'), false)
        })
      }
    },
    { bodyLimit: 10 },
    'beside each other',
  )
}

function groupLimitsContract(): void {
  onEveryTransport(
    'the limit of a group',
    (app) => {
      app.post('/app', (req) => req.text())
      const group = new RouteGroup({ bodyLimit: 1000, prefix: '/wide' })
      group.post('/', (req) => req.text())
      const inner = new RouteGroup({ bodyLimit: 5, prefix: '/narrow' })
      inner.post('/', async (req) => [await sizeOf(req.stream())])
      group.mount(inner)
      app.mount(group)
    },
    (client) => {
      const send = (path: string, size: number, isChunked: boolean): Promise<Response> =>
        isChunked
          ? postChunked(client, path, ['x'.repeat(size)])
          : client.fetch(path, { body: 'x'.repeat(size), method: 'POST' })

      for (const isChunked of [false, true]) {
        const how = isChunked ? 'in chunks' : 'by its length'
        test(`wins where it is larger, ${how}`, async () => {
          assert.equal((await send('/wide', 1000, isChunked)).status, 200)
          await assertProblem(await send('/wide', 1001, isChunked), 413, { code: 'BODY_TOO_LARGE', limit: 1000 })
        })

        test(`wins where it is smaller, over a stream too, ${how}`, async () => {
          assert.equal((await send('/wide/narrow', 5, isChunked)).status, 200)
          await assertProblem(await send('/wide/narrow', 6, isChunked), 413, { code: 'BODY_TOO_LARGE', limit: 5 })
        })

        test(`leaves the app's to the others, ${how}`, async () => {
          assert.equal((await send('/app', 100, isChunked)).status, 200)
          await assertProblem(await send('/app', 101, isChunked), 413, { code: 'BODY_TOO_LARGE', limit: 100 })
        })
      }
    },
    { bodyLimit: 100 },
  )
}
