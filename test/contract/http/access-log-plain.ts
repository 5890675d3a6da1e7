// One access log that needs nothing of the app: transports may make its lines by themselves, and native does.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Hotpress, HttpError, stream, text } from '../../../src/index.js'
import { type Client, onEveryTransport } from '../../_setup.js'
import { endless, failing, parts } from './_sources.js'

const folder = mkdtempSync(path.join(tmpdir(), 'hotpress-access-log-plain-'))
after(() => rmSync(folder, { force: true, recursive: true }))
const file = path.join(folder, 'access.log')

type Line = Readonly<Record<string, unknown>>

/** Those that handlers have asked for. */
let latestIds: string[]

function build(app: Hotpress): void {
  const ids: string[] = []
  latestIds = ids
  app.get('/text/:name', ({ params }) => text(`é ${params.name}`).header('X-Own', '1'))
  app.put('/text/:other', async (req) => text(await req.text()).status(201))
  app.get('/bytes', () => new Uint8Array(1000))
  app.get('/nothing', () => null)
  app.get('/soon', async () => 'soon')
  app.get('/later', () => sleep(20, { a: 1 }))
  app.get('/named', (req) => {
    ids.push(req.id)
    return 'named'
  })
  app.get('/named-later', async (req) => {
    await sleep(5)
    ids.push(req.id)
    return text('named').header('X-Request-ID', 'another')
  })
  app.get('/slow', () => sleep(220, 'slow'))
  app.get('/broken', () => {
    throw new HttpError(503, 'no')
  })
  app.get('/unexpected', () => {
    throw new Error('a fault')
  })
  app.get('/parts', () => stream(parts('one', 'two')))
  app.get('/failing', () => stream(failing()))
  app.get('/endless', () => stream(endless()))
  app.get('/long', () => text('x'.repeat(3_000_000)))
  app.get('/never', ({ signal }) => {
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
  })
  app.get('/health', () => 'ok')
  app.get('/health/more', () => 'ok')
}

let marks = 0

function cases(client: Client): void {
  const ids = latestIds

  const allWith = (mark: string): Line[] => {
    const lines = readFileSync(file, 'latin1').split('\n').slice(0, -1)
    return lines.filter((line) => line.includes(mark)).map((line) => JSON.parse(line))
  }

  /** Asks for something with a mark in its query, and gives the one line of it. */
  async function lineOf(ask: (query: string) => Promise<unknown>): Promise<Line> {
    const mark = `mark${marks++}.`
    await ask(`mark=${mark}`)
    for (let left = 400; left > 0; left--) {
      const found = allWith(mark)
      if (found.length > 0) {
        await sleep(10)
        assert.equal(allWith(mark).length, 1)
        return found[0]!
      }
      await sleep(5)
    }
    throw new Error(`there is no line with ${mark}`)
  }

  const read = async (where: string, init = {}): Promise<Response> => {
    const answer = await client.fetch(where, init)
    await answer.arrayBuffer()
    return answer
  }

  test('a line has what is known of its request', async () => {
    let answer: Response | undefined
    const headers = {
      cookie: 'secret',
      referer: 'https://a.example/?password=secret&b=2#token=1',
      'user-agent': 'a "test" \\ \t.',
      'x-extra': 'a\\b',
    }
    const before = Date.now()
    const { duration, time, ...line } = await lineOf(async (query) => {
      answer = await read(`/text/x?${query}&Token=secret&%74oken=secret&b=2`, { headers })
    })
    const query = String(line['url.query'])
    assert.match(query, /^mark=mark\d+\.&Token=\[redacted\]&%74oken=\[redacted\]&b=2$/)
    assert.deepEqual(line, {
      'client.address': '127.0.0.1',
      'http.request.header.cookie': '[redacted]',
      'http.request.header.referer': 'https://a.example/?password=[redacted]&b=2#token=[redacted]',
      'http.request.header.x-extra': 'a\\b',
      'http.request.method': 'GET',
      'http.response.body.size': 4,
      'http.response.status_code': 200,
      'http.route': '/text/:name',
      hostname: hostname(),
      level: 30,
      msg: 'request completed',
      'network.protocol.version': client.version,
      pid: process.pid,
      requestId: answer?.headers.get('x-request-id'),
      'url.path': '/text/x',
      'url.query': query,
      'url.scheme': client.protocol,
      'user_agent.original': 'a "test" \\ \t.',
    })
    assert.ok(Number(duration) >= 0 && Number(duration) < 10_000)
    assert.ok(Number(time) >= before - 1 && Number(time) <= Date.now() + 1, `${before} ${time}`)
  })

  const answers: readonly (readonly [
    where: string,
    init: object,
    status: number,
    bytes: number | undefined,
    route: string | undefined,
    level?: number,
  ])[] = [
    ['/text/ab', {}, 200, 5, '/text/:name'],
    ['/text/ab', { method: 'HEAD' }, 200, 0, '/text/:name'],
    ['/text/ab', { body: 'body', method: 'PUT' }, 201, 4, '/text/:other'],
    ['/text/ab', { method: 'DELETE' }, 405, undefined, undefined],
    ['/text/%zz', {}, 400, undefined, undefined],
    ['/bytes', {}, 200, 1000, '/bytes'],
    ['/nothing', {}, 204, 0, '/nothing'],
    ['/soon', {}, 200, 4, '/soon'],
    ['/later', {}, 200, 7, '/later'],
    ['/parts', {}, 200, 6, '/parts'],
    ['/parts', { method: 'HEAD' }, 200, 0, '/parts'],
    ['/long', {}, 200, 3_000_000, '/long'],
    ['/broken', {}, 503, undefined, '/broken', 50],
    ['/unexpected', {}, 500, undefined, '/unexpected', 50],
    ['/nowhere', {}, 404, undefined, undefined],
  ]
  for (const [where, init, status, bytes, route, level = 30] of answers) {
    const method = 'method' in init ? init.method : 'GET'
    test(`${method} ${where}`, async () => {
      let answer: Response | undefined
      const line = await lineOf(async (query) => {
        answer = await read(`${where}?${query}`, init)
      })
      assert.equal(answer?.status, status)
      assert.deepEqual(
        [line['http.request.method'], line['http.response.status_code'], line['http.route'], line.level, line.slow],
        [method, status, route, level, undefined],
      )
      if (bytes !== undefined) assert.equal(line['http.response.body.size'], bytes)
      assert.equal(line.requestId, answer.headers.get('x-request-id'))
      assert.equal(line.msg, 'request completed')
    })
  }

  test('a line names the id that the handler has had', async () => {
    for (const where of ['/named', '/named-later']) {
      const line = await lineOf((query) => read(`${where}?${query}`))
      assert.deepEqual([line.requestId], ids.splice(0), where)
    }
  })

  test('a slow request is marked', async () => {
    const line = await lineOf((query) => read(`/slow?${query}`))
    assert.deepEqual([line.slow, line.level], [true, 40])
    assert.ok(Number(line.duration) >= 200)
  })

  test('what is skipped has no line', async () => {
    const before = allWith('/health').length
    await read('/health')
    await read('/health/more')
    const line = await lineOf((query) => read(`/healthy?${query}`))
    assert.equal(line['url.path'], '/healthy')
    assert.equal(allWith('/health"').length + allWith('/health/more').length, 0)
    assert.equal(allWith('/health').length, before + 1)
  })

  test('requests that are under way at once have their own lines', async () => {
    const asked = Array.from({ length: 20 }, async (_, index) => {
      const where = index % 2 === 0 ? '/later' : `/text/n${index}`
      const headers = { 'user-agent': `agent ${index}` }
      const line = await lineOf((query) => read(`${where}?${query}`, { headers }))
      assert.deepEqual([line['user_agent.original'], line['url.path']], [`agent ${index}`, where])
    })
    await Promise.all(asked)
  })

  if (client.transport === 'inject') return

  test('a client that leaves within an answer, and one that leaves before it', async () => {
    const within = await lineOf(async (query) => {
      const going = new AbortController()
      const answer = await client.fetch(`/endless?${query}`, { signal: going.signal })
      await answer.body!.getReader().read()
      going.abort()
    })
    assert.deepEqual([within.level, within.msg, within['http.response.status_code']], [40, 'request aborted', 200])
    assert.ok(Number(within['http.response.body.size']) >= 4)
    const before = await lineOf(async (query) => {
      const going = new AbortController()
      const answer = client.fetch(`/never?${query}`, { signal: going.signal })
      await sleep(50)
      going.abort()
      await assert.rejects(answer)
    })
    assert.equal(before['http.route'], '/never')
    assert.ok(Number(before.duration) > 5)
    // There a client of HTTP/1.1 may have shut its side alone, and has its answer.
    if (client.transport === 'native') return
    assert.deepEqual(
      [before.level, before.msg, before['http.response.status_code']],
      [40, 'request aborted', undefined],
    )
  })

  test('an answer whose source fails', async () => {
    const line = await lineOf(async (query) => {
      await assert.rejects(read(`/failing?${query}`))
    })
    assert.deepEqual([line.level, line.msg, line['http.response.status_code']], [40, 'request aborted', 200])
    assert.equal(line['http.response.body.size'], 6)
  })

  if (!client.hasWire) return

  // uws answers no request while another of its connection is under way.
  if (client.transport === 'uws') return

  test('requests of one connection, one behind the other, have a line each', async () => {
    const mark = `mark${marks++}.`
    const request = (where: string): string =>
      `GET ${where}?${mark} HTTP/1.1\r\nHost: a\r\nUser-Agent: ${where}\r\n\r\n`
    const all = ['/text/1', '/later', '/soon', '/parts', '/nothing', '/named-later', '/text/2', '/nowhere']
    const { text } = await client.raw(all.map(request).join(''), 400)
    assert.equal(text.match(/HTTP\/1\.1 \d/g)?.length, all.length)
    ids.length = 0
    while (allWith(mark).length < all.length) await sleep(5)
    const lines = allWith(mark)
    // Of a transport that takes them as they come, they have ended in another order.
    const sorted = lines.map((line) => [line['url.path'], line['user_agent.original']]).sort()
    assert.deepEqual(sorted, all.map((where) => [where, where]).sort())
  })

  test('a body that is malformed ends its request', async () => {
    const line = await lineOf(async (query) => {
      const head = `PUT /text/x?${query} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n`
      await client.raw([head, '4\r\nbody\r\n', 'malformed\r\n\r\n'], 100)
    })
    assert.deepEqual([line.level, line.msg], [40, 'request aborted'])
  })
}

/** The lines are the same whoever makes them. */
export function plainAccessLogContract(): void {
  onEveryTransport('a plain access log', build, cases, {
    accessLog: {
      destination: { file },
      flushInterval: 5,
      requestHeaders: ['X-Extra', 'Cookie'],
      skip: ['/health', '/health/*'],
      slow: '200ms',
    },
    logger: false,
  })
}
