// HTTP/3 with a client of the crates quinn and h3, which verifies certificates as any client does.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { after, before, describe, test } from 'node:test'
import { bytes, empty, Hotpress, stream, text } from '../../src/index.js'
import { fixturePath, pairOf } from '../_certificates.js'
import { Http3Connection, type Http3Error, type Http3Options, http3Missing, requestCancelled } from '../_http3.js'
import { http2Client, variantNamed } from '../_setup.js'
import { startReference } from './_reference.js'
import { http3Targets, serve, type TargetName } from './_targets.js'

// RFC 9114, 8.1
const noError = 0x100

const identity = { cert: fixturePath('a-chain.pem'), key: fixturePath('a-key.pem') }
const large = Buffer.from(Uint8Array.from({ length: 2 ** 20 }, (_, at) => at % 251))

function skipOf(transport: TargetName): string | false {
  if (!http3Targets.includes(transport)) return 'HTTP/3 is not served by it'
  return variantNamed(transport).skip
}

/** Opens a connection, and verifies the certificate of its server. */
function open(port: number, options: Http3Options = {}): Promise<Http3Connection> {
  return Http3Connection.open(port, { ca: fixturePath('ca.pem'), name: 'a.example', ...options })
}

/** A condition that comes about in a while: not to be waited for by a time. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((next) => setTimeout(next, 5))
}

/** What any server of HTTP/3 passes that has these routes. */
function exchanges(port: () => number): void {
  let connection: Http3Connection
  before(async () => {
    connection = await open(port())
  })
  after(() => connection.close())

  test('GET', async () => {
    const { body, status, trailers } = await connection.fetch('/')
    assert.deepEqual([status, body.toString(), trailers], [200, 'GET /', undefined])
  })

  test('HEAD', async () => {
    const { body, headers, status } = await connection.fetch('/large', { method: 'HEAD' })
    assert.deepEqual([status, body.length, headers.get('content-length')], [200, 0, String(large.length)])
  })

  test('a path that nobody serves', async () => {
    assert.equal((await connection.fetch('/nowhere')).status, 404)
  })

  test('a hundred requests at once', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => connection.fetch('/')))
    assert.deepEqual([...new Set(answers.map(({ body, status }) => `${status} ${body}`))], ['200 GET /'])
  })

  test('a body up, of a megabyte', async () => {
    const sent = randomBytes(2 ** 20)
    const { body } = await connection.fetch('/echo', { body: sent, method: 'POST' })
    assert.ok(body.equals(sent))
  })

  test('a body up, in parts, with trailers', async () => {
    const exchange = connection.request('/echo', 'POST')
    for (const part of ['one ', 'two ', 'three']) await exchange.data(part)
    exchange.end([['x-checksum', 'abc']])
    assert.equal((await exchange.answer()).body.toString(), 'one two three')
  })

  test('a body down, of a megabyte', async () => {
    assert.ok((await connection.fetch('/large')).body.equals(large))
  })

  test('answers that are read in another order than they were asked for', async () => {
    // Nothing of it is read until the other has been.
    const held = connection.request('/large')
    held.end()
    assert.ok((await connection.fetch('/large')).body.equals(large))
    assert.ok((await held.answer()).body.equals(large))
  })

  test('early hints', async () => {
    const { body, interim, status } = await connection.fetch('/early')
    assert.deepEqual([status, body.toString()], [200, 'late'])
    assert.deepEqual(
      interim.map((hint) => [hint.status, hint.headers.get('link')]),
      [[103, '</style.css>; rel=preload']],
    )
  })

  test('trailers of an answer', async () => {
    const { body, trailers } = await connection.fetch('/trailers')
    assert.deepEqual([body.toString(), trailers], ['body', [['x-checksum', 'abc']]])
  })

  test('a request that is given up: its signal is aborted, and the connection goes on', async () => {
    const left = async (): Promise<number> => Number((await connection.fetch('/left')).body)
    const first = await left()
    const exchange = connection.request('/wait')
    exchange.end()
    exchange.stop(requestCancelled)
    await until(async () => (await left()) > first)
  })

  test('a request that is given up while its answer is waited for', async () => {
    const exchange = connection.request('/echo', 'POST')
    const rejected = assert.rejects(exchange.head(), { code: requestCancelled })
    exchange.abort()
    await rejected
    assert.equal((await connection.fetch('/')).status, 200)
  })

  test('a client whose address changes', async () => {
    const exchange = connection.request('/echo', 'POST')
    await exchange.data('before ')
    connection.rebind()
    await exchange.data('after')
    exchange.end()
    assert.equal((await exchange.answer()).body.toString(), 'before after')
    assert.equal((await connection.fetch('/')).status, 200)
  })

  // no_application_protocol (RFC 7301, 3.2)
  test('a protocol that is not HTTP/3', async () => {
    await assert.rejects(open(port(), { alpn: 'hq-interop' }), /error 120/)
  })

  test('an authority that the client does not believe', async () => {
    const ca = fixturePath('other-ca.pem')
    await assert.rejects(open(port(), { ca }), /UnknownIssuer|invalid peer certificate/)
  })
}

function build(app: Hotpress): void {
  let left = 0
  app.get('/', (req) => text(`${req.method} ${req.path}`))
  app.get('/early', (req) => {
    req.hint({ link: '</style.css>; rel=preload' })
    return text('late')
  })
  app.post('/echo', async (req) => bytes(await req.bytes()))
  app.get('/large', () => bytes(large))
  app.get('/left', () => text(String(left)))
  app.get('/seen', ({ host, ip, peerCertificate, protocol, sni }) => ({
    host,
    ip,
    peer: peerCertificate?.subject.CN,
    protocol,
    sni,
  }))
  app.get('/trailers', () => stream(Readable.from([Buffer.from('body')])).trailer('x-checksum', 'abc'))
  app.get('/wait', async (req) => {
    await once(req.signal, 'abort')
    left++
    return empty()
  })
  // Nothing of the body is read until the client has left.
  app.post('/hold', async (req) => {
    await once(req.signal, 'abort')
    left++
    return empty()
  })
  app.post('/small', { bodyLimit: 1000 }, (req) => req.text())
  app.get('/slow', async () => {
    await new Promise((resolve) => setTimeout(resolve, 200))
    return 'in the end'
  })
  app.get('/prose', () => text('the quick brown fox jumps over the lazy dog. '.repeat(400)))
}

/** What is the app's own. */
function own(transport: TargetName, port: () => number): void {
  let connection: Http3Connection
  before(async () => {
    connection = await open(port())
  })
  after(() => connection.close())

  test('what a handler sees', async () => {
    const { body } = await connection.fetch('/seen')
    const host = `a.example:${port()}`
    assert.deepEqual(JSON.parse(body.toString()), { host, ip: '127.0.0.1', protocol: 'https', sni: 'a.example' })
  })

  test('a compressed answer', async () => {
    const { headers } = await connection.fetch('/prose', { headers: [['accept-encoding', 'gzip']] })
    assert.equal(headers.get('content-encoding'), 'gzip')
  })

  test('a body that is too large', async () => {
    const exchange = connection.request('/small', 'POST')
    exchange.data(Buffer.alloc(100_000))
    assert.equal((await exchange.head()).status, 413)
    // What was answered before its end need not be sent: without an error (RFC 9114, 4.1).
    const told = await Promise.race([exchange.unsent, exchange.text()])
    if (told instanceof Error) assert.equal(told.code, noError)
    assert.equal((await connection.fetch('/')).status, 200)
  })

  test('fields that are too many for the limit', async () => {
    const headers = Array.from({ length: 20 }, (_, at) => [`x-${at}`, 'x'.repeat(1000)] as const)
    const refused = await connection.fetch('/', { headers }).then(
      ({ status }) => status,
      (error: Http3Error) => error.code,
    )
    assert.notEqual(refused, 200)
    assert.equal((await connection.fetch('/')).status, 200)
  })

  test('a handler that does not read holds its client, which may leave', async () => {
    const left = async (): Promise<number> => Number((await connection.fetch('/left')).body)
    const first = await left()
    const exchange = connection.request('/hold', 'POST')
    const part = Buffer.alloc(256 * 1024)
    let sent = 0
    for (let at = 0; at < 64; at++) exchange.data(part).then((isTaken) => isTaken && sent++)
    // What the client sends stands still, and other requests of the connection go on.
    for (let before = -1; before < sent; ) {
      before = sent
      for (let at = 0; at < 20; at++) assert.equal((await connection.fetch('/')).status, 200)
    }
    assert.ok(sent < 16, `${sent} of 64 parts were taken`)
    exchange.reset(requestCancelled)
    await until(async () => (await left()) > first)
  })

  test('what is under way when the app closes is answered', async () => {
    const app = new Hotpress({ logger: false, transport })
    build(app)
    const { port } = await app.listen({ http3: true, tls: identity })
    const leaving = await open(port)
    const running = leaving.fetch('/slow')
    await leaving.fetch('/')
    const closed = app.close()
    assert.equal((await running).body.toString(), 'in the end')
    await closed
    await leaving.closed
    await leaving.close()
  })

  test('HTTP/2 on the same port tells of it', async () => {
    const client = http2Client(`https://127.0.0.1:${port()}`)
    const { headers } = await client.fetch('/')
    assert.match(headers.get('alt-svc') ?? '', new RegExp(`h3=":${port()}"`))
    client.close()
  })
}

/** With certificates of clients. */
function clients(port: () => number): void {
  const seen = async (pair?: Pair): Promise<unknown> => {
    const connection = await open(port(), pair === undefined ? {} : { identity: pair })
    try {
      return JSON.parse((await connection.fetch('/seen')).body.toString()).peer
    } finally {
      await connection.close()
    }
  }

  test('one that has been issued by the authority', async () => assert.equal(await seen(pairOf('client')), 'billing'))
  // A client learns of it after its own side of the handshake is done (RFC 8446, 4.4.2.4).
  test('one that has not', () => assert.rejects(seen(pairOf('other-client'))))
  test('none', () => assert.rejects(seen()))
}

type Pair = ReturnType<typeof pairOf>

describe('a client of HTTP/3', { skip: http3Missing }, () => {
  describe('the server of the same crates', () => {
    let reference: Awaited<ReturnType<typeof startReference>>
    before(async () => {
      reference = await startReference()
    })
    after(() => reference.close())
    exchanges(() => reference.port)
  })

  for (const transport of ['native'] as const) {
    const skip = skipOf(transport)
    if (skip !== false) {
      test(transport, { skip })
      continue
    }
    describe(transport, () => {
      const app = serve(transport, { http3: true, tls: identity }, build, { bodyLimit: '32mb', compression: true })
      exchanges(() => app.address.port)
      own(transport, () => app.address.port)
    })
    describe(`${transport}, and certificates of clients`, () => {
      const tls = { ...identity, ca: fixturePath('ca.pem'), clientCertificate: 'required' } as const
      const app = serve(transport, { http3: true, tls }, build)
      clients(() => app.address.port)
    })
  }
})
