import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Hotpress } from '../../src/index.js'
import { nativeTransport } from '../../src/transports/native.js'
import { Http3Connection, http3Missing } from '../_http3.js'
import { tls } from '../_setup.js'
import { beginning, initial, isRetry, isVersionNegotiation } from './_quic-initial.js'
import { mostGrown, until } from './_server.js'

const skip = (await nativeTransport.load()) ?? http3Missing

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
    assert.ok(grown < mostGrown, `${grown} bytes more`)
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
    // Before its handshake where the others are counted by then, else at the end of it.
    await Http3Connection.open(port).then(
      (third) => third.closed,
      (error: Error) => assert.match(error.message, /refused/),
    )
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
