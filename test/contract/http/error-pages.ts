// The page that browsers are shown for an error in development.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Hotpress, HttpError } from '../../../src/index.js'
import { type Client, onEveryTransport } from '../../_setup.js'

const html = { Accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }

function build(app: Hotpress): void {
  app.get('/broken/:name', ({ params }) => {
    throw new Error(`<script>alert("${params.name}")</script>`, { cause: new TypeError('the reason & more') })
  })
  app.get('/refused', () => {
    throw new HttpError(418, 'short and stout', { headers: { 'X-Kind': 'teapot' } })
  })
  app.get('/rejected', async () => Promise.reject(new RangeError('later')))
  app.get('/text', () => {
    throw 'a text'
  })
  app.get('/own', () => 'ours')
  app.post('/small', { bodyLimit: 4 }, (req) => req.text())
  app.get('/slow', () => new Promise<never>(() => {}))
}

function cases(client: Client): void {
  const ask = async (path: string, init: object = {}): Promise<{ answer: Response; page: string }> => {
    const answer = await client.fetch(path, { headers: html, ...init })
    return { answer, page: await answer.text() }
  }

  test('a fault has a page with its message, its causes, its stack and its request', async () => {
    const { answer, page } = await ask('/broken/me?token=of-a-token&plain=1', {
      headers: { ...html, Authorization: 'Bearer of-a-secret', 'X-Thing': 'a "thing"' },
    })
    assert.equal(answer.status, 500)
    assert.equal(answer.headers.get('content-type'), 'text/html; charset=utf-8')
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    assert.equal(answer.headers.get('vary'), 'Accept')
    assert.match(answer.headers.get('content-security-policy')!, /^default-src 'none'; .*style-src 'sha256-[^']+'$/)
    assert.match(page, /Error: &lt;script&gt;alert\(&quot;me&quot;\)&lt;\/script&gt;/)
    assert.doesNotMatch(page, /<script/)
    assert.match(page, /Caused by TypeError: the reason &amp; more/)
    assert.match(page, /error-pages\.(?:js|ts):\d+/)
    assert.match(page, /class="meant"/)
    assert.match(page, /<th>:name<\/th><td>me<\/td>/)
    assert.match(page, /<th>plain<\/th><td>1<\/td>/)
    assert.match(page, /<th>token<\/th><td>\[hidden\]<\/td>/)
    assert.match(page, /<th>route<\/th><td>\/broken\/:name<\/td>/)
    assert.match(page, /<th>x-thing<\/th><td>a &quot;thing&quot;<\/td>/i)
    assert.doesNotMatch(page, /of-a-secret|of-a-token/)
    assert.ok(page.includes(answer.headers.get('x-request-id')!), 'the id is that of the answer')
  })

  for (const [path, status, said, init] of [
    ['/refused', 418, /short and stout/, {}],
    ['/rejected', 500, /RangeError: later/, {}],
    ['/text', 500, /500 Internal Server Error/, {}],
    ['/nowhere', 404, /nothing is at \/nowhere/, {}],
    ['/own', 405, /DELETE is not allowed here/, { method: 'DELETE' }],
    ['/small', 413, /larger than the limit of 4 bytes/, { body: 'more than that', method: 'POST' }],
    ['/slow', 503, /503 Service Unavailable/, {}],
  ] as const) {
    test(`${status} of ${path}`, async () => {
      const { answer, page } = await ask(path, init)
      assert.equal(answer.status, status)
      assert.match(page, /^<!doctype html>/)
      assert.match(page, said)
      if (status === 418) assert.equal(answer.headers.get('x-kind'), 'teapot')
      if (status === 405) assert.equal(answer.headers.get('allow'), 'GET, HEAD, OPTIONS')
    })
  }

  test('who does not name HTML has the document, and what is no error is left alone', async () => {
    for (const headers of [{ Accept: '*/*' }, { Accept: 'application/json' }]) {
      const answer = await client.fetch('/broken/me', { headers })
      assert.equal(answer.headers.get('content-type'), 'application/problem+json')
      assert.doesNotMatch(await answer.text(), /alert/)
    }
    const { answer, page } = await ask('/own')
    assert.deepEqual([answer.status, page], [200, 'ours'])
  })
}

/** What `env: 'development'` shows, on every transport. */
export function errorPagesContract(): void {
  onEveryTransport('error pages', build, cases, {
    env: 'development',
    requestTimeout: 300,
    securityHeaders: { recommended: true },
  })
}
