import assert from 'node:assert/strict'
import type { Duplex } from 'node:stream'
import { after, describe, test } from 'node:test'
import { WebSocketServer } from 'ws'
import { Hotpress, HttpError } from '../../src/index.js'
import { nativeTransport } from '../../src/transports/native.js'
import { Http3Connection, http3Missing } from '../_http3.js'
import { tls } from '../_setup.js'
import { answerOf, Code, Frame, frame, headers } from './_http3-frames.js'
import { until } from './_server.js'

const skip = (await nativeTransport.load()) ?? http3Missing

interface Started {
  readonly clients: WebSocketServer['clients']
  readonly port: number
}

async function start(): Promise<Started> {
  const app = new Hotpress({ logger: false, transport: 'native' })
  app.get('/plain', () => 'plain')
  const server = app.nodeServer()
  const sockets = new WebSocketServer({ noServer: true })
  sockets.on('connection', (socket) => {
    socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }))
  })
  server.on('upgrade', (req, socket: Duplex, head) => {
    if (req.url === '/ws') sockets.handleUpgrade(req, socket, head, (client) => sockets.emit('connection', client, req))
    else if (req.url === '/silent') socket.destroy()
    else socket.end('HTTP/1.1 403 Forbidden\r\nConnection: close\r\nContent-Length: 3\r\nX-Why: it\r\n\r\nno!')
  })
  const { port } = await app.listen({ http3: true, tls })
  after(async () => {
    for (const client of sockets.clients) client.terminate()
    await app.close()
  })
  return { clients: sockets.clients, port }
}

async function open(port: number): Promise<Http3Connection> {
  const connection = await Http3Connection.open(port, { raw: true })
  after(() => connection.close())
  return connection
}

function connect(path: string, protocol = 'websocket'): Buffer {
  return headers([
    [':method', 'CONNECT'],
    [':protocol', protocol],
    [':scheme', 'https'],
    [':authority', 'localhost'],
    [':path', path],
    ['sec-websocket-version', '13'],
  ])
}

/** A frame of a WebSocket from a client, masked by zeros: as it is. */
function message(opcode: number, content: Uint8Array): Buffer {
  const head = [0x80 | opcode, 0x80 | (content.length < 126 ? content.length : 127)]
  const length = Buffer.alloc(content.length < 126 ? 0 : 8)
  if (length.length > 0) length.writeBigUInt64BE(BigInt(content.length))
  return Buffer.concat([Buffer.from(head), length, Buffer.alloc(4), content])
}

const text = 1
const binary = 2
const closing = 8
const normal = Buffer.from([3, 232])

const plain = headers([
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', 'localhost'],
  [':path', '/plain'],
])

describe('native: extended CONNECT over HTTP/3 (RFC 9220)', { skip, concurrency: 1 }, () => {
  test('carries the WebSockets of an app', async () => {
    const app = new Hotpress({ logger: false, transport: 'native' })
    app.ws('/rooms/:room', {
      upgrade: (req) => {
        if (req.params.room === 'closed') throw new HttpError(403, 'closed')
        return req.params.room
      },
      message: (socket, given) => void socket.send(`${socket.data}: ${given}`),
    })
    const { port } = await app.listen({ http3: true, tls })
    after(() => app.close())
    const on = await open(port)
    const bytes = Buffer.concat([message(text, Buffer.from('hello')), message(closing, normal)])
    const { body, status } = answerOf(
      (await on.write(Buffer.concat([connect('/rooms/red'), frame(Frame.data, bytes)]))).bytes,
    )
    assert.equal(status, 200)
    assert.deepEqual([...body], [0x81, 10, ...Buffer.from('red: hello'), 0x88, 2, ...normal])
    assert.equal(answerOf((await on.write(connect('/rooms/closed'))).bytes).status, 403)
    assert.equal(answerOf((await on.write(connect('/nothing'))).bytes).status, 404)
  })

  test('carries a WebSocket from its first message to its end', async () => {
    const { clients, port } = await start()
    const on = await open(port)
    const large = Buffer.alloc(1_000_000, 'abcdefg')
    const frames = [message(text, Buffer.from('hello')), message(binary, large), message(closing, normal)]
    // Where one frame of HTTP/3 ends and the next begins means nothing to a WebSocket.
    const bytes = Buffer.concat(frames)
    const parts = [connect('/ws'), frame(Frame.data, bytes.subarray(0, 3)), frame(Frame.data, bytes.subarray(3))]
    const { body, status } = answerOf((await on.write(Buffer.concat(parts))).bytes)
    assert.equal(status, 200)
    assert.deepEqual([...body.subarray(0, 7)], [0x81, 5, ...Buffer.from('hello')])
    assert.deepEqual([...body.subarray(7, 9)], [0x82, 127])
    assert.ok(body.subarray(17, 17 + large.length).equals(large))
    assert.deepEqual([...body.subarray(17 + large.length)], [0x88, 2, ...normal])
    await until(() => clients.size === 0, 'the server to forget the socket')
  })

  test('a stream that is reset takes its WebSocket with it, and nothing else', async () => {
    const { clients, port } = await start()
    const on = await open(port)
    let isAnswered = false
    const held = on.write(connect('/ws'))
    held.then(() => {
      isAnswered = true
    })
    await until(() => clients.size === 1, 'the WebSocket')
    const given = on.write(connect('/ws'), { reset: Code.requestCancelled })
    await given
    await until(() => clients.size === 1, 'the server to forget the other')
    assert.ok(!isAnswered)
    assert.equal(answerOf((await on.write(plain, { end: true })).bytes).body.toString(), 'plain')
    on.close()
    await until(() => clients.size === 0, 'the server to forget the socket')
  })

  test('one that is refused has the answer that the server wrote', async () => {
    const { port } = await start()
    const { bytes } = await (await open(port)).write(connect('/elsewhere'), { end: true })
    const { body, status } = answerOf(bytes)
    assert.deepEqual([status, body.toString()], [403, 'no!'])
    assert.match(bytes.toString('latin1'), /x-why/)
  })

  test('one that is not answered is reset', async () => {
    const { port } = await start()
    assert.equal((await (await open(port)).write(connect('/silent'))).reset, Code.internal)
  })

  test('another protocol than WebSocket is 501', async () => {
    const { port } = await start()
    const { bytes } = await (await open(port)).write(connect('/ws', 'connect-udp'), { end: true })
    assert.equal(answerOf(bytes).status, 501)
  })

  test('without nodeServer() it is a 400', async () => {
    const app = new Hotpress({ logger: false, transport: 'native' })
    app.get('/ws', () => 'plain')
    const { port } = await app.listen({ http3: true, tls })
    after(() => app.close())
    const { bytes } = await (await open(port)).write(connect('/ws'))
    assert.equal(answerOf(bytes).status, 400)
  })
})
