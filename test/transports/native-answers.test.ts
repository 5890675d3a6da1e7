import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { setImmediate as immediate, setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { bytes, empty, type Hotpress, type HttpRequest, type HttpResponse, text } from '../../src/index.js'
import { nativeTransport } from '../../src/transports/native.js'
import { raw, start } from '../_setup.js'
import { Client, open, until } from './_server.js'

const skip = (await nativeTransport.load()) ?? false
const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: h\r\n\r\n`

// When an answer is settled: in the callback, in the microtasks and ticks after it, or when Rust has gone on.
const moments: Readonly<Record<string, (answer: () => HttpResponse) => HttpResponse | Promise<HttpResponse>>> = {
  immediate: (answer) => immediate().then(answer),
  microtask: (answer) => Promise.resolve().then(answer),
  microtasks: async (answer) => {
    for (let turn = 0; turn < 20; turn++) await null
    return answer()
  },
  now: (answer) => answer(),
  tick: (answer) => new Promise((resolve) => process.nextTick(() => resolve(answer()))),
  timer: (answer) => sleep(2).then(answer),
}

// What an answer may have: the status line and what must stand in the rest of it.
const answers: Readonly<Record<string, { readonly has: readonly string[]; make(): HttpResponse; status: number }>> = {
  bytes: { has: ['Content-Length: 3', '\r\n\r\nabc'], make: () => bytes(Buffer.from('abc')), status: 200 },
  closing: { has: ['Connection: close', '\r\n\r\nbye'], make: () => text('bye').close(), status: 200 },
  empty: { has: ['\r\n\r\n'], make: () => empty(), status: 204 },
  'empty text': { has: ['Content-Length: 0\r\n\r\n'], make: () => text(''), status: 200 },
  'header in place of a default': {
    has: ['X-Content-Type-Options: other', '\r\n\r\nx'],
    make: () => text('x').header('X-Content-Type-Options', 'other'),
    status: 200,
  },
  'headers beyond the room': {
    has: [`x-a: ${'a'.repeat(1000)}\r\nx-b: ${'b'.repeat(100)}\r\n`, '\r\n\r\nx'],
    make: () => text('x').header('x-a', 'a'.repeat(1000)).header('x-b', 'b'.repeat(100)),
    status: 200,
  },
  'headers that fill the room': {
    has: [`x-a: ${'a'.repeat(1017)}\r\n`, '\r\n\r\nx'],
    make: () => text('x').header('x-a', 'a'.repeat(1017)),
    status: 200,
  },
  'Latin-1 in a header': {
    has: ['x-a: caf\xe9\xff\r\n', '\r\n\r\nx'],
    make: () => text('x').header('x-a', 'caf\xe9\xff'),
    status: 200,
  },
  'length of its own': {
    has: ['Content-Length: 2\r\n\r\nhi'],
    make: () => text('hi').header('content-length', '99'),
    status: 200,
  },
  status: {
    has: ['x-a: 1\r\n', 'Content-Length: 2\r\n\r\nno'],
    make: () => text('no').status(409).header('x-a', '1'),
    status: 409,
  },
  'text of three bytes a unit': {
    has: ['Content-Length: 3000\r\n\r\n', Buffer.from('\u20ac'.repeat(1000)).toString('latin1')],
    make: () => text('\u20ac'.repeat(1000)),
    status: 200,
  },
  'text of two pieces': {
    has: [`Content-Length: 4000\r\n\r\n${'ab'.repeat(2000)}`],
    make: () => text('ab'.repeat(1000) + 'ab'.repeat(1000)),
    status: 200,
  },
}

describe('native: whenever an answer is settled', { skip }, () => {
  for (const [name, { has, make, status }] of Object.entries(answers)) {
    test(`it is the same: ${name}`, async () => {
      const { address } = await start('native', (app) => {
        for (const [moment, settle] of Object.entries(moments)) app.get(`/${moment}`, () => settle(make))
      })
      const read = async (moment: string): Promise<string> => (await raw(address.port, get(`/${moment}`))).text
      const received = await Promise.all(
        Object.keys(moments).map(async (moment) => [moment, await read(moment)] as const),
      )
      const comparable = new Set<string>()
      for (const [moment, answer] of received) {
        assert.ok(answer.startsWith(`HTTP/1.1 ${status} `), `${moment}: ${answer}`)
        for (const part of has) assert.ok(answer.includes(part), `${moment} has no ${part}: ${answer}`)
        comparable.add(answer.replace(/(X-Request-ID|Date): .*/g, '$1'))
      }
      assert.equal(comparable.size, 1, [...comparable].join('\n'))
    })
  }

  test('pipelined ones come in order', async () => {
    const { address } = await start('native', (app) => {
      for (const [moment, settle] of Object.entries(moments)) {
        app.get(`/${moment}/:n`, (req) => settle(() => text(`${moment}${req.params.n};`).header('x-n', req.params.n)))
      }
    })
    const paths = Array.from({ length: 30 }, (_, index) => [Object.keys(moments)[index % 6], index])
    const client = new Client(address.port)
    client.send(paths.map(([moment, index]) => get(`/${moment}/${index}`)).join(''))
    await client.answers(30)
    assert.deepEqual(
      [...client.received.matchAll(/x-n: (\d+)/g)].map(([, n]) => Number(n)),
      paths.map(([, index]) => index),
    )
    assert.deepEqual(
      [...client.received.matchAll(/\r\n\r\n(\w+;)/g)].map(([, body]) => body),
      paths.map(([moment, index]) => `${moment}${index};`),
    )
    client.close()
  })
})

// In a process of its own: the test runner has a listener for uncaught exceptions too.
const script = `
import { Hotpress } from ${JSON.stringify(new URL('../../src/index.js', import.meta.url).href)}
let caught = 0
process.on('uncaughtException', () => { caught++ })
const fail = () => process.nextTick(() => { throw new Error('in a tick') })
const app = new Hotpress({ logger: false, transport: 'native' })
app.get('/sync', () => { fail(); return 'sync' })
app.get('/bytes', () => { fail(); return new Uint8Array([120]) })
app.get('/late', async () => { await new Promise((resolve) => process.nextTick(resolve)); fail(); return 'late' })
const { url } = await app.listen()
const texts = []
for (const path of ['sync', 'bytes', 'late', 'sync']) {
  texts.push(await (await fetch(new URL(path, url), { signal: AbortSignal.timeout(10_000) })).text())
}
console.log(JSON.stringify({ caught, texts }))
await app.close()
`

test('native: an exception in a tick, where the process goes on, takes no answer away', { skip }, async () => {
  const run = promisify(execFile)
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { timeout: 30_000 })
  assert.deepEqual(JSON.parse(stdout), { caught: 4, texts: ['sync', 'x', 'late', 'sync'] })
})

/** An app whose `/hold` keeps requests until `/release`, which has each answered before its own answer. */
function holding(app: Hotpress): void {
  let held: (() => void)[] = []
  app.get('/hold', () => new Promise<string>((resolve) => held.push(() => resolve('held'))))
  app.get('/quick', () => 'quick')
  app.get('/release', async () => {
    for (const each of held) each()
    held = []
    await null
    await null
    return 'released'
  })
}

describe('native: answers that wait for the end of a round', { skip }, () => {
  test('many connections that are readable at once have theirs', async () => {
    const { address } = await start('native', (app) => {
      app.get('/who/:n', (req) => text(req.params.n).header('x-n', req.params.n))
      app.get('/busy', () => {
        // What is readable meanwhile is found in one round.
        const end = performance.now() + 60
        while (performance.now() < end);
        return 'busy'
      })
    })
    const clients = Array.from({ length: 40 }, () => new Client(address.port))
    clients[0]!.send(get('/busy'))
    for (const [index, client] of clients.entries()) client.send(get(`/who/${index}`) + get(`/who/${index}`))
    for (const [index, client] of clients.entries()) {
      await client.answers(index === 0 ? 3 : 2)
      const found = [...client.received.matchAll(/x-n: (\d+)/g)].map(([, n]) => Number(n))
      assert.deepEqual(found, [index, index])
      client.close()
    }
  })

  test('those of other requests, given meanwhile, neither overtake nor are lost', async () => {
    const { address } = await start('native', holding)
    const held = Array.from({ length: 12 }, () => new Client(address.port))
    // The first of each is held for the round, when the second is answered from another connection.
    for (const client of held) client.send(get('/quick') + get('/hold') + get('/quick'))
    for (const client of held) await client.answers(1)
    const last = new Client(address.port)
    last.send(get('/release'))
    await last.answers(1)
    for (const client of held) {
      await client.answers(3)
      assert.deepEqual(
        client.received
          .split('\r\n\r\n')
          .slice(1)
          .map((part) => part.replace(/HTTP[\s\S]*/, '')),
        ['quick', 'held', 'quick'],
      )
      client.close()
    }
    last.close()
  })

  test('close() in a handler lets them go out', async () => {
    const { address, app } = await start('native', (app) => {
      app.get('/', () => 'x')
      app.get('/close', () => {
        void app.close()
        return 'closing'
      })
    })
    const clients = Array.from({ length: 20 }, () => new Client(address.port))
    await until(() => clients.every((client) => !client.isClosed), 'connections')
    for (const client of clients) client.send(get('/'))
    for (const client of clients) await client.answers(1)
    for (const [index, client] of clients.entries()) client.send(get(index === 10 ? '/close' : '/'))
    await clients[10]!.answers(2)
    assert.match(clients[10]!.received, /closing$/)
    await app.close()
    await Promise.all(clients.map((client) => client.closed))
    for (const client of clients) assert.match(client.received, /(x|closing)$/)
  })
})

describe('native: a request that the client has left', { skip }, () => {
  test('what was not read of it is an error, what was read stays', async () => {
    let request: HttpRequest | undefined
    let release = (): void => {}
    const { address } = await start('native', (app) => {
      app.get('/', async (req) => {
        request = req
        assert.equal(req.headers['x-a'], '1')
        await new Promise<void>((resolve) => {
          release = resolve
        })
        return 'too late'
      })
      app.get('/unread', async (req) => {
        request = req
        await new Promise<void>((resolve) => {
          release = resolve
        })
        return 'too late'
      })
    })
    const cases = [
      ['/', []],
      [
        '/unread',
        [
          (req: HttpRequest) => req.headers['x-a'],
          (req: HttpRequest) => req.header('x-a'),
          (req: HttpRequest) => req.query.get('q'),
          (req: HttpRequest) => req.ip,
        ],
      ],
    ] as const
    for (const [path, reads] of cases) {
      request = undefined
      const socket = open(address.port)
      socket.write(`GET ${path}?q=1 HTTP/1.1\r\nHost: h\r\nX-A: 1\r\n\r\n`)
      await until(() => request !== undefined, 'the request')
      const { signal } = request!
      const aborted = once(signal, 'abort')
      socket.resetAndDestroy()
      await aborted
      if (path === '/') assert.equal(request!.headers['x-a'], '1')
      for (const read of reads) assert.throws(() => read(request!), { code: 'REQUEST_OVER' })
      release()
    }
    // Nothing of it has broken the server.
    assert.match((await raw(address.port, get('/missing'))).text, /^HTTP\/1\.1 404 /)
  })
})
