import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  constant,
  cspNonce,
  empty,
  type Hotpress,
  html,
  RouteGroup,
  SecurityHeaders,
  securityHeaders,
  stream,
  text,
} from '../../../src/index.js'
import { onEveryTransport } from '../../_setup.js'
import { linesOf, wire } from './_tools.js'

async function* parts(): AsyncGenerator<string> {
  yield 'a'
  yield 'b'
}

const kinds: readonly (readonly [name: string, path: string, status: number, init?: RequestInit])[] = [
  ['a text', '/text', 200],
  ['a constant', '/constant', 200],
  ['a late answer', '/later', 200],
  ['a stream', '/stream', 200],
  ['nothing', '/empty', 204],
  ['a HEAD', '/text', 200, { method: 'HEAD' }],
  ['a 404', '/nowhere', 404],
  ['a 405', '/text', 405, { method: 'DELETE' }],
  ['a 400', '/param/%zz', 400],
  ['a 413', '/body', 413, { body: 'x'.repeat(100), method: 'POST' }],
  ['a 500', '/fails', 500],
  ['a 503', '/slow', 503],
  ['an OPTIONS', '/text', 204, { method: 'OPTIONS' }],
  ['a preflight', '/text', 204, { headers: { 'access-control-request-method': 'GET' }, method: 'OPTIONS' }],
]

function build(app: Hotpress): void {
  app.get('/text', () => 'text')
  app.get('/constant', constant(text('constant')))
  app.get('/later', async () => 'later')
  app.get('/stream', () => stream(parts()))
  app.get('/empty', () => null)
  app.get('/param/:value', () => 'never')
  app.post('/body', { bodyLimit: 10 }, () => 'never')
  app.get('/fails', () => {
    throw new Error('secret')
  })
  app.get('/slow', ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(null))))
  app.get('/own', () => text('own').header('x-frame-OPTIONS', 'own').header('content-security-policy', 'sandbox'))
}

/** Headers that tell browsers what a page may do. */
export function securityHeadersContract(): void {
  constantContract('security headers of the option', build, { securityHeaders: { recommended: true } })
  constantContract('security headers that were built', build, { securityHeaders: new SecurityHeaders().recommended() })
  constantContract('security headers of middleware', (app) => {
    app.use(securityHeaders({ recommended: true }))
    build(app)
  })
  leftOutContract()
  nonceContract()
  groupsContract()
}

function constantContract(
  name: string,
  make: (app: Hotpress) => void,
  options: { readonly securityHeaders?: SecurityHeaders | { readonly recommended: true } } = {},
): void {
  onEveryTransport(
    name,
    make,
    (client) => {
      for (const [kind, path, status, init] of kinds) {
        test(`are on ${kind}`, async () => {
          const response = await client.fetch(path, init)
          assert.equal(response.status, status)
          await response.arrayBuffer()
          for (const [header, value] of new SecurityHeaders().recommended().contentTypeOptions().headers) {
            assert.equal(response.headers.get(header), value, header)
          }
        })
      }

      test('give way to those of the handler', async () => {
        const answer = await wire(client, '/own')
        assert.deepEqual(linesOf(answer, 'x-frame-options'), ['own'])
        assert.deepEqual(linesOf(answer, 'content-security-policy'), ['sandbox'])
        assert.deepEqual(linesOf(answer, 'x-xss-protection'), ['0'])
        assert.deepEqual(linesOf(answer, 'x-content-type-options'), ['nosniff'])
      })
    },
    { ...options, requestTimeout: 300 },
    'beside each other',
  )
}

function leftOutContract(): void {
  onEveryTransport(
    'security headers that are left out',
    build,
    (client) => {
      test('are not there', async () => {
        const { headers } = await client.fetch('/text')
        for (const name of ['x-content-type-options', 'x-frame-options', 'content-security-policy']) {
          assert.equal(headers.get(name), null, name)
        }
        assert.equal(headers.get('referrer-policy'), 'no-referrer')
        assert.equal(headers.get('x-foo'), 'bar')
      })
    },
    {
      securityHeaders: {
        contentSecurityPolicy: false,
        contentTypeOptions: false,
        custom: { 'X-Foo': 'bar' },
        frameOptions: false,
        recommended: true,
        referrerPolicy: 'no-referrer',
      },
    },
  )
}

const nonceOf = (policy: string | null): string | undefined => /'nonce-([^']+)'/.exec(policy ?? '')?.[1]

function nonceContract(): void {
  const shared = text('shared')
  const sharedEtag = empty(304).header('etag', '"x"')

  onEveryTransport(
    'a nonce',
    (app) => {
      build(app)
      app.get('/page', (req) => html(cspNonce(req)))
      app.get('/page/later', async (req) => {
        await null
        return html(cspNonce(req))
      })
      app.get('/page/stream', (req) => stream(parts()).header('x-nonce', cspNonce(req)))
      app.get('/shared', () => shared)
      app.get('/304', () => sharedEtag)
    },
    (client) => {
      const nonce = /^[A-Za-z0-9+/]{22}==$/

      for (const [kind, path, status, init] of kinds) {
        test(`is on ${kind}`, async () => {
          const response = await client.fetch(path, init)
          assert.equal(response.status, status)
          await response.arrayBuffer()
          assert.match(nonceOf(response.headers.get('content-security-policy')) ?? '', nonce)
          assert.equal(response.headers.get('x-frame-options'), 'DENY')
        })
      }

      for (const path of ['/page', '/page/later', '/page/stream']) {
        test(`is the same in the page and in each of its headers: ${path}`, async () => {
          const response = await client.fetch(path)
          const body = await response.text()
          const given = response.headers.get('x-nonce') ?? body
          assert.match(given, nonce)
          const policy = `script-src 'nonce-${given}' 'strict-dynamic'; style-src 'self' 'nonce-${given}'`
          assert.equal(response.headers.get('content-security-policy'), policy)
          assert.equal(nonceOf(response.headers.get('content-security-policy-report-only')), given)
        })
      }

      for (const path of ['/page', '/shared', '/text']) {
        test(`is another for each request: ${path}`, async () => {
          const policies = await Promise.all(
            Array.from({ length: 20 }, async () => (await client.fetch(path)).headers.get('content-security-policy')),
          )
          assert.equal(new Set(policies.map(nonceOf)).size, 20)
        })
      }

      test('is not sent with a 304, whose body has that of before', async () => {
        const response = await client.fetch('/304')
        assert.equal(response.status, 304)
        assert.equal(response.headers.get('content-security-policy'), null)
        assert.equal(response.headers.get('x-frame-options'), 'DENY')
      })

      test('gives way to a policy of the handler', async () => {
        assert.deepEqual(linesOf(await wire(client, '/own'), 'content-security-policy'), ['sandbox'])
      })
    },
    {
      requestTimeout: 300,
      securityHeaders: {
        contentSecurityPolicy: { 'script-src': ["'nonce'", "'strict-dynamic'"], 'style-src': "'self' 'nonce'" },
        contentSecurityPolicyReportOnly: { 'default-src': "'nonce'" },
        frameOptions: 'DENY',
      },
    },
    'beside each other',
  )
}

function groupsContract(): void {
  onEveryTransport(
    'security headers of groups and routes',
    (app) => {
      const group = new RouteGroup({ prefix: '/group' })
      group.use(
        securityHeaders({ contentSecurityPolicy: { 'script-src': "'nonce'" }, frameOptions: 'SAMEORIGIN', hsts: {} }),
      )
      group.get('/text', () => 'text')
      group.get('/later', async () => 'later')
      group.get('/own', () => text('own').header('X-Frame-Options', 'own'))
      group.get('/route', { use: securityHeaders({ frameOptions: 'DENY', referrerPolicy: 'origin' }) }, () => 'route')
      group.get('/fails', () => {
        throw new Error('secret')
      })
      app.mount(group)
      app.get('/app', () => 'app')
    },
    (client) => {
      const cases: readonly (readonly [path: string, frame: string, hasNonce: boolean, init?: RequestInit])[] = [
        ['/app', 'DENY', false],
        ['/group', 'DENY', false],
        ['/group/text', 'SAMEORIGIN', true],
        ['/group/text', 'SAMEORIGIN', true, { method: 'DELETE' }],
        ['/group/text', 'SAMEORIGIN', true, { headers: { 'access-control-request-method': 'GET' }, method: 'OPTIONS' }],
        ['/group/later', 'SAMEORIGIN', true],
        ['/group/fails', 'SAMEORIGIN', true],
        ['/group/own', 'own', true],
        ['/group/route', 'DENY', true],
      ]
      for (const [path, frame, hasNonce, init] of cases) {
        test(`are stronger than the app's: ${init?.method ?? 'GET'} ${path}`, async () => {
          const { headers } = await client.fetch(path, init)
          assert.equal(headers.get('x-frame-options'), frame)
          assert.equal(nonceOf(headers.get('content-security-policy')) !== undefined, hasNonce)
          assert.equal(headers.get('strict-transport-security'), hasNonce ? 'max-age=63072000' : null)
          assert.equal(headers.get('referrer-policy'), path === '/group/route' ? 'origin' : 'no-referrer')
          assert.equal(headers.get('x-content-type-options'), 'nosniff')
        })
      }

      test('are one line each', async () => {
        const answer = await wire(client, '/group/route')
        for (const name of ['content-security-policy', 'referrer-policy', 'x-frame-options']) {
          assert.equal(linesOf(answer, name).length, 1, name)
        }
      })
    },
    {
      securityHeaders: {
        contentSecurityPolicy: { 'default-src': "'self'" },
        frameOptions: 'DENY',
        referrerPolicy: 'no-referrer',
      },
    },
  )
}
