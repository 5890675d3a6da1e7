import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Hotpress, type HotpressOptions, type ListenOptions, stream, text } from '../../src/index.js'
import { nativeTransport } from '../../src/transports/native.js'
import { fixture, pairOf } from '../_certificates.js'
import { Http3Connection, type Http3Options, http3Missing, type RawInit } from '../_http3.js'
import { http2Client, raw, tls } from '../_setup.js'
import { frame as frameOf, headers as head, section } from './_http3-frames.js'

const skip = (await nativeTransport.load()) ?? http3Missing
const chunk = new Uint8Array(65_536)

interface Told {
  body: number
  gone: number
}

interface Served {
  readonly app: Hotpress
  readonly port: number
  readonly server: Awaited<ReturnType<Hotpress['listen']>>
  readonly told: Told
}

async function serve(options: HotpressOptions = {}, listen: ListenOptions = {}): Promise<Served> {
  const app = new Hotpress({ logger: false, transport: 'native', ...options })
  const told: Told = { body: 0, gone: 0 }
  app.get('/', () => 'here')
  app.get('/own', () => text('own').header('alt-svc', 'clear'))
  app.get('/later', () => sleep(100, 'later'))
  app.get('/who', (req) => [req.ip, req.protocol, req.sni, req.host, req.peerCertificate?.subject])
  app.get('/hinted', (req) => [req.hint({ link: '</a.css>; rel=preload' })])
  app.get('/trailed', () => stream(one('body')).trailer('x-after', 'it'))
  app.get('/large', () => 'l'.repeat(3_000_000))
  app.get('/never', (req) => {
    req.signal.addEventListener('abort', () => told.gone++)
    return new Promise<string>(() => {})
  })
  app.get('/endless', (req) => {
    req.signal.addEventListener('abort', () => told.gone++)
    return stream(endless(told))
  })
  app.get('/broken', () => stream(broken()))
  app.post('/echo', (req) => stream(req.stream()))
  app.post('/length', async (req) => [(await req.bytes()).byteLength])
  app.post('/slow', async (req) => {
    for await (const part of req.stream()) {
      told.body += part.byteLength
      await sleep(50)
    }
    return 'read'
  })
  const server = await app.listen({ http3: true, tls, ...listen })
  after(() => app.close())
  return { app, port: server.port, server, told }
}

async function* one(part: string): AsyncGenerator<string> {
  yield part
}

async function* endless(told: Told): AsyncGenerator<Uint8Array> {
  for (;;) {
    told.body += chunk.byteLength
    yield chunk
  }
}

async function* broken(): AsyncGenerator<string> {
  yield 'begun'
  await sleep(50)
  throw new Error('it breaks')
}

async function until(isTrue: () => boolean, most = 5000): Promise<void> {
  const end = Date.now() + most
  while (!isTrue() && Date.now() < end) await sleep(10)
  assert.ok(isTrue())
}

const der = (name: string): string => new X509Certificate(fixture(name)).raw.toString('hex')

async function open(port: number, options: Http3Options = {}): Promise<Http3Connection> {
  const connection = await Http3Connection.open(port, options)
  after(() => connection.close())
  return connection
}

const frame = (kind: number, payload: Iterable<number>): Buffer => frameOf(kind, Uint8Array.from(payload))

const get: readonly (readonly [string, string])[] = [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'localhost'],
  [':path', '/'],
]
const post = [[':method', 'POST'] as const, ...get.slice(1, 3), [':path', '/length'] as const]
const bytesOf = (...parts: readonly Iterable<number>[]): Buffer =>
  Buffer.concat(parts.map((part) => Uint8Array.from(part)))

describe('native: HTTP/3', { skip, concurrency: 1 }, () => {
  test('requests are answered, each as its own', async () => {
    const { port } = await serve()
    const on = await open(port)
    assert.deepEqual((await on.get('/')).text, 'here')
    assert.equal((await on.get('/nowhere')).status, 404)
    const bare = await on.get('/', 'HEAD')
    assert.deepEqual([bare.text, bare.headers.get('content-length')], ['', '4'])
    const all = await Promise.all(Array.from({ length: 300 }, (_, index) => on.get(index % 3 === 0 ? '/later' : '/')))
    assert.equal(all.filter((answer) => answer.text === 'later').length, 100)
    assert.equal(all.filter((answer) => answer.text === 'here').length, 200)
  })

  test('a request knows who has sent it', async () => {
    const { port } = await serve()
    const on = await open(port)
    const told = ['127.0.0.1', 'https', 'localhost', `localhost:${port}`, null]
    assert.deepEqual(JSON.parse((await on.get('/who')).text), told)
  })

  test('bodies go both ways', async () => {
    const { port } = await serve({ bodyLimit: '16mb' })
    const on = await open(port)
    const sent = Buffer.alloc(1_000_000, 'abcdefghij')
    const request = on.request('/echo', 'POST')
    const sending = request.data(sent).then(() => request.end())
    assert.equal((await request.head()).status, 200)
    assert.equal(await request.text(), sent.toString())
    await sending
    const small = on.request('/length', 'POST', [['content-length', '3']])
    await small.data(Buffer.from('abc'))
    small.end([['x-trailer', 'it']])
    await small.head()
    assert.equal(await small.text(), '[3]')
    assert.equal((await on.get('/large')).text.length, 3_000_000)
  })

  test('an answer has trailers, and a 103 before it', async () => {
    const { port } = await serve()
    const on = await open(port)
    const trailed = on.request('/trailed')
    trailed.end()
    await trailed.head()
    assert.equal(await trailed.text(), 'body')
    assert.deepEqual(trailed.trailers, [['x-after', 'it']])
    const hinted = on.request('/hinted')
    hinted.end()
    const early = await hinted.head()
    assert.deepEqual([early.status, early.headers.get('link')], [103, '</a.css>; rel=preload'])
    assert.equal((await hinted.head()).status, 200)
    assert.equal(await hinted.text(), '[true]')
  })

  test('a client that gives a request up, or leaves, is told of', async () => {
    const { port, told } = await serve()
    const on = await open(port)
    for (const path of ['/never', '/endless']) {
      const request = on.request(path)
      request.end()
      if (path === '/endless') await request.head()
      else await sleep(50)
      request.abort()
    }
    await until(() => told.gone === 2)
    on.request('/never').end()
    await sleep(50)
    on.close()
    await until(() => told.gone === 3)
  })

  test('an answer that breaks off is no whole one', async () => {
    const { port } = await serve()
    const on = await open(port)
    const request = on.request('/broken')
    request.end()
    await request.head()
    await assert.rejects(request.text(), /H3_INTERNAL_ERROR/)
    assert.equal((await on.get('/')).text, 'here')
  })

  test('who is slow holds the other side, and not the others', async () => {
    const { port, told } = await serve({ bodyLimit: '64mb' })
    const on = await open(port)
    const held = on.request('/endless')
    held.end()
    await held.head()
    await sleep(300)
    const { body } = told
    await sleep(200)
    assert.equal(told.body, body)
    assert.ok(body < 8_000_000, `${body} bytes were made for nobody`)
    assert.equal((await on.get('/')).text, 'here')
    held.abort()
    told.body = 0
    const upload = on.request('/slow', 'POST')
    const sending = upload.data(new Uint8Array(4_000_000))
    await sleep(300)
    assert.ok(told.body < 3_000_000, `${told.body} bytes were taken`)
    upload.abort()
    await sending
  })

  test('other protocols tell of it, unless a handler does', async () => {
    const { port, server } = await serve()
    const told = `h3=":${port}"; ma=86400`
    const first = await raw(port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 200, true)
    assert.match(first.text, new RegExp(`\r\nAlt-Svc: ${told}\r\n`))
    const own = await raw(port, 'GET /own HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 200, true)
    assert.deepEqual(own.text.match(/alt-svc: .*/gi), ['alt-svc: clear'])
    const second = http2Client(server.url)
    assert.equal((await second.fetch('/')).headers.get('alt-svc'), told)
    assert.equal((await second.fetch('/own')).headers.get('alt-svc'), 'clear')
    second.close()
  })

  test('it needs tls, and a port that both can have', async () => {
    const app = new Hotpress({ logger: false, transport: 'native' })
    await assert.rejects(app.listen({ http3: true }), /http3.*tls/)
    const taken = createSocket('udp4').bind(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address()
    await assert.rejects(app.listen({ http3: true, port, tls }), { code: 'ADDRESS_IN_USE' })
    taken.close()
    await once(taken, 'close')
    const proxied = new Hotpress({ logger: false, proxyProtocol: ['127.0.0.1'], transport: 'native' })
    await assert.rejects(proxied.listen({ http3: true, tls }), /http3.*proxyProtocol/)
  })

  test('a port is free again when its app has closed', async () => {
    const { app, port } = await serve()
    const on = await open(port)
    assert.equal((await on.get('/')).text, 'here')
    await app.close()
    const again = await serve({}, { port })
    assert.equal((await (await open(port)).get('/')).text, 'here')
    await again.app.close()
  })

  test('what is under way is answered while the app closes', async () => {
    const { app, port } = await serve()
    const on = await open(port)
    const asked = on.request('/later')
    asked.end()
    await sleep(30)
    const closing = app.close()
    await asked.head()
    assert.equal(await asked.text(), 'later')
    assert.equal(await on.closed, 0x100)
    await closing
  })

  test('what is still under way when the time is over is cut off', async () => {
    const { app, port } = await serve({ requestTimeout: '200ms' })
    const on = await open(port)
    const asked = on.request('/endless')
    asked.end()
    await asked.head()
    await app.close()
    assert.equal(await on.closed, 0x100)
  })

  test('certificates are changed while it listens', async () => {
    const { port, server } = await serve({}, { tls: pairOf('a') })
    const on = await open(port)
    assert.equal(on.certificate, der('a.pem'))
    server.setCertificates(pairOf('b'))
    assert.equal((await open(port)).certificate, der('b.pem'))
    assert.equal((await on.get('/')).text, 'here')
  })

  test('clients show certificates of their own', async () => {
    const required = { ...pairOf('a'), ca: fixture('ca.pem'), clientCertificate: 'required' } as const
    const { port } = await serve({}, { tls: required })
    const on = await open(port, { identity: pairOf('client') })
    assert.equal(JSON.parse((await on.get('/who')).text)[4].CN, 'billing')
    const without = await Http3Connection.open(port).then(
      ({ closed }) => closed,
      () => null,
    )
    assert.equal(without, null)
  })

  test('limits of connections, requests and time are kept', async () => {
    const { port } = await serve({ idleTimeout: '300ms', maxConnections: 1, maxRequestsPerConnection: 3 })
    const on = await open(port)
    await assert.rejects(Http3Connection.open(port), /refused/)
    for (let count = 0; count < 3; count++) assert.equal((await on.get('/')).text, 'here')
    assert.equal(await on.closed, 0x100)
    const idle = await open(port)
    const begun = Date.now()
    assert.equal(await idle.closed, 0x100)
    assert.ok(Date.now() - begun >= 250)
  })

  test('a head that does not come, or is too large, is answered', async () => {
    const { port } = await serve({ headerLimit: 2048, readTimeout: '300ms' })
    const on = await open(port, { raw: true })
    const large = await on.write(head([...get, ['x-large', 'l'.repeat(3000)]]), { end: true })
    assert.match(large.bytes.toString('latin1'), /too large/)
    // A frame that says it is a gigabyte is not waited for.
    const endless = await on.write(Uint8Array.from([1, 0xc0, 0, 0, 0, 0x40, 0, 0, 0]))
    assert.match(endless.bytes.toString('latin1'), /too large/)
    const late = await on.write(head(get).subarray(0, 10))
    assert.match(late.bytes.toString('latin1'), /in time/)
  })

  test('malformed requests end their stream', async () => {
    const { port } = await serve()
    const on = await open(port, { raw: true })
    const malformed: readonly (readonly (readonly [string, string])[])[] = [
      [...get, ['Upper', 'x']],
      [...get, ['connection', 'close']],
      [...get, ['transfer-encoding', 'chunked']],
      [...get, ['te', 'gzip']],
      [...get, ['x', ' y']],
      [...get, ['x', 'y\r\nz: 1']],
      [...get, ['x', 'y\0']],
      [...get, ['', 'x']],
      [...get, [':path', '/twice']],
      [['x', 'before'], ...get],
      [...get, [':status', '200']],
      [...get, [':unknown', 'x']],
      [...get, [':protocol', 'websocket']],
      get.slice(1),
      get.slice(0, 3),
      [...get.slice(0, 3), [':path', '']],
      [...get.slice(0, 3), [':path', 'relative']],
      [...get.slice(0, 3), [':path', '/a#b']],
      [[':method', 'CONNECT'], ...get.slice(1)],
    ]
    for (const fields of malformed) {
      assert.equal((await on.write(head(fields), { end: true })).reset, 0x10e, JSON.stringify(fields))
    }
    const data = (length: number): Buffer => frame(0, Buffer.alloc(length, 'a'))
    const short = [...head([...post, ['content-length', '5']])]
    assert.equal((await on.write(bytesOf(short), { end: true })).reset, 0x10e)
    assert.equal((await on.write(bytesOf(short, data(4)), { end: true })).reset, 0x10e)
    assert.equal((await on.write(bytesOf(short, data(6)), { end: true })).reset, 0x10e)
    assert.equal((await on.write(new Uint8Array(0), { end: true })).reset, 0x10d)
    // What is not the protocol's to say is answered.
    for (const fields of [
      [...get.slice(0, 2), get[3]!],
      [...get, ['host', 'other']],
      [...get, ['content-length', 'x']],
    ] as const) {
      const answer = await on.write(head(fields as typeof get), { end: true })
      assert.match(answer.bytes.toString('latin1'), /BAD_/, JSON.stringify(fields))
    }
    // In order all the same: frames that nobody knows, empty ones, and fields after the body.
    const odd = bytesOf(frame(0x21, [1, 2]), [...head(post)], data(0), data(3), frame(0x40, []), data(2), data(0))
    const trailed = bytesOf([...odd], frame(1, section([['x-after', 'it']])))
    for (const body of [odd, trailed]) {
      assert.match((await on.write(body, { end: true })).bytes.toString('latin1'), /\[5\]/)
    }
  })

  test('what breaks the protocol ends the connection', async () => {
    const { port } = await serve()
    const settings = bytesOf([0], frame(4, []))
    const bi = (bytes: Uint8Array, how: RawInit = {}) => ({ bytes, how: { end: true, ...how } })
    const uni = (bytes: Uint8Array, how: RawInit = {}) => ({ bytes, how: { kind: 'uni', ...how } as const })
    const cases = [
      ['a body before its head', 0x105, bi(bytesOf(frame(0, [1])))],
      ['settings in a request', 0x105, bi(bytesOf([...head(get)], frame(4, [])))],
      ['a frame of HTTP/2', 0x105, bi(bytesOf([...head(get)], frame(6, [])))],
      ['a body after the fields after it', 0x105, bi(bytesOf([...head(post)], frame(1, section([])), frame(0, [1])))],
      ['a frame that is cut off', 0x106, bi(bytesOf([...head(post)], [0, 5, 97]))],
      ['the dynamic table', 0x200, bi(bytesOf(frame(1, [0, 0, 0x80])))],
      ['no section at all', 0x200, bi(bytesOf(frame(1, [0, 0, 0x27])))],
      ['a push', 0x103, uni(Uint8Array.from([1, 0]))],
      ['no settings', 0x10a, uni(bytesOf([0], frame(7, [0])))],
      ['settings of HTTP/2', 0x109, uni(bytesOf([0], frame(4, [2, 0])))],
      ['a second time settings', 0x105, uni(bytesOf([...settings], frame(4, [])))],
      ['a request in the control stream', 0x105, uni(bytesOf([...settings], frame(1, [0])))],
      ['a control stream that ends', 0x104, uni(settings, { end: true })],
      ['a goodbye that goes up', 0x108, uni(bytesOf([...settings], frame(7, [1]), frame(7, [2])))],
      ['a cancelled push', 0x108, uni(bytesOf([...settings], frame(3, [0])))],
      ['settings without an end', 0x107, uni(bytesOf([0], [4, 0x80, 1, 0, 0]))],
      ['an insertion into the table', 0x201, uni(Uint8Array.from([2, 0x3f, 0x11]))],
      ['an acknowledgement of nothing', 0x202, uni(Uint8Array.from([3, 0x80]))],
    ] as const
    for (const [name, code, { bytes, how }] of cases) {
      const on = await open(port, { raw: true })
      on.write(bytes, how)
      assert.equal(await on.closed, code, name)
    }
    const on = await open(port, { raw: true })
    on.write(settings, { kind: 'uni' })
    on.write(settings, { kind: 'uni' })
    assert.equal(await on.closed, 0x103)
    // Streams of kinds that nobody knows, and the table that is to have no room, are in order.
    const kind = await open(port, { raw: true })
    kind.write(Uint8Array.from([0x21, 1, 2, 3]), { end: true, kind: 'uni' })
    kind.write(Uint8Array.from([2, 0x20]), { kind: 'uni' })
    kind.write(Uint8Array.from([3, 0x44]), { kind: 'uni' })
    assert.match((await kind.write(head(get), { end: true })).bytes.toString('latin1'), /here/)
  })

  test('floods end their connection', async () => {
    const { port, told } = await serve()
    const empty = Uint8Array.from([0, 0])
    const unknown = Uint8Array.from([0x21, 0])
    for (const [first, flood] of [
      [head(post), empty],
      [head(post), unknown],
    ] as const) {
      const on = await open(port, { raw: true })
      on.write(bytesOf([...first], ...Array.from({ length: 5000 }, () => [...flood])))
      assert.equal(await on.closed, 0x107)
    }
    const on = await open(port, { raw: true })
    let isClosed = false
    on.closed.then(() => {
      isClosed = true
    })
    const never = head([...get.slice(0, 3), [':path', '/never']])
    let sent = 0
    for (; sent < 2000 && !isClosed; sent += 20) {
      for (let index = 0; index < 20; index++) on.write(never, { reset: 0x10c, stop: 0x10c })
      await sleep(5)
    }
    assert.equal(await on.closed, 0x107)
    await until(() => told.gone <= sent)
    const good = await open(port)
    assert.equal((await good.get('/')).text, 'here')
  })

  test('another protocol over QUIC is refused by name', async () => {
    const { port } = await serve()
    await assert.rejects(Http3Connection.open(port, { alpn: 'h2', raw: true }))
  })
})
