import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import { Hotpress, type HttpsRedirectOptions, type ListeningServer } from '../src/index.js'
import { redirectHostOf } from '../src/redirect.js'
import { raw, tls, type Variant, variants } from './_setup.js'
import { recorder } from './contract/http/_tools.js'

const plain = variants.filter(({ protocol }) => protocol === 'http')

interface Redirecting {
  readonly app: Hotpress
  readonly server: ListeningServer
}

async function redirecting(
  variant: Variant,
  redirectToHttps: true | HttpsRedirectOptions = true,
): Promise<Redirecting> {
  const app = new Hotpress({ logger: false, transport: variant.transport })
  app.get('/', () => 'a route')
  app.post('/', async (req) => req.text())
  app.use((_request, next) => next())
  const server = await app.listen({ ...variant.listen, redirectToHttps })
  after(() => app.close())
  return { app, server }
}

/** The head of the answer to a request in HTTP/1.1. */
async function ask(server: ListeningServer, target: string, host = 'a.example', rest = ''): Promise<string> {
  const request = `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${rest}\r\n`
  return (await raw(server.port, request)).text
}

function locationOf(answer: string): string | undefined {
  return /\r\nlocation: (.*)\r\n/i.exec(answer)?.[1]
}

for (const variant of plain) {
  describe(`a redirection to HTTPS on ${variant.name}`, { skip: variant.skip }, () => {
    test('keeps the method, the host, the path and the query', async () => {
      const { server } = await redirecting(variant, { port: 443 })
      const { url } = server
      const client = variant.client?.(url)
      after(() => client?.close())
      const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
        client === undefined ? fetch(url + path, { redirect: 'manual', ...init }) : client.fetch(path, init)
      for (const method of ['GET', 'HEAD', 'POST', 'DELETE', 'OPTIONS']) {
        const body = method === 'POST' ? { body: 'x'.repeat(100_000) } : {}
        const answer = await ask('/a%20b/?c=%2F&d', { method, ...body })
        assert.equal(answer.status, 308)
        assert.equal(answer.headers.get('location'), 'https://127.0.0.1/a%20b/?c=%2F&d')
        assert.equal(await answer.text(), '')
        assert.ok(answer.headers.has('x-request-id'))
        assert.ok(answer.headers.get('server')?.startsWith('hotpress/'))
      }
    })

    test('is of the app too where a route would be', async () => {
      const { server } = await redirecting(variant, { status: 302 })
      const client = variant.client?.(server.url)
      after(() => client?.close())
      const answer = client === undefined ? await fetch(server.url, { redirect: 'manual' }) : await client.fetch('/')
      assert.equal(answer.status, 302)
      assert.equal(answer.headers.get('location'), 'https://127.0.0.1/')
    })
  })
}

for (const variant of plain.filter(({ version }) => version === '1.1')) {
  describe(`the address of a redirection on ${variant.name}`, { skip: variant.skip }, () => {
    test('is that of the request, byte for byte', async () => {
      const { server } = await redirecting(variant)
      for (const target of [
        '/',
        '//evil.example/x',
        '/%0d%0aSet-Cookie:%20a=b',
        '/a/../b/./c;d=e?f=%00&g=/../',
        '/\\evil.example',
        '/"<>^`{|}',
        '/?next=https://evil.example',
        `/${'x'.repeat(2000)}?${'y'.repeat(2000)}`,
      ]) {
        assert.equal(locationOf(await ask(server, target)), `https://a.example${target}`)
      }
    })

    const hosts: readonly (readonly [host: string, location: string])[] = [
      ['a.example:80', 'a.example'],
      ['A.Example:8080', 'A.Example'],
      ['a.example.', 'a.example'],
      ['a.example.:80', 'a.example'],
      ['10.0.0.1:80', '10.0.0.1'],
      ['[::1]:80', '[::1]'],
      ['[::1]', '[::1]'],
      ['localhost', 'localhost'],
      ['a_b.example', 'a_b.example'],
    ]
    test('has the host without its port', async () => {
      const { server } = await redirecting(variant)
      for (const [host, location] of hosts) {
        assert.equal(locationOf(await ask(server, '/x', host)), `https://${location}/x`)
      }
    })

    test('is none where the host is none', async () => {
      const { server } = await redirecting(variant)
      for (const host of ['a%2eexample', "a'b", 'a!b', '(a)', '*.example', 'a..b', '[::::]', '[1.2.3.4]', '.']) {
        const answer = await ask(server, '/', host)
        assert.match(answer, /^HTTP\/1\.1 400 /, host)
        assert.equal(locationOf(answer), undefined)
        assert.match(answer, /"code":"HOST_NOT_REDIRECTED"/)
      }
      for (const host of ['a b', 'a@b', 'a/b', '', 'a.example,b.example', 'a:b']) {
        const answer = await ask(server, '/', host)
        assert.match(answer, /^HTTP\/1\.1 400 |^$/, host)
        assert.equal(locationOf(answer), undefined)
      }
    })

    test('is none without a host', { skip: variant.transport === 'uws' && 'uws has no HTTP/1.0' }, async () => {
      const { server } = await redirecting(variant)
      const { text } = await raw(server.port, 'GET / HTTP/1.0\r\n\r\n')
      assert.match(text, /^HTTP\/1\.[01] 400 /)
      assert.match(text, /the host \(none\) is not one/)
    })

    test('is a fixed one, whatever the request says', async () => {
      const { server } = await redirecting(variant, { host: 'b.example', port: 8443, status: 301 })
      for (const host of ['a.example', 'evil.example:80', "it's"]) {
        const answer = await ask(server, '/x?y', host)
        assert.match(answer, /^HTTP\/1\.1 301 /)
        assert.equal(locationOf(answer), 'https://b.example:8443/x?y')
      }
    })

    test('is one of a list, or none', async () => {
      const { server } = await redirecting(variant, { allowedHosts: ['A.example', '*.b.example'] })
      for (const host of ['a.example', 'a.EXAMPLE:80', 'x.b.example', 'a.example.']) {
        assert.match(await ask(server, '/', host), /^HTTP\/1\.1 308 /, host)
      }
      for (const host of ['b.example', 'x.y.b.example', 'evil.example', 'a.example.evil.example', '127.0.0.1']) {
        const answer = await ask(server, '/', host)
        assert.match(answer, /^HTTP\/1\.1 400 /, host)
        assert.ok(answer.includes(`the host ${host} is not one that is redirected to HTTPS`))
      }
    })

    test('is the server itself for OPTIONS *', {
      skip: variant.transport === 'uws' && 'uws does not take it',
    }, async () => {
      const { server } = await redirecting(variant)
      const request = 'OPTIONS * HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n'
      assert.equal(locationOf((await raw(server.port, request)).text), 'https://a.example')
    })

    test('is another for each request of a connection', async () => {
      const { server } = await redirecting(variant)
      const requests = ['a', 'b', 'c'].map((name) => `GET /${name} HTTP/1.1\r\nHost: ${name}.example\r\n\r\n`).join('')
      const { text } = await raw(server.port, requests)
      const locations = [...text.matchAll(/\r\nlocation: (.*)\r\n/gi)].map(([, location]) => location)
      assert.deepEqual(locations, ['https://a.example/a', 'https://b.example/b', 'https://c.example/c'])
    })

    test('passes what is no request to the guard', async () => {
      const { server } = await redirecting(variant)
      for (const request of [
        'GET /\x01 HTTP/1.1\r\nHost: a.example\r\n\r\n',
        'GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n',
        'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
        'CONNECT a.example:443 HTTP/1.1\r\nHost: a.example\r\n\r\n',
      ]) {
        const { text } = await raw(server.port, request)
        assert.equal(locationOf(text), undefined, text)
      }
    })
  })
}

describe('a listener that redirects', () => {
  test('has the port of the one with TLS, whichever came first, and its own again without', async () => {
    const app = new Hotpress({ logger: false })
    after(() => app.close())
    app.get('/x', () => 'secure')
    const server = await app.listen({ redirectToHttps: true })
    assert.equal(locationOf(await ask(server, '/x')), 'https://a.example/x')
    const secure = await app.listen({ tls })
    assert.equal(locationOf(await ask(server, '/x')), `https://a.example:${secure.port}/x`)
    const plaintext = await app.listen()
    assert.match(await ask(plaintext, '/x'), /\r\n\r\nsecure$/)
    await secure.close()
    assert.equal(locationOf(await ask(server, '/x')), 'https://a.example/x')
  })

  test('believes a proxy about the host, as the app does', async () => {
    const app = new Hotpress({ logger: false, trustProxy: 'loopback' })
    after(() => app.close())
    const server = await app.listen({ redirectToHttps: { allowedHosts: ['a.example'] } })
    const header = 'X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-Host: b.example\r\n'
    assert.match(await ask(server, '/', 'a.example', header), /^HTTP\/1\.1 400 /)
  })

  test('runs no middleware of the app', async () => {
    const { entries, logger } = recorder()
    const app = new Hotpress({ logger })
    after(() => app.close())
    let seen = 0
    app.use((_request, next) => {
      seen++
      return next()
    })
    app.onNotFound(() => 'never')
    const server = await app.listen({ redirectToHttps: true })
    assert.match(await ask(server, '/'), /^HTTP\/1\.1 308 /)
    assert.equal(seen, 0)
    assert.equal(entries.filter(({ level }) => level !== 'info').length, 0)
  })

  for (const [given, host] of [
    ['a.example.', 'a.example'],
    ['::1', '[::1]'],
    ['[2001:db8::1]', '[2001:db8::1]'],
    ['1.2.3.4', '1.2.3.4'],
  ] as const) {
    test(`takes the host ${given}`, () => assert.equal(redirectHostOf(given), host))
  }
  for (const given of ['', '*.a.example', 'a:80', 'a/b', 'a@b', 'fe80::1%eth0', '[]', '[a]', 'a\r\nb', 7, undefined]) {
    test(`does not take the host ${JSON.stringify(given)}`, () => assert.equal(redirectHostOf(given), undefined))
  }
})
