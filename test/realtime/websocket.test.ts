import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { Hotpress } from '../../src/index.js'
import { listeningTransports, tls, variants } from '../_setup.js'

const call = (handlers: unknown): unknown => new Hotpress({ logger: false }).ws('/a', handlers as object)
const withOption = (option: string, value: unknown): unknown => call({ options: { [option]: value } })

describe('ws()', () => {
  for (const [option, value] of [
    ['compression', 'yes'],
    ['idleTimeout', 0],
    ['idleTimeout', true],
    ['maxBackpressure', 0],
    ['maxBackpressure', '2gb'],
    ['maxPayload', 0],
    ['maxPayload', '1 pound'],
    ['origins', 'https://example.com'],
    ['origins', ['example.com']],
    ['origins', ['https://example.com/']],
    ['subprotocols', 'chat'],
    ['subprotocols', ['a b']],
  ] as const) {
    test(`${option}: ${JSON.stringify(value)} is refused`, () => {
      const message = new RegExp(`option ${option} of the options of ws\\("/a"\\)`)
      assert.throws(() => withOption(option, value), { code: 'OPTION_INVALID', message })
    })
  }

  test('what is no handler and no option is refused', () => {
    assert.throws(() => call({ open: 7 }), {
      code: 'HANDLER_INVALID',
      message: /^open of ws\("\/a"\) takes a function/,
    })
    assert.throws(() => call({ receive: () => {} }), { code: 'OPTION_UNKNOWN' })
    assert.throws(() => call(() => {}), { code: 'OPTION_INVALID' })
    assert.throws(() => call(undefined), { code: 'OPTION_INVALID' })
    assert.throws(() => withOption('use', 7), { code: 'HANDLER_INVALID' })
    assert.throws(() => withOption('pulse', 7), { code: 'OPTION_UNKNOWN' })
  })

  test('has its path for itself', () => {
    const app = new Hotpress({ logger: false }).get('/a', () => 'a')
    assert.throws(() => app.ws('/a', {}), { code: 'ROUTE_CONFLICT' })
    app.inject()
    assert.throws(() => app.ws('/b', {}), { code: 'APP_STARTED' })
  })
})

async function open(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), { rejectUnauthorized: false })
  await once(socket, 'open')
  return socket
}

for (const { name, skip } of listeningTransports) {
  describe(`WebSockets by ${name}`, { skip }, () => {
    test('close() tells them 1001, and waits for nobody else', { timeout: 30_000 }, async () => {
      const app = new Hotpress({ logger: false, transport: name })
      const codes: number[] = []
      app.ws('/', { close: (_socket, code) => void codes.push(code) })
      const { url } = await app.listen()
      const sockets = await Promise.all([open(url), open(url)])
      const closed = sockets.map((socket) => once(socket, 'close'))
      await Promise.all([app.close(), ...closed])
      assert.deepEqual(
        (await Promise.all(closed)).map(([code]) => code),
        [1001, 1001],
      )
      // The handler may be told a moment after the client.
      while (codes.length < 2) await new Promise((resolve) => setImmediate(resolve))
      assert.deepEqual(codes, [1001, 1001])
    })

    test('one listener closes its own, and topics reach all', { timeout: 30_000 }, async () => {
      const app = new Hotpress({ logger: false, transport: name })
      app.ws('/', { open: (socket) => socket.subscribe('all') })
      const first = await app.listen()
      const second = await app.listen({ tls })
      const [a, b] = [await open(first.url), await open(second.url)]
      const told = [once(a, 'message'), once(b, 'message')]
      app.publish('all', 'hello')
      assert.deepEqual(
        (await Promise.all(told)).map(([data]) => String(data)),
        ['hello', 'hello'],
      )
      const gone = once(a, 'close')
      await first.close()
      assert.equal((await gone)[0], 1001)
      const still = once(b, 'message')
      app.publish('all', 'still there')
      assert.equal(String((await still)[0]), 'still there')
      b.close()
      await app.close()
    })

    test('who does not take what is published is cut off, and nobody else', { timeout: 30_000 }, async () => {
      const app = new Hotpress({ logger: false, transport: name })
      const codes: number[] = []
      app.ws('/', {
        close: (_socket, code) => void codes.push(code),
        open: (socket) => socket.subscribe('all'),
        options: { maxBackpressure: '1mb' },
      })
      const { url } = await app.listen()
      const [slow, quick] = [await open(url), await open(url)]
      slow.pause()
      let taken = 0
      quick.on('message', () => taken++)
      let given = 0
      while (codes.length === 0) {
        app.publish('all', 'x'.repeat(65_536))
        given++
        while (taken < given) await new Promise((resolve) => setImmediate(resolve))
        assert.ok(given < 5000, 'it was never cut off')
      }
      assert.deepEqual(codes, [1006])
      slow.terminate()
      quick.close()
      await once(quick, 'close')
      await app.close()
    })

    test('an upgrade that comes to its end while the app closes is told so', { timeout: 30_000 }, async () => {
      const app = new Hotpress({ logger: false, transport: name })
      let proceed = (): void => {}
      const asked = new Promise<void>((resolve) => {
        app.ws('/', {
          upgrade: () => {
            resolve()
            return new Promise<undefined>((go) => {
              proceed = () => go(undefined)
            })
          },
        })
      })
      const { url } = await app.listen()
      const socket = new WebSocket(url.replace(/^http/, 'ws'))
      const closed = once(socket, 'close')
      await asked
      const closing = app.close()
      proceed()
      assert.equal((await closed)[0], 1001)
      await closing
    })
  })
}

test('auto takes a transport for them', async () => {
  const app = new Hotpress({ logger: false })
  app.ws('/', { message: (socket, message) => void socket.send(message) })
  const { transport, url } = await app.listen()
  const first = variants.find(({ skip }) => skip === false)
  assert.ok(first)
  assert.ok(['native', 'node', 'uws'].includes(transport))
  const socket = await open(url)
  socket.send('a')
  assert.equal(String((await once(socket, 'message'))[0]), 'a')
  socket.close()
  await app.close()
})

for (const { name, skip } of listeningTransports.filter((each) => each.name !== 'uws')) {
  test(`others may listen for upgrades of other paths: ${name}`, { skip, timeout: 30_000 }, async () => {
    const app = new Hotpress({ logger: false, transport: name })
    app.ws('/mine', { open: (socket) => void socket.send('mine') })
    const sockets = new WebSocketServer({ noServer: true })
    const server = app.nodeServer()
    server.on('upgrade', (request, socket, head) => {
      if (request.url === '/theirs') sockets.handleUpgrade(request, socket, head, (theirs) => theirs.send('theirs'))
    })
    const { url } = await app.listen()
    for (const who of ['mine', 'theirs']) {
      const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/${who}`)
      assert.equal(String((await once(socket, 'message'))[0]), who)
      socket.close()
      await once(socket, 'close')
    }
    await app.close()
  })
}
