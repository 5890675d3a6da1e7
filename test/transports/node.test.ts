import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { Server } from 'node:http'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Hotpress, stream, text } from '../../src/index.js'
import { settleListen } from '../../src/listen-options.js'
import { nodeTransport } from '../../src/transports/node.js'
import { raw, start } from '../_setup.js'
import { ChildServer, Client, hostOf, readSlowly, until } from './_server.js'

const { where: loopback } = settleListen({}, new Hotpress({ logger: false }).log)
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`

async function* twoChunks(): AsyncGenerator<string> {
  yield 'hel'
  await sleep(1)
  yield 'lo'
}

function build(app: Hotpress): void {
  app.get('/', () => 'root')
  app.get('/async', () => sleep(20, 'async'))
  app.get('/closing', () => text('hello').close())
  app.get('/slow', () => sleep(150, 'slow'))
  app.get('/stream', () => stream(twoChunks()))
  app.post('/', async (req) => String((await req.bytes()).byteLength))
}

describe('node: close()', () => {
  test('answers the requests under way, says that it closes, and frees the port', async () => {
    const { address, app } = await start('node', build)
    const [busy, idle] = [new Client(address.port), new Client(address.port)]
    idle.send(get('/'))
    await idle.answers(1)
    busy.send(get('/slow'))
    await sleep(30)
    const closing = app.close()
    assert.deepEqual(await raw(address.port, get('/'), 100), { closed: true, text: '' })
    await closing
    await Promise.all([busy.closed, idle.closed])
    assert.match(busy.received, /\r\nConnection: close\r\n[\s\S]*\r\n\r\nslow$/)
    const again = new Hotpress({ logger: false, transport: 'node' })
    await again.listen({ port: address.port })
    await again.close()
  })

  test('what is not answered in time is cut', async () => {
    const listening = await nodeTransport.listen(
      hostOf(() => new Promise(() => {})),
      loopback,
    )
    const client = new Client(listening.port)
    client.send(get('/'))
    await sleep(30)
    const begin = performance.now()
    await listening.close({ drain: 100, idleGrace: 0 })
    const time = performance.now() - begin
    await client.closed
    assert.deepEqual(client.statuses, [])
    assert.ok(time > 90 && time < 1500, `${time} ms`)
  })

  test('without a request under way it takes no time', async () => {
    const { address, app } = await start('node', build)
    const client = new Client(address.port)
    client.send(get('/') + get('/stream'))
    await until(() => client.received.endsWith('\r\n0\r\n\r\n'), 'the end of the stream')
    const begin = performance.now()
    await app.close()
    assert.ok(performance.now() - begin < 1000)
    await client.closed
  })
})

describe('node: what its parser refuses', () => {
  const problem = /\r\nContent-Type: application\/problem\+json\r\nX-Content-Type-Options: nosniff\r\n/

  test('400 for what is malformed', async () => {
    const { address } = await start('node', build)
    for (const request of ['garbage\r\n\r\n', 'GET / HTTP/1.1\r\nHost: h\r\nX A: 1\r\n\r\n']) {
      const { closed, text } = await raw(address.port, request)
      assert.match(text, /^HTTP\/1\.1 400 Bad Request\r\nConnection: close\r\n/)
      assert.match(text, problem)
      assert.ok(closed)
    }
  })

  test('408 for what takes too long', async () => {
    const { address } = await start('node', build)
    // Node looks for these every 30 s only: it is told here that one was found.
    let server: Server | undefined
    const found = (message: unknown): void => {
      server = (message as { server: Server }).server
    }
    subscribe('http.server.request.start', found)
    await fetch(address.url)
    unsubscribe('http.server.request.start', found)
    const answered = raw(address.port, 'GET / HTTP/1.1\r\nHos', 500)
    server!.once('connection', (socket) => {
      setTimeout(() => {
        server!.emit('clientError', Object.assign(new Error(), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket)
      }, 50)
    })
    const { closed, text } = await answered
    assert.match(text, /^HTTP\/1\.1 408 Request Timeout\r\nConnection: close\r\n/)
    assert.match(text, problem)
    assert.ok(closed)
  })

  test('431 for a head of more than 8 KB, or as headerLimit says', async () => {
    const [usual, small] = [await start('node', build), await start('node', build, { headerLimit: '1kb' })]
    const request = (size: number): string => `GET / HTTP/1.1\r\nHost: h\r\nX-A: ${'a'.repeat(size)}\r\n\r\n`
    assert.match((await raw(usual.address.port, request(8000))).text, /^HTTP\/1\.1 200 /)
    for (const [port, size] of [
      [usual.address.port, 8300],
      [small.address.port, 1100],
    ] as const) {
      const { closed, text } = await raw(port, request(size))
      assert.match(text, /^HTTP\/1\.1 431 /)
      assert.match(text, problem)
      assert.ok(closed)
    }
  })

  test('431 for more than 98 header fields: beyond 2,000 node would leave them out unsaid', async () => {
    const { address } = await start('node', build)
    const request = (count: number): string => `GET / HTTP/1.1\r\nHost: h\r\n${'a: b\r\n'.repeat(count - 1)}\r\n`
    assert.match((await raw(address.port, request(98))).text, /^HTTP\/1\.1 200 /)
    assert.match((await raw(address.port, request(99))).text, /^HTTP\/1\.1 431 /)
    const hidden = `GET / HTTP/1.1\r\nHost: a\r\n${'a:\r\n'.repeat(2100)}Host: b\r\n\r\n`
    assert.match((await raw(address.port, hidden)).text, /^HTTP\/1\.1 431 /)
  })

  test('garbage does not break into an answer that is being sent', async () => {
    const { address } = await start('node', (app) => {
      app.get('/', () => stream(slowly()))
    })
    const { closed, text } = await raw(address.port, [get('/'), 'garbage\r\n\r\n'], 300)
    assert.ok(closed)
    assert.doesNotMatch(text, /HTTP\/1\.1 400/)

    async function* slowly(): AsyncGenerator<string> {
      yield 'one'
      await sleep(100)
      yield 'two'
    }
  })
})

describe('node: the last request of a connection', () => {
  test('what follows is not served, and adds no answer', async () => {
    let calls = 0
    const { address } = await start('node', (app) => {
      build(app)
      app.get('/counted', () => String(++calls))
    })
    for (const [first, status] of [
      [get('/closing'), '200'],
      [get('/').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'), '200'],
      [get('/').replace('\r\n\r\n', '\r\nConnection: x, close\r\n\r\n'), '200'],
      [get('/async').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'), '200'],
      [get('/').replace('Host: h', 'Host: a\r\nHost: b'), '400'],
      [get('/a#b'), '400'],
      ['GET / HTTP/1.0\r\n\r\n', '200'],
    ] as const) {
      for (const next of [get('/counted'), 'garbage\r\n\r\n', get('/counted').repeat(20)]) {
        const { closed, text } = await raw(address.port, first + next)
        const statuses = [...text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map((match) => match[1])
        assert.deepEqual(statuses, [status], `${first}${next}`)
        assert.ok(closed, first)
        assert.equal(calls, 0, first)
      }
    }
  })
})

describe('node: what uws cannot', () => {
  test('HTTP/1.0, with and without keep-alive', async () => {
    const { address } = await start('node', build)
    const once = await raw(address.port, 'GET / HTTP/1.0\r\n\r\n')
    assert.match(once.text, /^HTTP\/1\.1 200 [\s\S]*\r\n\r\nroot$/)
    assert.ok(once.closed)
    const kept = await raw(address.port, 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    assert.match(kept.text, /^HTTP\/1\.1 200 [\s\S]*\r\n\r\nroot$/)
    assert.ok(!kept.closed)
    const streamed = await raw(address.port, 'GET /stream HTTP/1.0\r\n\r\n')
    assert.match(streamed.text, /\r\n\r\nhello$/)
    assert.ok(streamed.closed)
  })

  test('requests that were pipelined are answered in order, however long each takes', async () => {
    const { address } = await start('node', build)
    const client = new Client(address.port)
    client.send(get('/async') + get('/') + get('/stream') + get('/'))
    await client.answers(4)
    await until(() => client.received.endsWith('root'), 'the last body')
    assert.match(client.received, /async[\s\S]*root[\s\S]*hel[\s\S]*lo[\s\S]*root$/)
    client.close()
  })

  test('an absolute target, the asterisk, chunk extensions and trailers', async () => {
    const { address } = await start('node', build)
    const chunks = '5;a=b\r\nhello\r\n0\r\nX-Trailer: 1\r\n\r\n'
    for (const [request, status] of [
      ['GET http://h/ HTTP/1.1\r\nHost: h\r\n\r\n', '200'],
      ['GET http://h/ HTTP/1.1\r\nHost: other\r\n\r\n', '400'],
      ['OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n', '204'],
      [`POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`, '200'],
    ] as const) {
      const { text } = await raw(address.port, request)
      assert.equal(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1], status, request)
    }
  })

  test('an idle time of its own', async () => {
    const { address } = await start('node', build, { idleTimeout: '100ms' })
    const client = new Client(address.port)
    client.send(get('/'))
    await client.answers(1)
    const begin = performance.now()
    await client.closed
    assert.ok(performance.now() - begin < 3000)
  })
})

describe('node: a slow reader', () => {
  test('of 100 MB costs the server next to nothing', async (context) => {
    const server = await ChildServer.start('node')
    after(() => server.kill())
    const { rss } = await server.report()
    const { bytes, resident } = await readSlowly(server, '/long')
    context.diagnostic(`${Math.round((resident - rss) / 1024 ** 2)} MB more`)
    assert.ok(bytes > 100 * 1024 ** 2, `${bytes} bytes came`)
    assert.ok(resident - rss < 40 * 1024 ** 2, `${resident} bytes resident, ${rss} before`)
    assert.ok((await server.close()) < 2000)
  })
})
