import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { type Address, bytes, empty, Hotpress, stream, text } from '../../src/index.js'
import { settleListen } from '../../src/listen-options.js'
import { uwsTransport } from '../../src/transports/uws.js'
import { raw, start, variantNamed } from '../_setup.js'
import { ChildServer, Client, hostOf, open, readSlowly, until } from './_server.js'

const skip = variantNamed('uws').skip
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
  app.get('/empty-closing', () => empty().close())
  app.get('/large', () => bytes(new Uint8Array(300_000)))
  app.get('/microtask', async () => 'microtask')
  app.get('/not-modified', () => empty(304))
  app.get('/slow', () => sleep(150, 'slow'))
  app.get('/stream', () => stream(twoChunks()))
  app.get('/stream-closing', () => stream(twoChunks()).close())
  app.get('/stream-counted', () => stream(twoChunks()).header('content-length', '5'))
  app.post('/', async (req) => String((await req.bytes()).byteLength))
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

async function startAt(port: number): Promise<{ readonly address: Address; readonly app: Hotpress }> {
  const app = new Hotpress({ logger: false, transport: 'uws' })
  build(app)
  return { address: await app.listen({ port }), app }
}

describe('uws: reusePort', { skip: process.platform === 'linux' ? skip : 'other systems deal differently' }, () => {
  test('a port is shared by those who have all asked to share it', async () => {
    const listen = async (port: number, reusePort: boolean): Promise<Address> => {
      const app = new Hotpress({ logger: false, transport: 'uws' })
      after(() => app.close())
      return app.listen({ port, reusePort })
    }
    for (const asked of [0, await freePort()]) {
      const { port } = await listen(asked, true)
      assert.equal((await listen(port, true)).port, port)
      await assert.rejects(listen(port, false), { code: 'ADDRESS_IN_USE' })
    }
    const { port } = await listen(0, false)
    await assert.rejects(listen(port, true), { code: 'ADDRESS_IN_USE' })
  })
})

describe('uws: close()', { skip }, () => {
  test('answers the requests under way, says that it closes, and frees the port', async () => {
    // The library lets a port be taken again (SO_REUSEADDR) only where it was asked for by its number.
    const { address, app } = await startAt(await freePort())
    const [busy, idle] = [new Client(address.port), new Client(address.port)]
    idle.send(get('/'))
    await idle.answers(1)
    busy.send(get('/slow'))
    await sleep(30)
    const closing = app.close()
    const late = await raw(address.port, get('/'), 100)
    assert.deepEqual(late, { closed: true, text: '' })
    await closing
    await Promise.all([busy.closed, idle.closed])
    assert.match(busy.received, /\r\nConnection: close\r\n[\s\S]*\r\n\r\nslow$/)
    const again = await startAt(address.port)
    await again.app.close()
  })

  test('an answer on a connection that was idle when it began says that it closes', async () => {
    const { address, app } = await start('uws', build)
    const [busy, idle] = [new Client(address.port), new Client(address.port)]
    idle.send(get('/'))
    await idle.answers(1)
    busy.send(get('/slow'))
    await sleep(30)
    const closing = app.close()
    idle.send(get('/') + get('/'))
    await idle.closed
    assert.ok(idle.statuses.length <= 2, idle.received)
    await closing
  })

  test('what is not answered in time is cut', async () => {
    await uwsTransport.load()
    const listening = await uwsTransport.listen(
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
    const { address, app } = await start('uws', build)
    const client = new Client(address.port)
    client.send(get('/') + get('/stream'))
    await until(() => client.received.endsWith('\r\n0\r\n\r\n'), 'the end of the stream')
    const begin = performance.now()
    await app.close()
    assert.ok(performance.now() - begin < 1000)
    await client.closed
  })
})

describe('uws: limits', { skip }, () => {
  test('431 for a head of more than 8 KB, its target included', async () => {
    const { address } = await start('uws', build)
    for (const [target, value] of [
      ['/', 8300],
      ['/?', 8300],
      [`/${'a'.repeat(8300)}`, 1],
      [`/?${'a'.repeat(5000)}`, 3300],
    ] as const) {
      const request = `GET ${target} HTTP/1.1\r\nHost: h\r\nX-A: ${'a'.repeat(value)}\r\n\r\n`
      const { closed, text } = await raw(address.port, request)
      assert.match(text, /^HTTP\/1\.1 431 /, `${target.length} ${value}`)
      assert.ok(closed)
    }
    const { text } = await raw(address.port, `GET / HTTP/1.1\r\nHost: h\r\nX-A: ${'a'.repeat(8000)}\r\n\r\n`)
    assert.match(text, /^HTTP\/1\.1 200 /)
  })

  test('headerLimit moves it, within what the library was loaded with', async () => {
    const small = await start('uws', build, { headerLimit: '1kb' })
    const large = await start('uws', build, { headerLimit: '32kb' })
    const request = (size: number): string => `GET / HTTP/1.1\r\nHost: h\r\nX-A: ${'a'.repeat(size)}\r\n\r\n`
    assert.match((await raw(small.address.port, request(1100))).text, /^HTTP\/1\.1 431 /)
    assert.match((await raw(large.address.port, request(30_000))).text, /^HTTP\/1\.1 200 /)
    assert.match((await raw(large.address.port, request(33_000))).text, /^HTTP\/1\.1 431 /)
    assert.match((await raw(large.address.port, request(70_000))).text, /^HTTP\/1\.1 431 /)
  })

  test('98 header fields, and no more', async () => {
    const { address } = await start('uws', build)
    const request = (count: number): string => `GET / HTTP/1.1\r\nHost: h\r\n${'a: b\r\n'.repeat(count - 1)}\r\n`
    assert.match((await raw(address.port, request(98))).text, /^HTTP\/1\.1 200 /)
    assert.match((await raw(address.port, request(99))).text, /^HTTP\/1\.1 431 /)
  })
})

describe('uws: pipelining', { skip }, () => {
  test('answers that are there at once, or by a promise that is settled, come in order', async () => {
    const { address } = await start('uws', build)
    const client = new Client(address.port)
    client.send(get('/') + get('/microtask') + get('/'))
    await client.answers(3)
    assert.match(client.received, /root[\s\S]*microtask[\s\S]*root$/)
    client.close()
  })

  test('a request that comes while an answer is outstanding ends the connection', async () => {
    const { address } = await start('uws', build)
    for (const parts of [get('/async') + get('/'), [get('/async'), get('/')]]) {
      assert.deepEqual(await raw(address.port, parts), { closed: true, text: '' })
    }
    const client = new Client(address.port)
    client.send(get('/async'))
    await client.answers(1)
    client.send(get('/'))
    await client.answers(2)
    client.close()
  })

  test('a stream that is the last answer is whole, and closes soon', async () => {
    const { address } = await start('uws', build)
    const { closed, text } = await raw(address.port, get('/stream-closing'), 1500)
    assert.match(text, /\r\nConnection: close\r\n[\s\S]*\r\n3\r\nhel\r\n2\r\nlo\r\n0(?:;[^\r\n]*)?\r\n\r\n$/)
    assert.ok(closed)
    assert.equal(await (await fetch(`${address.url}/stream-closing`)).text(), 'hello')
  })

  test('a request after the last one of a connection is not served', async () => {
    let calls = 0
    const { address } = await start('uws', (app) => {
      build(app)
      app.get('/counted', () => String(++calls))
    })
    for (const first of [
      get('/closing'),
      get('/empty-closing'),
      get('/').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'),
      get('/').replace('\r\n\r\n', '\r\nConnection: x, close\r\n\r\n'),
      get('/stream').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'),
      get('/stream').replace('\r\n\r\n', '\r\nConnection: x, close\r\n\r\n'),
      get('/stream-closing'),
      get('/').replace('GET', 'HEAD').replace('\r\n\r\n', '\r\nConnection: x, close\r\n\r\n'),
      'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ]) {
      const answers = await Promise.all([
        raw(address.port, first + get('/counted')),
        raw(address.port, [first, get('/counted')]),
        raw(address.port, [first, '', '', '', '', '', '', get('/counted')]),
        raw(address.port, [first.slice(0, -2), first.slice(-2) + get('/counted')]),
      ])
      assert.ok(
        answers.every(({ closed }) => closed),
        first,
      )
      assert.equal(calls, 0, first)
    }
  })
})

describe('uws: the last answer under back-pressure', { skip }, () => {
  for (const [path, field] of [
    ['/huge', 'Connection: close'],
    ['/huge', 'Connection: x, close'],
    ['/huge-closing', 'Accept: */*'],
    ['/huge-stream', 'Connection: close'],
    ['/huge-stream', 'Connection: x, close'],
  ] as const) {
    test(`is whole, and no request is served after it: ${path}, ${field}`, async () => {
      let calls = 0
      const { address } = await start('uws', (app) => {
        app.get('/counted', () => String(++calls))
        app.get('/huge', () => bytes(new Uint8Array(20_000_000)))
        app.get('/huge-closing', () => bytes(new Uint8Array(20_000_000)).close())
        app.get('/huge-stream', () => stream(chunksOf(20)))
      })
      const read = async (next: string): Promise<number> => {
        const socket = open(address.port)
        socket.pause()
        let count = 0
        socket.on('data', (chunk) => {
          count += chunk.byteLength
        })
        socket.write(get(path).replace('\r\n\r\n', `\r\n${field}\r\n\r\n`))
        await sleep(100)
        socket.write(next)
        await sleep(100)
        socket.resume()
        let isClosed = false
        socket.once('close', () => {
          isClosed = true
        })
        await until(() => isClosed || count > 20_000_000, 'the whole answer', 30_000)
        // A connection that the library could not be told to close is only no longer read; the client has been told.
        if (!isClosed) await Promise.race([once(socket, 'close'), sleep(500)])
        socket.destroy()
        return count
      }
      assert.ok((await read('')) > 20_000_000)
      await read(get('/counted'))
      assert.equal(calls, 0)
    })
  }

  async function* chunksOf(count: number): AsyncGenerator<Uint8Array> {
    for (let index = 0; index < count; index++) yield new Uint8Array(1_000_000)
  }
})

describe('uws: answers without content', { skip }, () => {
  test('HEAD has the length of GET, and its connection goes on', async () => {
    const { address } = await start('uws', build)
    for (const [path, length] of [
      ['/', '4'],
      ['/large', '300000'],
      ['/microtask', '9'],
      ['/stream', undefined],
      ['/stream-counted', '5'],
    ] as const) {
      const client = new Client(address.port)
      client.send(get(path).replace('GET', 'HEAD'))
      await client.answers(1)
      await sleep(20)
      const head = client.received
      assert.ok(head.endsWith('\r\n\r\n') && head.indexOf('\r\n\r\n') === head.length - 4, head)
      assert.equal(/\r\nContent-Length: (\d+)/.exec(head)?.[1], length, head)
      client.send(get('/') + get('/'))
      await client.answers(3)
      client.close()
    }
  })

  test('the last answer of a connection has its length too, is whole, and closes', async () => {
    const { address } = await start('uws', build)
    const chunked = 'HEAD / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'
    for (const [request, length] of [
      [get('/closing').replace('GET', 'HEAD'), '5'],
      [get('/empty-closing'), undefined],
      [get('/').replace('GET', 'HEAD').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'), '4'],
      [chunked, '4'],
    ] as const) {
      const { closed, text } = await raw(address.port, request)
      assert.ok(closed, text)
      assert.match(text, /^HTTP\/1\.1 20[04] [\s\S]*\r\nConnection: close\r\n[\s\S]*\r\nDate: [\s\S]*\r\n\r\n$/)
      assert.equal(text.indexOf('\r\n\r\n'), text.length - 4, text)
      assert.equal(/\r\nContent-Length: (\d+)/.exec(text)?.[1], length, text)
    }
  })

  test('304 and 204 have neither content nor length', async () => {
    const { address } = await start('uws', build)
    const client = new Client(address.port)
    client.send(get('/not-modified') + get('/'))
    await client.answers(2)
    assert.deepEqual(client.statuses, [304, 200])
    assert.doesNotMatch(client.received.split('HTTP/1.1 200')[0]!, /Content-Length|Transfer-Encoding/)
    client.close()
  })
})

describe('uws: a slow reader', { skip }, () => {
  for (const path of ['/long', '/long-counted']) {
    test(`of 100 MB costs the server next to nothing: ${path}`, async (context) => {
      const server = await ChildServer.start('uws')
      after(() => server.kill())
      const { rss } = await server.report()
      const { bytes, resident } = await readSlowly(server, path)
      context.diagnostic(`${Math.round((resident - rss) / 1024 ** 2)} MB more`)
      assert.ok(bytes > 100 * 1024 ** 2, `${bytes} bytes came`)
      assert.ok(resident - rss < 40 * 1024 ** 2, `${resident} bytes resident, ${rss} before`)
      assert.ok((await server.close()) < 2000)
    })
  }

  test('gets what a stream gave in one burst, though no more follows', async () => {
    const server = await ChildServer.start('uws')
    after(() => server.kill())
    const socket = open(server.port)
    let bytes = 0
    socket.write(get('/burst'))
    socket.pause()
    await sleep(100)
    socket.on('data', (chunk) => {
      bytes += chunk.byteLength
    })
    socket.resume()
    await until(() => bytes > 12 * 1024 ** 2, '12 MB')
    socket.destroy()
    assert.ok((await server.close()) < 2000)
  })
})

describe('uws: worker threads', { skip }, () => {
  test('two workers and the main thread each serve, and close, an app of their own', async () => {
    const main = await start('uws', build)
    const index = new URL('../../src/index.js', import.meta.url).href
    const code = `
      const { parentPort, threadId } = require('node:worker_threads')
      import(${JSON.stringify(index)}).then(async ({ Hotpress }) => {
        const app = new Hotpress({ logger: false, transport: 'uws' })
        app.get('/', async () => 'worker ' + threadId)
        parentPort.postMessage((await app.listen()).port)
        parentPort.once('message', () => app.close().then(() => parentPort.close()))
      })`
    const workers = [new Worker(code, { eval: true }), new Worker(code, { eval: true })]
    const ports = await Promise.all(workers.map(async (worker) => (await once(worker, 'message'))[0] as number))
    const answersOf = (port: number): Promise<string[]> =>
      Promise.all(Array.from({ length: 20 }, async () => (await fetch(`http://127.0.0.1:${port}/`)).text()))
    const answers = await Promise.all([...ports, main.address.port].map(answersOf))
    assert.deepEqual(
      answers.map((each) => [...new Set(each)]),
      [...workers.map(({ threadId }) => [`worker ${threadId}`]), ['root']],
    )
    const ends = Promise.all(workers.map((worker) => once(worker, 'exit')))
    for (const worker of workers) worker.postMessage('close')
    assert.deepEqual(await ends, [[0], [0]])
    assert.deepEqual(await answersOf(main.address.port), Array(20).fill('root'))
  })
})
