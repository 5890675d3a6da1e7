import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Hotpress, type HttpRequest } from '../../src/index.js'
import { nativeTransport } from '../../src/transports/native.js'
import { Http3Connection, http3Missing } from '../_http3.js'
import { tls } from '../_setup.js'
import { answerOf, Code, type Fields, Frame, frame, headers, request } from './_http3-frames.js'

const skip = (await nativeTransport.load()) ?? http3Missing

const sent: Fields = [
  ['x-sum', '7'],
  ['x-more', 'a'],
  ['x-more', 'b'],
]
const told = { after: { 'x-more': 'a, b', 'x-sum': '7' }, before: {}, length: 10, other: null }

const malformed: Readonly<Record<string, Fields>> = {
  'a capital': [['X-Sum', '7']],
  'a field of a connection': [['connection', 'close']],
  'a line end': [['x-sum', '7\r\nx-other: 8']],
  'a name that is no token': [['x sum', '7']],
  'a pseudo-header of a request': [[':path', '/other']],
  'a pseudo-header of an answer': [[':status', '200']],
  'a space before the value': [['x-sum', ' 7']],
  'another TE': [['te', 'gzip']],
  'no name': [['', '7']],
  'one good field before a bad one': [
    ['x-sum', '7'],
    ['upgrade', 'h2c'],
  ],
  'transfer-encoding': [['transfer-encoding', 'chunked']],
}

describe('native: trailers of a request of HTTP/3', { skip, concurrency: 1 }, () => {
  let app: Hotpress
  let port: number
  let failed = 0

  before(async () => {
    app = new Hotpress({ headerLimit: 2048, logger: false, transport: 'native' })
    const whole = async (req: HttpRequest) => {
      const before = { ...req.trailers }
      const length = (await req.bytes()).byteLength
      return { after: req.trailers, before, length, other: req.header('x-sum') ?? null }
    }
    app.get('/', whole)
    app.post('/', whole)
    app.post('/stream', async (req) => {
      let length = 0
      try {
        for await (const part of req.stream()) length += part.byteLength
      } catch (error) {
        failed++
        throw error
      }
      return { after: req.trailers, before: {}, length, other: req.header('x-sum') ?? null }
    })
    port = (await app.listen({ http3: true, tls })).port
  })
  after(() => app.close())

  async function open(options = {}): Promise<Http3Connection> {
    const connection = await Http3Connection.open(port, options)
    after(() => connection.close())
    return connection
  }

  const body = frame(Frame.data, Buffer.from('helloworld'))
  const lengths: readonly Fields[] = [[], [['content-length', '10']]]

  for (const path of ['/', '/stream']) {
    for (const fields of lengths) {
      const what = `${path} ${fields.length > 0 ? 'with' : 'without'} content-length`
      test(`are there when the body of ${what} has been read, and are no headers`, async () => {
        const asked = (await open()).request(path, 'POST', fields)
        await asked.data(Buffer.from('hello'))
        await asked.data(Buffer.from('world'))
        asked.end(sent)
        await asked.head()
        assert.deepEqual(JSON.parse(await asked.text()), told)
      })

      test(`came with the whole of the request to ${what}`, async () => {
        const bytes = Buffer.concat([request('POST', path, fields), body, headers(sent)])
        const answer = await (await open({ raw: true })).write(bytes, { end: true })
        assert.deepEqual(JSON.parse(answerOf(answer.bytes).body.toString()), told)
      })
    }
  }

  test('may come after no body at all', async () => {
    const bytes = Buffer.concat([request('GET', '/'), headers(sent)])
    const answer = await (await open({ raw: true })).write(bytes, { end: true })
    assert.deepEqual(JSON.parse(answerOf(answer.bytes).body.toString()), { ...told, length: 0 })
  })

  test('that are malformed end their stream, and the connection goes on', async () => {
    const on = await open({ raw: true })
    for (const [name, fields] of Object.entries(malformed)) {
      for (const path of ['/', '/stream']) {
        for (const length of lengths) {
          const bytes = Buffer.concat([request('POST', path, length), body, headers(fields)])
          assert.equal((await on.write(bytes, { end: true })).reset, Code.message, `${name}, ${path}, ${length}`)
        }
      }
      const bare = Buffer.concat([request('GET', '/'), headers(fields)])
      assert.equal((await on.write(bare, { end: true })).reset, Code.message, `${name}, no body`)
    }
    const after = await on.write(Buffer.concat([request('POST', '/'), body, headers(sent)]), { end: true })
    assert.deepEqual(JSON.parse(answerOf(after.bytes).body.toString()), told)
  })

  test('that are malformed fail the body that a handler reads', async () => {
    const on = await open({ raw: true })
    const before = failed
    const bytes = Buffer.concat([request('POST', '/stream'), body, headers([[':path', '/other']])])
    assert.equal((await on.write(bytes)).reset, Code.message)
    for (let wait = 0; wait < 500 && failed === before; wait++) await new Promise((next) => setTimeout(next, 10))
    assert.equal(failed, before + 1)
  })

  test('above headerLimit end their stream', async () => {
    const on = await open({ raw: true })
    const large: Fields = [['x-large', 'l'.repeat(3000)]]
    // Few bytes, each of them a field (`age: 0`).
    const many = frame(Frame.headers, Buffer.concat([Buffer.from([0, 0]), Buffer.alloc(100, 0xc2)]))
    // Not waited for, however long it says that it is.
    const endless = Buffer.from([Frame.headers, 0xc0, 0, 0, 0, 0x40, 0, 0, 0])
    for (const last of [headers(large), many, endless]) {
      const bytes = Buffer.concat([request('POST', '/'), body, last])
      assert.equal((await on.write(bytes)).reset, Code.excessiveLoad)
    }
    const answer = await on.write(Buffer.concat([request('POST', '/'), body, headers(sent)]), { end: true })
    assert.deepEqual(JSON.parse(answerOf(answer.bytes).body.toString()), told)
  })

  test('that refer to the dynamic table end the connection', async () => {
    const on = await open({ raw: true })
    on.write(Buffer.concat([request('POST', '/'), body, frame(Frame.headers, Buffer.from([0, 0, 0x80]))]))
    assert.equal(await on.closed, Code.decompression)
  })
})
