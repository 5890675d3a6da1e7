import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpError, type HttpRequest, RouteGroup } from '../../../src/index.js'
import { onEveryTransport } from '../../_setup.js'
import { assertConnection, assertProblem, postChunked, soon } from './_tools.js'

function seen(req: HttpRequest): object {
  return {
    host: req.host,
    id: req.id,
    ip: req.ip,
    method: req.method,
    path: req.path,
    peerCertificate: req.peerCertificate ?? null,
    protocol: req.protocol,
    query: [...req.query],
    route: req.route,
    sni: req.sni ?? null,
    url: req.url,
  }
}

/** What a handler sees of a request. */
export function requestContract(): void {
  onEveryTransport(
    'a request',
    (app) => {
      app.get('/seen/:name', seen)
      app.get('/seen/:name/later', async (req) => seen(await soon(req)))
      app.get('/headers', (req) => ({
        all: { ...req.headers },
        one: req.header('X-Own'),
        type: typeof req.header('absent'),
      }))
      app.get('/headers/later', async (req) => ({ all: { ...(await soon(req)).headers }, one: req.header('x-OWN') }))
      app.get('/constructor', (req) => ({
        has: 'constructor' in req.headers || 'toString' in req.headers,
        value: String(req.headers.constructor),
      }))
      app.onNotFound((req) => seen(req))
    },
    (client) => {
      for (const later of ['', '/later']) {
        test(`has all its members${later === '' ? '' : ' after its callback too'}`, async () => {
          const response = await client.fetch(`/seen/a%20b${later}?x=1&x=2&y=%C3%BC+z`)
          const { host, ...rest } = (await response.json()) as { host: string }
          assert.match(host, client.transport === 'inject' ? /^localhost$/ : /^127\.0\.0\.1:\d+$/)
          assert.deepEqual(rest, {
            id: response.headers.get('x-request-id'),
            ip: '127.0.0.1',
            method: 'GET',
            path: `/seen/a%20b${later}`,
            peerCertificate: null,
            protocol: client.protocol,
            query: [
              ['x', '1'],
              ['x', '2'],
              ['y', 'ü z'],
            ],
            route: `/seen/:name${later}`,
            // An address is no host name.
            sni: null,
            url: `/seen/a%20b${later}?x=1&x=2&y=%C3%BC+z`,
          })
        })
      }

      for (const [target, path, url] of [
        ['/seen/x?', '/seen/x', '/seen/x'],
        ['/seen/x??a', '/seen/x', '/seen/x??a'],
        ['/seen/%7Ex/later?a=%zz', '/seen/%7Ex/later', '/seen/%7Ex/later?a=%zz'],
        ['/no-where//at%2fall', '/no-where//at%2fall', '/no-where//at%2fall'],
      ] as const) {
        test(`has path and URL of ${target} as received`, async () => {
          const told = (await (await client.fetch(target)).json()) as { path: string; url: string }
          assert.equal(told.path, path)
          assert.equal(told.url, url)
        })
      }

      test('has no route where none matched', async () => {
        assert.equal('route' in ((await (await client.fetch('/away')).json()) as object), false)
      })

      for (const path of ['/headers', '/headers/later']) {
        test(`has its headers by name, whatever their letter case: ${path}`, async () => {
          // A value that is itself the name of a header must not be taken for one.
          const headers = { 'X-Empty': '', 'X-Kind': 'host', 'X-OWN': 'own value', 'X-What': 'content-length' }
          const told = (await (await client.fetch(path, { headers })).json()) as {
            all: Record<string, string>
            one: string
          }
          assert.equal(told.one, 'own value')
          assert.equal(told.all['x-own'], 'own value')
          assert.equal(told.all['x-kind'], 'host')
          assert.equal(told.all['x-what'], 'content-length')
          assert.equal(told.all['x-empty'], '')
          assert.equal('X-OWN' in told.all, false)
        })
      }

      test('has no header that was not sent', async () => {
        assert.equal(((await (await client.fetch('/headers')).json()) as { type: string }).type, 'undefined')
        const told = (await (await client.fetch('/constructor')).json()) as { has: boolean }
        assert.equal(told.has, false)
      })

      test('may have a header called constructor', async () => {
        const response = await client.fetch('/constructor', { headers: { constructor: 'a header' } })
        assert.equal(((await response.json()) as { value: string }).value, 'a header')
      })

      if (!client.hasWire) return

      test('has repeated headers joined, and the first where one is asked for', async () => {
        const lines = [
          'Host: a.test',
          'X-Own: 1',
          'Cookie: a=1',
          'x-own: 2',
          'cookie: b=2',
          'X-Bytes: caf\xc3\xa9 noir',
          'Connection: close',
        ]
        const request = Buffer.from(`GET /headers HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`, 'latin1')
        const { text } = await client.raw(request)
        const body = Buffer.from(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1), 'latin1').toString()
        const told = JSON.parse(body) as { all: Record<string, string>; one: string }
        assert.equal(told.all['x-own'], '1, 2')
        assert.equal(told.all.cookie, 'a=1; b=2')
        // Bytes beyond ASCII are Latin-1, as Fetch has it, whatever they were meant to be.
        assert.equal(told.all['x-bytes'], 'caf\xc3\xa9 noir')
        assert.equal(told.one, '1')
      })
    },
  )

  bodiesContract()
  limitsContract()
}

const utf8Text = 'grüße ☃ 🐎'

function bodiesContract(): void {
  onEveryTransport(
    'a request body',
    (app) => {
      app.post('/bytes', async (req) => req.bytes())
      app.post('/text', (req) => req.text())
      app.post('/json', async (req) => ({ got: await req.json() }))
      app.post('/late', async (req) => (await soon(req)).text())
      app.post('/twice', async (req) => [await req.text(), await req.text(), Buffer.from(await req.bytes()).toString()])
      app.post('/together', async (req) => Promise.all([req.text(), req.text()]))
      app.post('/ignored', () => 'not read')
      app.post('/ignored/later', async () => soon('not read'))
      app.delete('/text', (req) => req.text())
      app.get('/text', async (req) => `[${await req.text()}]`)
    },
    (client) => {
      const post = (path: string, body: string | Uint8Array<ArrayBuffer>): Promise<Response> =>
        client.fetch(path, { body, headers: { 'content-type': 'application/json' }, method: 'POST' })
      const large = 'x'.repeat(300_000)

      for (const [name, body] of [
        ['short', utf8Text],
        ['empty', ''],
        ['large', large],
      ] as const) {
        for (const path of ['/bytes', '/text', '/late']) {
          test(`${name}, is read whole by ${path}`, async () => {
            assert.equal(await (await post(path, body)).text(), body)
          })

          test(`${name}, is read whole by ${path} when it is chunked`, async () => {
            const parts =
              body === '' ? [] : [body.slice(0, 3), body.slice(3, 200_000), body.slice(200_000)].filter(Boolean)
            assert.equal(await (await postChunked(client, path, parts)).text(), body)
          })
        }

        for (const path of ['/ignored', '/ignored/later']) {
          test(`${name}, is left unread by ${path}, and the next request is answered`, async () => {
            assert.equal(await (await post(path, body)).text(), 'not read')
            assert.equal(await (await postChunked(client, path, [body])).text(), 'not read')
            assert.equal(await (await post('/text', 'next')).text(), 'next')
          })
        }
      }

      test('is empty where there is none', async () => {
        assert.equal(await (await client.fetch('/text')).text(), '[]')
        assert.equal(await (await client.fetch('/text', { method: 'DELETE' })).text(), '')
        assert.equal(await (await client.fetch('/bytes', { method: 'POST' })).text(), '')
      })

      test('is there for DELETE too', async () => {
        assert.equal(await (await client.fetch('/text', { body: 'gone', method: 'DELETE' })).text(), 'gone')
      })

      test('can be read several times', async () => {
        assert.deepEqual(await (await post('/twice', 'a')).json(), ['a', 'a', 'a'])
        assert.deepEqual(await (await post('/together', 'b')).json(), ['b', 'b'])
      })

      test('keeps every byte', async () => {
        const all = Uint8Array.from({ length: 512 }, (_, index) => index & 255)
        assert.deepEqual(new Uint8Array(await (await post('/bytes', all)).arrayBuffer()), all)
      })

      test('loses a byte order mark as text, and malformed UTF-8 becomes U+FFFD', async () => {
        assert.equal(await (await post('/text', Buffer.from('\ufeffa'))).text(), 'a')
        assert.equal(await (await post('/text', Buffer.from([0x61, 0xff]))).text(), 'a\ufffd')
      })

      for (const [body, got] of [
        ['{"a":"ü"}', { a: 'ü' }],
        ['\ufeff[1]', [1]],
        ['null', null],
        [' 7 ', 7],
      ] as const) {
        test(`is JSON: ${body}`, async () => {
          assert.deepEqual(await (await post('/json', body)).json(), { got })
        })
      }

      for (const [name, body] of [
        ['nothing', ''],
        ['half a document', '{"a":'],
        ['two documents', '{}{}'],
        ['a comment', '{} // x'],
        ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22])],
        ['half a character', Buffer.from('"ü').subarray(0, 2)],
      ] as const) {
        test(`is not JSON, which is a 400: ${name}`, async () => {
          await assertProblem(await post('/json', body), 400, { code: 'BODY_NOT_JSON' })
        })
      }
    },
  )
}

function limitsContract(): void {
  const limits = [
    ['/app', 100],
    ['/small', 10],
    ['/large', 1000],
    ['/group', 50],
    ['/group/large', 500],
    ['/none', 0],
  ] as const

  onEveryTransport(
    'the limit of a request body',
    (app) => {
      app.use(async (_, next) => (await next()).header('x-passed', 'yes'))
      app.post('/app', (req) => req.text())
      app.post('/small', { bodyLimit: 10 }, (req) => req.text())
      app.post('/large', { bodyLimit: '1000b' }, (req) => req.text())
      app.post('/none', { bodyLimit: 0 }, (req) => req.text())
      const group = new RouteGroup({ bodyLimit: 50, prefix: '/group' })
      group.post('/', (req) => req.text())
      group.post('/large', { bodyLimit: 500 }, (req) => req.text())
      app.mount(group)
      app.post('/ignored', async () => soon('not read'))
      app.post('/caught', async (req) =>
        req.text().catch((error: HttpError) => `${HttpError.is(error)} ${error.status}`),
      )
    },
    (client) => {
      for (const [path, limit] of limits) {
        const whole = 'x'.repeat(limit)
        const over = 'x'.repeat(limit + 1)

        test(`${path} takes ${limit} bytes`, async () => {
          assert.equal(await (await client.fetch(path, { body: whole, method: 'POST' })).text(), whole)
          assert.equal(await (await postChunked(client, path, [whole.slice(1), whole.slice(0, 1)])).text(), whole)
        })

        test(`${path} refuses ${limit + 1} bytes by their Content-Length, through its middleware`, async () => {
          const response = await client.fetch(path, { body: over, method: 'POST' })
          assert.equal(response.headers.get('x-passed'), 'yes')
          assertConnection(client, response, 'close')
          await assertProblem(response, 413, { code: 'BODY_TOO_LARGE', title: 'Content Too Large' })
        })

        test(`${path} refuses ${limit + 1} bytes in chunks`, async () => {
          const response = await postChunked(client, path, [over.slice(1), over.slice(0, 1)])
          assertConnection(client, response, 'close')
          await assertProblem(response, 413, { code: 'BODY_TOO_LARGE' })
        })
      }

      test('can be caught by the handler that reads', async () => {
        const response = await postChunked(client, '/caught', ['x'.repeat(101)])
        assert.equal(await response.text(), 'true 413')
        assertConnection(client, response, 'close')
      })

      test('holds for a body that is not read', async () => {
        assert.equal((await client.fetch('/ignored', { body: 'x'.repeat(101), method: 'POST' })).status, 413)
      })

      test('leaves the app answering', async () => {
        assert.equal(await (await client.fetch('/app', { body: 'x', method: 'POST' })).text(), 'x')
      })
    },
    { bodyLimit: 100 },
  )
}
