import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { describe, test } from 'node:test'
import zlib from 'node:zlib'
import {
  cors,
  empty,
  type Hotpress,
  HttpError,
  RouteGroup,
  securityHeaders,
  type WebSocketConnection,
} from '../../src/index.js'
import { type Client, onEveryTransport } from '../_setup.js'
import { ask, closeFrame, frame, hasSockets, Opcode, open, RawClient } from './_web-socket.js'
import { recorder } from './http/_tools.js'

const bus = new EventEmitter().setMaxListeners(0)
const { entries, logger } = recorder()

type Any = WebSocketConnection<unknown>

let latest: Any | undefined

function build(app: Hotpress): void {
  app.get('/', () => 'here')
  app.ws('/echo', {
    open: (socket) => {
      latest = socket
    },
    close: (socket, code, reason) => void bus.emit(`close ${socket.id}`, code, reason),
    message: (socket, message) => void socket.send(message),
    options: { maxPayload: '64kb', origins: ['https://good.example'], subprotocols: ['chat.v2', 'chat.v1'] },
    ping: (_socket, data) => void bus.emit('ping', Buffer.from(data).toString()),
    pong: (_socket, data) => void bus.emit('pong', Buffer.from(data).toString()),
  })
  app.ws('/same', {})
  app.ws('/any', { options: { origins: '*' } })
  app.ws('/chosen', { options: { origins: async (origin) => origin.endsWith('.example') } })
  app.ws('/protocol/:name', {
    options: {
      subprotocols: (offered, req) => (req.params.name === 'none' ? undefined : req.params.name || offered[0]),
    },
  })
  app.ws('/users/:name', {
    upgrade: async (req) => {
      if (req.params.name === 'thrown') throw new HttpError(403, 'not you')
      if (req.params.name === 'returned') return empty(404).header('x-why', 'gone')
      return { greeting: `hello ${req.params.name} ${req.query.get('q')}` }
    },
    open: (socket) => void socket.send(JSON.stringify({ data: socket.data, ip: socket.ip, params: socket.params })),
  })
  const group = new RouteGroup({ prefix: '/private/:team' })
  group.use(async (req, next) => {
    if (req.header('authorization') !== 'yes')
      throw new HttpError(401, 'who are you?', { headers: { 'www-authenticate': 'x' } })
    const response = await next()
    return response.header('x-team', 'red').cookie('sid', 'abc')
  })
  group.ws('/ws', { open: (socket) => void socket.send(socket.params.team) })
  app.mount(group)
  app.ws('/used', {
    options: {
      use: (_req, next) => {
        bus.emit('used')
        return next()
      },
    },
  })
  app.ws('/late', {
    open: (socket) => void socket.send('here'),
    upgrade: () => new Promise<void>((resolve) => setImmediate(resolve)),
  })
  app.ws('/decorated', {
    message: (socket, message) => void socket.send(message),
    options: { origins: '*', use: [cors(), securityHeaders({ frameOptions: 'DENY' })] },
  })
  app.ws('/fails/:where', {
    close: (socket) => {
      if (socket.params.where === 'close') throw new Error('close failed')
    },
    message: async (socket) => {
      if (socket.params.where === 'message') throw new Error('message failed')
      if (socket.params.where === 'later') await Promise.reject(new Error('later failed'))
    },
    open: (socket) => {
      if (socket.params.where === 'open') throw new Error('open failed')
    },
  })
  app.ws('/deflate', {
    message: (socket, message) => void socket.send(message),
    options: { compression: true, maxPayload: '128kb' },
  })
  app.ws('/flood', {
    close: (_socket, code) => void bus.emit('flooded', code),
    message: (socket) => {
      let sent = 0
      while (sent < 10_000 && socket.send('x'.repeat(65_536))) sent++
      bus.emit('flooding', sent, socket.readyState)
    },
    options: { maxBackpressure: '4mb' },
  })
  app.ws('/drain', {
    drain: (socket) => {
      if (socket.bufferedAmount === 0) bus.emit('drained')
    },
    message: (socket) => {
      let count = 0
      while (socket.bufferedAmount === 0 && count++ < 500) socket.send('x'.repeat(65_536))
      bus.emit('filled', count, socket.bufferedAmount)
    },
    options: { maxBackpressure: '64mb' },
  })
  app.ws('/topics', {
    message: (socket, message) => {
      const [verb = '', topic = '', text = ''] = String(message).split(' ')
      if (verb === 'subscribe') socket.subscribe(topic)
      if (verb === 'unsubscribe') socket.unsubscribe(topic)
      if (verb === 'publish') socket.publish(topic, text)
      if (verb === 'app') app.publish(topic, text)
      if (verb === 'bytes') app.publish(topic, Buffer.from(text))
      socket.send(`done ${socket.topics.join()}`)
    },
  })
  app.ws('/idle', { close: (_socket, code) => void bus.emit('idle', code), options: { idleTimeout: 800 } })
  app.ws('/close', {
    message: (socket, message) => {
      const [code, reason] = String(message).split(' ')
      if (code === 'terminate') socket.terminate()
      else socket.close(code === '' ? undefined : Number(code), reason)
      bus.emit('state', socket.readyState, socket.send('late'))
    },
  })
  app.ws('/slow/:name', {
    open: () => void bus.emit('opened late'),
    upgrade: async (req) => {
      const gone = once(bus, `proceed ${req.params.name}`)
      bus.emit(`asked ${req.params.name}`)
      await gone
    },
  })
  app.ws('/ping', { message: (socket, message) => socket.ping(message) })
}

/** What WebSockets are, whatever carries them. */
export function webSocketContract(): void {
  const options = { logger }
  const on = (name: string, cases: (client: Client) => void): void =>
    onEveryTransport(
      `WebSockets: ${name}`,
      build,
      (client) => {
        if (hasSockets(client)) cases(client)
      },
      options,
    )

  onEveryTransport('a path of WebSockets', build, (client) => {
    test('asks for an upgrade where there is none', async () => {
      const response = await client.fetch('/echo')
      assert.equal(response.status, 426)
      assert.equal(response.headers.get('upgrade'), client.version === '1.1' ? 'websocket' : null)
      assert.equal(((await response.json()) as { code: string }).code, 'UPGRADE_REQUIRED')
      assert.equal((await client.fetch('/echo', { method: 'HEAD' })).status, 426)
      assert.equal((await client.fetch('/echo', { method: 'POST' })).status, 405)
    })
  })
  on('handshakes', handshakes)
  on('frames', frames)
  on('closing', closing)
  on('sockets', sockets)
}

const asks = async (client: Client, path: string, headers: Record<string, string> = {}): Promise<number> => {
  const answer = await ask(client, path, headers)
  if (!(answer instanceof RawClient)) return answer.status
  answer.cut()
  return answer.answered.status
}

function handshakes(client: Client): void {
  test('the answer has the headers of any answer', async () => {
    const { answered, cut, duplex } = await open(client, '/echo')
    assert.equal(answered.headers.get('server'), 'hotpress/0')
    assert.match(answered.headers.get('x-request-id')!, /^[0-9a-f-]{36}$/)
    if (client.hasWire) assert.equal(answered.headers.get('upgrade'), 'websocket')
    assert.ok(cut)
    duplex.destroy()
  })

  test('a handshake of the RFC', { skip: !client.hasWire }, async () => {
    const { answered, duplex } = await open(client, '/echo', { 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' })
    assert.equal(answered.headers.get('sec-websocket-accept'), 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=')
    duplex.destroy()
  })

  for (const [name, headers, status] of [
    ['another version', { 'sec-websocket-version': '8' }, 426],
    ['no version', { 'sec-websocket-version': '' }, 426],
    ['no key', { 'sec-websocket-key': '' }, 400],
    ['a short key', { 'sec-websocket-key': 'c2hvcnQ=' }, 400],
    ['no upgrade', { connection: 'keep-alive' }, 426],
    ['another protocol', { upgrade: 'h2c' }, 426],
    ['a body', { 'content-length': '1' }, 400],
  ] as const) {
    test(`${name} is refused`, { skip: !client.hasWire }, async () => {
      assert.equal(await asks(client, '/echo', headers), status)
    })
  }

  test('origins: the same host, those that are named, any, and those that a function takes', async () => {
    // Whoever asks first waits until it listens.
    assert.equal(await asks(client, '/any'), 101)
    const { host } = new URL(client.address!.url)
    for (const [path, origin, status] of [
      ['/same', `http://${host}`, 101],
      ['/same', `https://${host}`, 101],
      ['/same', 'https://other.example', 403],
      ['/same', 'null', 403],
      ['/same', `http://${host}0`, 403],
      ['/echo', 'https://good.example', 101],
      ['/echo', 'https://good.example.evil.example', 403],
      ['/echo', 'http://good.example', 403],
      ['/any', 'https://other.example', 101],
      ['/chosen', 'https://other.example', 101],
      ['/chosen', 'https://other.test', 403],
    ] as const) {
      assert.equal(await asks(client, path, { origin }), status, `${origin} for ${path}`)
    }
  })

  test('subprotocols', async () => {
    for (const [path, offered, chosen] of [
      ['/echo', 'chat.v1', 'chat.v1'],
      ['/echo', 'chat.v1, chat.v2', 'chat.v2'],
      ['/echo', 'other', null],
      ['/protocol/b', 'a, b', 'b'],
      ['/protocol/none', 'a, b', null],
    ] as const) {
      const { answered, duplex } = await open(client, path, { 'sec-websocket-protocol': offered })
      assert.equal(answered.headers.get('sec-websocket-protocol'), chosen, offered)
      duplex.destroy()
    }
    assert.equal(await asks(client, '/protocol/c', { 'sec-websocket-protocol': 'a, b' }), 500)
    assert.equal(await asks(client, '/echo', { 'sec-websocket-protocol': 'a, a' }), 400)
    assert.equal(await asks(client, '/echo', { 'sec-websocket-protocol': 'a b' }), 400)
  })

  test('what upgrade() returns is the data, and it may refuse', async () => {
    const socket = await open(client, '/users/%C3%A9va?q=1')
    assert.deepEqual(JSON.parse((await socket.text())!), {
      data: { greeting: 'hello éva 1' },
      ip: '127.0.0.1',
      params: { name: 'éva' },
    })
    socket.cut()
    assert.equal(await asks(client, '/users/thrown'), 403)
    const answer = await ask(client, '/users/returned')
    assert.ok(!(answer instanceof RawClient))
    assert.equal(answer.status, 404)
    assert.equal(answer.headers.get('x-why'), 'gone')
  })

  // uws may close what is upgraded later in a cork of its own (see upgradeConnection): one in twenty, by what is in memory.
  test('an upgrade may come late, with other sockets open and without', async () => {
    for (let round = 0; round < 20; round++) {
      const first = await open(client, '/late')
      assert.equal(await first.text(), 'here')
      const second = await open(client, '/late')
      assert.equal(await second.text(), 'here')
      first.cut()
      second.cut()
    }
  })

  test('middleware refuses, and adds to the answer', async () => {
    const refused = await ask(client, '/private/red/ws')
    assert.ok(!(refused instanceof RawClient))
    assert.equal(refused.status, 401)
    assert.equal(refused.headers.get('www-authenticate'), 'x')
    const socket = await open(client, '/private/red/ws', { authorization: 'yes' })
    assert.equal(socket.answered.headers.get('x-team'), 'red')
    assert.equal(socket.answered.headers.get('set-cookie'), 'sid=abc')
    assert.equal(await socket.text(), 'red')
    socket.cut()
    const decorated = await open(client, '/decorated', { origin: 'https://page.example' })
    assert.equal(decorated.answered.headers.get('access-control-allow-origin'), '*')
    assert.equal(decorated.answered.headers.get('x-frame-options'), 'DENY')
    decorated.send(frame(Opcode.text, 'still a socket'))
    assert.equal(await decorated.text(), 'still a socket')
    decorated.cut()
    const used = once(bus, 'used')
    assert.equal(await asks(client, '/used'), 101)
    await used
  })

  test('elsewhere a request for an upgrade is one like any other', { skip: !client.hasWire }, async () => {
    assert.equal(await asks(client, '/'), 200)
    assert.equal(await asks(client, '/nothing'), 404)
    assert.equal(await asks(client, '/', { upgrade: 'h2c' }), 200)
    const upload =
      'POST /nothing HTTP/1.1\r\nHost: a\r\nConnection: close, Upgrade\r\nUpgrade: h2c\r\nContent-Length: 4\r\n\r\nbody'
    assert.match((await client.raw(upload)).text, /^HTTP\/1.1 404 /)
  })

  test('frames may come with the request', { skip: !client.hasWire || client.transport === 'uws' }, async () => {
    const socket = await client.connect()
    const head = `GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${'A'.repeat(22)}==\r\n\r\n`
    socket.write(Buffer.concat([Buffer.from(head), frame(Opcode.text, 'early')]))
    let text = ''
    for await (const chunk of socket) {
      text += (chunk as Buffer).toString('latin1')
      if (text.endsWith('early')) break
    }
    assert.match(text, /^HTTP\/1.1 101 /)
  })
}

// What the groups of the Autobahn suite look at.
function frames(client: Client): void {
  const on = async (run: (socket: RawClient) => Promise<void>, path = '/echo'): Promise<void> => {
    const socket = await open(client, path)
    try {
      await run(socket)
    } finally {
      socket.cut()
    }
  }
  // uws closes the connection of who breaks the protocol without a word, which the RFC allows (7.1.7).
  const isRefused = async (socket: RawClient, code: number): Promise<void> => {
    const got = await socket.closed()
    if (client.transport !== 'uws' || got !== undefined) assert.equal(got, code)
    await socket.ended()
  }

  for (const size of [0, 1, 125, 126, 127, 128, 65_535, 65_536]) {
    test(`1: a text and bytes of ${size}`, () =>
      on(async (socket) => {
        socket.send(frame(Opcode.text, 'a'.repeat(size)), frame(Opcode.binary, Buffer.alloc(size, 0xfe)))
        const [text, binary] = [await socket.next(), await socket.next()]
        assert.equal(text?.opcode, Opcode.text)
        assert.equal(text.data.toString(), 'a'.repeat(size))
        assert.equal(binary?.opcode, Opcode.binary)
        assert.ok(binary.data.equals(Buffer.alloc(size, 0xfe)))
      }))
  }

  test('1: a message byte by byte', () =>
    on(async (socket) => {
      for (const byte of frame(Opcode.text, 'slowly')) socket.send(Uint8Array.of(byte))
      assert.equal(await socket.text(), 'slowly')
    }))

  test('2: pings are answered with what they hold, pongs are not', () =>
    on(async (socket) => {
      const told = once(bus, 'ping')
      socket.send(frame(Opcode.ping, 'é'.repeat(62)))
      const pong = await socket.next()
      assert.equal(pong?.opcode, Opcode.pong)
      assert.equal(pong.data.toString(), 'é'.repeat(62))
      assert.deepEqual(await told, ['é'.repeat(62)])
      const heard = once(bus, 'pong')
      socket.send(frame(Opcode.pong, 'unasked'), ...['1', '2', '3'].map((text) => frame(Opcode.ping, text)))
      assert.deepEqual(await heard, ['unasked'])
      assert.deepEqual([await socket.text(), await socket.text(), await socket.text()], ['1', '2', '3'])
    }))

  test('2: a ping that is too long', () =>
    on(async (socket) => {
      socket.send(frame(Opcode.ping, 'a'.repeat(126)))
      await isRefused(socket, 1002)
    }))

  test('2: pings of the server', () =>
    on(async (socket) => {
      socket.send(frame(Opcode.text, 'there?'))
      const ping = await socket.next()
      assert.equal(ping?.opcode, Opcode.ping)
      assert.equal(ping.data.toString(), 'there?')
    }, '/ping'))

  for (const reserved of [1, 2, 4, 7]) {
    test(`3: reserved bits ${reserved}`, () =>
      on(async (socket) => {
        socket.send(frame(Opcode.text, 'before'))
        assert.equal(await socket.text(), 'before')
        socket.send(frame(Opcode.text, 'a', { reserved }))
        await isRefused(socket, 1002)
      }))
  }

  for (const opcode of [3, 7, 11, 15]) {
    test(`4: the opcode ${opcode}`, () =>
      on(async (socket) => {
        socket.send(frame(opcode, 'a'))
        await isRefused(socket, 1002)
      }))
  }

  test('5: fragments, with control frames in between', () =>
    on(async (socket) => {
      socket.send(
        frame(Opcode.text, 'one ', { fin: false }),
        frame(Opcode.ping, 'in between'),
        frame(Opcode.continuation, '', { fin: false }),
        frame(Opcode.continuation, 'two', { fin: true }),
      )
      const pong = await socket.next()
      assert.equal(pong?.opcode, Opcode.pong)
      assert.equal(pong.data.toString(), 'in between')
      assert.equal(await socket.text(), 'one two')
    }))

  for (const [name, wrong] of [
    ['a continuation of nothing', [frame(Opcode.continuation, 'a')]],
    ['a message within another', [frame(Opcode.text, 'a', { fin: false }), frame(Opcode.text, 'b')]],
    ['a ping in fragments', [frame(Opcode.ping, 'a', { fin: false }), frame(Opcode.continuation, 'b')]],
    ['a frame without a mask', [frame(Opcode.text, 'a', { masked: false })]],
  ] as const) {
    // uws looks for no such bit, and takes the first bytes for the mask.
    const skip = name === 'a frame without a mask' && client.transport === 'uws'
    test(`5: ${name}`, { skip }, () =>
      on(async (socket) => {
        socket.send(...wrong)
        await isRefused(socket, 1002)
      }),
    )
  }

  test('6: UTF-8, cut anywhere', () =>
    on(async (socket) => {
      const text = Buffer.from('κόσμε 🔥')
      for (let at = 0; at <= text.length; at++) {
        socket.send(
          frame(Opcode.text, text.subarray(0, at), { fin: false }),
          frame(Opcode.continuation, text.subarray(at)),
        )
        assert.equal(await socket.text(), 'κόσμε 🔥')
      }
    }))

  for (const bytes of [[0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff], [0xce]]) {
    test(`6: no UTF-8: ${bytes.map((byte) => byte.toString(16)).join(' ')}`, () =>
      on(async (socket) => {
        socket.send(frame(Opcode.text, Buffer.from(bytes)))
        await isRefused(socket, 1007)
      }))
  }

  test('9: a message over the limit, by its length and by what it grows to', async () => {
    await on(async (socket) => {
      socket.send(frame(Opcode.binary, Buffer.alloc(65_537)))
      assert.equal(await socket.closed(), 1009)
    })
    await on(async (socket) => {
      socket.send(frame(Opcode.binary, '', { declared: 2 ** 40 }))
      await isRefused(socket, 1009)
    })
    await on(async (socket) => {
      socket.send(
        frame(Opcode.binary, Buffer.alloc(60_000), { fin: false }),
        frame(Opcode.continuation, Buffer.alloc(6000)),
      )
      assert.equal(await socket.closed(), 1009)
    })
  })

  describe('12 and 13: permessage-deflate', () => {
    const extension = { 'sec-websocket-extensions': 'permessage-deflate; client_max_window_bits' }
    const deflate = (text: string): Buffer =>
      zlib.deflateRawSync(text, { finishFlush: zlib.constants.Z_SYNC_FLUSH }).subarray(0, -4)
    const inflate = (data: Buffer): string =>
      zlib
        .inflateRawSync(Buffer.concat([data, Buffer.from([0, 0, 255, 255])]), {
          finishFlush: zlib.constants.Z_SYNC_FLUSH,
        })
        .toString()

    test('is not agreed to where it was not asked for', async () => {
      const plain = await open(client, '/echo', extension)
      assert.equal(plain.answered.headers.get('sec-websocket-extensions'), null)
      plain.cut()
      const unasked = await open(client, '/deflate')
      assert.equal(unasked.answered.headers.get('sec-websocket-extensions'), null)
      unasked.cut()
    })

    test('messages of 1 KB and more', async () => {
      const socket = await open(client, '/deflate', extension)
      assert.match(socket.answered.headers.get('sec-websocket-extensions')!, /^permessage-deflate/)
      for (const text of ['short', 'long '.repeat(1000)]) {
        socket.send(frame(Opcode.text, deflate(text), { reserved: 4 }))
        const answer = await socket.next()
        assert.equal(answer?.isCompressed, text.length > 1000)
        assert.equal(answer.isCompressed ? inflate(answer.data) : answer.data.toString(), text)
      }
      socket.send(frame(Opcode.text, 'plain'))
      assert.equal(await socket.text(), 'plain')
      socket.cut()
    })

    test('what becomes too large, and what is no deflate', async () => {
      for (const data of [deflate('0'.repeat(1_000_000)), Buffer.from([0xff, 0xff, 0xff])]) {
        const socket = await open(client, '/deflate', extension)
        socket.send(frame(Opcode.text, data, { reserved: 4 }))
        const code = await socket.closed()
        assert.ok([1007, 1009, undefined].includes(code), String(code))
        await socket.ended()
      }
    })
  })
}

function closing(client: Client): void {
  const closes = async (
    sent: Buffer,
    path = '/echo',
  ): Promise<{ readonly got: number | undefined; readonly told: unknown[] }> => {
    const socket = await open(client, path)
    const told = once(bus, `close ${socket.answered.headers.get('x-request-id')}`)
    socket.send(sent)
    const got = await socket.closed()
    await socket.ended()
    return { got, told: await told }
  }

  for (const code of [1000, 1001, 1003, 1007, 1011, 3000, 3999, 4000, 4999]) {
    test(`7: the code ${code} is answered`, async () => {
      const { got, told } = await closes(closeFrame(code, 'why'))
      // uws takes 3000 to 3999, which libraries have, for a breach of the protocol.
      const isBreach = client.transport === 'uws' && code >= 3000 && code < 4000
      assert.equal(got, isBreach ? 1005 : code)
      assert.deepEqual(told, isBreach ? [1006, 'Received invalid close payload'] : [code, 'why'])
    })
  }

  test('7: no code', async () => {
    const { told } = await closes(closeFrame())
    assert.deepEqual(told, [1005, ''])
  })

  for (const [name, sent] of [
    ...[0, 999, 1004, 1005, 1006, 1016, 2000, 2999, 5000].map(
      (code) => [`the code ${code}`, closeFrame(code)] as const,
    ),
    ['half a code', frame(Opcode.close, Buffer.of(3))],
    ['a reason that is no UTF-8', closeFrame(1000, Buffer.of(0xce))],
    ['a reason that is too long', closeFrame(1000, 'a'.repeat(124))],
  ] as const) {
    test(`7: ${name} is refused`, async () => {
      const { got, told } = await closes(sent)
      if (client.transport !== 'uws') assert.ok(got === 1002 || got === 1007, String(got))
      // uws takes half a code for none.
      assert.ok(
        [1002, 1006, 1007, ...(client.transport === 'uws' ? [1005] : [])].includes(told[0] as number),
        String(told),
      )
    })
  }

  test('7: what comes after a close is of no account', async () => {
    const socket = await open(client, '/echo')
    socket.send(closeFrame(1000), frame(Opcode.text, 'late'))
    assert.equal(await socket.closed(), 1000)
    assert.equal(await socket.next(), undefined)
  })

  test('a connection that breaks is told as 1006', async () => {
    const socket = await open(client, '/echo')
    const told = once(bus, `close ${socket.answered.headers.get('x-request-id')}`)
    socket.cut()
    assert.equal((await told)[0], 1006)
  })

  test('the server closes, with a code and a reason, once', async () => {
    for (const [message, code, reason] of [
      [' ', 1000, ''],
      ...[1000, 1001, 1011, 3000, 3999, 4000, 4999].map((each) => [`${each} enough`, each, 'enough'] as const),
    ] as const) {
      const socket = await open(client, '/close')
      const told = once(bus, 'state')
      socket.send(frame(Opcode.text, message))
      const close = await socket.next()
      assert.equal(close?.opcode, Opcode.close)
      assert.equal(close.data.readUInt16BE(), code)
      assert.equal(close.data.subarray(2).toString(), reason)
      const [state, isSent] = await told
      assert.ok(state === 2 || state === 3)
      assert.equal(isSent, false)
      socket.send(closeFrame(code))
      await socket.ended()
    }
  })

  test('terminate() says nothing', async () => {
    const socket = await open(client, '/close')
    socket.send(frame(Opcode.text, 'terminate'))
    assert.equal(await socket.closed(), undefined)
  })

  test('codes and reasons that cannot be sent are errors', async () => {
    const socket = await open(client, '/echo')
    socket.send(frame(Opcode.text, 'here'))
    await socket.text()
    for (const code of [0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 1.5]) {
      assert.throws(() => latest!.close(code), { code: 'CLOSE_INVALID' })
    }
    assert.throws(() => latest!.close(1000, 'a'.repeat(124)), { code: 'CLOSE_INVALID' })
    assert.throws(() => latest!.send(7 as never), { code: 'MESSAGE_INVALID' })
    assert.throws(() => latest!.ping('a'.repeat(126)), { code: 'MESSAGE_INVALID' })
    socket.cut()
  })
}

function sockets(client: Client): void {
  test('clients that leave before they are answered harm nobody', { skip: !client.hasWire }, async () => {
    const head = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: '
    for (const how of ['destroy', 'resetAndDestroy', 'end'] as const) {
      const name = `${client.variant}-${how}`
      const asked = once(bus, `asked ${name}`)
      const socket = await client.connect()
      socket.write(`GET /slow/${name} HTTP/1.1\r\nHost: a\r\n${head}${'A'.repeat(22)}==\r\n\r\n`)
      await asked
      // Of TLS there is no reset.
      if (how === 'resetAndDestroy' && client.protocol === 'https') socket.destroy()
      else socket[how]()
      await new Promise((resolve) => setTimeout(resolve, 20))
      bus.emit(`proceed ${name}`)
      socket.destroy()
    }
    const socket = await open(client, '/echo')
    socket.send(frame(Opcode.text, 'alive'))
    assert.equal(await socket.text(), 'alive')
    socket.cut()
  })

  for (const where of ['open', 'message', 'later', 'close']) {
    test(`a handler that fails is logged, and closes with 1011: ${where}`, async () => {
      entries.length = 0
      const socket = await open(client, `/fails/${where}`)
      if (where === 'close') socket.send(closeFrame(1000))
      else if (where !== 'open') socket.send(frame(Opcode.text, 'a'))
      assert.equal(await socket.closed(), where === 'close' ? 1000 : 1011)
      socket.send(closeFrame(1011))
      await socket.ended()
      let entry: (typeof entries)[number] | undefined
      while (entry === undefined) {
        await new Promise((resolve) => setImmediate(resolve))
        entry = entries.find(({ level }) => level === 'error')
      }
      const { fields } = entry
      assert.equal((fields.err as Error).message, `${where} failed`)
      assert.equal(fields.requestId, socket.answered.headers.get('x-request-id'))
    })
  }

  test('messages are told in order', async () => {
    const socket = await open(client, '/echo')
    for (let index = 0; index < 300; index++) socket.send(frame(Opcode.text, String(index)))
    for (let index = 0; index < 300; index++) assert.equal(await socket.text(), String(index))
    socket.cut()
  })

  test('a client that takes nothing is cut off', async () => {
    const socket = await open(client, '/flood')
    socket.duplex.pause()
    const [flooding, flooded] = [once(bus, 'flooding'), once(bus, 'flooded')]
    socket.send(frame(Opcode.text, 'go'))
    const [sent, state] = await flooding
    assert.ok(sent < 10_000, String(sent))
    assert.notEqual(state, 1)
    assert.deepEqual(await flooded, [1006])
    socket.cut()
  })

  test('drain tells that what waited has gone out', async () => {
    const socket = await open(client, '/drain')
    socket.duplex.pause()
    const [filled, drained] = [once(bus, 'filled'), once(bus, 'drained')]
    socket.send(frame(Opcode.text, 'go'))
    const [count, waiting] = await filled
    assert.ok(waiting > 0, `${count} messages were taken`)
    socket.duplex.resume()
    await drained
    for (let index = 0; index < count; index++) assert.equal((await socket.next())?.data.length, 65_536)
    socket.cut()
  })

  test('topics', async () => {
    const [a, b, c] = [await open(client, '/topics'), await open(client, '/topics'), await open(client, '/topics')]
    const say = async (socket: RawClient, text: string): Promise<string | undefined> => {
      socket.send(frame(Opcode.text, text))
      return socket.text()
    }
    assert.equal(await say(a, 'subscribe red'), 'done red')
    assert.equal(await say(b, 'subscribe red'), 'done red')
    assert.equal(await say(b, 'subscribe blue'), 'done red,blue')
    assert.equal(await say(c, 'publish red one'), 'done ')
    assert.deepEqual([await a.text(), await b.text()], ['one', 'one'])
    // Not to the socket itself.
    assert.equal(await say(a, 'publish red two'), 'done red')
    assert.equal(await b.text(), 'two')
    assert.equal(await say(b, 'unsubscribe red'), 'done blue')
    assert.equal(await say(c, 'app red three'), 'done ')
    assert.equal(await a.text(), 'three')
    assert.equal(await say(c, 'bytes blue four'), 'done ')
    const bytes = await b.next()
    assert.equal(bytes?.opcode, Opcode.binary)
    assert.equal(bytes.data.toString(), 'four')
    b.cut()
    assert.equal(await say(c, 'app blue five'), 'done ')
    for (const socket of [a, c]) socket.cut()
  })

  test('who is silent is asked, and cut off; who answers is not', async () => {
    const silent = await open(client, '/idle')
    const idle = once(bus, 'idle')
    assert.equal((await silent.next())?.opcode, Opcode.ping)
    assert.deepEqual(await idle, [1006])
    await silent.ended()
    const alive = await open(client, '/idle')
    for (let count = 0; count < 2; count++) {
      assert.equal((await alive.next())?.opcode, Opcode.ping)
      alive.send(frame(Opcode.pong))
    }
    alive.cut()
  })
}
