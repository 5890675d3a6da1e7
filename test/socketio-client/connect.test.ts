import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { Agent } from 'node:http'
import { createServer } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { inspect } from 'node:util'
import type { HotpressError } from '../../src/index.js'
import { sharedConnections } from '../../src/socketio-client/connections.js'
import { connect, connectTo, connectWithAuth } from '../../src/socketio-client/index.js'
import { fixture } from '../_certificates.js'
import { says } from '../_says.js'
import { type Running, serveSocketIo } from './_server.js'

interface ServerEvents {
  bytes(content: Buffer): void
  hello(name: string): void
  question(text: string, answer: (text: string) => void): void
}

interface ClientEvents {
  add(one: number, other: number, done: (sum: number) => void): void
  mirror(content: Buffer): void
  never(done: (answer: string) => void): void
}

/** How many connections an engine has. */
const count = ({ io }: Running): number => io.engine.clientsCount

async function until(what: () => boolean): Promise<void> {
  while (!what()) await new Promise((resolve) => setTimeout(resolve, 5))
}

describe('connect()', { timeout: 120_000 }, () => {
  let isShut = true
  let server: Running
  before(async () => {
    server = await serveSocketIo((io) => {
      io.on('connection', (socket) => {
        socket.emit('hello', String(socket.handshake.headers['x-name'] ?? socket.handshake.query.name ?? 'you'))
        socket.emit('question', 'still there?', (text: string) => socket.emit('hello', `answered ${text}`))
        socket.on('add', (one, other, done) => done(one + other))
        socket.on('mirror', (content) => socket.emit('bytes', content))
      })
      io.of('/other').on('connection', (socket) => socket.on('where', (done) => done(socket.nsp.name)))
      io.of('/gone').on('connection', (socket) => socket.disconnect())
      const refusal = Object.assign(new Error('no entry\r\nhere'), { data: { code: 'SHUT' } })
      io.of('/shut').use((_, next) => next(isShut ? refusal : undefined))
    })
  })

  test('resolves when it is connected, by WebSocket from the start', async () => {
    const socket = await connect(server.url)
    assert.equal(socket.connected, true)
    assert.equal(socket.io.engine.transport.name, 'websocket')
    socket.close()
    assert.equal(socket.connected, false)
    await until(() => count(server) === 0)
  })

  test('misses no event that comes at once, in their order, with acknowledgements', async () => {
    const socket = await connect<ServerEvents, ClientEvents>(server.url, { query: { name: 'Ada' } })
    const heard: string[] = []
    const answered = new Promise<void>((resolve) => {
      socket.on('hello', (name) => {
        heard.push(name)
        if (heard.length === 3) resolve()
      })
    })
    socket.on('question', (text, answer) => {
      heard.push(text)
      answer('yes')
    })
    await answered
    assert.deepEqual(heard, ['Ada', 'still there?', 'answered yes'])
    socket.close()
  })

  test('acknowledgements, with an error before the answer for callbacks, and bytes', async () => {
    const socket = await connect<ServerEvents, ClientEvents>(server.url)
    assert.equal(await socket.emitWithAck('add', 1, 2), 3)
    const [error, sum] = await new Promise<[Error | null, number]>((resolve) => {
      socket.emit('add', 3, 4, (...given) => resolve(given))
    })
    assert.deepEqual([error, sum], [null, 7])
    const back = new Promise<Buffer>((resolve) => socket.once('bytes', resolve))
    socket.emit('mirror', Buffer.from([0, 1, 255]))
    assert.deepEqual(await back, Buffer.from([0, 1, 255]))
    socket.close()
  })

  test('an acknowledgement that does not come is an error after ackTimeout, or as the call says', async () => {
    const socket = await connect<ServerEvents, ClientEvents>(server.url, { ackTimeout: '20ms' })
    await assert.rejects(socket.emitWithAck('never'), /timed out/)
    socket.close()
    const other = await connect<ServerEvents, ClientEvents>(server.url)
    await assert.rejects(other.timeout(20).emitWithAck('never'), /timed out/)
    other.close()
  })

  test('sends extraHeaders and query, and takes a URL and its ws: form', async () => {
    const socket = await connect<ServerEvents>(new URL(server.url.replace('http:', 'ws:')), {
      extraHeaders: { 'X-Name': 'Grace' },
    })
    assert.equal(await new Promise((resolve) => socket.once('hello', resolve)), 'Grace')
    socket.close()
  })

  test('connects by an agent', async () => {
    class Counting extends Agent {
      count = 0
      override createConnection(
        ...given: Parameters<Agent['createConnection']>
      ): ReturnType<Agent['createConnection']> {
        this.count++
        return super.createConnection(...given)
      }
    }
    const agent = new Counting()
    ;(await connect(server.url, { agent })).close()
    assert.equal(agent.count, 1)
  })

  test('polls where it is told to', async () => {
    const socket = await connect(server.url, { transports: ['polling'] })
    assert.equal(socket.io.engine.transport.name, 'polling')
    socket.close()
  })

  test('reaches a server at another path', async () => {
    const { url } = await serveSocketIo(() => {}, { path: '/live' })
    ;(await connect(url, { path: '/live' })).close()
    await assert.rejects(connect(url), says('SOCKETIO_UNREACHABLE', url))
  })

  test('namespaces share a connection, which ends with the last of them', async () => {
    const [one, other] = await Promise.all([connect(server.url), connectTo(server.url, '/other')])
    assert.equal(one.io, other.io)
    assert.equal(sharedConnections(), 1)
    // A namespace that is there, other options, and the wish for it: each a connection of its own.
    const more = await Promise.all([
      connectTo(server.url, '/other'),
      connectTo(server.url, '/other', { query: { a: 'b' } }),
      connect(server.url, { multiplex: false }),
    ])
    assert.equal(new Set([one, ...more].map(({ io }) => io)).size, 4)
    assert.equal(sharedConnections(), 3)
    one.close()
    assert.equal(other.connected, true)
    assert.equal(await other.emitWithAck('where'), '/other')
    for (const socket of [other, ...more]) socket.close()
    assert.equal(sharedConnections(), 0)
    await until(() => count(server) === 0)
  })

  test('says why the server refused it, and leaves nothing open', async () => {
    await assert.rejects(connectTo(server.url, '/shut'), (error: HotpressError) => {
      says('SOCKETIO_REFUSED', `the server ${server.url} did`, 'the namespace /shut: no entry here')(error)
      assert.deepEqual((error.cause as { data: unknown }).data, { code: 'SHUT' })
      return true
    })
    await assert.rejects(connectTo(server.url, '/none'), says('SOCKETIO_REFUSED', 'Invalid namespace'))
    await assert.rejects(connectTo(server.url, '/gone'), says('SOCKETIO_REFUSED', 'it was disconnected at once'))
    assert.equal(sharedConnections(), 0)
    await until(() => count(server) === 0)
  })

  test('one namespace that is refused leaves the others of its connection alone', async () => {
    const socket = await connect(server.url)
    await assert.rejects(connectTo(server.url, '/shut'), says('SOCKETIO_REFUSED'))
    assert.equal(socket.connected, true)
    isShut = false
    const late = await connectTo(server.url, '/shut')
    isShut = true
    assert.equal(late.io, socket.io)
    assert.equal(count(server), 1)
    for (const each of [socket, late]) each.close()
  })

  describe('a server that', () => {
    const secret = 'swordfish'
    const given = { extraHeaders: { authorization: `Bearer ${secret}` }, query: { token: secret } }

    function showsNothing(error: Error): true {
      assert.doesNotMatch(`${inspect(error, { depth: 9, showHidden: true })}${error.stack}`, new RegExp(secret))
      return true
    }

    test('is not there', async () => {
      const gone = createServer().listen(0, '127.0.0.1')
      await once(gone, 'listening')
      const { port } = gone.address() as { port: number }
      await new Promise((resolve) => gone.close(resolve))
      await assert.rejects(
        connectWithAuth(`http://127.0.0.1:${port}`, { token: secret }, given),
        (error: HotpressError) => {
          assert.ok(says('SOCKETIO_UNREACHABLE', 'ECONNREFUSED', String(port))(error))
          assert.equal((error.cause as NodeJS.ErrnoException).code, 'ECONNREFUSED')
          return showsNothing(error)
        },
      )
    })

    test('refuses the handshake', async () => {
      const { io, url } = await serveSocketIo(() => {})
      io.engine.opts.allowRequest = (_, decide) => decide('not today', false)
      await assert.rejects(connect(url, given), (error: HotpressError) => {
        assert.ok(says('SOCKETIO_UNREACHABLE', 'Unexpected server response: 400')(error))
        return showsNothing(error)
      })
      await assert.rejects(
        connect(url, { ...given, transports: ['polling'] }),
        (error: HotpressError) => says('SOCKETIO_UNREACHABLE', 'status 403')(error) && showsNothing(error),
      )
    })

    test('does not answer', async () => {
      const silent = createServer(() => {}).listen(0, '127.0.0.1')
      after(() => silent.close())
      await once(silent, 'listening')
      const { port } = silent.address() as { port: number }
      const url = `http://127.0.0.1:${port}`
      await assert.rejects(connect(url, { ...given, timeout: 50 }), (error: HotpressError) => {
        assert.ok(says('SOCKETIO_TIMEOUT', 'the namespace / of', url, 'within 50 ms')(error))
        return showsNothing(error)
      })
      const reason = new Error('enough')
      const waiting = connect(url, { signal: AbortSignal.timeout(1) })
      await assert.rejects(waiting, { name: 'TimeoutError' })
      await assert.rejects(connect(url, { signal: AbortSignal.abort(reason) }), reason)
      assert.equal(sharedConnections(), 0)
    })

    test('does not answer for its namespace', async () => {
      const { url } = await serveSocketIo((io) => io.use(() => {}))
      await assert.rejects(connect(url, { timeout: 50 }), says('SOCKETIO_TIMEOUT'))
    })
  })

  describe('over TLS', () => {
    const ca = fixture('ca.pem')

    test('takes the authorities that it is given, and tells of a certificate that is not trusted', async () => {
      const { url } = await serveSocketIo(() => {}, { tls: { cert: fixture('cert.pem'), key: fixture('key.pem') } })
      await assert.rejects(connect(url), says('SOCKETIO_UNREACHABLE', 'self-signed certificate'))
      ;(await connect(url, { ca: fixture('cert.pem') })).close()
      ;(await connect(url, { ca: fixture('cert.pem'), transports: ['polling', 'websocket'] })).close()
      ;(await connect(url.replace('https:', 'wss:'), { ca: [ca, Buffer.from(fixture('cert.pem'))] })).close()
    })

    test('shows a certificate of its own', async () => {
      const own = { cert: fixture('cert.pem'), key: fixture('key.pem') }
      const { url } = await serveSocketIo(() => {}, { tls: { ...own, ca, requestCert: true } })
      const client = { cert: fixture('client.pem'), key: fixture('client-key.pem') }
      await assert.rejects(connect(url, { ca: own.cert }), says('SOCKETIO_UNREACHABLE'))
      ;(await connect(url, { ...client, ca: own.cert })).close()
    })
  })

  test('a process ends once it has closed, or was refused', { timeout: 120_000 }, async () => {
    const program = `
      import { connect, connectTo } from 'hotpress/socketio-client'
      const sockets = [await connect(${JSON.stringify(server.url)}), await connectTo(${JSON.stringify(server.url)}, '/other')]
      await connectTo(${JSON.stringify(server.url)}, '/shut').catch(({ code }) => console.log(code))
      await connect('http://127.0.0.1:1').catch(({ code }) => console.log(code))
      for (const socket of sockets) socket.close()
    `
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let said = ''
    child.stdout.on('data', (part) => {
      said += part
    })
    const [status] = await once(child, 'close')
    assert.deepEqual([status, said], [0, 'SOCKETIO_REFUSED\nSOCKETIO_UNREACHABLE\n'])
  })
})
