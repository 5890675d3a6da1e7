import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type OutgoingHttpHeaders } from 'node:http2'
import type { Duplex } from 'node:stream'
import { after, describe, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { type Address, Hotpress } from '../../src/index.js'
import { nativeTransport } from '../../src/transports/native.js'
import { tls } from '../_variants.js'
import { until } from './_server.js'

const skip = (await nativeTransport.load()) ?? false

interface Started {
  readonly address: Address
  readonly clients: WebSocketServer['clients']
  readonly server: Server
}

// A library with paths of its own puts itself before who is there, as engine.io does.
function takeOver(server: Server, serve: (req: IncomingMessage, res: ServerResponse) => void): void {
  const others = server.listeners('request')
  server.removeAllListeners('request')
  server.on('request', (req: IncomingMessage, res: ServerResponse) => {
    if (req.url!.startsWith('/own')) serve(req, res)
    else for (const other of others) Reflect.apply(other, server, [req, res])
  })
}

function serveOwn(req: IncomingMessage, res: ServerResponse): void {
  const parts: Buffer[] = []
  req.on('data', (part) => parts.push(part))
  req.on('end', () => {
    const { encrypted, remoteAddress } = req.socket as typeof req.socket & { encrypted?: boolean }
    const { host, 'x-two': two } = req.headers
    const size = Buffer.concat(parts).length
    res.setHeader('X-Facts', JSON.stringify({ encrypted, host, method: req.method, remoteAddress, size, two }))
    const [, length = '0', way] = /size=(\d+)(&whole)?/.exec(req.url!) ?? []
    const body = Buffer.alloc(Number(length), 'x')
    if (way !== undefined) return res.end(body)
    res.write(body.subarray(0, body.length / 2))
    res.end(body.subarray(body.length / 2))
  })
}

async function start(): Promise<Started> {
  const app = new Hotpress({ logger: false, transport: 'native' })
  app.get('/plain', () => 'plain')
  const server = app.nodeServer((req) => req.path.startsWith('/own') || req.path === '/nothing')
  const sockets = new WebSocketServer({ noServer: true })
  sockets.on('connection', (socket) =>
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
  )
  server.on('upgrade', (req, socket: Duplex, head) => {
    if (req.url === '/ws') sockets.handleUpgrade(req, socket, head, (client) => sockets.emit('connection', client, req))
    else if (req.url === '/nonsense') socket.end('nonsense\r\n\r\n')
    else if (req.url === '/silent') socket.destroy()
    else socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 3\r\nX-Why: it\r\n\r\nno!')
  })
  const address = await app.listen({ tls })
  takeOver(server, serveOwn)
  after(async () => {
    for (const client of sockets.clients) client.terminate()
    await app.close()
  })
  return { address, clients: sockets.clients, server }
}

async function session({ url }: Address): Promise<ClientHttp2Session> {
  const client = connect(url, { rejectUnauthorized: false })
  client.on('error', () => {})
  after(() => client.destroy())
  await once(client, 'remoteSettings')
  return client
}

interface Answer {
  readonly body: Buffer
  readonly facts: Record<string, unknown>
  readonly status: number
}

async function answerTo(stream: ClientHttp2Stream): Promise<Answer> {
  const [headers] = await once(stream, 'response')
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(part)
  const facts = JSON.parse(headers['x-facts'] ?? '{}')
  for (const name of ['connection', 'keep-alive', 'transfer-encoding']) assert.equal(headers[name], undefined)
  return { body: Buffer.concat(parts), facts, status: headers[':status'] }
}

function upgrade(client: ClientHttp2Session, path: string, headers: OutgoingHttpHeaders = {}): ClientHttp2Stream {
  const protocol = { ':method': 'CONNECT', ':path': path, ':protocol': 'websocket', 'sec-websocket-version': '13' }
  const stream = client.request({ ...protocol, ...headers }, { endStream: false })
  stream.on('error', () => {})
  return stream
}

/** A frame from a client, masked by zeros: as it is. */
function frame(opcode: number, content: Buffer): Buffer {
  const head = [0x80 | opcode, 0x80 | (content.length < 126 ? content.length : 127)]
  const length = Buffer.alloc(content.length < 126 ? 0 : 8)
  if (length.length > 0) length.writeBigUInt64BE(BigInt(content.length))
  return Buffer.concat([Buffer.from(head), length, Buffer.alloc(4), content])
}

describe('nodeServer() on native with HTTP/2', { skip }, () => {
  test('serves single requests, and the app the others of the connection', async () => {
    const { address } = await start()
    const client = await session(address)
    const headers = { ':path': '/own?size=10', 'x-two': ['a', 'b'] }
    const [own, whole, plain, none] = await Promise.all([
      answerTo(client.request(headers)),
      answerTo(client.request({ ':path': '/own?size=100000&whole' })),
      answerTo(client.request({ ':path': '/plain' })),
      answerTo(client.request({ ':path': '/nothing' })),
    ])
    assert.equal(own.status, 200)
    assert.equal(own.body.toString(), 'x'.repeat(10))
    const { host } = new URL(address.url)
    assert.deepEqual(own.facts, {
      encrypted: true,
      host,
      method: 'GET',
      remoteAddress: '127.0.0.1',
      size: 0,
      two: 'a, b',
    })
    assert.equal(whole.body.length, 100_000)
    assert.equal(plain.body.toString(), 'plain')
    assert.equal(none.status, 404)
  })

  test('has bodies of known and of unknown length, and answers larger than what may wait', async () => {
    const { address } = await start()
    const client = await session(address)
    const post = (headers: OutgoingHttpHeaders, parts: readonly Buffer[], size = 0): Promise<Answer> => {
      const stream = client.request(
        { ':method': 'POST', ':path': `/own?size=${size}`, ...headers },
        { endStream: false },
      )
      for (const part of parts) stream.write(part)
      stream.end()
      return answerTo(stream)
    }
    const long = Buffer.alloc(1_000_000, 1)
    const [small, known, unknown, empty, large] = await Promise.all([
      post({ 'content-length': '5' }, [Buffer.from('hello')]),
      post({ 'content-length': '2000000' }, [long, long]),
      post({}, [long, Buffer.from('a'), long]),
      post({}, []),
      post({}, [], 5_000_000),
    ])
    assert.equal(small.facts.size, 5)
    assert.equal(known.facts.size, 2_000_000)
    assert.equal(unknown.facts.size, 2_000_001)
    assert.equal(empty.facts.size, 0)
    assert.equal(large.body.length, 5_000_000)
  })

  test('answers a HEAD without a body', async () => {
    const { address } = await start()
    const client = await session(address)
    const { body, facts, status } = await answerTo(client.request({ ':method': 'HEAD', ':path': '/own?size=9&whole' }))
    assert.deepEqual([status, body.length, facts.method], [200, 0, 'HEAD'])
  })

  test('serves WebSockets by extended CONNECT', async () => {
    const { address, clients } = await start()
    const client = await session(address)
    assert.equal(client.remoteSettings.enableConnectProtocol, true)
    const stream = upgrade(client, '/ws', { 'sec-websocket-protocol': 'chat' })
    const [headers] = await once(stream, 'response')
    assert.equal(headers[':status'], 200)
    assert.equal(headers['sec-websocket-protocol'], 'chat')
    for (const name of ['connection', 'sec-websocket-accept', 'upgrade']) assert.equal(headers[name], undefined)
    const content = Buffer.alloc(1_000_000, 5)
    stream.write(frame(2, content))
    const parts: Buffer[] = []
    for await (const part of stream.iterator({ destroyOnReturn: false })) {
      parts.push(part)
      if (Buffer.concat(parts).length >= content.length + 10) break
    }
    assert.ok(Buffer.concat(parts).subarray(10).equals(content))
    assert.equal(clients.size, 1)
    stream.write(frame(8, Buffer.from([3, 232])))
    stream.resume()
    await once(stream, 'end')
    stream.close()
    await until(() => clients.size === 0, 'the server to forget the socket')
  })

  test('a stream that is reset takes its WebSocket with it', async () => {
    const { address, clients } = await start()
    const client = await session(address)
    const stream = upgrade(client, '/ws')
    await once(stream, 'response')
    assert.equal(clients.size, 1)
    stream.close(8)
    await until(() => clients.size === 0, 'the server to forget the socket')
  })

  test('an upgrade that is refused has the answer that the server wrote', async () => {
    const { address } = await start()
    const client = await session(address)
    const stream = upgrade(client, '/elsewhere')
    const [headers] = await once(stream, 'response')
    assert.deepEqual([headers[':status'], headers['x-why']], [403, 'it'])
    const parts: Buffer[] = []
    for await (const part of stream) parts.push(part)
    assert.equal(Buffer.concat(parts).toString(), 'no!')
  })

  test('an upgrade that is answered by no HTTP, or not at all, is reset', async () => {
    const { address } = await start()
    const client = await session(address)
    for (const path of ['/nonsense', '/silent']) {
      const stream = upgrade(client, path)
      await new Promise((resolve) => stream.once('close', resolve))
      assert.notEqual(stream.rstCode, 0, path)
    }
    assert.equal((await answerTo(client.request({ ':path': '/plain' }))).status, 200)
  })

  test('another protocol than WebSocket is 501', async () => {
    const { address } = await start()
    const client = await session(address)
    const stream = upgrade(client, '/ws', { ':protocol': 'connect-udp' })
    const [headers] = await once(stream, 'response')
    assert.equal(headers[':status'], 501)
  })
})

describe('nodeServer() on native over TLS', { skip }, () => {
  test('a WebSocket that is cut off is gone for the server', async () => {
    const { address, clients } = await start()
    const opened: WebSocket[] = []
    for (let count = 0; count < 20; count++) {
      const socket = new WebSocket(`wss://127.0.0.1:${address.port}/ws`, { rejectUnauthorized: false })
      await once(socket, 'open')
      opened.push(socket)
    }
    assert.equal(clients.size, 20)
    for (const socket of opened) socket.terminate()
    await until(() => clients.size === 0, 'the server to forget the sockets')
  })

  test('a WebSocket whose client does not read has its writer wait', async () => {
    const { address, clients } = await start()
    const socket = new WebSocket(`wss://127.0.0.1:${address.port}/ws`, { rejectUnauthorized: false })
    await once(socket, 'open')
    socket.pause()
    const [own] = clients
    for (let count = 0; count < 400; count++) own!.send(Buffer.alloc(100_000))
    assert.ok(own!.bufferedAmount > 20_000_000, `${own!.bufferedAmount} bytes wait`)
    let received = 0
    socket.on('message', (data: Buffer) => {
      received += data.length
    })
    socket.resume()
    await until(() => received === 40_000_000, 'all of it', 10_000)
    await until(() => own!.bufferedAmount === 0, 'nothing to wait')
    socket.close()
    await until(() => clients.size === 0, 'the server to forget the socket')
  })
})
