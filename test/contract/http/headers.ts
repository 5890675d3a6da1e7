import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  bytes,
  empty,
  type HotpressOptions,
  HttpError,
  type HttpResponse,
  json,
  redirect,
  stream,
  text,
} from '../../../src/index.js'
import { onEveryTransport } from '../../_setup.js'
import { assertBlank, assertConnection, bodyOf, linesOf, wire } from './_tools.js'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/

/** Every kind of answer, by the path that gives it. */
const kinds: readonly (readonly [name: string, path: string, status: number, method?: string])[] = [
  ['a text', '/text', 200],
  ['a long text', '/long', 200],
  ['JSON', '/json', 200],
  ['nothing', '/empty', 204],
  ['a late answer', '/later', 200],
  ['a stream', '/stream', 200],
  ['a stream of known length', '/counted', 200],
  ['a HEAD', '/text', 200, 'HEAD'],
  ['a 304', '/304', 304],
  ['a 404', '/nowhere', 404],
  ['a 405', '/text', 405, 'DELETE'],
  ['a 400', '/param/%zz', 400],
  ['a 500', '/fails', 500],
  ['an OPTIONS', '/text', 204, 'OPTIONS'],
  ['an answer that closes', '/closes', 200],
]

async function* parts(): AsyncGenerator<string> {
  yield 'a'
  yield 'b'
}

/** Which headers answers carry, and how they are written. */
export function headersContract(): void {
  defaultsContract('default headers', {}, 'nosniff', /^hotpress\/\d+$/)
  defaultsContract('default headers that are switched off', {
    requestId: false,
    securityHeaders: false,
    serverHeader: false,
  })
  defaultsContract(
    'a Server header of the user',
    { serverHeader: 'mine/1 (of ours)' },
    'nosniff',
    /^mine\/1 \(of ours\)$/,
  )
  ownContract()
  refusedContract()
}

function defaultsContract(name: string, options: HotpressOptions, nosniff?: string, server?: RegExp): void {
  const isIdSent = options.requestId !== false

  onEveryTransport(
    name,
    (app) => {
      app.get('/text', () => 'text')
      app.get('/long', () => 'x'.repeat(100_000))
      app.get('/json', () => ({ a: 1 }))
      app.get('/empty', () => null)
      app.get('/later', async () => 'later')
      app.get('/stream', () => stream(parts()))
      app.get('/counted', () => stream(parts()).header('content-length', '2'))
      app.get('/304', () => empty(304).header('etag', '"x"'))
      app.get('/param/:value', () => 'never')
      app.get('/fails', () => {
        throw new Error('secret')
      })
      app.get('/closes', () => text('closes').close())
      app.get('/own', () =>
        text('own').header('X-Content-Type-OPTIONS', 'own').header('server', 'own').header('x-request-ID', 'own'),
      )
    },
    (client) => {
      for (const [kind, path, status, method] of kinds) {
        test(`are on ${kind}`, async () => {
          const answer = await wire(client, path, method)
          assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `))
          assert.deepEqual(linesOf(answer, 'x-content-type-options'), nosniff === undefined ? [] : [nosniff])
          assert.equal(linesOf(answer, 'server').length, server === undefined ? 0 : 1)
          if (server !== undefined) assert.match(linesOf(answer, 'server')[0]!, server)
          assert.equal(linesOf(answer, 'x-request-id').length, isIdSent ? 1 : 0)
          if (isIdSent) assert.match(linesOf(answer, 'x-request-id')[0]!, uuid)
          assert.equal(linesOf(answer, 'date').length, 1)
          assert.ok(Math.abs(Date.parse(linesOf(answer, 'date')[0]!) - Date.now()) < 60_000)
          assert.equal(linesOf(answer, 'connection').length, client.version === '1.1' ? 1 : 0)
          assert.ok(linesOf(answer, 'content-length').length <= 1)
          assert.deepEqual(linesOf(answer, 'uwebsockets'), [])
        })
      }

      test('tell whether the connection is kept', async () => {
        const kept = await client.fetch('/text')
        assertConnection(client, kept, 'keep-alive')
        const closed = await client.fetch('/closes')
        assertConnection(client, closed, 'close')
        assert.equal(await closed.text(), 'closes')
      })

      test('give way to those of the handler', async () => {
        const answer = await wire(client, '/own')
        for (const header of ['x-content-type-options', 'server', 'x-request-id']) {
          assert.deepEqual(linesOf(answer, header), ['own'], header)
        }
        assert.equal(linesOf(answer, 'date').length, 1)
      })

      test('have another id for each request', async () => {
        const ids = await Promise.all(
          Array.from({ length: 20 }, async () => (await client.fetch('/text')).headers.get('x-request-id')),
        )
        assert.equal(new Set(ids).size, isIdSent ? 20 : 1)
      })
    },
    options,
  )
}

const latin1Bodies: Readonly<Record<string, () => HttpResponse>> = {
  'an ASCII text': () => text('plain'),
  'a text': () => text('grüße'),
  'a long text': () => text('ü'.repeat(50_000)),
  bytes: () => bytes(Buffer.from('bytes')),
  nothing: () => empty(),
  'a stream': () => stream(parts()),
}

function ownContract(): void {
  onEveryTransport(
    'headers of a handler',
    (app) => {
      for (const [name, make] of Object.entries(latin1Bodies)) {
        app.get(`/latin1/${encodeURIComponent(name)}`, () => make().header('X-Latin', 'caf\xe9 \xff'))
        app.get(`/latin1/${encodeURIComponent(name)}/later`, async () => make().append('x-latin', 'caf\xe9 \xff'))
      }
      app.get('/latin1-type', () => text('x').type('text/plain; x="\xe9"'))
      app.get('/cookies', () =>
        text('x').append('Set-Cookie', 'a=1').append('set-cookie', 'b=2').append('Set-Cookie', 'c=3'),
      )
      app.get('/init', () => json({}, { headers: { 'Set-Cookie': ['a=1', 'b=2'], 'X-One': 'one' }, status: 201 }))
      app.get('/append', () => text('x').append('X-Two', '1').append('x-two', '2'))
      app.get('/header', () => text('x').append('X-Two', '1').append('x-two', '2').header('X-TWO', '3'))
      app.get('/removed', () =>
        text('x').append('X-Two', '1').append('x-two', '2').remove('X-TWO').remove('content-type'),
      )
      app.get('/type', () => text('x').header('Content-TYPE', 'text/x').append('content-type', 'text/y'))
      app.get('/blank', () => text('x').header('x-blank', ''))
      app.get('/length', () => text('four').header('content-length', '9'))
      app.get('/no-body-length', () => empty(200).header('content-length', '9'))
    },
    (client) => {
      for (const name of Object.keys(latin1Bodies)) {
        for (const when of ['', '/later']) {
          test(`are written in Latin-1, with ${name}${when}`, async () => {
            const answer = await wire(client, `/latin1/${encodeURIComponent(name)}${when}`)
            assert.deepEqual(linesOf(answer, 'x-latin'), ['caf\xe9 \xff'])
          })
        }
      }

      test('are written in Latin-1, the content type too', async () => {
        assert.deepEqual(linesOf(await wire(client, '/latin1-type'), 'content-type'), ['text/plain; x="\xe9"'])
      })

      for (const [path, header, values] of [
        ['/append', 'x-two', ['1', '2']],
        ['/blank', 'x-blank', ['']],
        ['/cookies', 'set-cookie', ['a=1', 'b=2', 'c=3']],
        ['/header', 'x-two', ['3']],
        ['/init', 'set-cookie', ['a=1', 'b=2']],
        ['/init', 'x-one', ['one']],
        ['/length', 'content-length', ['4']],
        ['/no-body-length', 'content-length', ['0']],
        ['/removed', 'content-type', []],
        ['/removed', 'x-two', []],
        ['/type', 'content-type', ['text/y']],
      ] as const) {
        test(`of ${path}: ${header}`, { timeout: 2000 }, async () => {
          const found = linesOf(await wire(client, path), header)
          // Headers join lines of one name, Set-Cookie aside.
          const isJoined = !client.hasWire && header !== 'set-cookie' && values.length > 1
          assert.deepEqual(found, isJoined ? [values.join(', ')] : values)
        })
      }
    },
  )
}

const names = ['x-evil\r\nx-more', 'x-evil\n', 'x-evil\0', 'x-evil:', 'x evil', '', 'x-ev\xefl', 'x-evil☃']
const values = ['a\r\nx-evil: b', 'a\nx-evil: b', 'a\rx-evil: b', 'x-evil\0', 'x-evil\x1f', 'x-evil\x7f', 'x-evil ☃']
const owned = ['connection', 'Date', 'keep-alive', 'Transfer-Encoding']

const setters: Readonly<Record<string, (name: string, value: string) => HttpResponse>> = {
  append: (name, value) => text('x').append(name, value),
  header: (name, value) => text('x').header(name, value),
  init: (name, value) => text('x', { headers: { [name]: value } }),
  thrown: (name, value) => {
    throw new HttpError(400, 'x', { headers: { [name]: value } })
  },
  type: (_, value) => text('x').type(value),
}

function refusedContract(): void {
  const targets = (name: string, value: string, setter: string): string =>
    `/set/${setter}?${new URLSearchParams({ name, value })}`

  onEveryTransport(
    'a header that would split the answer',
    (app) => {
      app.get('/set/:setter', (req) => setters[req.params.setter]!(req.query.get('name')!, req.query.get('value')!))
      app.get('/redirect', (req) => redirect(req.query.get('to')!, Number(req.query.get('status') ?? 302)))
    },
    (client) => {
      const refused = async (target: string): Promise<void> => {
        assert.doesNotMatch(await wire(client, target), /evil/)
        await assertBlank(await client.fetch(target))
      }

      for (const setter of ['append', 'header', 'init', 'thrown']) {
        for (const name of names) {
          test(`is refused: ${setter} ${JSON.stringify(name)}`, () => refused(targets(name, 'value', setter)))
        }
        for (const name of owned) {
          test(`is refused, as is one of the transport: ${setter} ${name}`, () =>
            refused(targets(name, 'value', setter)))
        }
      }
      for (const setter of Object.keys(setters)) {
        for (const value of values) {
          test(`is refused: ${setter} x-name: ${JSON.stringify(value)}`, () =>
            refused(targets('x-name', value, setter)))
        }
      }

      for (const [to, location] of [
        ['/a b', '/a%20b'],
        ['/a\r\nx-evil: b', '/a%0D%0Ax-evil:%20b'],
        ['/ü?q=☃#%20', '/%C3%BC?q=%E2%98%83#%20'],
        ['https://e.test/?a=b&c=d', 'https://e.test/?a=b&c=d'],
        ['\ud800', '%EF%BF%BD'],
      ] as const) {
        test(`has no way in by redirect(): ${JSON.stringify(to)}`, async () => {
          const answer = await wire(client, `/redirect?${new URLSearchParams({ to: to.toWellFormed() })}`)
          assert.match(answer, /^HTTP\/1\.1 302 /)
          assert.deepEqual(linesOf(answer, 'location'), [location])
          assert.deepEqual(linesOf(answer, 'x-evil'), [])
          assert.equal(bodyOf(answer), '')
        })
      }

      test('is none where a redirection has another status', async () => {
        const response = await client.fetch('/redirect?to=/x&status=308')
        assert.equal(response.status, 308)
        assert.equal(response.headers.get('location'), '/x')
      })
    },
  )
}
