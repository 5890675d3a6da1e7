import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { bytes, Hotpress, type HotpressOptions, stream } from '../../src/index.js'
import { nativeTransport } from '../../src/transports/native.js'
import { Http3Connection, http3Missing } from '../_http3.js'
import { tls } from '../_setup.js'
import { attacks, control, long, many, never, pair, post, settings, tooMuch, uni, unknown } from './_http3-attacks.js'
import { answerOf, Code, Frame, frame, request, Stream, varint } from './_http3-frames.js'
import { mostGrown, until } from './_server.js'

const skip = (await nativeTransport.load()) ?? http3Missing

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
      // The client may know before JavaScript does.
      if (times > 1) await until(() => refused.length > 0, 'the line of it', 10_000)
      if (code === tooMuch && refused.length > 0) assert.match(refused[0]!, /^a client sends more|^a client resets/)
      // Of a flood that is refused there is one line, as of everything that may be an attack.
      if (times > 1) assert.equal(refused.length, 1)
      assert.ok(handled < 2000, `${handled} handlers ran`)
      const grown = process.memoryUsage().rss - rss
      assert.ok(grown < mostGrown, `${grown} bytes more`)
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
    assert.ok(grown < mostGrown, `${grown} bytes more`)
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
    assert.ok(grown < mostGrown, `${grown} bytes more`)
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
