import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { bytes, Hotpress, type HotpressOptions, stream } from '../../src/index.js'
import { nativeTransport } from '../../src/transports/native.js'
import { Http3Connection, http3Missing } from '../_http3.js'
import { tls } from '../_setup.js'
import { answerOf, Code, Frame, frame, headers, request, Stream, varint } from './_http3-frames.js'
import { beginning, initial, isRetry, isVersionNegotiation } from './_quic-initial.js'
import { until } from './_server.js'

const skip = (await nativeTransport.load()) ?? http3Missing

/** A frame that nobody knows; clients send a few, so that nobody relies on there being none (RFC 9114, 7.2.8). */
const unknown = 0x21
/** What a frame says of its length that is to have no end. */
const endless = 2 ** 53

const settings = frame(Frame.settings)
const control = (...frames: readonly Buffer[]): Buffer => Buffer.concat([Buffer.from([Stream.control]), ...frames])
const many = (count: number, one: Buffer): Buffer => Buffer.concat(Array.from({ length: count }, () => one))
const never = request('GET', '/never')
const post = request('POST', '/length')
const long = Buffer.alloc(65_536)

const uni = { kind: 'uni' } as const

interface Attack {
  readonly code: number
  readonly name: string
  /** Sends what one stream brings of it. */
  run(on: Http3Connection): void
  /** How often; once by default, and not after the connection has ended. */
  readonly times?: number
}

const tooMuch = Code.excessiveLoad

const attacks: readonly Attack[] = [
  {
    code: tooMuch,
    name: 'rapid reset',
    run: (on) => void on.write(never, { reset: Code.requestCancelled, stop: Code.requestCancelled }),
    times: 4000,
  },
  {
    code: tooMuch,
    name: 'rapid reset of streams that have brought nothing',
    run: (on) => void on.write(Buffer.alloc(0), { reset: Code.requestCancelled }),
    times: 4000,
  },
  {
    code: tooMuch,
    name: 'STOP_SENDING after whole requests',
    run: (on) => void on.write(never, { end: true, stop: Code.requestCancelled }),
    times: 4000,
  },
  {
    code: tooMuch,
    name: 'malformed requests',
    run: (on) => void on.write(headers([[':method', 'GET']]), { end: true }),
    times: 4000,
  },
  {
    code: tooMuch,
    name: 'malformed trailers',
    run: (on) => void on.write(Buffer.concat([post, headers([[':path', '/']])]), { end: true }),
    times: 4000,
  },
  {
    code: tooMuch,
    name: 'unknown frames on the control stream',
    run: (on) => void on.write(control(settings, many(5000, frame(unknown))), uni),
  },
  {
    code: tooMuch,
    name: 'an unknown frame without an end on the control stream',
    run: (on) =>
      // What is sent again and again is all of it content of that frame.
      void on.write(control(settings, varint(unknown), varint(endless), long), { ...uni, times: 2000 }),
  },
  {
    code: tooMuch,
    name: 'an unknown frame without an end before a head',
    run: (on) => void on.write(Buffer.concat([varint(unknown), varint(endless), long]), { times: 2000 }),
  },
  {
    code: tooMuch,
    name: 'an unknown frame without an end in a body',
    run: (on) => void on.write(Buffer.concat([post, varint(unknown), varint(endless), long]), { times: 2000 }),
  },
  {
    code: tooMuch,
    name: 'GOAWAY',
    run: (on) => void on.write(control(settings, many(5000, frame(Frame.goAway, varint(0)))), uni),
  },
  {
    code: tooMuch,
    name: 'MAX_PUSH_ID',
    run: (on) => void on.write(control(settings, many(5000, frame(Frame.maxPushId, varint(7)))), uni),
  },
  {
    code: Code.frameUnexpected,
    name: 'SETTINGS',
    run: (on) => void on.write(control(many(5000, settings)), uni),
  },
  {
    code: Code.settings,
    name: 'settings without an end to their number',
    run: (on) =>
      void on.write(
        control(frame(Frame.settings, Buffer.concat(Array.from({ length: 500 }, (_, at) => many(1, pair(at)))))),
        uni,
      ),
  },
  {
    code: Code.excessiveLoad,
    name: 'settings without an end',
    run: (on) => void on.write(control(varint(Frame.settings), varint(endless), long), { ...uni, times: 2000 }),
  },
  {
    code: Code.excessiveLoad,
    name: 'a GOAWAY without an end',
    run: (on) => void on.write(control(settings, varint(Frame.goAway), varint(endless), long), uni),
  },
  {
    code: tooMuch,
    name: 'streams of unknown kinds',
    run: (on) => void on.write(Buffer.from([unknown, 1, 2, 3]), { ...uni, end: true }),
    times: 4000,
  },
  {
    code: tooMuch,
    name: 'streams that end before they say what they are',
    run: (on) => void on.write(Buffer.alloc(0), { ...uni, end: true }),
    times: 4000,
  },
  {
    code: tooMuch,
    name: 'streams that are reset before they say what they are',
    run: (on) => void on.write(Buffer.from([0xc0, 0]), { ...uni, reset: Code.no }),
    times: 4000,
  },
  { code: Code.streamCreation, name: 'a push', run: (on) => void on.write(Buffer.from([Stream.push, 0]), uni) },
  {
    code: Code.frameUnexpected,
    name: 'PUSH_PROMISE in a request',
    run: (on) => void on.write(Buffer.concat([post, frame(Frame.pushPromise, Buffer.from([0, 0, 0]))])),
  },
  {
    code: Code.frameUnexpected,
    name: 'PUSH_PROMISE on the control stream',
    run: (on) => void on.write(control(settings, frame(Frame.pushPromise, Buffer.from([0, 0, 0]))), uni),
  },
  {
    code: Code.id,
    name: 'CANCEL_PUSH',
    run: (on) => void on.write(control(settings, frame(Frame.cancelPush, varint(0))), uni),
  },
  {
    code: Code.encoderStream,
    name: 'an insertion into the dynamic table',
    run: (on) => void on.write(Buffer.from([Stream.encoder, 0xc1, 1, 97]), uni),
  },
  {
    code: Code.encoderStream,
    name: 'a dynamic table of a gigabyte',
    run: (on) => void on.write(Buffer.from([Stream.encoder, 0x3f, 0xff, 0xff, 0xff, 0xff, 3]), uni),
  },
  {
    code: Code.encoderStream,
    name: 'a number without an end on the encoder stream',
    run: (on) => void on.write(Buffer.concat([Buffer.from([Stream.encoder, 0x3f]), Buffer.alloc(1e5, 0xff)]), uni),
  },
  {
    code: tooMuch,
    name: 'a dynamic table of nothing, again and again',
    run: (on) => void on.write(Buffer.concat([Buffer.from([Stream.encoder]), Buffer.alloc(5000, 0x20)]), uni),
  },
  {
    code: Code.decoderStream,
    name: 'a number without an end on the decoder stream',
    run: (on) => void on.write(Buffer.concat([Buffer.from([Stream.decoder, 0x7f]), Buffer.alloc(1e5, 0x80)]), uni),
  },
  {
    code: Code.decoderStream,
    name: 'an acknowledgement of nothing',
    run: (on) => void on.write(Buffer.from([Stream.decoder, 0x01]), uni),
  },
  {
    code: tooMuch,
    name: 'cancellations of streams',
    run: (on) => void on.write(Buffer.concat([Buffer.from([Stream.decoder]), Buffer.alloc(5000, 0x44)]), uni),
  },
  {
    code: Code.decompression,
    name: 'a head with a name of 2^60 bytes',
    run: (on) => void on.write(frame(Frame.headers, Buffer.from([0, 0, 0x27, ...Array(8).fill(0xff), 0x7f]))),
  },
  {
    code: Code.decompression,
    name: 'a head that needs 2^60 insertions',
    run: (on) => void on.write(frame(Frame.headers, Buffer.from([0xff, ...Array(8).fill(0xff), 0x7f, 0]))),
  },
]

// A setting that nobody knows (RFC 9114, 7.2.4.1).
function pair(at: number): Buffer {
  return Buffer.concat([varint(0x1f * at + 0x21), varint(1)])
}

describe('floods of HTTP/3 on native', { skip, concurrency: 1 }, () => {
  const app = new Hotpress({ logger: false, transport: 'native' })
  const refused: string[] = []
  let handled = 0
  let port: number

  const onRefused = (message: unknown): void => {
    refused.push((message as { readonly reason: string }).reason)
  }

  before(async () => {
    app.get('/', () => 'alive')
    app.get('/never', async (req) => {
      handled++
      await new Promise<void>((resolve) => req.signal.addEventListener('abort', () => resolve()))
      return 'too late'
    })
    app.post('/length', async (req) => [(await req.bytes()).byteLength])
    port = (await app.listen({ http3: true, tls })).port
    subscribe('hotpress:refused', onRefused)
  })
  after(async () => {
    unsubscribe('hotpress:refused', onRefused)
    await app.close()
  })

  async function open(options = {}): Promise<Http3Connection> {
    const connection = await Http3Connection.open(port, options)
    after(() => connection.close())
    return connection
  }

  for (const { code, name, run, times = 1 } of attacks) {
    test(`${name} ends in a closed connection`, { timeout: 60_000 }, async () => {
      const other = await open()
      assert.equal((await other.get('/')).text, 'alive')
      const rss = process.memoryUsage().rss
      refused.length = 0
      handled = 0
      const on = await open({ raw: true })
      let isClosed = false
      on.closed.then(() => {
        isClosed = true
      })
      for (let count = 1; count <= times && !isClosed; count++) {
        run(on)
        if (count % 50 === 0) await sleep(1)
      }
      assert.equal(await on.closed, code)
      if (code === tooMuch && refused.length > 0) assert.match(refused[0]!, /^a client sends more|^a client resets/)
      // Of a flood that is refused there is one line, as of everything that may be an attack.
      if (times > 1) assert.equal(refused.length, 1)
      assert.ok(handled < 2000, `${handled} handlers ran`)
      const grown = process.memoryUsage().rss - rss
      assert.ok(grown < 64e6, `${grown} bytes more`)
      assert.equal((await other.get('/')).text, 'alive')
      assert.equal((await (await open()).get('/')).text, 'alive')
      other.close()
    })
  }

  test('a client that behaves goes on', { timeout: 60_000 }, async () => {
    const on = await open({ raw: true })
    const get = request('GET', '/')
    on.write(
      control(frame(Frame.settings, pair(1)), frame(unknown, Buffer.alloc(20)), frame(Frame.maxPushId, varint(8))),
      uni,
    )
    on.write(Buffer.from([Stream.encoder, 0x20]), uni)
    on.write(Buffer.from([Stream.decoder, 0x44, 0x7f, 0x81, 0x01]), uni)
    on.write(Buffer.from([unknown, 1, 2, 3]), { ...uni, end: true })
    // A page that is left.
    for (let count = 0; count < 100; count++)
      on.write(never, { reset: Code.requestCancelled, stop: Code.requestCancelled })
    for (let round = 0; round < 10; round++) {
      const asked = Array.from({ length: 50 }, () => on.write(Buffer.concat([frame(unknown), get]), { end: true }))
      for (const { bytes } of await Promise.all(asked)) assert.equal(answerOf(bytes).body.toString(), 'alive')
    }
  })

  test('whatever comes by whatever stream is the end of its connection at most', { timeout: 60_000 }, async () => {
    const other = await open()
    const { rss } = process.memoryUsage()
    for (let round = 0; round < 60; round++) {
      const on = await Http3Connection.open(port, { raw: true })
      for (let count = 0; count < 10; count++) {
        // Half of them begin as something that is there.
        const begins = [Buffer.alloc(0), post, control(settings), Buffer.from([Stream.encoder]), frame(unknown), never]
        const bytes = Buffer.concat([begins[count % begins.length]!, randomBytes((round * 7) % 300)])
        on.write(bytes, { end: round % 2 === 0, kind: count % 3 === 0 ? 'bi' : 'uni' })
      }
      assert.equal((await other.get('/')).text, 'alive')
      on.close()
      await on.closed
    }
    const grown = process.memoryUsage().rss - rss
    assert.ok(grown < 64e6, `${grown} bytes more`)
  })

  test('bodies in frames of a byte are held back while nobody takes them', { timeout: 60_000 }, async () => {
    const on = await open({ raw: true })
    const bytes = Buffer.concat([post, many(30_000, frame(Frame.data, Buffer.from('x')))])
    const { rss } = process.memoryUsage()
    const asked = Array.from({ length: 10 }, () => on.write(bytes, { end: true }))
    await sleep(20)
    // The event loop takes nothing for a while: what comes waits in the core.
    for (const end = Date.now() + 700; Date.now() < end; );
    await sleep(1)
    const grown = process.memoryUsage().rss - rss
    for (const answer of await Promise.all(asked)) assert.equal(answerOf(answer.bytes).body.toString(), '[30000]')
    assert.ok(grown < 64e6, `${grown} bytes more`)
  })
})

describe('slow clients of HTTP/3 on native', { skip, concurrency: 1 }, () => {
  let gone = 0

  async function serve(options: HotpressOptions): Promise<Http3Connection> {
    const app = new Hotpress({ logger: false, transport: 'native', ...options })
    app.get('/', () => 'alive')
    app.get('/endless', (req) => {
      req.signal.addEventListener('abort', () => gone++)
      return stream(
        (async function* () {
          for (;;) yield long
        })(),
      )
    })
    app.get('/large', () => bytes(new Uint8Array(4_000_000)))
    app.post('/length', async (req) => [(await req.bytes()).byteLength])
    const { port } = await app.listen({ http3: true, tls })
    const on = await Http3Connection.open(port)
    after(async () => {
      on.close()
      await app.close()
    })
    return on
  }

  test('who takes nothing of an answer has it cut off', async () => {
    const on = await serve({ writeTimeout: 1000 })
    const before = gone
    const held = ['/endless', '/large'].map((path) => on.request(path))
    for (const request of held) {
      request.end()
      assert.equal((await request.head()).status, 200)
    }
    await until(() => gone === before + 1, 'the stream to be given up', 10_000)
    // It was asked for at the same time, and has had its time as well.
    await sleep(500)
    for (const request of held) await assert.rejects(request.text(), /H3_REQUEST_CANCELLED/)
    assert.equal((await on.get('/')).text, 'alive')
  })

  test('who does not bring a body is answered', async () => {
    const on = await serve({ readTimeout: 300 })
    const asked = on.request('/length', 'POST')
    await asked.data(Buffer.from('some'))
    assert.equal((await asked.head()).status, 408)
    assert.match(await asked.text(), /READ_TIMEOUT/)
    assert.equal((await on.get('/')).text, 'alive')
  })
})

describe('handshakes of HTTP/3 on native', { skip, concurrency: 1 }, () => {
  async function serve(options = {}, handshakeTimeout: number | string = '10s'): Promise<number> {
    const app = new Hotpress({ logger: false, transport: 'native', ...options })
    app.get('/', () => 'alive')
    after(() => app.close())
    return (await app.listen({ http3: true, tls: { ...tls, handshakeTimeout } })).port
  }

  async function client(): Promise<{ readonly send: (port: number, datagram: Buffer) => void; received: Buffer[] }> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1')
    await once(socket, 'listening')
    after(() => socket.close())
    const received: Buffer[] = []
    socket.on('message', (datagram) => received.push(datagram))
    return { received, send: (port, datagram) => socket.send(datagram, port, '127.0.0.1') }
  }

  async function isServed(port: number): Promise<void> {
    const connection = await Http3Connection.open(port)
    assert.equal((await connection.get('/')).text, 'alive')
    connection.close()
  }

  test('that are begun and left take no more than a few places: others prove their address', {
    timeout: 60_000,
  }, async () => {
    const { received, send } = await client()
    // So few that made-up addresses could take all of them.
    const port = await serve({ maxConnections: 8 }, '3s')
    const { rss } = process.memoryUsage()
    let sent = 0
    while (received.filter(isRetry).length < 300 && sent < 5000) {
      for (let count = 0; count < 20; count++, sent++) send(port, beginning())
      await sleep(2)
    }
    assert.ok(received.filter(isRetry).length >= 300, `${received.filter(isRetry).length} of ${sent} are to prove it`)
    await isServed(port)
    const grown = process.memoryUsage().rss - rss
    assert.ok(grown < 64e6, `${grown} bytes more`)
    // When their time is over there is room again: the next need not.
    for (let tries = 0, isFree = false; !isFree; tries++) {
      assert.ok(tries < 50, 'they are kept')
      received.length = 0
      send(port, beginning())
      await sleep(300)
      isFree = !received.some(isRetry)
    }
    await isServed(port)
  })

  test('that make no sense end, and are not waited for', { timeout: 60_000 }, async () => {
    const { received, send } = await client()
    const port = await serve({ maxConnections: 10 })
    for (let count = 0; count < 200; count++) {
      // No ClientHello; a frame that may not be there; a frame that there is not; none at all.
      const frames = [Buffer.from([6, 0, 4, 2, 0, 0, 0]), Buffer.from([0x1e]), Buffer.from([0x3f]), Buffer.alloc(0)]
      send(port, initial(frames[count % frames.length]!))
      if (count % 20 === 19) await sleep(2)
    }
    await until(() => received.length > 0, 'an answer')
    await isServed(port)
  })

  test('that are not done are not waited for when the app closes', { timeout: 60_000 }, async () => {
    const { received, send } = await client()
    const app = new Hotpress({ logger: false, transport: 'native' })
    const { port } = await app.listen({ http3: true, tls: { ...tls, handshakeTimeout: '60s' } })
    // Answered by a Retry once the others are being waited for.
    await until(() => {
      send(port, beginning())
      return received.some(isRetry)
    }, 'the handshakes')
    const tcp = connect(port, '127.0.0.1')
    await once(tcp, 'connect')
    const closed = new Promise((resolve) =>
      tcp
        .on('error', () => {})
        .resume()
        .once('close', resolve),
    )
    const begun = performance.now()
    await app.close()
    const took = performance.now() - begun
    assert.ok(took < 8000, `${took} ms`)
    await closed
  })

  test('datagrams that are nothing are let go', { timeout: 60_000 }, async () => {
    const { received, send } = await client()
    const port = await serve()
    for (let count = 0; count < 500; count++) {
      send(port, randomBytes(1 + ((count * 37) % 1400)))
      if (count % 20 === 19) await sleep(1)
    }
    // Another version of QUIC: told which there are.
    const other = beginning()
    other.writeUInt32BE(0x1a2a3a4a, 1)
    await until(() => {
      send(port, other)
      return received.some(isVersionNegotiation)
    }, 'the versions that there are')
    await isServed(port)
  })

  test('of one address there are so many connections', async () => {
    const { send } = await client()
    const port = await serve({ maxConnectionsPerAddress: 2 })
    // What anybody may have sent in the name of an address is none of them.
    for (let count = 0; count < 10; count++) send(port, beginning())
    await sleep(50)
    const first = await Http3Connection.open(port)
    const second = await Http3Connection.open(port)
    await assert.rejects(Http3Connection.open(port), /refused/)
    first.close()
    await first.closed
    for (let tries = 0; ; tries++) {
      try {
        await isServed(port)
        break
      } catch (error) {
        if (tries === 100) throw error
        await sleep(20)
      }
    }
    assert.equal((await second.get('/')).text, 'alive')
    second.close()
  })
})
