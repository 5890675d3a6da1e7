import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { after, describe, test } from 'node:test'
import { connect as connectTls } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { WebSocket, WebSocketServer } from 'ws'
import { type Address, Hotpress, type HotpressOptions } from '../../src/index.js'
import { listeningTransports, variantNamed } from '../_setup.js'
import { recorder } from '../contract/http/_tools.js'
import { malformed, sound } from './_proxy-headers.js'
import { Client } from './_server.js'

const get = (path = '/', more = 'Connection: close\r\n'): string => `GET ${path} HTTP/1.1\r\nHost: h\r\n${more}\r\n`
const header = 'PROXY TCP4 203.0.113.7 10.0.0.1 56324 443\r\n'

/** Sends parts one after the other, each when the one before it has been taken; gives what comes until the close. */
async function talk(port: number, parts: readonly (string | Uint8Array)[]): Promise<string> {
  const socket = connect({ noDelay: true, port, host: '127.0.0.1' })
  let text = ''
  // A server that closes with input unread resets the connection.
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
  })
  const closed = new Promise((resolve) => socket.once('close', resolve))
  await new Promise((resolve) => socket.once('connect', resolve))
  for (const part of parts) {
    await new Promise((resolve) => socket.write(part, resolve))
    await new Promise((resolve) => setImmediate(resolve))
  }
  await closed
  return text
}

/** Runs tasks, a few at once. */
async function each<Item>(items: readonly Item[], run: (item: Item) => Promise<void>): Promise<void> {
  const left = [...items]
  const worker = async (): Promise<void> => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await run(item)
  }
  await Promise.all(Array.from({ length: 32 }, worker))
}

function make(transport: 'native' | 'node', options: HotpressOptions = {}): Hotpress {
  const app = new Hotpress({ logger: false, proxyProtocol: 'loopback', transport, ...options })
  app.get('/', ({ ip, peerAddress }) => `${ip} ${peerAddress}`)
  app.post('/', async (req) => `${req.ip} ${(await req.text()).length}`)
  after(() => app.close())
  return app
}

function start(transport: 'native' | 'node', options: HotpressOptions = {}): Promise<Address> {
  return make(transport, options).listen()
}

const bodyOf = (answer: string): string => answer.slice(answer.indexOf('\r\n\r\n') + 4)
const skipNative = variantNamed('native').skip

for (const { name, skip } of listeningTransports) {
  if (name === 'uws') continue
  describe(`the PROXY protocol on ${name}`, { skip }, () => {
    test('every header, split at every byte, announces whose the connection is', async () => {
      const { port } = await start(name)
      for (const [title, bytes, address = '127.0.0.1'] of sound) {
        const all = Buffer.concat([bytes, Buffer.from(get())])
        const points = Array.from({ length: Math.min(bytes.length + 3, 250) }, (_, at) => at)
        await each(points, async (at) => {
          const answer = await talk(port, [all.subarray(0, at), all.subarray(at)])
          assert.equal(bodyOf(answer), `${address} ${address}`, `${title}, split at ${at}: ${answer}`)
        })
      }
    })

    test('a header byte by byte', async () => {
      const { port } = await start(name)
      await each(
        sound.filter(([, bytes]) => bytes.length < 300),
        async ([title, bytes, address = '127.0.0.1']) => {
          const answer = await talk(port, [...bytes].map((byte) => Buffer.of(byte)).concat(Buffer.from(get())))
          assert.equal(bodyOf(answer), `${address} ${address}`, title)
        },
      )
    })

    test('what is malformed closes the connection without an answer, and with a log line', async () => {
      const { entries, logger } = recorder()
      const { port } = await start(name, { logger })
      entries.length = 0
      await each(malformed, async (bytes) => {
        assert.equal(await talk(port, [bytes, get()]), '', JSON.stringify(bytes.toString('latin1', 0, 60)))
      })
      assert.equal(entries.length, malformed.length)
      for (const { level, message } of entries) {
        assert.equal(level, 'warn')
        assert.match(message!, /^connection closed: .* PROXY protocol$/)
      }
    })

    test('holds for all requests of a connection, and for bodies that come with it', async () => {
      const { port } = await start(name)
      const post = 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello'
      const answer = await talk(port, [header + post + get('/', ''), get()])
      assert.deepEqual(
        [...answer.matchAll(/203\.0\.113\.7 (\S+?)(?=HTTP|$)/g)].map(([, rest]) => rest),
        ['5', '203.0.113.7', '203.0.113.7'],
      )
    })

    test('a second header is no request', async () => {
      const { port } = await start(name)
      assert.match(await talk(port, [header + header + get()]), /^HTTP\/1\.1 400 /)
    })

    test('from a peer that is not listed none is taken', async () => {
      const { port } = await start(name, { proxyProtocol: ['10.0.0.0/8', '2001:db8::/32'] })
      assert.equal(bodyOf(await talk(port, [get()])), '127.0.0.1 127.0.0.1')
      for (const [title, bytes] of sound) {
        assert.match(await talk(port, [bytes, get()]), /^HTTP\/1\.1 400 /, title)
      }
    })

    test('trustProxy asks for the address that was announced', async () => {
      const { port } = await start(name, { trustProxy: '10.0.0.0/8' })
      const request = get('/', 'Connection: close\r\nX-Forwarded-For: 198.51.100.1\r\n')
      const by = (address: string): Promise<string> => talk(port, [`PROXY TCP4 ${address} 10.0.0.1 1 2\r\n${request}`])
      assert.equal(bodyOf(await by('203.0.113.7')), '203.0.113.7 203.0.113.7')
      assert.equal(bodyOf(await by('10.9.9.9')), '198.51.100.1 10.9.9.9')
      // The proxy that announces is no proxy of HTTP.
      assert.equal(bodyOf(await talk(port, [`PROXY UNKNOWN\r\n${request}`])), '127.0.0.1 127.0.0.1')
    })

    test('a header that does not come is not waited for without end', async () => {
      const { port } = await start(name, { readTimeout: '100ms' })
      for (const parts of [[], ['PROXY TC'], ['\r\n\r\n\0']]) assert.equal(await talk(port, parts), '')
    })

    test('a client that leaves within it, and one that shuts its side', async () => {
      const { port } = await start(name)
      for (const part of ['', 'PROXY TCP4', '\r\n\r\n\0\r\nQUIT\n']) {
        const [gone, half] = [connect(port, '127.0.0.1'), connect({ allowHalfOpen: true, host: '127.0.0.1', port })]
        half.on('error', () => {}).resume()
        await Promise.all([once(gone, 'connect'), once(half, 'connect')])
        gone.write(part)
        gone.resetAndDestroy()
        half.end(part)
        await once(half, 'close')
      }
      assert.equal(bodyOf(await talk(port, [header + get()])), '203.0.113.7 203.0.113.7')
    })

    test('close() does not wait for a header', async () => {
      const app = make(name)
      const { port } = await app.listen()
      const clients = [new Client(port), new Client(port)]
      clients[0]!.send('PROXY TCP4 ')
      // An answer on another connection: the two have been accepted.
      await talk(port, [header + get()])
      await app.close()
      await Promise.all(clients.map((client) => client.closed))
      const again = await app.listen()
      assert.equal(bodyOf(await talk(again.port, [header + get()])), '203.0.113.7 203.0.113.7')
    })

    test('nodeServer() has the address that was announced', async () => {
      const app = make(name)
      const server = app.nodeServer((req) => req.path === '/claimed')
      app.get('/claimed', (req) => `claimed ${req.ip}`)
      const sockets = new WebSocketServer({ path: '/ws', server })
      const address = await app.listen()
      const answer = await talk(address.port, [header + get('/claimed', '') + get()])
      assert.match(answer, /claimed 203\.0\.113\.7HTTP[\s\S]*\r\n\r\n203\.0\.113\.7 203\.0\.113\.7$/)

      const relay = await relayTo(address.port, header)
      sockets.on('connection', (socket, req) => socket.send(`${req.socket.remoteAddress} ${req.socket.remoteFamily}`))
      const socket = new WebSocket(`ws://127.0.0.1:${relay}/ws`)
      assert.equal(String((await once(socket, 'message'))[0]), '203.0.113.7 IPv4')
      socket.terminate()
      for (const each of sockets.clients) each.terminate()
    })
  })
}

/** A proxy: puts a header before the first bytes of each connection, in one packet with them. @returns its port. */
async function relayTo(port: number, text: string): Promise<number> {
  const relay = createServer((socket) => {
    const upstream = connect(port, '127.0.0.1')
    upstream.on('error', () => socket.destroy())
    socket.on('error', () => upstream.destroy())
    socket.once('data', (first) => {
      upstream.write(Buffer.concat([Buffer.from(text, 'latin1'), first]))
      socket.pipe(upstream).pipe(socket)
    })
  })
  relay.listen(0, '127.0.0.1')
  await once(relay, 'listening')
  after(() => relay.close())
  const { port: taken } = relay.address() as { port: number }
  return taken
}

const fixture = (name: string): string => fileURLToPath(new URL(`../../../test/fixtures/tls/${name}`, import.meta.url))

describe('the PROXY protocol before TLS, on node', () => {
  const tls = { cert: fixture('cert.pem'), key: fixture('key.pem') }

  async function ask(port: number, before: readonly string[]): Promise<string> {
    const socket = connect({ host: '127.0.0.1', noDelay: true, port })
    for (const part of before) {
      await new Promise((resolve) => socket.write(part, resolve))
      await new Promise((resolve) => setImmediate(resolve))
    }
    const secure = connectTls({ rejectUnauthorized: false, socket })
    let text = ''
    secure.on('data', (chunk) => {
      text += chunk
    })
    secure.write(get())
    await once(secure, 'close')
    return bodyOf(text)
  }

  test('announces whose the connection is, in front of the first bytes of TLS or split from them', async () => {
    const { port } = await make('node').listen({ tls })
    assert.equal(await ask(port, [header]), '203.0.113.7 203.0.113.7')
    for (const at of [1, 10, header.length - 1]) {
      assert.equal(await ask(port, [header.slice(0, at), header.slice(at)]), '203.0.113.7 203.0.113.7')
    }
    assert.equal(await ask(await relayTo(port, header), []), '203.0.113.7 203.0.113.7')
    assert.equal(await ask(port, ['PROXY UNKNOWN\r\n']), '127.0.0.1 127.0.0.1')
  })
})

describe('the PROXY protocol and maxConnectionsPerAddress, on native', { skip: skipNative }, () => {
  test('counts the addresses that were announced', async () => {
    const { port } = await start('native', { maxConnectionsPerAddress: 2 })
    const open = (address: string): Client => {
      const client = new Client(port)
      client.send(`PROXY TCP4 ${address} 10.0.0.1 1 2\r\n${get('/', '')}`)
      return client
    }
    const first = ['203.0.113.7', '203.0.113.7', '203.0.113.8', '203.0.113.8'].map(open)
    await Promise.all(first.map((client) => client.answers(1)))
    assert.deepEqual(
      first.map((client) => client.statuses[0]),
      [200, 200, 200, 200],
    )
    const third = open('203.0.113.7')
    await third.closed
    assert.deepEqual(third.statuses, [503])
    first[0]!.close()
    for (let tries = 0; !(await isFree()); tries++) assert.ok(tries < 100, 'there is room for the address again')
    for (const client of first) client.close()

    async function isFree(): Promise<boolean> {
      const client = open('203.0.113.7')
      await client.answers(1)
      client.close()
      return client.statuses[0] === 200
    }
  })
})
