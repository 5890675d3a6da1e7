// A line for each request, on every transport.
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type AccessLogOptions, type Hotpress, HttpError, redirect, stream, text } from '../../../src/index.js'
import { type Client, onEveryTransport } from '../../_setup.js'
import { endless, parts } from './_sources.js'

const folder = mkdtempSync(path.join(tmpdir(), 'hotpress-access-log-'))
after(() => rmSync(folder, { force: true, recursive: true }))

const file = (name: string): string => path.join(folder, `${name}.log`)

const common = '%h %l %u %m %U%q %>s %b %X'

const to = (name: string, options: AccessLogOptions): AccessLogOptions => ({
  destination: { file: file(name) },
  flushInterval: 5,
  ...options,
})

const accessLog: readonly AccessLogOptions[] = [
  to('json', {
    fields: ({ params }) => ({ tenant: params.name ?? null }),
    requestHeaders: ['Accept-Language', 'Authorization'],
    responseHeaders: ['Location', 'Set-Cookie'],
    slow: '10s',
    user: ({ params }) => params.name,
  }),
  to('common', { format: common }),
  to('combined', { format: 'combined' }),
  to('posts', { format: '%m', only: '/post*' }),
  to('rest', { format: '%U', sample: 0 }),
  to('skipped', { format: '%U', skip: (_, { response }) => response?.statusCode === 200 }),
]

function build(app: Hotpress): void {
  app.get('/text/:name', ({ params }) => text(`é ${params.name}`).cookie('sid', 'secret'))
  app.get('/later', () => sleep(20, { a: 1 }))
  app.get('/elsewhere', () => redirect('/text/x?token=secret&a=1'))
  app.get('/broken', () => {
    throw new HttpError(503, 'no')
  })
  app.get('/parts', () => stream(parts('one', 'two')))
  app.get('/endless', () => stream(endless()))
  app.post('/post', async (req) => text(await req.text()))
}

let query = 0

function cases(client: Client): void {
  /** Asks for something with a mark in its query, and gives the line of it. */
  async function lineOf(name: string, ask: (mark: string) => Promise<unknown>): Promise<string> {
    const mark = `mark${query++}`
    await ask(`mark=${mark}`)
    return found(name, mark)
  }

  async function found(name: string, mark: string): Promise<string> {
    for (let left = 400; left > 0; left--) {
      const lines = readFileSync(file(name), 'latin1').split('\n')
      const own = lines.slice(0, -1).filter((line) => line.includes(mark))
      if (own.length > 0) {
        assert.equal(own.length, 1)
        return own[0]!
      }
      await sleep(5)
    }
    throw new Error(`${name} has no line with ${mark}`)
  }

  async function jsonOf(ask: (mark: string) => Promise<unknown>): Promise<Record<string, unknown>> {
    const line = await lineOf('json', ask)
    assert.match(line, /^[\x20-\x7e]+$/)
    return JSON.parse(line) as Record<string, unknown>
  }

  const read = async (where: string, init = {}): Promise<Response> => {
    const answer = await client.fetch(where, init)
    await answer.arrayBuffer()
    return answer
  }

  test('JSON has what is known of a request', async () => {
    let answer: Response | undefined
    const headers = {
      'accept-language': 'fr',
      authorization: 'Bearer secret',
      referer: 'https://a.example/?password=secret&b=2',
      'user-agent': 'a "test" \\ \t.',
    }
    const { duration, hostname, pid, time, ...line } = await jsonOf(async (mark) => {
      answer = await read(`/text/x?${mark}&Token=secret&%74oken=secret&b=2`, { headers })
    })
    const query = String(line['url.query'])
    assert.match(query, /^mark=mark\d+&Token=\[redacted\]&%74oken=\[redacted\]&b=2$/)
    assert.deepEqual(line, {
      'client.address': '127.0.0.1',
      'enduser.id': 'x',
      'http.request.header.accept-language': 'fr',
      'http.request.header.authorization': '[redacted]',
      'http.request.header.referer': 'https://a.example/?password=[redacted]&b=2',
      'http.request.method': 'GET',
      'http.response.body.size': 4,
      'http.response.header.set-cookie': '[redacted]',
      'http.response.status_code': 200,
      'http.route': '/text/:name',
      level: 30,
      msg: 'request completed',
      'network.protocol.version': client.version,
      requestId: answer?.headers.get('x-request-id'),
      tenant: 'x',
      'url.path': '/text/x',
      'url.query': query,
      'url.scheme': client.protocol,
      'user_agent.original': 'a "test" \\ \t.',
    })
    assert.ok(Number(duration) >= 0 && Math.abs(Date.now() - Number(time)) < 60_000)
    assert.deepEqual([pid, typeof hostname], [process.pid, 'string'])
  })

  test('what comes later, in parts, or as an error has its line as well', async () => {
    const all = [
      ['/later', 200, 7, 30],
      ['/parts', 200, 6, 30],
      ['/broken', 503, undefined, 50],
      ['/nowhere', 404, undefined, 30],
    ] as const
    for (const [where, status, bytes, level] of all) {
      const line = await jsonOf((mark) => read(`${where}?${mark}`))
      assert.deepEqual([line['http.response.status_code'], line.level], [status, level], where)
      if (bytes !== undefined) assert.equal(line['http.response.body.size'], bytes)
      assert.equal(line['http.route'], where === '/nowhere' ? undefined : where)
    }
  })

  test('requests that are under way at once have their own lines', async () => {
    const asked = Array.from({ length: 20 }, async (_, index) => {
      const line = await jsonOf((mark) =>
        read(index % 2 === 0 ? `/later?${mark}` : `/text/n${index}?${mark}`, {
          headers: { 'user-agent': `agent ${index}` },
        }),
      )
      assert.equal(line['user_agent.original'], `agent ${index}`)
      assert.equal(line['url.path'], index % 2 === 0 ? '/later' : `/text/n${index}`)
    })
    await Promise.all(asked)
  })

  test('where an answer sends to has no credentials', async () => {
    const line = await jsonOf((mark) => read(`/elsewhere?${mark}`))
    assert.equal(line['http.response.header.location'], '/text/x?token=[redacted]&a=1')
  })

  test('the formats of httpd', async () => {
    assert.match(
      await lineOf('common', (mark) => read(`/text/x?${mark}&token=t`)),
      /^127\.0\.0\.1 - - GET \/text\/x\?mark=mark\d+&token=\[redacted\] 200 4 [+-]$/,
    )
    const line = await lineOf('combined', (mark) =>
      read(`/text/x?${mark}`, { headers: { referer: '/r', 'user-agent': 'a "b" \\ \t.' } }),
    )
    const [, version, agent] =
      /^127\.0\.0\.1 - - \[\d\d\/\w{3}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] "GET \/text\/x\?mark=mark\d+ HTTP\/([\d.]+)" 200 4 "\/r" (".*")$/.exec(
        line,
      ) ?? assert.fail(line)
    assert.equal(agent, '"a \\"b\\" \\\\ \\t."')
    assert.equal(version, client.version === '1.1' ? '1.1' : `${client.version}.0`)
  })

  test('a log of some paths has others not, and one of a sample has the errors', async () => {
    const before = countOf('posts')
    await read('/text/x')
    assert.equal(await (await client.fetch('/post', { body: 'b', method: 'POST' })).text(), 'b')
    while (countOf('posts') === before) await sleep(5)
    assert.equal(countOf('posts'), before + 1)
    const rest = countOf('rest')
    const skipped = countOf('skipped')
    await read('/text/x')
    await read('/broken')
    while (countOf('rest') === rest || countOf('skipped') === skipped) await sleep(5)
    assert.deepEqual([countOf('rest'), countOf('skipped')], [rest + 1, skipped + 1])
  })

  const countOf = (name: string): number => readFileSync(file(name), 'latin1').split('\n').length - 1

  if (client.transport === 'inject') return

  test('a client that leaves within an answer', async () => {
    const line = await jsonOf(async (mark) => {
      const going = new AbortController()
      const answer = await client.fetch(`/endless?${mark}`, { signal: going.signal })
      await answer.body!.getReader().read()
      going.abort()
    })
    assert.deepEqual([line.level, line.msg, line['http.response.status_code']], [40, 'request aborted', 200])
  })
}

/** Every request has one line in each log that is to have it, with what it had and got. */
export function accessLogContract(): void {
  onEveryTransport('access log', build, cases, { accessLog })
}
