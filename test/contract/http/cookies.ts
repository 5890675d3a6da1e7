import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Cookie, CookieKeys, type Hotpress, HttpError, html, json, stream, text } from '../../../src/index.js'
import { onEveryTransport } from '../../_setup.js'
import { assertBlank, bodyOf, linesOf, wire } from './_tools.js'

// By another name than its own, which a linter takes for the accessor.
const proto = '__proto__'
const keys = new CookieKeys(['k'.repeat(32)])

async function* parts(): AsyncGenerator<string> {
  yield 'a'
  yield 'b'
}

function build(app: Hotpress): void {
  app.get('/', () => 'ready')
  app.get('/read', ({ cookies }) => json({ ...cookies }))
  app.get('/later', async (req) => {
    await null
    return json({ ...req.cookies })
  })
  app.get('/proto', ({ cookies }) => json([cookies.constructor, cookies[proto], 'toString' in cookies].map(String)))
  app.get('/two', () => html('x').cookie('a', '1', { path: '/' }).cookie(new Cookie('b', 'ü; \r\n').httpOnly()))
  app.get('/later-two', async () => json({}).cookie('a', '1').cookie('b', '2'))
  app.get('/stream', () => stream(parts()).cookie('a', '1').cookie('b', '2'))
  app.get('/replaced', () =>
    text('x').cookie('a', '1').cookie('b', '2').cookie('a', '3').cookie('a', '4', { path: '/x' }),
  )
  app.get('/cleared', () => text('x').cookie('a', '1').clearCookie('a'))
  app.get('/path', (req) => text('x').cookie('a', '1', { path: req.query.get('path')! }))
  app.get('/domain', (req) => text('x').cookie('a', '1', { domain: req.query.get('path')! }))
  app.get('/name', (req) => text('x').cookie(req.query.get('path')!, '1'))
  app.get('/sealed', () =>
    text('x')
      .cookie(keys.sign(new Cookie('signed', 'value of the one').maxAge(60)))
      .cookie(keys.encrypt(new Cookie('sealed', 'value of the other').path('/'))),
  )
  app.get('/opened', (req) => {
    const signed = keys.verify(req, 'signed')
    const sealed = keys.decrypt(req, 'sealed')
    if (signed === undefined || sealed === undefined) throw new HttpError(401)
    return { sealed, signed }
  })
}

/** Cookies of requests and answers. */
export function cookiesContract(): void {
  onEveryTransport('cookies', build, (client) => {
    for (const path of ['/read', '/later']) {
      test(`are read at ${path}`, async () => {
        const cookie = 'a=1; b="two"; c=%C3%BC; d=%zz; a=2; nothing'
        const response = await client.fetch(path, { headers: { cookie } })
        assert.deepEqual(await response.json(), { a: '1', b: 'two', c: 'ü', d: '%zz' })
      })
    }

    test('are none without a header', async () => {
      assert.deepEqual(await (await client.fetch('/read')).json(), {})
    })

    test('constructor and __proto__ are names', async () => {
      const none = await client.fetch('/proto')
      assert.deepEqual(await none.json(), ['undefined', 'undefined', 'false'])
      const some = await client.fetch('/proto', { headers: { cookie: 'constructor=1; __proto__=2' } })
      assert.deepEqual(await some.json(), ['1', '2', 'false'])
    })

    test('of several lines are read as one', { skip: !client.hasWire }, async () => {
      const request = 'GET /read HTTP/1.1\r\nHost: x\r\nCookie: a=1\r\ncookie: b=2; a=3\r\nConnection: close\r\n\r\n'
      const { text } = await client.raw(request)
      assert.deepEqual(JSON.parse(bodyOf(text)), { a: '1', b: '2' })
    })

    for (const [path, lines] of [
      ['/cleared', ['a=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT']],
      ['/later-two', ['a=1', 'b=2']],
      ['/replaced', ['a=3', 'b=2', 'a=4; Path=/x']],
      ['/stream', ['a=1', 'b=2']],
      ['/two', ['a=1; Path=/', 'b=%C3%BC%3B%20%0D%0A; HttpOnly']],
    ] as const) {
      test(`are lines of their own: ${path}`, async () => {
        assert.deepEqual(linesOf(await wire(client, path), 'set-cookie'), lines)
      })
    }

    for (const attribute of ['domain', 'name', 'path']) {
      for (const value of [
        '/a\r\nx-evil: b',
        '/a\nSet-Cookie: evil=1',
        '/a\0evil',
        '/a; evil',
        'a;evil',
        'a\r\nevil',
      ]) {
        test(`CRLF in cookie attributes is refused: ${attribute} ${JSON.stringify(value)}`, async () => {
          const target = `/${attribute}?${new URLSearchParams({ path: value })}`
          assert.doesNotMatch(await wire(client, target), /evil/)
          await assertBlank(await client.fetch(target))
        })
      }
    }

    test('that are signed or encrypted come back, and not when they were changed', async () => {
      const set = (await client.fetch('/sealed')).headers.getSetCookie()
      const cookies = set.map((line) => line.split(';')[0]!)
      assert.match(cookies[0]!, /^signed=value%20of%20the%20one\.\w+\.[\w-]{43}$/)
      assert.match(cookies[1]!, /^sealed=[\w-]+$/)
      const opened = await client.fetch('/opened', { headers: { cookie: cookies.join('; ') } })
      assert.deepEqual(await opened.json(), { sealed: 'value of the other', signed: 'value of the one' })
      const changed = cookies.join('; ').replace('one', 'two')
      assert.equal((await client.fetch('/opened', { headers: { cookie: changed } })).status, 401)
      assert.equal((await client.fetch('/opened')).status, 401)
    })
  })
}
