import assert from 'node:assert/strict'
import { test } from 'node:test'
import { csrf, type Hotpress, RouteGroup, rateLimit } from '../../../src/index.js'
import { onEveryTransport } from '../../_setup.js'

const origin = 'https://app.example.com'

function build(app: Hotpress): void {
  app.use(csrf({ trustedOrigins: origin }))
  app.get('/', ({ cookies, ip }) => ({ ip, sid: cookies.sid }))
  app.get('/fails', () => {
    throw new Error('on purpose')
  })
  app.post('/small', { bodyLimit: '10b' }, async (req) => (await req.bytes()).byteLength.toString())
  const group = new RouteGroup({ prefix: '/group' })
  group.use(rateLimit({ limit: 1, window: '1h' }))
  group.get('/x', () => 'x')
  app.mount(group)
}

/** All policies around one app: who is outermost, and what each kind of answer has. */
export function policiesContract(): void {
  onEveryTransport(
    'policies together',
    build,
    (client) => {
      const cases: readonly (readonly [string, string, number, RequestInit?])[] = [
        ['a route', '/', 200],
        ['what is found nowhere', '/nowhere', 404],
        ['a path that the filter hides', '/%2egit/config', 404],
        ['a method that is not there', '/', 405, { method: 'PUT' }],
        ['a body that is too large', '/small', 413, { body: 'x'.repeat(100), method: 'POST' }],
        ['an error', '/fails', 500],
      ]
      for (const [name, path, status, init] of cases) {
        test(`${name} has the headers of each`, async () => {
          const headers = { 'accept-encoding': 'gzip', cookie: 'sid=7', origin, 'x-request-id': 'from-the-proxy' }
          const response = await client.fetch(path, { ...init, headers })
          assert.equal(response.status, status)
          assert.equal(response.headers.get('access-control-allow-origin'), origin)
          assert.match(response.headers.get('content-security-policy') ?? '', /default-src/)
          assert.match(response.headers.get('ratelimit') ?? '', /^"default";r=\d+;t=\d+$/)
          assert.match(response.headers.get('vary') ?? '', /^Origin/)
          assert.equal(response.headers.get('x-request-id'), 'from-the-proxy')
          if (status === 200) assert.deepEqual(await response.json(), { ip: '127.0.0.1', sid: '7' })
        })
      }

      test('a preflight is answered first, and not counted', async () => {
        const left = async (): Promise<number> => {
          const { headers } = await client.fetch('/', { headers: { origin } })
          return Number(/r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1])
        }
        const before = await left()
        const headers = { 'access-control-request-method': 'POST', origin }
        const response = await client.fetch('/small', { headers, method: 'OPTIONS' })
        assert.equal(response.status, 204)
        assert.equal(response.headers.get('access-control-allow-origin'), origin)
        assert.match(response.headers.get('content-security-policy') ?? '', /default-src/)
        assert.equal(response.headers.get('ratelimit'), null)
        assert.equal(await left(), before - 1)
      })

      test('a page can read a 429, and the fields of both policies', async () => {
        const [first, second] = [
          await client.fetch('/group/x', { headers: { origin } }),
          await client.fetch('/group/x', { headers: { origin } }),
        ]
        assert.equal(first.status, 200)
        assert.equal(second.status, 429)
        assert.equal(second.headers.get('access-control-allow-origin'), origin)
        assert.match(second.headers.get('ratelimit') ?? '', /^"default";r=\d+;t=\d+, "1\/3600s";r=0;t=\d+$/)
        assert.match(second.headers.get('retry-after') ?? '', /^\d+$/)
        assert.match(second.headers.get('content-security-policy') ?? '', /default-src/)
      })

      test('a page of another origin may neither read nor write', async () => {
        const foreign = 'https://evil.example'
        const read = await client.fetch('/', { headers: { origin: foreign } })
        assert.equal(read.headers.get('access-control-allow-origin'), null)
        const written = await client.fetch('/small', { body: 'x', headers: { origin: foreign }, method: 'POST' })
        assert.equal(written.status, 403)
        assert.equal(written.headers.get('access-control-allow-origin'), null)
      })
    },
    {
      compression: { threshold: '1mb' },
      cors: { credentials: true, origins: origin },
      pathFilter: true,
      rateLimit: { limit: 1000, window: '1h' },
      securityHeaders: { recommended: true },
      trustProxy: 'loopback',
    },
  )
}
