import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import zlib from 'node:zlib'
import {
  bytes,
  ContentType,
  compression,
  constant,
  empty,
  Hotpress,
  HttpError,
  type HttpResponse,
  html,
  json,
  RouteGroup,
  stream,
  text,
} from '../../../src/index.js'
import { binding } from '../../../src/native/binding.js'
import { type Client, onEveryTransport } from '../../_setup.js'

interface Answer {
  /** As sent. */
  readonly body: Buffer
  readonly headers: Headers
  readonly status: number
}

/** Asks without fetch, which decodes. */
async function ask(client: Client, path: string, accepted?: string, init: { method?: string } = {}): Promise<Answer> {
  const headers = accepted === undefined ? {} : { 'accept-encoding': accepted }
  const response = await client.fetch(path, { asSent: true, headers, ...init })
  return { body: Buffer.from(await response.arrayBuffer()), headers: response.headers, status: response.status }
}

function decode({ body, headers }: Answer): string {
  const coding = headers.get('content-encoding')
  if (coding === 'br') return zlib.brotliDecompressSync(body).toString()
  if (coding === 'gzip') return zlib.gunzipSync(body).toString()
  assert.equal(coding, null)
  return body.toString()
}

const long = JSON.stringify(Array.from({ length: 200 }, (_, id) => ({ id, name: `item number ${id}` })))
const browser = 'gzip, deflate, br, zstd'
const noise = randomBytes(5000)

async function* parts(): AsyncGenerator<string> {
  yield 'one '
  yield 'two '
  yield ''
  yield 'three'
}

/** Answers that are left as they are, whatever the client accepts. */
const untouched: readonly (readonly [name: string, make: () => HttpResponse])[] = [
  ['is short', () => text('x'.repeat(255))],
  ['is short in bytes', () => text('€'.repeat(85))],
  ['is a short stream', () => stream(parts()).type(ContentType.Text).header('content-length', '13')],
  ['is an image', () => bytes(Buffer.from(long)).type('image/png')],
  ['is of any type', () => bytes(Buffer.from(long))],
  ['has no type', () => text(long).remove('content-type')],
  ['is coded already', () => text(long).header('content-encoding', 'x-mine')],
  ['is a part', () => text(long, 206).header('content-range', 'bytes 0-9/10')],
  ['has a range without its status', () => text(long).header('content-range', 'bytes 0-9/10')],
  ['must not be transformed', () => text(long).header('cache-control', 'private, No-Transform')],
  ['has a digest', () => text(long).header('repr-digest', 'sha-256=:AAAA:')],
  ['is to stay uncompressed', () => text(long).uncompressed()],
  ['is a 204', () => empty()],
  ['is a 304', () => empty(304).header('etag', '"x"')],
]

/** What the option `compression` does to answers. */
export function compressionContract(): void {
  onEveryTransport(
    'compression',
    (app) => {
      app.get('/', () => 'hi')
      app.get('/text', () => long)
      app.get('/wide', () => '€uro '.repeat(500))
      app.get('/json', () => JSON.parse(long))
      app.get('/later', async () => long)
      app.get('/bytes', () => bytes(Buffer.from(long)).type(ContentType.Json))
      app.get('/svg', () => bytes(Buffer.from(`<svg>${long}</svg>`)).type(ContentType.Svg))
      app.get('/noise', () => bytes(noise).type(ContentType.Text))
      app.get('/stream', () => stream(parts()).type(ContentType.Text))
      app.get('/declared', () => stream(parts()).type(ContentType.Text).header('content-length', '9999'))
      app.get('/fetch', () => new Response(long, { headers: { 'content-type': 'text/plain' } }))
      app.get('/constant', constant(html(long)))
      const shared = html(long).header('x-shared', '1')
      app.get('/shared', () => shared)
      app.get('/tagged', () => text(long).header('etag', '"abc"').header('accept-ranges', 'bytes'))
      app.get('/weak', () => text(long).header('etag', 'W/"abc"'))
      app.get('/vary', () => text(long).append('vary', 'Origin').append('Vary', 'Cookie'))
      app.get('/varied', () => text(long).header('vary', 'Origin, accept-encoding'))
      app.get('/any', () => text(long).header('vary', '*'))
      app.get('/fails', () => {
        throw new HttpError(409, long)
      })
      for (const [index, [, make]] of untouched.entries()) app.get(`/untouched/${index}`, make)
    },
    (client) => {
      for (const path of ['/text', '/json', '/later', '/bytes', '/constant', '/shared', '/wide', '/svg', '/fails']) {
        test(`${path} is in the coding that the client likes`, async () => {
          const plain = await ask(client, path)
          assert.equal(plain.headers.get('content-encoding'), null)
          assert.equal(plain.headers.get('vary'), 'Accept-Encoding')
          for (const [accepted, coding] of [
            [browser, 'br'],
            ['gzip', 'gzip'],
            ['br;q=0.1, gzip', 'gzip'],
            ['br', 'br'],
            // The third time and later it comes from memory.
            ['br', 'br'],
            ['br', 'br'],
            ['gzip', 'gzip'],
            ['identity', null],
            ['deflate', null],
          ] as const) {
            const answer = await ask(client, path, accepted)
            assert.equal(answer.status, plain.status)
            assert.equal(answer.headers.get('content-encoding'), coding, accepted)
            assert.equal(answer.headers.get('content-length'), String(answer.body.byteLength))
            assert.equal(answer.headers.get('content-type'), plain.headers.get('content-type'))
            assert.equal(answer.headers.get('vary'), 'Accept-Encoding')
            // An error's body has the id of its request.
            if (path === '/fails') assert.equal(JSON.parse(decode(answer)).detail, long)
            else assert.equal(decode(answer), plain.body.toString())
            if (coding !== null) assert.ok(answer.body.byteLength < plain.body.byteLength / 2)
          }
        })
      }

      for (const path of ['/stream', '/fetch', '/declared']) {
        test(`${path} is compressed as it comes`, async () => {
          const wanted = path === '/fetch' ? long : 'one two three'
          for (const [accepted, coding] of [
            ['br', 'br'],
            ['gzip', 'gzip'],
          ] as const) {
            const answer = await ask(client, path, accepted)
            assert.equal(answer.headers.get('content-encoding'), coding)
            assert.equal(answer.headers.get('content-length'), null)
            assert.equal(answer.headers.get('vary'), 'Accept-Encoding')
            assert.equal(decode(answer), wanted)
          }
        })
      }

      for (const [index, [name]] of untouched.entries()) {
        test(`what ${name} is left alone`, async () => {
          const path = `/untouched/${index}`
          const [coded, plain] = [await ask(client, path, browser), await ask(client, path)]
          assert.equal(coded.status, plain.status)
          assert.deepEqual(coded.body, plain.body)
          assert.notEqual(coded.headers.get('content-encoding'), 'br')
          assert.equal(coded.headers.get('vary'), null)
        })
      }

      test('zstd is there with the native core', { skip: binding().reason ?? false }, async () => {
        for (let round = 0; round < 3; round++) {
          const { body, headers } = await ask(client, '/text', 'zstd, gzip;q=0.5')
          assert.equal(headers.get('content-encoding'), 'zstd')
          const plain = await binding().createCodec(1).decompress!(body, 1_000_000)
          assert.equal(Buffer.from(plain).toString(), long)
        }
      })

      test('what does not get smaller is sent as it is, unless that is refused', async () => {
        const answer = await ask(client, '/noise', 'br')
        assert.equal(answer.headers.get('content-encoding'), null)
        assert.deepEqual(answer.body, noise)
        const coded = await ask(client, '/noise', 'br, identity;q=0')
        assert.equal(coded.headers.get('content-encoding'), 'br')
        assert.deepEqual(zlib.brotliDecompressSync(coded.body), noise)
      })

      test('a client that takes nothing of what there is gets a 406', async () => {
        for (const path of ['/text', '/later', '/stream']) {
          for (const accepted of ['identity;q=0', '*;q=0', 'deflate, identity;q=0']) {
            const answer = await ask(client, path, accepted)
            assert.equal(answer.status, 406)
            assert.equal(answer.headers.get('content-type'), ContentType.Problem)
            assert.equal(answer.headers.get('vary'), 'Accept-Encoding')
            const { code } = JSON.parse(answer.body.toString())
            assert.equal(code, 'CODING_REFUSED')
          }
        }
        assert.equal((await ask(client, '/fails', 'identity;q=0')).status, 409)
        assert.equal((await ask(client, '/', 'identity;q=0')).status, 200)
      })

      test('several lines of Accept-Encoding are one list', async () => {
        if (!client.hasWire) return
        const lines = 'Accept-Encoding: br;q=0.1\r\nAccept-Encoding: gzip'
        const request = `GET /text HTTP/1.1\r\nHost: h\r\n${lines}\r\nConnection: close\r\n\r\n`
        const { text } = await client.raw(request)
        assert.match(text, /\r\ncontent-encoding: gzip\r\n/i)
      })

      test('an entity tag becomes weak, and ranges are not offered', async () => {
        const coded = await ask(client, '/tagged', 'gzip')
        assert.equal(coded.headers.get('etag'), 'W/"abc"')
        assert.equal(coded.headers.get('accept-ranges'), null)
        const plain = await ask(client, '/tagged')
        assert.equal(plain.headers.get('etag'), '"abc"')
        assert.equal(plain.headers.get('accept-ranges'), 'bytes')
        assert.equal((await ask(client, '/weak', 'gzip')).headers.get('etag'), 'W/"abc"')
      })

      test('Vary keeps what it has', async () => {
        for (const accepted of ['gzip', undefined]) {
          assert.equal((await ask(client, '/vary', accepted)).headers.get('vary'), 'Origin, Cookie, Accept-Encoding')
          assert.equal((await ask(client, '/varied', accepted)).headers.get('vary'), 'Origin, accept-encoding')
          assert.equal((await ask(client, '/any', accepted)).headers.get('vary'), '*')
        }
      })

      test('a HEAD has the headers of the GET', async () => {
        for (const path of ['/text', '/later', '/bytes', '/tagged', '/', '/stream', '/untouched/3']) {
          for (const accepted of ['br', 'gzip', undefined]) {
            const [get, head] = [
              await ask(client, path, accepted),
              await ask(client, path, accepted, { method: 'HEAD' }),
            ]
            assert.equal(head.status, get.status)
            assert.equal(head.body.byteLength, 0)
            for (const name of ['content-encoding', 'content-length', 'content-type', 'etag', 'vary']) {
              assert.equal(head.headers.get(name), get.headers.get(name), `${name} of ${path}`)
            }
          }
        }
      })
    },
    { compression: true },
  )

  optionsContract()
  groupContract()
}

function optionsContract(): void {
  onEveryTransport(
    'compression with options',
    (app) => {
      app.get('/', () => 'a short text')
      app.get('/long', () => long)
      app.get('/image', () => bytes(Buffer.from(long)).type('image/x-raw'))
    },
    (client) => {
      test('offers its codings, compresses from its threshold on, and its types', async () => {
        const answer = await ask(client, '/image', browser)
        assert.equal(answer.headers.get('content-encoding'), 'gzip')
        assert.equal((await ask(client, '/long', browser)).headers.get('content-encoding'), null)
        assert.equal((await ask(client, '/image', 'br')).headers.get('content-encoding'), null)
        assert.equal((await ask(client, '/image', 'br, identity;q=0')).status, 406)
      })

      test('without a memo gives the same every time', async () => {
        for (let round = 0; round < 4; round++) assert.equal(decode(await ask(client, '/image', 'gzip')), long)
      })
    },
    {
      compression: {
        codings: ['gzip'],
        concurrency: 1,
        levels: { gzip: 9 },
        memo: false,
        queue: 10,
        threshold: '1kb',
        types: (type) => type.startsWith('image/'),
      },
    },
  )

  test('a body that need not wait is compressed, even where none may wait', async () => {
    const app = new Hotpress({ compression: { concurrency: 1, memo: 0, queue: 0 }, logger: false })
    app.get('/', () => long)
    const answers = await Promise.all(
      Array.from({ length: 3 }, () => app.inject({ headers: { 'accept-encoding': 'gzip' } })),
    )
    // The others go out as they are, and as soon.
    assert.deepEqual(
      answers.map(({ headers, status }) => [status, headers.get('content-encoding'), headers.get('vary')]),
      [
        [200, 'gzip', 'Accept-Encoding'],
        [200, null, 'Accept-Encoding'],
        [200, null, 'Accept-Encoding'],
      ],
    )
    assert.equal(answers[1]!.text(), long)
  })
}

function groupContract(): void {
  onEveryTransport(
    'compression of a group',
    (app) => {
      app.get('/', () => long)
      const group = new RouteGroup({ prefix: '/group' })
      group.use(compression(), compression())
      group.use(async (_, next) => (await next()).header('x-inner', '1'))
      group.get('/', () => long)
      app.mount(group)
    },
    (client) => {
      test('is for the group alone, and happens once', async () => {
        assert.equal((await ask(client, '/', 'br')).headers.get('content-encoding'), null)
        const answer = await ask(client, '/group', 'br')
        assert.equal(answer.headers.get('content-encoding'), 'br')
        assert.equal(answer.headers.get('x-inner'), '1')
        assert.equal(answer.headers.get('vary'), 'Accept-Encoding')
        assert.equal(decode(answer), long)
      })
    },
  )

  onEveryTransport(
    'compression of a group within that of the app',
    (app) => {
      const group = new RouteGroup({ prefix: '/group' })
      group.use(compression({ codings: ['gzip'] }))
      group.get('/', () => long)
      group.get('/stream', () => stream(parts()).type(ContentType.Text))
      app.mount(group)
      app.use(async (request, next) => {
        const response = await next()
        return request.path === '/replaced' ? json(JSON.parse(long)) : response
      })
      app.get('/', () => long)
    },
    (client) => {
      test('happens once', async () => {
        for (const [path, wanted] of [
          ['/group', long],
          ['/group/stream', 'one two three'],
        ] as const) {
          const answer = await ask(client, path, browser)
          assert.equal(answer.headers.get('content-encoding'), 'gzip')
          assert.equal(decode(answer), wanted)
        }
        assert.equal((await ask(client, '/', browser)).headers.get('content-encoding'), 'br')
      })

      test('sees what other middleware answers', async () => {
        const answer = await ask(client, '/replaced', browser)
        assert.equal(answer.headers.get('content-encoding'), 'br')
        assert.equal(decode(answer), long)
      })
    },
    { compression: true },
  )
}
