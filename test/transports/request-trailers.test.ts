import assert from 'node:assert/strict'
import type { OutgoingHttpHeaders } from 'node:http2'
import { describe, test } from 'node:test'
import type { Hotpress } from '../../src/index.js'
import { http2Session, onEveryTransport, raw, start, variants } from '../_setup.js'

function routes(app: Hotpress): void {
  app.post('/', async (req) => {
    const before = { ...req.trailers }
    const length = (await req.bytes()).byteLength
    return { after: req.trailers, before, length, other: req.header('x-sum') ?? null }
  })
  app.post('/stream', async (req) => {
    let length = 0
    for await (const part of req.stream()) length += part.byteLength
    return { after: req.trailers, before: {}, length, other: req.header('x-sum') ?? null }
  })
}

const told = { after: { 'x-more': 'a, b', 'x-sum': '7' }, before: {}, length: 10, other: null }

function http1(path: string): string {
  const head = `POST ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`
  return `${head}5\r\nhello\r\n5\r\nworld\r\n0\r\nX-Sum: 7 \r\nX-More: a\r\nx-more: b\r\n\r\n`
}

async function http2(url: string, path: string, headers: OutgoingHttpHeaders = {}): Promise<unknown> {
  const session = http2Session(url)
  const asked = session.request({ ':method': 'POST', ':path': path, ...headers }, { waitForTrailers: true })
  asked.on('wantTrailers', () => asked.sendTrailers({ 'x-more': ['a', 'b'], 'x-sum': '7' }))
  asked.write('hello')
  asked.end('world')
  let text = ''
  for await (const part of asked.setEncoding('utf8')) text += part
  session.destroy()
  return JSON.parse(text)
}

describe('trailers of a request', () => {
  for (const { name, protocol, skip, transport, version } of variants) {
    if (transport === 'uws') continue
    for (const path of ['/', '/stream']) {
      test(`${name}: are there when the body of ${path} has been read, and are no headers`, { skip }, async () => {
        const { address } = await start(name, routes)
        if (version === '2') {
          assert.deepEqual(await http2(address.url, path), told)
          assert.deepEqual(await http2(address.url, path, { 'content-length': '10' }), told)
        } else {
          const { text } = await raw(address.port, http1(path), 1000, protocol === 'https')
          assert.deepEqual(JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4)), told)
        }
      })
    }
  }
})

onEveryTransport('a request without trailers', routes, (client) => {
  test('has none', async () => {
    const response = await client.fetch('/', { body: 'helloworld', method: 'POST' })
    assert.deepEqual(await response.json(), { ...told, after: {} })
  })
})
