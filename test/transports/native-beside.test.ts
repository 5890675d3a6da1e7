import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2'
import { connect as connectTcp } from 'node:net'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect as connectTls } from 'node:tls'
import { Worker } from 'node:worker_threads'
import { type Address, Hotpress, type HotpressOptions, type ListenOptions, stream } from '../../src/index.js'
import { nativeTransport } from '../../src/transports/native.js'
import { connectTo, raw, tls } from '../_setup.js'

const chunk = new Uint8Array(65_536)

interface Told {
  body: number
  gone: number
}

interface Served {
  readonly address: Address
  readonly app: Hotpress
  readonly told: Told
}

async function serve(options: HotpressOptions = {}, listen: ListenOptions = { tls }): Promise<Served> {
  const app = new Hotpress({ logger: false, transport: 'native', ...options })
  const told: Told = { body: 0, gone: 0 }
  app.get('/', () => 'here')
  app.get('/later', () => sleep(200, 'later'))
  app.get('/never', (req) => {
    req.signal.addEventListener('abort', () => told.gone++)
    return new Promise<string>(() => {})
  })
  app.post('/stuck', async (req) => {
    const parts = req.stream()[Symbol.asyncIterator]()
    await parts.next()
    return new Promise<string>(() => {})
  })
  app.get('/endless', (req) => {
    req.signal.addEventListener('abort', () => told.gone++)
    return stream(endless(told))
  })
  app.post('/read', async (req) => String((await req.bytes()).byteLength))
  const address = await app.listen(listen)
  after(() => app.close())
  return { address, app, told }
}

async function* endless(told: Told): AsyncGenerator<Uint8Array> {
  for (;;) {
    told.body += chunk.byteLength
    yield chunk
  }
}

function session({ url }: Address): ClientHttp2Session {
  const made = connect(url, { rejectUnauthorized: false })
  made.on('error', () => {})
  after(() => made.destroy())
  return made
}

function ask(on: ClientHttp2Session, path: string, method = 'GET'): ClientHttp2Stream {
  const made = on.request({ ':method': method, ':path': path }, { endStream: method === 'GET' })
  made.on('error', () => {})
  return made
}

async function textOf(asked: ClientHttp2Stream): Promise<string> {
  let text = ''
  asked.setEncoding('utf8').on('data', (part: string) => {
    text += part
  })
  await once(asked, 'close')
  return text
}

async function until(isTrue: () => boolean, most = 5000): Promise<void> {
  const end = Date.now() + most
  while (!isTrue() && Date.now() < end) await sleep(10)
  assert.ok(isTrue())
}

const isLinux = process.platform === 'linux'
const threads = (): number => readdirSync('/proc/self/task').length
const descriptors = (): number => readdirSync('/proc/self/fd').length

describe('native: beside the event loop', { skip: (await nativeTransport.load()) ?? false }, () => {
  test('many requests of one connection are answered, each as its own', async () => {
    const { address } = await serve()
    const on = session(address)
    const texts = await Promise.all(
      Array.from({ length: 400 }, (_, index) => textOf(ask(on, index % 4 === 0 ? '/later' : '/'))),
    )
    assert.equal(texts.filter((text) => text === 'here').length, 300)
    assert.equal(texts.filter((text) => text === 'later').length, 100)
  })

  test('a request that is given up, or whose connection is, tells its handler', async () => {
    const { address, told } = await serve()
    const on = session(address)
    const first = ask(on, '/never')
    await sleep(50)
    first.close(8)
    await until(() => told.gone === 1)
    ask(on, '/never')
    ask(on, '/endless').resume()
    await sleep(50)
    on.destroy()
    await until(() => told.gone === 3)
  })

  test('a client that reads nothing holds its source, and not the others', async () => {
    const { address, told } = await serve()
    const on = session(address)
    const held = ask(on, '/endless')
    held.pause()
    await sleep(300)
    const given = told.body
    await sleep(300)
    assert.equal(told.body, given)
    assert.ok(given < 2 * 1024 ** 2, `${given} bytes ahead`)
    assert.equal(await textOf(ask(on, '/')), 'here')
    on.destroy()
  })

  test('a handler that stops to read holds its client', async () => {
    const { address } = await serve()
    const on = session(address)
    const asked = ask(on, '/stuck', 'POST')
    let sent = 0
    while (sent < 64 * 1024 ** 2) {
      sent += chunk.byteLength
      if (asked.write(chunk)) continue
      const hasRoom = await Promise.race([once(asked, 'drain').then(() => true), sleep(400, false)])
      if (!hasRoom) break
    }
    assert.ok(sent < 2 * 1024 ** 2, `${sent} bytes ahead`)
    on.destroy()
  })

  test('a client that takes nothing of its answer is cut off', async () => {
    const { address, told } = await serve({ writeTimeout: 1000 })
    const held = ask(session(address), '/endless')
    held.pause()
    await until(() => told.gone === 1, 10_000)
  })

  test('a body that does not come is a 408', async () => {
    const { address } = await serve({ readTimeout: 300 })
    const asked = ask(session(address), '/read', 'POST')
    asked.write('some')
    const [head] = (await once(asked, 'response')) as [IncomingHttpHeaders & { ':status': number }]
    assert.equal(head[':status'], 408)
    assert.match(await textOf(asked), /READ_TIMEOUT/)
  })

  test('an idle connection is closed by GOAWAY, in time', async () => {
    const { address } = await serve({ idleTimeout: 1000 })
    const on = session(address)
    assert.equal(await textOf(ask(on, '/')), 'here')
    const [code] = (await once(on, 'goaway')) as [number]
    assert.equal(code, 0)
    await once(on, 'close')
  })

  test('a connection takes so many requests, and then ends', async () => {
    const { address } = await serve({ maxRequestsPerConnection: 3 })
    const on = session(address)
    for (let count = 0; count < 3; count++) assert.equal(await textOf(ask(on, '/')), 'here')
    await once(on, 'close')
  })

  test('what is under way is answered when the app closes, and nothing else is begun', async () => {
    const { address, app } = await serve()
    const on = session(address)
    const asked = textOf(ask(on, '/later'))
    await sleep(50)
    const closed = app.close()
    assert.equal(await asked, 'later')
    await closed
    await assert.rejects(connectTo(address.port))
  })

  test('a handshake that does not end is cut off', async () => {
    const { address } = await serve({}, { tls: { ...tls, handshakeTimeout: 300 } as ListenOptions['tls'] & object })
    const socket = connectTcp(address.port, '127.0.0.1')
    await once(socket, 'connect')
    socket.write(Buffer.from([22, 3, 1]))
    await once(socket.resume(), 'close')
  })

  test('who speaks plain HTTP to HTTPS is told so', async () => {
    const { address } = await serve()
    const { closed, text } = await raw(address.port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n', 1500)
    assert.match(text, /^HTTP\/1\.1 400 /)
    assert.match(text, /speaks HTTPS/)
    assert.ok(closed)
  })

  test('garbage in place of a handshake ends its connection alone', async () => {
    const { address } = await serve()
    for (const bytes of [Buffer.alloc(4096, 0xff), Buffer.from([22, 3, 1, 255, 255, 1]), Buffer.from('\0\0\0')]) {
      const socket = connectTcp(address.port, '127.0.0.1')
      socket.on('error', () => {})
      socket.end(bytes)
      await once(socket.resume(), 'close')
    }
    assert.equal(await textOf(ask(session(address), '/')), 'here')
  })

  test('one connection too many is told so, over either protocol', async () => {
    const { address } = await serve({ maxConnections: 1 })
    const on = session(address)
    assert.equal(await textOf(ask(on, '/')), 'here')
    const second = session(address)
    const [code] = (await once(second, 'goaway')) as [number]
    assert.equal(code, 7)
    const plain = await raw(address.port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n', 1500, true)
    assert.match(plain.text, /^HTTP\/1\.1 503 /)
    on.destroy()
    await sleep(100)
    assert.equal(await textOf(ask(session(address), '/')), 'here')
  })

  test('health is asked for by one connection too many, over HTTP/2', async () => {
    const app = new Hotpress({ logger: false, maxConnections: 1, transport: 'native' })
    app.get('/', () => 'here')
    app.health()
    const address = await app.listen({ tls })
    after(() => app.close())
    const on = session(address)
    assert.equal(await textOf(ask(on, '/')), 'here')
    for (const [path, status] of [
      ['/healthz', 200],
      ['/', 503],
      ['/nowhere', 503],
    ] as const) {
      const second = session(address)
      const gone = once(second, 'goaway')
      const asked = ask(second, path)
      const [headers] = (await once(asked, 'response')) as [IncomingHttpHeaders]
      assert.equal(headers[':status'], status)
      asked.resume()
      // Its answer is its last.
      const [code] = (await gone) as [number]
      assert.equal(code, 0)
      second.close()
    }
    assert.equal(await textOf(ask(on, '/')), 'here')
    const silent = session(address)
    await once(silent, 'close')
    assert.equal(await textOf(ask(on, '/')), 'here')
  })

  test('of one address there are so many connections', async () => {
    const { address } = await serve({ maxConnectionsPerAddress: 1 })
    const on = session(address)
    assert.equal(await textOf(ask(on, '/')), 'here')
    const [code] = (await once(session(address), 'goaway')) as [number]
    assert.equal(code, 7)
  })

  test('a proxy announces whose its connection is, before the handshake', async () => {
    const app = new Hotpress({ logger: false, proxyProtocol: 'loopback', transport: 'native' })
    app.get('/', (req) => `${req.protocol} ${req.ip}`)
    const { port } = await app.listen({ tls })
    after(() => app.close())
    for (const [protocol, begin] of [['http/1.1', 'PROXY TCP4 192.0.2.7 10.0.0.1 5 443\r\n']] as const) {
      const socket = connectTcp(port, '127.0.0.1')
      socket.write(begin)
      const secure = connectTls({ ALPNProtocols: [protocol], rejectUnauthorized: false, socket })
      secure.write('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n')
      let text = ''
      for await (const part of secure) text += part
      assert.match(text, /https 192\.0\.2\.7$/)
    }
    const silent = connectTls({ port, rejectUnauthorized: false })
    silent.on('error', () => {})
    await new Promise((resolve) => silent.once('close', resolve))
  })

  test('without TLS it tells HTTP/2 from HTTP/1.1 by its first bytes', async () => {
    const { address } = await serve({}, { http2: { cleartext: true } })
    assert.equal(await textOf(ask(session(address), '/')), 'here')
    assert.equal(await (await fetch(address.url)).text(), 'here')
    const split = await raw(address.port, ['G', 'ET / HTTP/1.1\r\nHost: h\r\n\r\n'])
    assert.match(split.text, /here$/)
  })

  test('two servers share a port that both have asked to share', { skip: !isLinux }, async () => {
    const first = await serve({}, { reusePort: true, tls })
    const second = await serve({}, { port: first.address.port, reusePort: true, tls })
    assert.equal(second.address.port, first.address.port)
    await assert.rejects(serve({}, { port: first.address.port, tls }), { code: 'ADDRESS_IN_USE' })
  })

  test('a server that was closed leaves no thread and no descriptor, and may listen again', {
    skip: !isLinux,
  }, async () => {
    const app = new Hotpress({ logger: false, transport: 'native' })
    app.get('/', () => 'here')
    const round = async (): Promise<void> => {
      const address = await app.listen({ threads: 3, tls })
      const on = connect(address.url, { rejectUnauthorized: false })
      assert.equal(await textOf(ask(on, '/')), 'here')
      on.destroy()
      await app.close()
    }
    await round()
    await sleep(200)
    const [threadsBefore, descriptorsBefore] = [threads(), descriptors()]
    for (let count = 0; count < 20; count++) await round()
    await until(() => threads() <= threadsBefore && descriptors() <= descriptorsBefore + 2)
  })

  test('connections that have not come to a request are not waited for when an app closes', async () => {
    const app = new Hotpress({ logger: false, transport: 'native' })
    const { port } = await app.listen({ tls: { ...tls, handshakeTimeout: '60s' } })
    const silent = connectTcp(port, '127.0.0.1')
    await once(silent, 'connect')
    const shaken = connectTls({ ALPNProtocols: ['h2'], port, rejectUnauthorized: false })
    await once(shaken, 'secureConnect')
    const ends = [silent, shaken].map(
      (socket) =>
        new Promise((resolve) =>
          socket
            .on('error', () => {})
            .resume()
            .once('close', resolve),
        ),
    )
    const begun = performance.now()
    await app.close()
    const took = performance.now() - begun
    assert.ok(took < 8000, `${took} ms`)
    await Promise.all(ends)
  })

  test('a worker thread serves by itself, and is ended with requests under way', async () => {
    for (let count = 0; count < 4; count++) {
      const worker = new Worker(new URL('./_worker.js', import.meta.url), { workerData: 'tls' })
      const [port] = (await once(worker, 'message')) as [number]
      const on = connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
      on.on('error', () => {})
      assert.match(await textOf(ask(on, '/')), /^thread /)
      for (const path of ['/never', '/stream', '/large', '/later']) ask(on, path).resume()
      await sleep(30)
      await worker.terminate()
      on.destroy()
    }
  })
})
