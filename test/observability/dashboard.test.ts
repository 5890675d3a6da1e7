import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { probePort } from '../../src/core/probe-port.js'
import { basicAuth, Hotpress, type HotpressOptions, rateLimit } from '../../src/index.js'
import type { Snapshot } from '../../src/observability/dashboard/snapshot.js'
import { says } from '../_says.js'
import { variants } from '../_variants.js'
import { type BrowserPage, withBrowser } from '../interop/_devtools.js'
import { missing } from '../interop/_programs.js'

function makeApp(options: HotpressOptions = {}): Hotpress {
  const app = new Hotpress({ logger: false, ...options })
  app.get('/users/:id', ({ params }) => params)
  app.get('/<b>bold</b>', () => 'x')
  app.get('/broken', () => {
    throw new Error('a fault')
  })
  return app
}

describe('the dashboard', () => {
  const get = (
    app: Hotpress,
    url = '/_hotpress',
    headers: Record<string, string> = {},
  ): ReturnType<Hotpress['inject']> => app.inject({ headers, url })

  test('is not there unless it is asked for', async () => {
    assert.equal((await get(makeApp())).status, 404)
  })

  test('tells of requests, routes, connections, memory and the event loop', async () => {
    const app = makeApp().dashboard()
    for (const url of ['/users/1', '/users/2', '/broken', '/nowhere']) await app.inject({ url })
    const answer = await get(app, '/_hotpress/stats')
    assert.equal(answer.headers.get('cache-control'), 'no-store')
    const { connections, eventLoop, memory, pid, requests, routes } = answer.json<Snapshot>()
    assert.deepEqual(requests.byStatus, { '1xx': 0, '2xx': 2, '3xx': 0, '4xx': 1, '5xx': 1 })
    assert.deepEqual([requests.active, requests.aborted, requests.total, connections, pid], [1, 0, 4, 0, process.pid])
    assert.equal(
      requests.latencies.reduce((all, count) => all + count, 0),
      4,
    )
    assert.ok(memory.rss > 0 && eventLoop.time >= eventLoop.active)
    const rows = routes.map(({ count, errors, method, route }) => `${method} ${route} ${count} ${errors}`)
    assert.equal(rows[0], 'GET /users/:id 2 0')
    assert.deepEqual(rows.slice(1).sort(), ['GET  1 0', 'GET /broken 1 1'])
  })

  test('tells of the parts of the app', async () => {
    const app = makeApp({ maxEventLoopDelay: '1s' })
      .use(rateLimit({ limit: 2, name: 'all', window: '1m' }))
      .dashboard()
    for (let asked = 0; asked < 3; asked++) await app.inject({ url: '/users/1' })
    const { parts } = (await get(app, '/_hotpress/stats')).json<Snapshot>()
    const figures = parts.map(({ labels, name, value }) => `${name} ${Object.values(labels).join()} ${value}`)
    for (const figure of ['hotpress_overload_refused_total  0', 'hotpress_rate_limit_refused_total all 1']) {
      assert.ok(figures.includes(figure), figures.join('\n'))
    }
  })

  test('is for this machine alone', async () => {
    const app = makeApp({ trustProxy: 'loopback' }).dashboard()
    assert.equal((await get(app)).status, 200)
    for (const headers of [
      { 'x-forwarded-for': '127.0.0.1' },
      { forwarded: 'for=127.0.0.1' },
      { via: '1.1 a' },
      { host: 'attacker.example' },
    ]) {
      for (const url of ['/_hotpress', '/_hotpress/stats']) {
        const answer = await get(app, url, headers)
        assert.equal(answer.status, 403, JSON.stringify(headers))
        assert.equal(answer.json<{ code: string }>().code, 'ADDRESS_FORBIDDEN')
      }
    }
    for (const host of ['localhost', 'localhost:3000', '127.0.0.1:3000', '[::1]:3000']) {
      assert.equal((await get(app, '/_hotpress', { host })).status, 200, host)
    }
  })

  test('is for whoever its middleware lets in', async () => {
    const app = makeApp().dashboard({
      path: '/status',
      use: basicAuth({ verify: (_, password) => password === 'right' }),
    })
    const authorization = (password: string): string => `Basic ${btoa(`a:${password}`)}`
    const from = { host: 'app.example', 'x-forwarded-for': '192.0.2.1' }
    for (const url of ['/status', '/status/stats']) {
      assert.equal((await get(app, url, from)).status, 401)
      assert.equal((await get(app, url, { ...from, authorization: authorization('wrong') })).status, 401)
      assert.equal((await get(app, url, { ...from, authorization: authorization('right') })).status, 200)
    }
  })

  test('has a page that loads nothing from elsewhere', async () => {
    const answer = await get(makeApp().dashboard())
    const policy = answer.headers.get('content-security-policy')!
    assert.match(
      policy,
      /^default-src 'none'; .*connect-src 'self'.*script-src 'sha256-[^']+'; style-src 'sha256-[^']+'$/,
    )
    assert.doesNotMatch(answer.text(), /https?:|src=|href=|@import|url\(/)
  })

  test('counts along with app.metrics(), whichever comes first', async () => {
    for (const app of [makeApp().metrics().dashboard(), makeApp().dashboard().metrics()]) {
      await app.inject({ url: '/users/1' })
      const { requests } = (await get(app, '/_hotpress/stats')).json<Snapshot>()
      assert.equal(requests.total, 1)
      assert.equal(app.stats().requests?.total, 2)
    }
  })

  for (const [options, ...texts] of [
    [{ path: 'status' }, 'path', '"status"'],
    [{ path: '/a/:b' }, 'path'],
    [{ path: '/a/' }, 'path'],
    [{ use: [] }, 'use', 'middleware'],
  ] as const) {
    test(`refuses ${JSON.stringify(options)}`, () => {
      assert.throws(() => makeApp().dashboard(options), says('OPTION_INVALID', ...texts))
    })
  }

  test('refuses what is no middleware, and options that are not there', () => {
    assert.throws(() => makeApp().dashboard({ use: 'me' as never }), says('HANDLER_INVALID', 'use'))
    assert.throws(() => makeApp().dashboard({ open: true } as never), says('OPTION_UNKNOWN', 'open'))
  })
})

const text = (id: string): string => `document.querySelector('#${id}').textContent`
const points = (id: string): string =>
  `(document.querySelector('#${id}-line path').getAttribute('d')?.match(/[ML]/g).length ?? 0)`

/** What is to be seen on the page, each by itself. */
const drawn: readonly string[] = [
  'h1',
  '#state',
  '#about',
  ...['rate', 'latency', 'delay', 'memory', 'active', 'connections'].flatMap((id) => [`#${id}`, `#${id}-more`]),
  ...['rate', 'latency', 'delay', 'memory'].map((id) => `#${id}-line`),
  '#bar',
  '#legend',
  '#routes',
  '#parts',
]

/** How many pixels of its place an element changes: as it is, against none there. */
async function inkOf(page: BrowserPage, selector: string): Promise<number> {
  const shown = await page.picture(selector)
  const style = `document.querySelector('${selector}').style`
  await page.evaluate(`${style}.opacity = '0'`)
  const hidden = await page.picture(selector)
  await page.evaluate(`${style}.opacity = ''`)
  assert.deepEqual([shown.width, shown.height], [hidden.width, hidden.height], selector)
  let changed = 0
  for (let at = 0; at < shown.data.length; at += 4) {
    if ([0, 1, 2].some((part) => Math.abs(shown.data[at + part]! - hidden.data[at + part]!) > 16)) changed++
  }
  return changed
}

for (const { name, protocol, skip, transport, version } of variants) {
  if (protocol !== 'http' || version !== '1.1') continue
  describe(`the page of the dashboard on ${name}`, () => {
    const app = makeApp({ maxEventLoopDelay: '10s', transport }).dashboard()
    after(() => app.close())

    test('shows all its parts, live, and says when nothing answers', {
      skip: skip || missing('chromium', '--version'),
      timeout: 120_000,
    }, async () => {
      // uws cannot be given again, for a minute, what it has picked by itself: it sets no SO_REUSEADDR there.
      const { port, url } = await app.listen({ port: await probePort('127.0.0.1', 0) })
      await withBrowser(async (open) => {
        const page = await open(`${url}/_hotpress`)
        await page.until(`${text('state')} === 'live' && ${points('rate')} >= 2`)
        const asked = Array.from({ length: 40 }, (_, index) =>
          fetch(`${url}${index % 4 === 0 ? '/broken' : index % 4 === 1 ? '/<b>bold</b>' : `/users/${index}`}`),
        )
        for (const answer of await Promise.all(asked)) await answer.text()
        await page.until(
          "[...document.querySelectorAll('#routes td')].some((cell) => cell.textContent === '/users/:id')",
        )
        await page.until("document.querySelector('#legend').textContent.includes('5xx 10')")
        // What users have named stands there as text.
        assert.equal(await page.evaluate("document.querySelectorAll('#routes b').length"), 0)
        for (const id of ['rate', 'latency', 'delay', 'memory', 'active', 'connections']) {
          const box = await page.evaluate(
            `JSON.stringify(document.querySelector('#${id}').closest('.card').getBoundingClientRect())`,
          )
          const { height, width } = JSON.parse(String(box)) as { readonly height: number; readonly width: number }
          assert.ok(height > 40 && width > 100, `${id}: ${width} by ${height}`)
          assert.doesNotMatch(String(await page.evaluate(text(id))), /^–?$|NaN|undefined/, id)
        }
        for (const id of ['rate', 'latency', 'delay', 'memory']) {
          await page.until(`${points(id)} >= 5`)
        }
        for (const part of drawn) {
          const ink = await inkOf(page, part)
          assert.ok(ink > 10, `${part} shows ${ink} pixels`)
        }
        const bars =
          "[...document.querySelectorAll('#bar i')].map((bar) => parseFloat(bar.style.width)).reduce((all, one) => all + one, 0)"
        assert.ok(Math.abs(Number(await page.evaluate(bars)) - 100) < 1)
        assert.equal(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), true)
        await app.close()
        await page.until(`${text('state')} === 'not reached'`)
        await app.listen({ port })
        await page.until(`${text('state')} === 'live'`)
      })
    })
  })
}
