// Lines that the native core makes are those that JavaScript makes, byte for byte: of whatever bytes there are in a request.
import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket } from 'ws'
import { type AccessLogOptions, Hotpress, type HttpRequest, text } from '../../../src/index.js'
import { variantNamed } from '../../_setup.js'

const folder = mkdtempSync(path.join(tmpdir(), 'hotpress-native-lines-'))
after(() => rmSync(folder, { force: true, recursive: true }))
const { skip } = variantNamed('native')
let files = 0

async function open(
  options: AccessLogOptions,
  build: (app: Hotpress) => void,
  more: object = {},
): Promise<{ readonly app: Hotpress; readonly file: string; readonly port: number }> {
  const file = path.join(folder, `${files++}.log`)
  const accessLog = { destination: { file }, flushInterval: 5, ...options }
  const app = new Hotpress({ accessLog, logger: false, transport: 'native', ...more })
  build(app)
  const { port } = await app.listen({ host: '127.0.0.1', port: 0 })
  return { app, file, port }
}

const linesOf = (file: string): string[] => readFileSync(file, 'latin1').split('\n').slice(0, -1)

/** Sends requests, each of which closes its connection, and resolves to what came back. */
async function send(port: number, request: Buffer): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  socket.end(request)
  let answer = ''
  for await (const chunk of socket.setEncoding('latin1')) answer += chunk
  return answer
}

function build(app: Hotpress): void {
  app.get('/a/:id', ({ params }) => params.id)
  app.post('/a/:other', async (req: HttpRequest) => text(await req.text()).status(201))
  app.get('/größe', () => 'no bytes of a path are those')
  app.get('/files/*rest', async ({ params }) => {
    await sleep(1)
    return params.rest
  })
}

// xorshift32: the same requests on every run.
let state = 20_261_122
const below = (end: number): number => {
  state ^= state << 13
  state ^= state >>> 17
  state ^= state << 5
  return (state >>> 0) % end
}
const some = (from: string, most: number): string =>
  Array.from({ length: below(most) }, () => from[below(from.length)]).join('')

const printable = Array.from({ length: 94 }, (_, index) => String.fromCharCode(33 + index)).join('')
const inValues = `${printable}${Array.from({ length: 128 }, (_, index) => String.fromCharCode(128 + index)).join('')} \t`
const inPaths = printable.replace(/[?#]/g, '')
const inQueries = `${inPaths.replace('%', '')}?&&==;;`
const names = [
  'token',
  'TOKEN',
  '%74oken',
  'code[]',
  'code[a',
  'tokens',
  '+code+',
  '%20code%C2%A0',
  '%C3code',
  '%zz',
  'a',
]

function queryOf(): string {
  if (below(4) === 0) return some(inQueries, 20)
  return Array.from(
    { length: below(5) },
    () => `${names[below(names.length)]}${'='.repeat(below(3))}${some(inQueries, 6)}`,
  ).join('&;'[below(2)])
}

function request(): Buffer {
  const method = ['GET', 'GET', 'GET', 'POST', 'HEAD', 'DELETE', "ODD!#$%&'*+-.^_`|~"][below(7)]!
  const where = [`/a/${some(inPaths, 10)}`, `/files/${some(inPaths, 12)}`, `/${some(inPaths, 40)}`, '/a/%22'][below(4)]!
  const query = below(3) === 0 ? '' : `?${queryOf()}`
  const lines = [`${method} ${where}${query} HTTP/1.${below(5) === 0 ? 0 : 1}`, 'Host: a', 'Connection: close']
  if (below(2) === 0) lines.push(`User-Agent: ${some(inValues, 80)}`)
  if (below(3) === 0) lines.push(`Referer: http://a/${some(printable, 9)}?${queryOf()}#${queryOf()}`)
  if (below(3) === 0) lines.push(`x-EXTRA:${some(inValues, 8)}`, `X-Extra: ${some(inValues, 8)}`)
  if (below(3) === 0) lines.push(`Cookie: ${some(printable, 8)}`)
  if (method === 'POST') lines.push('Content-Length: 4')
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${method === 'POST' ? 'body' : ''}`, 'latin1')
}

/** What differs between two requests that are the same. */
const comparable = (line: string): string =>
  line
    .replace(/"time":\d+/, '"time":0')
    .replace(/"requestId":"[^"]*"/, '')
    .replace(/"duration":[\d.]+/, '')

describe('lines of the native core', { skip }, () => {
  test('are those of JavaScript, whatever a request has', async () => {
    const options = { redact: { query: ['a'] }, requestHeaders: ['X-Extra', 'Cookie'], skip: ['/skipped', '/files/0*'] }
    const native = await open(options, build)
    // A line that the app has a word in is none that the core could make.
    const own = await open({ ...options, fields: () => ({}) }, build)
    for (let index = 0; index < 400; index++) {
      const sent = request()
      await Promise.all([send(native.port, sent), send(own.port, sent)])
    }
    await native.app.close()
    await own.app.close()
    const [made, expected] = [linesOf(native.file), linesOf(own.file)]
    assert.ok(expected.length > 300, `${expected.length}`)
    assert.deepEqual(made.map(comparable), expected.map(comparable))
    for (const line of made) assert.match(line, /^[\x20-\x7e]+$/)
  })

  test('name the ids that the answers have', async () => {
    const { app, file, port } = await open({}, build)
    const ids: (string | undefined)[] = []
    for (let index = 0; index < 100; index++) {
      const answer = await send(port, Buffer.from(`GET /a/${index} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`))
      ids.push(/^X-Request-ID: (.*)\r$/m.exec(answer)?.[1])
    }
    await app.close()
    const logged = linesOf(file).map((line) => JSON.parse(line).requestId)
    assert.deepEqual(logged, ids)
    assert.equal(new Set(ids).size, 100)
  })

  test('have an id where answers have none', async () => {
    const { app, file, port } = await open({}, build, { requestId: false })
    const answer = await send(port, Buffer.from('GET /a/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'))
    await app.close()
    assert.doesNotMatch(answer, /x-request-id/i)
    assert.match(JSON.parse(linesOf(file)[0]!).requestId, /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/)
  })

  test('are all there, in whole lines, when many come, when they are long and when the app ends', async () => {
    const { app, file, port } = await open({ flushInterval: '1h' }, build)
    const agent = 'x'.repeat(3000)
    const one = `GET /a/1 HTTP/1.1\r\nHost: a\r\nUser-Agent: ${agent}\r\n\r\n`
    const socket = connect(port, '127.0.0.1')
    const count = 2000
    let answers = ''
    socket.setEncoding('latin1').on('data', (chunk) => {
      answers += chunk
    })
    const answered = (): number => answers.split('HTTP/1.1 200').length - 1
    for (let index = 0; index < count; index += 50) {
      socket.write(one.repeat(50))
      while (answered() < index) await sleep(1)
    }
    while (answered() < count) await sleep(1)
    socket.destroy()
    await app.close()
    const lines = linesOf(file)
    assert.equal(lines.length, count)
    for (const line of lines) assert.equal(JSON.parse(line)['user_agent.original'], agent)
  })

  test('are dropped whole and counted where the queue is full', async () => {
    const { app, file, port } = await open({ flushInterval: '1h', queueLimit: '64kb' }, build)
    let dropped = 0
    const count = (message: unknown): void => {
      const { destination, lines } = message as { readonly destination: string; readonly lines: number }
      if (destination === file) dropped += lines
    }
    subscribe('hotpress:access-log:dropped', count)
    const agent = 'x'.repeat(7000)
    for (let index = 0; index < 40; index++) {
      await send(port, Buffer.from(`GET /a/1 HTTP/1.1\r\nHost: a\r\nUser-Agent: ${agent}\r\nConnection: close\r\n\r\n`))
    }
    await app.close()
    unsubscribe('hotpress:access-log:dropped', count)
    const lines = linesOf(file)
    // As many as there is room for, and what came after the last look.
    assert.ok(lines.length >= 8 && lines.length < 40, `${lines.length}`)
    assert.equal(lines.length + dropped, 40)
    for (const line of lines) assert.equal(JSON.parse(line)['user_agent.original'], agent)
  })

  test('are not made of what leaves the core: a WebSocket has the line of JavaScript, and the connection none of its own', async () => {
    const { app, file, port } = await open({}, (made) =>
      made.ws('/socket', { message: (socket, data) => void socket.send(data) }),
    )
    const socket = new WebSocket(`ws://127.0.0.1:${port}/socket`)
    await once(socket, 'open')
    socket.send('a')
    await once(socket, 'message')
    socket.close()
    await once(socket, 'close')
    await app.close()
    const lines = linesOf(file).map((line) => JSON.parse(line))
    assert.deepEqual(
      lines.map((line) => [line['http.response.status_code'], line['http.route'], line.msg]),
      [[101, '/socket', 'request completed']],
    )
  })

  test('are not made where a proxy says whose a request is, and what its id', async () => {
    const { app, file, port } = await open({}, build, { trustProxy: 'loopback' })
    const head =
      'GET /a/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: 192.0.2.1\r\nX-Request-ID: theirs\r\nX-Forwarded-Proto: https'
    await send(port, Buffer.from(`${head}\r\n\r\n`))
    await app.close()
    const line = JSON.parse(linesOf(file)[0]!)
    assert.deepEqual([line['client.address'], line.requestId, line['url.scheme']], ['192.0.2.1', 'theirs', 'https'])
  })
})
