import assert from 'node:assert/strict'
import { test } from 'node:test'
import { csrf, type Hotpress, RouteGroup } from '../../../src/index.js'
import { onEveryTransport } from '../../_setup.js'
import { assertProblem, linesOf, wire } from './_tools.js'

const trusted = 'https://app.example'
const tokens = csrf({ token: { secret: 'a secret of this test alone, and long', session: 'sid' } })
const forms = csrf({
  token: { cookie: 'form', read: async (req) => (await req.form<{ csrf?: string }>()).csrf, secret: ['x'.repeat(32)] },
})

function build(app: Hotpress): void {
  const plain = new RouteGroup({ prefix: '/plain' })
  plain.use(csrf({ trustedOrigins: [trusted, 'http://other.example:8080'] }))
  for (const each of ['GET', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE', 'PURGE']) plain.route(each, '/', () => 'done')
  app.mount(plain)
  app.post('/site', { use: csrf({ sameSite: true }) }, () => 'done')
  app.get('/page', { use: tokens }, (req) => tokens.token(req))
  app.post('/page', { use: tokens }, () => 'done')
  app.get('/form', { use: forms }, (req) => forms.token(req))
  app.post('/form', { use: forms }, async (req) => `done ${Object.keys(await req.form()).join()}`)
}

const sites: readonly (readonly [string, string, string, Record<string, string>, number])[] = [
  ['a page of this origin', 'POST', '/plain', { 'sec-fetch-site': 'same-origin' }, 200],
  ['the address bar', 'POST', '/plain', { 'sec-fetch-site': 'none' }, 200],
  ['a page of another site', 'POST', '/plain', { 'sec-fetch-site': 'cross-site' }, 403],
  [
    'another site that says its origin',
    'POST',
    '/plain',
    { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
    403,
  ],
  [
    'a site that claims this host, says the browser not',
    'POST',
    '/plain',
    { origin: 'http://localhost', 'sec-fetch-site': 'cross-site' },
    403,
  ],
  ['a value that nobody has heard of', 'POST', '/plain', { 'sec-fetch-site': 'Same-Origin' }, 403],
  ['a page of the same site', 'POST', '/plain', { 'sec-fetch-site': 'same-site' }, 403],
  ['a page of the same site, where that is allowed', 'POST', '/site', { 'sec-fetch-site': 'same-site' }, 200],
  ['a trusted origin', 'POST', '/plain', { origin: trusted, 'sec-fetch-site': 'cross-site' }, 200],
  ['a trusted origin in an old browser', 'POST', '/plain', { origin: 'http://other.example:8080' }, 200],
  ['a part of a trusted origin', 'POST', '/plain', { origin: `${trusted}.evil.example` }, 403],
  ['a trusted host by another scheme', 'POST', '/plain', { origin: 'http://app.example' }, 403],
  ['another origin in an old browser', 'POST', '/plain', { origin: 'https://evil.example' }, 403],
  ['the origin null', 'POST', '/plain', { origin: 'null' }, 403],
  ['an origin that is none', 'POST', '/plain', { origin: '' }, 403],
  ['no browser', 'POST', '/plain', {}, 200],
  ['no browser, with a cookie', 'DELETE', '/plain', { cookie: 'sid=1' }, 200],
  ['PUT of another site', 'PUT', '/plain', { 'sec-fetch-site': 'cross-site' }, 403],
  ['PATCH of another site', 'PATCH', '/plain', { 'sec-fetch-site': 'cross-site' }, 403],
  ['DELETE of another site', 'DELETE', '/plain', { 'sec-fetch-site': 'cross-site' }, 403],
  ['a method of its own of another site', 'PURGE', '/plain', { 'sec-fetch-site': 'cross-site' }, 403],
  ['GET of another site', 'GET', '/plain', { 'sec-fetch-site': 'cross-site' }, 200],
  ['HEAD of another site', 'HEAD', '/plain', { 'sec-fetch-site': 'cross-site' }, 200],
  ['OPTIONS of another site', 'OPTIONS', '/plain', { 'sec-fetch-site': 'cross-site' }, 200],
  ['a page that sends a token, though none is needed', 'POST', '/page', { 'sec-fetch-site': 'same-origin' }, 200],
  ['another site, where there are tokens', 'POST', '/page', { 'sec-fetch-site': 'cross-site' }, 403],
]

/** Which requests of browsers are let in. */
export function csrfContract(): void {
  onEveryTransport('cross-site requests', build, (client) => {
    // The fetch of Node says `sec-fetch-mode` only; nothing here that a browser would add.
    for (const [name, method, path, headers, status] of sites) {
      test(`${status === 403 ? 'refuses' : 'lets in'} ${name}`, async () => {
        const response = await client.fetch(path, { headers, method })
        if (status === 403) await assertProblem(response, 403, { code: 'CROSS_ORIGIN' })
        else assert.equal(response.status, status)
      })
    }

    test('lets in its own origin in an old browser, and not another port or scheme', async () => {
      await client.fetch('/plain')
      const own = client.address?.url ?? 'http://localhost'
      const cases = [
        [own, 200],
        [own.startsWith('https:') ? own.replace('https:', 'http:') : own.replace('http:', 'https:'), 403],
        [`${own.replace(/:\d+$/, '')}:1`, 403],
      ] as const
      for (const [origin, status] of cases) {
        const response = await client.fetch('/plain', { headers: { origin }, method: 'POST' })
        assert.equal(response.status, status, origin)
      }
    })

    async function page(cookie = 'sid=1'): Promise<{ readonly cookie: string; readonly token: string }> {
      const response = await client.fetch('/page', { headers: { cookie } })
      const [line = ''] = response.headers.getSetCookie()
      assert.match(line, /^__Host-csrf=[\w-]{24}; Path=\/; HttpOnly; SameSite=Lax; Secure$/)
      return { cookie: `${cookie}; ${line.slice(0, line.indexOf(';'))}`, token: await response.text() }
    }

    test('a token lets in who says nothing of its origin', async () => {
      const { cookie, token } = await page()
      const response = await client.fetch('/page', { headers: { cookie, 'x-csrf-token': token }, method: 'POST' })
      assert.equal(response.status, 200)
      assert.deepEqual(response.headers.getSetCookie(), [])
    })

    test('a token of a second page is another, for the same cookie', async () => {
      const { cookie, token } = await page()
      const second = await client.fetch('/page', { headers: { cookie } })
      assert.deepEqual(second.headers.getSetCookie(), [])
      const other = await second.text()
      assert.notEqual(other, token)
      for (const each of [token, other]) {
        const response = await client.fetch('/page', { headers: { cookie, 'x-csrf-token': each }, method: 'POST' })
        assert.equal(response.status, 200)
      }
    })

    test('a token of another cookie or session, or a changed one, does not', async () => {
      const { cookie, token } = await page()
      const other = await page()
      const changed = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
      const wrong: readonly Record<string, string>[] = [
        { cookie },
        { 'x-csrf-token': token },
        { cookie, 'x-csrf-token': '' },
        { cookie, 'x-csrf-token': other.token },
        { cookie, 'x-csrf-token': `B${token}` },
        { cookie, 'x-csrf-token': changed.replace(/^./, (first) => (first === 'A' ? 'B' : 'A')) },
        { cookie: cookie.replace('sid=1', 'sid=2'), 'x-csrf-token': token },
        { cookie: cookie.replace('sid=1; ', ''), 'x-csrf-token': token },
        { cookie: other.cookie, 'x-csrf-token': token },
        { cookie: '__Host-csrf=', 'x-csrf-token': token },
      ]
      for (const headers of wrong) {
        const response = await client.fetch('/page', { headers, method: 'POST' })
        await assertProblem(response, 403, { code: 'CSRF_TOKEN_INVALID' })
      }
    })

    test('a token may come in a form, which the handler reads again', async () => {
      const response = await client.fetch('/form')
      const cookie = response.headers.getSetCookie()[0]!
      assert.match(cookie, /^form=[\w-]{24}; Path=\/; HttpOnly; SameSite=Lax(; Secure)?$/)
      assert.equal(cookie.endsWith('; Secure'), client.protocol === 'https')
      const body = new URLSearchParams({ csrf: await response.text(), name: 'Ada' })
      const sent = { body, headers: { cookie: cookie.split(';')[0]! }, method: 'POST' }
      const answer = await client.fetch('/form', sent)
      assert.equal(await answer.text(), 'done csrf,name')
      await assertProblem(await client.fetch('/form', { ...sent, body: new URLSearchParams({ csrf: 'x' }) }), 403)
    })

    test('a cookie is set where a token was asked for, once', async () => {
      assert.equal(linesOf(await wire(client, '/page'), 'set-cookie').length, 1)
      assert.equal(linesOf(await wire(client, '/page', 'HEAD'), 'set-cookie').length, 1)
      assert.equal(linesOf(await wire(client, '/plain'), 'set-cookie').length, 0)
    })
  })
}
