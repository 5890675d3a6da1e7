import assert from 'node:assert/strict'
import { AsyncLocalStorage } from 'node:async_hooks'
import { connect } from 'node:net'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { bytes, empty, Hotpress, type HttpRequest, type HttpResponse, stream, text } from '../../src/index.js'
import { nativeTransport } from '../../src/transports/native.js'
import { raw, start } from '../_setup.js'
import { ChildServer, Client, open, readSlowly, until } from './_server.js'

const skip = (await nativeTransport.load()) ?? false
const get = (path: string, ...fields: readonly string[]): string =>
  `${[`GET ${path} HTTP/1.1`, 'Host: h', ...fields].join('\r\n')}\r\n\r\n`
const post = (fields: string, body = ''): string => `POST / HTTP/1.1\r\nHost: h\r\n${fields}\r\n\r\n${body}`
const large = new Uint8Array(30 * 1024 ** 2)
const storage = new AsyncLocalStorage<string>()
// Requests that wait for `/release`.
let waiting: ((response: HttpResponse) => void)[] = []

async function* twoChunks(): AsyncGenerator<string> {
  yield 'hel'
  await sleep(1)
  yield 'lo'
}

function build(app: Hotpress): void {
  app.get('/', () => 'root')
  app.get('/async', () => sleep(30, 'async'))
  app.get('/closing', () => text('hello').close())
  app.get('/large', () => bytes(large))
  app.get('/large-late', () => sleep(5, bytes(large)))
  app.get('/no-content', () => empty())
  app.get('/not-modified', () => empty().status(304))
  app.get('/release', () => {
    for (const resolve of waiting) resolve(text('released').status(202))
    waiting = []
    return 'releasing'
  })
  app.get('/release-later', async () => {
    await null
    for (const resolve of waiting) resolve(text('released').status(202))
    waiting = []
    return 'releasing'
  })
  app.get('/reset-content', () => empty().status(205))
  app.get('/slow', () => sleep(100, 'slow'))
  app.get('/stream', () => stream(twoChunks()))
  app.get('/throw', () => {
    throw new Error('as asked')
  })
  app.get('/wait', () => new Promise<HttpResponse>((resolve) => waiting.push(resolve)))
  app.get('/who/:name', (req) => sleep(Number(req.query.get('ms') ?? 0), req.params.name))
  app.post('/', async (req) => String((await req.bytes()).byteLength))
  app.post('/ignore', () => 'ignored')
}

function bodies(received: string): string[] {
  return received
    .split(/(?=HTTP\/1\.1 \d{3} )/)
    .filter((answer) => answer !== '')
    .map((answer) => answer.slice(answer.indexOf('\r\n\r\n') + 4))
}

describe('native: limits', { skip }, () => {
  const long = (size: number): string => 'a'.repeat(size)
  const refused = async (
    port: number,
    request: string | readonly string[],
    status: number,
    quiet = 300,
  ): Promise<string> => {
    const { closed, text: answer } = await raw(port, request, quiet)
    assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `))
    assert.match(answer, /\r\nConnection: close\r\nContent-Type: application\/problem\+json\r\n/)
    assert.ok(closed, 'the connection is closed')
    return answer
  }

  test('414 for a request line of more than 8 KB, or as requestLineLimit says', async () => {
    const [usual, small] = [await start('native', build), await start('native', build, { requestLineLimit: 100 })]
    assert.match((await raw(usual.address.port, get(`/?${long(8100)}`))).text, /^HTTP\/1\.1 200 /)
    await refused(usual.address.port, get(`/?${long(8200)}`), 414)
    await refused(small.address.port, get(`/?${long(100)}`), 414)
    // Before its end has come, too.
    await refused(usual.address.port, `GET /${long(9000)}`, 414)
  })

  test('431 for headers of more than 8 KB, or as headerLimit says', async () => {
    const [usual, small] = [await start('native', build), await start('native', build, { headerLimit: '1kb' })]
    assert.match((await raw(usual.address.port, get('/', `X: ${long(8100)}`))).text, /^HTTP\/1\.1 200 /)
    await refused(usual.address.port, get('/', `X: ${long(8200)}`), 431)
    await refused(small.address.port, get('/', `X: ${long(1100)}`), 431)
    await refused(usual.address.port, `${get('/').slice(0, -2)}X: ${long(9000)}`, 431)
  })

  test('431 for 101 headers', async () => {
    const { address } = await start('native', build)
    const fields = (count: number): string[] => Array.from({ length: count }, (_, index) => `X-${index}: 1`)
    assert.match((await raw(address.port, get('/', ...fields(99)))).text, /^HTTP\/1\.1 200 /)
    await refused(address.port, get('/', ...fields(100)), 431)
  })

  test('413 for a chunk of more than 1 MB, or as chunkLimit says', async () => {
    const [usual, small] = [await start('native', build), await start('native', build, { chunkLimit: 16 })]
    const chunks = (size: number): string =>
      post('Transfer-Encoding: chunked', `${size.toString(16)}\r\n${long(size)}\r\n0\r\n\r\n`)
    assert.match((await raw(usual.address.port, chunks(1024 ** 2))).text, /\r\n\r\n1048576$/)
    await refused(usual.address.port, chunks(1024 ** 2 + 1), 413)
    await refused(small.address.port, chunks(17), 413)
    assert.match((await raw(small.address.port, chunks(17))).text, /larger than the limit of 16 bytes/)
  })

  test('408 for a head, and for a body, that does not come', async () => {
    const { address } = await start('native', build, { readTimeout: 300 })
    await Promise.all([
      refused(address.port, 'GET / HTTP/1.1\r\nHos', 408, 2000),
      refused(address.port, post('Content-Length: 5', 'hel'), 408, 2000),
      refused(address.port, post('Transfer-Encoding: chunked', '5\r\nhel'), 408, 2000),
    ])
  })

  test('408 for a head that comes a byte at a time', async () => {
    const { address } = await start('native', build, { readTimeout: 500 })
    const client = new Client(address.port)
    const dripping = setInterval(() => client.send('a'), 50)
    client.send('GET /')
    await client.closed
    clearInterval(dripping)
    assert.deepEqual(client.statuses, [408])
  })

  test('the time for a body begins with its head, not with the connection', async () => {
    const { address } = await start('native', build, { idleTimeout: '10s', readTimeout: 1200 })
    const client = new Client(address.port)
    client.send(get('/'))
    await client.answers(1)
    await sleep(1500)
    client.send(post('Content-Length: 5', 'he'))
    await sleep(700)
    client.send('llo')
    await client.answers(2)
    assert.deepEqual(client.statuses, [200, 200])
    client.close()
  })

  test('a connection that sends nothing is closed without an answer', async () => {
    const { address } = await start('native', build, { readTimeout: 300 })
    assert.deepEqual(await raw(address.port, '', 2000), { closed: true, text: '' })
  })

  test('an idle connection is closed without an answer', async () => {
    const { address } = await start('native', build, { idleTimeout: 300 })
    const { closed, text: answer } = await raw(address.port, get('/'), 2000)
    assert.ok(closed)
    assert.deepEqual(bodies(answer), ['root'])
  })

  test('a request that takes longer than the idle time is answered', async () => {
    const { address } = await start('native', build, { idleTimeout: 50, readTimeout: 50 })
    assert.deepEqual(bodies((await raw(address.port, get('/who/slow?ms=1200'), 2000)).text), ['slow'])
  })

  test('a client that takes nothing of its answer is cut off, one that is only slow is not', async () => {
    const { address } = await start('native', build, { idleTimeout: 500, writeTimeout: 700 })
    const deaf = open(address.port).pause()
    deaf.write(get('/large'))
    const slow = open(address.port)
    let received = 0
    slow.on('data', (chunk) => {
      received += chunk.byteLength
      slow.pause()
    })
    // A whole answer waits in the system's buffers and libuv's queue: about 3 s at this pace.
    const taking = setInterval(() => slow.resume(), 4)
    slow.write(get('/large-late'))
    await until(() => received > large.byteLength, 'the whole answer', 20_000)
    clearInterval(taking)
    slow.destroy()
    let heard = 0
    deaf.on('data', (chunk) => {
      heard += chunk.byteLength
    })
    const gone = new Promise((resolve) => deaf.once('close', resolve))
    deaf.resume()
    await gone
    assert.ok(heard < large.byteLength)
  })
})

describe('native: connections', { skip }, () => {
  test('HTTP/1.0 is closed after the answer, or kept on request', async () => {
    const { address } = await start('native', build)
    const closing = await raw(address.port, 'GET / HTTP/1.0\r\n\r\nGET / HTTP/1.0\r\n\r\n')
    assert.ok(closing.closed)
    assert.match(closing.text, /^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\nConnection: close\r\n/)
    assert.deepEqual(bodies(closing.text), ['root'])
    const kept = await raw(address.port, 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'.repeat(2))
    assert.ok(!kept.closed)
    assert.match(kept.text, /\r\nConnection: keep-alive\r\n/)
    assert.deepEqual(bodies(kept.text), ['root', 'root'])
  })

  test('a stream to HTTP/1.0 ends with the connection', async () => {
    const { address } = await start('native', build)
    const { closed, text: answer } = await raw(address.port, 'GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n')
    assert.ok(closed)
    assert.doesNotMatch(answer, /Transfer-Encoding|Content-Length/)
    assert.match(answer, /\r\nConnection: close\r\n[\s\S]*\r\n\r\nhello$/)
  })

  test('each answer ends where the next begins', async () => {
    const { address } = await start('native', build)
    const head = (path: string): string => get(path).replace('GET', 'HEAD')
    const paths = ['/no-content', '/not-modified', '/reset-content', '/stream', '/']
    const { text: answer } = await raw(
      address.port,
      paths.map((path) => head(path) + get(path)).join('') + head('/nothing') + get('/throw'),
    )
    const answers = answer.split(/(?=HTTP\/1\.1 \d{3} )/)
    const framing = answers.map((each) => [
      Number(each.slice(9, 12)),
      /\r\nTransfer-Encoding: (\w+)/.exec(each)?.[1] ?? /\r\nContent-Length: (\d+)/.exec(each)?.[1],
      each.slice(each.indexOf('\r\n\r\n') + 4, 200 + each.indexOf('\r\n\r\n')).replace(/^\{[\s\S]*/, 'a problem'),
    ])
    const [length] = framing.at(-2)!.slice(1)
    assert.deepEqual(framing, [
      [204, undefined, ''],
      [204, undefined, ''],
      [304, undefined, ''],
      [304, undefined, ''],
      [205, '0', ''],
      [205, '0', ''],
      [200, 'chunked', ''],
      [200, 'chunked', '3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n'],
      [200, '4', ''],
      [200, '4', 'root'],
      [404, length, ''],
      [500, framing.at(-1)![1], 'a problem'],
    ])
  })

  test('pipelined requests are answered in their order', async () => {
    const { address } = await start('native', build)
    const names = Array.from({ length: 40 }, (_, index) => `n${index}`)
    const requests = names.map((name, index) => get(`/who/${name}?ms=${(index * 7) % 5}`)).join('')
    const half = requests.length / 2
    const { text: answer } = await raw(address.port, [requests.slice(0, half), requests.slice(half)], 500)
    assert.deepEqual(bodies(answer), names)
  })

  test('more pipelined requests than are kept at once are all answered', async () => {
    const { address } = await start('native', build)
    const client = new Client(address.port)
    client.send(get('/async') + get('/', `X: ${'a'.repeat(4000)}`).repeat(100))
    await client.answers(101)
    client.close()
  })

  test('requests under way on other connections are answered there, with their own status', async () => {
    const { address } = await start('native', build)
    for (const path of ['/release', '/release-later']) {
      for (const before of ['', get('/'), get('/') + get('/no-content')]) {
        const clients = [new Client(address.port), new Client(address.port)]
        // What waits behind an answer goes on with it.
        for (const client of clients) client.send(get('/wait') + get('/who/next'))
        await until(() => waiting.length === 2, 'both to wait')
        const other = new Client(address.port)
        other.send(before + get(path) + get('/'))
        const count = before.split('GET').length + 1
        await Promise.all([other.answers(count), ...clients.map((client) => client.answers(2))])
        assert.deepEqual(bodies(other.received).slice(-2), ['releasing', 'root'])
        assert.deepEqual(other.statuses.slice(-2), [200, 200])
        for (const client of clients) {
          assert.deepEqual(client.statuses, [202, 200])
          assert.deepEqual(bodies(client.received), ['released', 'next'])
        }
        for (const client of [other, ...clients]) client.close()
      }
    }
  })

  test('100 is sent when the body is asked for', async () => {
    const { address } = await start('native', build)
    const client = new Client(address.port)
    client.send(post('Expect: 100-continue\r\nContent-Length: 5'))
    await until(() => client.received === 'HTTP/1.1 100 Continue\r\n\r\n', 'the 100')
    client.send('hello')
    await client.answers(2)
    assert.match(client.received, /\r\n\r\n5$/)
    client.close()
  })

  test('where no 100 was sent, the connection ends with the answer', async () => {
    const { address } = await start('native', build)
    const request = post('Expect: 100-continue\r\nContent-Length: 30').replace('/', '/nothing')
    const { closed, text: answer } = await raw(address.port, [request, get('/')], 1500)
    assert.ok(closed)
    assert.match(answer, /^HTTP\/1\.1 404 Not Found\r\n[\s\S]*\r\nConnection: close\r\n/)
    assert.equal(bodies(answer).length, 1)
  })

  test('417 for another expectation', async () => {
    const { address } = await start('native', build)
    const { closed, text: answer } = await raw(address.port, get('/', 'Expect: magic'), 1500)
    assert.match(answer, /^HTTP\/1\.1 417 Expectation Failed\r\n/)
    assert.ok(closed)
  })

  test('a client that shuts its side has its answers, however late and however long', async () => {
    const { address } = await start('native', build)
    for (const [requests, expected] of [
      [get('/'), 4],
      [get('/async'), 5],
      [get('/async') + get('/') + get('/async'), 14],
      [get('/stream'), 20],
      [get('/large'), large.byteLength],
      [get('/large-late'), large.byteLength],
      [get('/large', 'Connection: close'), large.byteLength],
      [post('Content-Length: 5', 'hello'), 1],
      [get('/large') + get('/'), large.byteLength + 4],
    ] as const) {
      const socket = connect({ allowHalfOpen: true, host: '127.0.0.1', port: address.port })
      let received = Buffer.alloc(0)
      const parts: Buffer[] = []
      socket.on('data', (chunk) => parts.push(chunk))
      socket.pause()
      socket.end(requests)
      await sleep(60)
      socket.resume()
      await new Promise((resolve, reject) => socket.once('end', resolve).once('error', reject))
      received = Buffer.concat(parts)
      const answers = requests.split('HTTP/1.1').length - 1
      const heads = received.toString('latin1').match(/HTTP\/1\.1 200 [\s\S]*?\r\n\r\n/g) ?? []
      assert.equal(heads.length, answers, requests)
      assert.equal(received.byteLength - heads.join('').length, expected, requests)
    }
  })

  test('a body that is cut short is not answered', async () => {
    const { address } = await start('native', build)
    const socket = connect({ allowHalfOpen: true, host: '127.0.0.1', port: address.port })
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk
    })
    socket.on('error', () => {})
    socket.end(post('Content-Length: 10', 'hello'))
    await new Promise((resolve) => socket.once('close', resolve))
    assert.equal(received, '')
  })

  test('a body that is cut short behind another request does not keep its connection', {
    timeout: 10_000,
  }, async () => {
    const { address } = await start('native', build)
    const socket = connect({ allowHalfOpen: true, host: '127.0.0.1', port: address.port })
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk
    })
    socket.on('error', () => {})
    socket.end(get('/slow') + post('Content-Length: 10', 'hello'))
    await new Promise((resolve) => socket.once('close', resolve))
    assert.deepEqual(bodies(received), ['slow'])
  })

  test('an answer that closes the connection reaches a client that reads slowly, and one that still sends', async () => {
    const { address } = await start('native', build)
    for (const path of ['/large', '/large-late']) {
      const socket = open(address.port).pause()
      let received = 0
      socket.on('data', (chunk) => {
        received += chunk.byteLength
      })
      socket.pause()
      socket.write(get(path, 'Connection: close'))
      // Longer than a closed connection lingers.
      await sleep(1800)
      const ended = new Promise((resolve) => socket.once('end', resolve).once('close', resolve))
      socket.resume()
      await ended
      assert.ok(received > large.byteLength, `${received} bytes`)
    }
    const sending = new Client(address.port)
    sending.send(get('/closing'))
    for (let count = 0; count < 20; count++) sending.send('x'.repeat(10_000))
    await sending.closed
    assert.deepEqual(bodies(sending.received), ['hello'])
  })

  test('a body that goes wrong after its answer has no second one', async () => {
    const { address } = await start('native', build, { readTimeout: 300 })
    const request = post('Transfer-Encoding: chunked', '5\r\n').replace('/', '/ignore')
    for (const parts of [[request, 'helloXX'], [request]]) {
      const { closed, text: answer } = await raw(address.port, parts, 2500)
      assert.ok(closed)
      assert.deepEqual(bodies(answer), ['ignored'])
    }
  })

  test('a body of many small chunks takes little more memory than its bytes', async () => {
    const { address } = await start('native', build)
    const count = 300_000
    const before = process.memoryUsage().rss
    const client = new Client(address.port)
    client.send(post('Transfer-Encoding: chunked', `${'1\r\nx\r\n'.repeat(count)}0\r\n\r\n`))
    await client.answers(1, 10_000)
    assert.match(client.received, /\r\n\r\n300000$/)
    assert.ok(process.memoryUsage().rss - before < 100 * 1024 ** 2)
    client.close()
  })

  test('an empty line is passed over, and a bare LF is refused, wherever they are split', async () => {
    const { address } = await start('native', build)
    for (const parts of [[`\r\n\r\n${get('/')}`], ['\r', `\n${get('/')}`], ['\r\n', '\r', '\n', get('/')]]) {
      assert.deepEqual(bodies((await raw(address.port, parts)).text), ['root'])
    }
    for (const parts of [[`\n${get('/')}`], ['\r', `\n\n${get('/')}`], ['\r\n', '\n', get('/')]]) {
      assert.match((await raw(address.port, parts, 1500)).text, /^HTTP\/1\.1 400 /)
    }
  })
})

describe('native: targets', { skip }, () => {
  test('an absolute target is its path and query', async () => {
    const { address } = await start('native', (app) => {
      app.get('/', (req) => `root ${req.path} ${req.query.get('a')}`)
      app.get('/b', (req) => `b ${req.path} ${req.query.get('a')}`)
    })
    const of = async (target: string): Promise<string[]> => bodies((await raw(address.port, get(target))).text)
    assert.deepEqual(await of('http://h'), ['root / null'])
    assert.deepEqual(await of('http://h?a=1'), ['root / 1'])
    assert.deepEqual(await of('HTTP://H/?a=1'), ['root / 1'])
    assert.deepEqual(await of('http://h/b?a=1'), ['b /b 1'])
  })

  test('OPTIONS * names the methods', async () => {
    const { address } = await start('native', build)
    const { text: answer } = await raw(address.port, 'OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n')
    assert.match(answer, /^HTTP\/1\.1 204 [\s\S]*\r\nAllow: [A-Z, ]*POST/)
  })
})

describe('native: handlers', { skip }, () => {
  test('ticks and microtasks of a handler run before the next handler', async () => {
    const order: string[] = []
    const { address } = await start('native', (app) => {
      app.get('/:name', (req) => {
        const { name } = req.params
        order.push(name)
        process.nextTick(() => order.push(`${name} tick`))
        Promise.resolve().then(() => order.push(`${name} microtask`))
        return name
      })
    })
    await raw(address.port, get('/a') + get('/b'))
    assert.deepEqual(order, ['a', 'a tick', 'a microtask', 'b', 'b tick', 'b microtask'])
  })

  test('a store of one request is not seen by another', async () => {
    const seen: unknown[] = []
    const { address } = await start('native', (app) => {
      app.use((req, next) => storage.run(req.path, next))
      app.get('/:name', async () => {
        seen.push(storage.getStore())
        await sleep(1)
        seen.push(storage.getStore())
        return 'x'
      })
    })
    await raw(address.port, get('/a') + get('/b'))
    assert.deepEqual(seen, ['/a', '/a', '/b', '/b'])
  })

  test('what is read of a request after its answer, and was not before, is an error', async () => {
    const requests: HttpRequest[] = []
    const { address } = await start('native', (app) => {
      app.get('/kept', (req) => {
        requests.push(req)
        assert.equal(req.headers.host, 'h')
        return String(req.ip)
      })
      app.get('/unread', (req) => {
        requests.push(req)
        return 'x'
      })
    })
    // On a connection each: what one of its requests has asked of a connection, all of them know.
    for (const path of ['/kept', '/unread?a=1']) await raw(address.port, get(path))
    const [kept, unread] = requests as [HttpRequest, HttpRequest]
    assert.equal(kept.headers.host, 'h')
    assert.equal(kept.ip, '127.0.0.1')
    for (const read of [() => unread.headers.host, () => unread.query.get('a'), () => unread.ip]) {
      assert.throws(read, { code: 'REQUEST_OVER' })
    }
  })

  test('an exception is an answer, and the connection goes on', async () => {
    const { address } = await start('native', build)
    const { text: answer } = await raw(address.port, get('/throw') + get('/'))
    assert.match(answer, /^HTTP\/1\.1 500 /)
    assert.deepEqual(bodies(answer).slice(1), ['root'])
  })
})

describe('native: servers', { skip }, () => {
  test('many apps in one process', async () => {
    const apps = Array.from({ length: 20 }, (_, index) => {
      const app = new Hotpress({ logger: false, transport: 'native' })
      app.get('/', () => `app ${index}`)
      return app
    })
    after(() => Promise.all(apps.map((app) => app.close())))
    const addresses = await Promise.all(apps.map((app) => app.listen()))
    const texts = await Promise.all(addresses.map(async ({ url }) => (await fetch(url)).text()))
    assert.deepEqual(
      texts,
      apps.map((_, index) => `app ${index}`),
    )
    await Promise.all(apps.slice(0, 10).map((app) => app.close()))
    for (const [index, { url }] of addresses.entries()) {
      if (index < 10) await assert.rejects(fetch(url))
      else assert.equal(await (await fetch(url)).text(), `app ${index}`)
    }
  })

  test('close() answers what is under way, closes what is idle, and frees the port', async () => {
    const { address, app } = await start('native', build)
    const [busy, idle, begun] = [new Client(address.port), new Client(address.port), new Client(address.port)]
    idle.send(get('/'))
    begun.send('GET / HTTP/1.1\r\nHos')
    await idle.answers(1)
    busy.send(get('/slow'))
    await sleep(30)
    const closing = app.close()
    await idle.closed
    assert.deepEqual(await raw(address.port, get('/'), 100), { closed: true, text: '' })
    begun.close()
    await closing
    await busy.closed
    assert.match(busy.received, /\r\nConnection: close\r\n[\s\S]*\r\n\r\nslow$/)
    for (let round = 0; round < 3; round++) {
      const again = new Hotpress({ logger: false, transport: 'native' })
      again.get('/', () => 'again')
      await again.listen({ port: address.port })
      assert.deepEqual(bodies((await raw(address.port, get('/'))).text), ['again'])
      await again.close()
    }
  })

  test('a port that is taken is an error, and the app that has it goes on', async () => {
    const { address } = await start('native', build)
    const other = new Hotpress({ logger: false, transport: 'native' })
    await assert.rejects(other.listen({ port: address.port }), { code: 'ADDRESS_IN_USE' })
    assert.deepEqual(bodies((await raw(address.port, get('/'))).text), ['root'])
  })
})

describe('native: processes', { skip: skip || process.platform === 'win32' }, () => {
  test('out of descriptors, it neither spins nor dies, and goes on when there are some', async () => {
    // As many as Node needs at once to load the modules of the server, and some.
    const server = await ChildServer.start('native', 120)
    after(() => server.kill())
    const clients = Array.from({ length: 200 }, () => new Client(server.port))
    await sleep(300)
    for (const client of clients) client.send(get('/sync'))
    await sleep(300)
    const answered = clients.filter(({ statuses }) => statuses.length === 1).length
    assert.ok(answered > 10 && answered < 120, `${answered} answered`)
    const cpu = await server.cpu()
    await sleep(1000)
    const used = (await server.cpu()) - cpu
    assert.ok(used < 400, `${used} ms of processor time in a second`)
    for (const client of clients) client.close()
    await sleep(100)
    assert.equal(await (await fetch(`http://127.0.0.1:${server.port}/sync`)).text(), 'sync')
    assert.equal(server.end, undefined)
  })

  // AddressSanitizer keeps what was freed for a while.
  const isRoomy = process.env.HOTPRESS_TEST_ASAN === '1'
  test('a client that reads slowly has all of it, and does not fill the memory', { skip: isRoomy }, async () => {
    const server = await ChildServer.start('native')
    after(() => server.kill())
    const { rss } = await server.report()
    const mb = 1024 ** 2
    const streamed = await readSlowly(server, '/long')
    assert.ok(streamed.bytes >= 100 * mb, `${streamed.bytes} bytes`)
    assert.ok(streamed.resident - rss < 40 * mb, `${(streamed.resident - rss) / mb} MB for a stream`)
    const whole = await readSlowly(server, '/huge')
    assert.ok(whole.bytes >= 100 * mb, `${whole.bytes} bytes`)
    assert.ok(whole.resident - rss < 350 * mb, `${(whole.resident - rss) / mb} MB for a buffer`)
  })
})

test('what one request enters by AsyncLocalStorage.enterWith() is not there in the next', { skip }, async () => {
  const entered = new AsyncLocalStorage<string>()
  const { address } = await start('native', (app) =>
    app.get('/:name', ({ params }) => {
      const before = entered.getStore()
      entered.enterWith(params.name)
      return `${before} ${entered.getStore()}`
    }),
  )
  const { text: answers } = await raw(address.port, [get('/a'), get('/b'), get('/c', 'Connection: close')])
  assert.deepEqual(answers.match(/undefined \w/g), ['undefined a', 'undefined b', 'undefined c'])
})
