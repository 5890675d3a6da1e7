import assert from 'node:assert/strict'
import { once } from 'node:events'
import { constants } from 'node:http2'
import { after, describe, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { Hotpress, type HotpressOptions, type ListenOptions, stream, text } from '../../src/index.js'
import { http2Session, start, tls, variants } from '../_setup.js'
import { block, Flag, Frame, FrameClient, frame, get, uint32 } from './_http2-frames.js'

const whole = Flag.endHeaders | Flag.endStream

/** Starts an app by HTTP/2 over TLS; what a test asks for beside it goes to listen(). */
async function begin(
  build: (app: Hotpress) => void,
  options: HotpressOptions = {},
  listen: ListenOptions = {},
): Promise<{ readonly app: Hotpress; readonly port: number; readonly url: string }> {
  const app = new Hotpress({ logger: false, ...options, transport: 'node' })
  build(app)
  const { port, url } = await app.listen({ tls, ...listen })
  after(() => app.close())
  return { app, port, url }
}

/** The status of an answer to a header block, without its body; undefined where the stream was reset. */
async function statusOf(client: FrameClient, id: number, headers: Buffer): Promise<string | undefined> {
  client.send(frame(Frame.Headers, whole, id, headers))
  const first = await client.until(
    ({ stream, type }) => stream === id && (type === Frame.Headers || type === Frame.RstStream),
  )
  if (first?.type !== Frame.Headers) return undefined
  // The status is the first field: an entry of the static table (RFC 7541, Appendix A), or a literal of its name.
  const known: Readonly<Record<number, string>> = { 136: '200', 140: '400', 141: '404', 142: '500' }
  // Before it the server may say that it keeps no table (RFC 7541, 6.3).
  const payload = first.payload.subarray(first.payload.findIndex((byte) => (byte & 0xe0) !== 0x20))
  return known[payload[0]!] ?? literal(payload)
}

function literal(payload: Buffer): string {
  const isHuffman = (payload[1]! & 0x80) !== 0
  const size = payload[1]! & 0x7f
  const bytes = payload.subarray(2, 2 + size)
  if (!isHuffman) return bytes.toString('latin1')
  // Digits have codes of five or six bits (RFC 7541, Appendix B).
  let bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('')
  let digits = ''
  while (digits.length < 3) {
    const five = Number.parseInt(bits.slice(0, 5), 2)
    const isShort = five < 3
    digits += isShort ? five : Number.parseInt(bits.slice(0, 6), 2) - 22
    bits = bits.slice(isShort ? 5 : 6)
  }
  return digits
}

describe('HTTP/2 on node', () => {
  test('early hints go before the answer, with whatever headers', async () => {
    const { url } = await begin((app) =>
      app.get('/', (req) => text(String(req.hint({ link: '</a.css>; rel=preload', 'x-more': 'yes' })))),
    )
    const session = http2Session(url)
    const request = session.request({ ':path': '/' })
    const [hints] = (await once(request, 'headers')) as [Record<string, unknown>]
    assert.deepEqual([hints[':status'], hints.link, hints['x-more']], [103, '</a.css>; rel=preload', 'yes'])
    const [headers] = (await once(request, 'response')) as [Record<string, unknown>]
    assert.equal(headers[':status'], 200)
    session.destroy()
  })

  test('trailers end a stream, with what is known by then', async () => {
    let sent = 0
    const { url } = await begin((app) =>
      app.post('/', async (req) => {
        const body = await req.text()
        async function* parts(): AsyncGenerator<string> {
          for (const part of ['one', 'two', body]) {
            sent += part.length
            yield part
          }
        }
        return stream(parts())
          .trailer('x-fixed', 'yes')
          .trailer('x-sent', () => String(sent))
      }),
    )
    const session = http2Session(url)
    const request = session.request({ ':method': 'POST', ':path': '/' }, { waitForTrailers: true })
    request.on('wantTrailers', () => request.sendTrailers({ 'x-mine': 'mine' }))
    request.end('three')
    const ended = Promise.all([once(request, 'trailers'), once(request, 'end')])
    let body = ''
    request.setEncoding('utf8').on('data', (part: string) => {
      body += part
    })
    const [headers] = (await once(request, 'response')) as [Record<string, unknown>]
    assert.equal(headers.trailer, 'x-fixed, x-sent')
    const [[trailers]] = (await ended) as [[Record<string, unknown>], unknown]
    assert.deepEqual([trailers['x-fixed'], trailers['x-sent']], ['yes', '11'])
    assert.equal(body, 'onetwothree')
    session.destroy()
  })

  test('the guard sees what HTTP/1.1 cannot say', async () => {
    const { port } = await begin((app) => app.get('/', (req) => text(req.host)))
    // Without a table to look fields up in.
    const client = await FrameClient.open(port, true, [[1, 0]])
    const base = [':method', 'GET', ':scheme', 'https', ':path', '/'] as const
    const cases: readonly (readonly [name: string, headers: Buffer, status: string])[] = [
      ['an authority alone', block(...base, ':authority', 'a.test'), '200'],
      ['a host alone', block(...base, 'host', 'a.test'), '200'],
      ['both, of one name', block(...base, ':authority', 'a.test', 'host', 'A.test'), '200'],
      ['both, of two names', block(...base, ':authority', 'a.test', 'host', 'b.test'), '400'],
      ['neither', block(...base), 'refused'],
      ['an authority with a user', block(...base, ':authority', 'me@a.test'), 'refused'],
      ['two hosts', block(...base, 'host', 'a.test', 'host', 'a.test'), 'refused'],
      ['a query with a byte beyond ASCII', get('/?\xff'), 'refused'],
      ['98 fields', get('/', ...fields(97)), '200'],
      ['99 fields', get('/', ...fields(98)), '431'],
      ['fields of 9,000 bytes', get('/', 'x-large', 'y'.repeat(9000)), '431'],
      ['CONNECT', block(':method', 'CONNECT', ':authority', 'a.test'), 'refused'],
      ['an expectation that is not known', get('/', 'expect', 'more'), '417'],
      ['a header of the connection', get('/', 'connection', 'close'), 'refused'],
      ['a transfer coding', get('/', 'transfer-encoding', 'chunked'), 'refused'],
      ['a name in capitals', get('/', 'X-Large', 'y'), 'refused'],
    ]
    for (const [index, [name, headers, status]] of cases.entries()) {
      // What nghttp2 has refused by itself has no answer.
      const given = (await statusOf(client, index * 2 + 1, headers)) ?? 'refused'
      assert.equal(status === 'refused' && given === '400' ? 'refused' : given, status, name)
    }
    client.close()
  })

  test('crumbs of cookies are one header', async () => {
    const { port } = await begin((app) => app.get('/', (req) => text(String(req.header('cookie')))))
    const client = await FrameClient.open(port, true)
    client.send(frame(Frame.Headers, whole, 1, get('/', 'cookie', 'a=1', 'x-other', 'x', 'cookie', 'b=2')))
    const body = await client.until(({ stream: id, type }) => id === 1 && type === Frame.Data)
    assert.equal(body?.payload.toString(), 'a=1; b=2')
    client.close()
  })

  test('announces its limits, and those that it is given', async () => {
    for (const [http2, expected] of [
      [true, { 3: 128, 4: 262_144 }],
      [
        { maxConcurrentStreams: 7, streamWindow: '100kb' },
        { 3: 7, 4: 102_400 },
      ],
    ] as const) {
      const { port } = await begin(() => {}, {}, { http2 })
      const client = await FrameClient.open(port, true)
      const settings = await client.until(({ flags, type }) => type === Frame.Settings && (flags & Flag.ack) === 0)
      const found = new Map<number, number>()
      for (let at = 0; at < settings!.payload.length; at += 6) {
        found.set(settings!.payload.readUInt16BE(at), settings!.payload.readUInt32BE(at + 2))
      }
      assert.deepEqual({ 3: found.get(3), 4: found.get(4) }, expected)
      client.close()
    }
  })

  test('is not spoken where it is not offered', async () => {
    const { url } = await begin((app) => app.get('/', () => 'x'), {}, { http2: false })
    const session = http2Session(url)
    const request = session.request({ ':path': '/' })
    await assert.rejects(once(request, 'response'))
    session.destroy()
  })

  test('a connection ends after so many requests, each of them answered', async () => {
    const { url } = await begin((app) => app.get('/', () => 'x'), { maxRequestsPerConnection: 3 })
    const session = http2Session(url)
    const left = once(session, 'goaway')
    for (let count = 0; count < 3; count++) {
      const request = session.request({ ':path': '/' })
      const [headers] = (await once(request, 'response')) as [Record<string, unknown>]
      assert.equal(headers[':status'], 200)
      request.resume()
    }
    assert.equal((await left)[0], constants.NGHTTP2_NO_ERROR)
    session.destroy()
  })

  test('an idle connection is told to go', { timeout: 10_000 }, async () => {
    const { url } = await begin((app) => app.get('/', () => 'x'), { idleTimeout: 200 })
    const session = http2Session(url)
    const request = session.request({ ':path': '/' }).resume()
    await once(request, 'close')
    await once(session, 'close')
  })

  test('a body that does not come has a 408, and its stream is given up', { timeout: 10_000 }, async () => {
    const { url } = await begin((app) => app.post('/', (req) => req.text()), { readTimeout: 200 })
    const session = http2Session(url)
    const request = session.request({ ':method': 'POST', ':path': '/' })
    request.on('error', () => {})
    request.write('half')
    const [headers] = (await once(request, 'response')) as [Record<string, unknown>]
    assert.equal(headers[':status'], 408)
    request.resume()
    await once(request, 'close')
    assert.equal(session.closed, false)
    session.destroy()
  })

  test('closing answers what is under way, and takes nothing more', { timeout: 10_000 }, async () => {
    let release = (): void => {}
    const begun = new Promise<void>((begin) => {
      release = begin
    })
    let answer = (_: string): void => {}
    const { app, url } = await begin((each) =>
      each.get('/', () => {
        release()
        return new Promise<string>((resolve) => {
          answer = resolve
        })
      }),
    )
    const session = http2Session(url)
    const request = session.request({ ':path': '/' })
    await begun
    const goAway = once(session, 'goaway')
    const closed = app.close()
    assert.equal((await goAway)[0], constants.NGHTTP2_NO_ERROR)
    answer('in the end')
    const [headers] = (await once(request, 'response')) as [Record<string, unknown>]
    assert.equal(headers[':status'], 200)
    request.resume()
    await closed
  })

  test('streams that fail while their body comes are reset, and others go on', { timeout: 30_000 }, async () => {
    const { port } = await begin((app) => {
      app.get('/', () => 'here')
      app.post('/', (req) =>
        stream(
          (async function* () {
            for await (const chunk of req.stream()) {
              // Little enough to wait in the stream.
              yield chunk
              if (chunk.includes(1)) throw new Error('a one')
            }
          })(),
        ),
      )
    })
    for (const window of [0, 1000, 1_000_000]) {
      const client = await FrameClient.open(port, true, [[4, window]])
      const post = block(':method', 'POST', ':scheme', 'https', ':path', '/', ':authority', 'localhost')
      for (let id = 1; id < 40; id += 2) {
        const zeros = frame(Frame.Data, 0, id, Buffer.alloc(1000))
        const one = frame(Frame.Data, 0, id, Buffer.alloc(1000, 1))
        client.send(frame(Frame.Headers, Flag.endHeaders, id, post), zeros, one, zeros, zeros, zeros)
        client.send(
          frame(Frame.WindowUpdate, 0, id, uint32(1_000_000)),
          frame(Frame.WindowUpdate, 0, 0, uint32(10_000)),
        )
        await client.until(({ stream: of, type }) => of === id && type === Frame.RstStream)
      }
      assert.equal(await statusOf(client, 41, get('/')), '200')
      client.close()
    }
  })

  test('a stream that is reset with the code for no error is let go, whatever it was to send', {
    timeout: 10_000,
  }, async () => {
    const { app, url } = await begin((each) => each.get('/', () => 'x'.repeat(10_000_000)))
    const session = http2Session(url)
    const request = session.request({ ':path': '/' })
    await once(request, 'data')
    request.close(constants.NGHTTP2_NO_ERROR)
    await once(request, 'close')
    session.destroy()
    // Node alone would keep the connection for good.
    const before = performance.now()
    await app.close()
    assert.ok(performance.now() - before < 8000)
  })
})

describe('upgrades on node', () => {
  for (const { name, protocol, skip, version } of variants.filter(({ transport }) => transport === 'node')) {
    if (version === '2' && protocol === 'https') continue
    test(`a WebSocket is opened beside ordinary routes: ${name}`, { skip, timeout: 10_000 }, async () => {
      const { address } = await start(name, (app) => {
        app.get('/', () => 'x')
        const sockets = new WebSocketServer({ path: '/ws', server: app.nodeServer() })
        sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`echo ${data}`)))
        after(() => sockets.close())
      })
      const socket = new WebSocket(`${address.url.replace('http', 'ws')}/ws`, { rejectUnauthorized: false })
      await once(socket, 'open')
      socket.send('hello')
      const [data] = (await once(socket, 'message')) as [Buffer]
      assert.equal(data.toString(), 'echo hello')
      socket.terminate()
    })
  }
})

function fields(count: number): string[] {
  return Array.from({ length: count }, (_, index) => [`x-${index}`, 'y']).flat()
}
