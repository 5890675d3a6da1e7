import assert from 'node:assert/strict'
import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import {
  apiKey,
  basicAuth,
  bearer,
  type Hotpress,
  HttpError,
  hashApiKey,
  hashPassword,
  ipFilter,
  jwt,
  RouteGroup,
} from '../../../src/index.js'
import { listeningTransports, onEveryTransport, raw, start } from '../../_setup.js'
import { assertProblem, recorder } from './_tools.js'

const cheap = { blockSize: 1, cost: 1, parallelization: 1 }
const adaHash = await hashPassword('pässword: with a colon', cheap)
const secret = randomBytes(32)
const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const logs = recorder()

const users = basicAuth({ realm: 'the "back" office', users: { ada: adaHash } })
const tokens = jwt<{ role: string }>({ audience: 'api', scope: 'read', secret })
const optional = jwt({ optional: true, publicKey: pair.publicKey })
const opaque = bearer({ verify: async (token) => (token === 'opaque-token' ? { name: 'Ada' } : undefined) })
const keys = apiKey({ keys: { billing: 'billing-key-0123456789', reports: hashApiKey('reports-key-0123456789') } })
const schemed = apiKey({ scheme: 'Key', verify: (key) => (key === 'let-me-in' ? 'me' : undefined) })

function basic(name: string, password: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` }
}

/** A token made by hand, so that nothing keeps it from being wrong. */
function sign(claims: object, header: object = { alg: 'HS256' }): string {
  const text = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`
}

const now = Math.floor(Date.now() / 1000)
const good = { aud: 'api', exp: now + 600, role: 'admin', scope: 'write read', sub: 'ada' }

function build(app: Hotpress): void {
  const group = (prefix: string): RouteGroup<string> => new RouteGroup({ prefix })
  const basics = group('/basic')
  basics.use(users)
  basics.get('/', (req) => users.user(req))
  basics.post('/', { bodyLimit: '1kb' }, async (req) => (await req.text()).length.toString())
  basics.get('/throws', () => {
    throw new HttpError(409, 'taken')
  })
  const jwts = group('/jwt')
  jwts.use(tokens)
  jwts.get('/', (req) => {
    const { role, sub } = tokens.claims(req)
    return `${sub} ${role}`
  })
  for (const each of [basics, jwts]) app.mount(each)
  app.get('/optional', { use: optional }, (req) => req.get(optional.key)?.sub ?? 'nobody')
  app.get('/unguarded', (req) => tokens.claims(req))
  app.get('/opaque', { use: opaque }, (req) => opaque.identity(req).name)
  app.get('/key', { use: keys }, (req) => keys.owner(req))
  app.get('/schemed', { use: schemed }, (req) => schemed.owner(req))
  app.get('/allowed', { use: ipFilter({ allow: ['loopback', '10.0.0.0/8'] }) }, () => 'in')
  app.get('/denied', { use: ipFilter({ allow: 'loopback', deny: '::ffff:127.0.0.1' }) }, () => 'in')
  app.get('/denied-hex', { use: ipFilter({ deny: ['::ffff:7f00:0/104', '::1'] }) }, () => 'in')
  app.get('/elsewhere', { use: ipFilter({ allow: '192.0.2.0/24' }) }, () => 'in')
}

/** Who is let in by which credentials, and what the others are told. */
export function authContract(): void {
  onEveryTransport(
    'authentication',
    build,
    (client) => {
      const right = basic('ada', 'pässword: with a colon')
      const bearing = (token: string): Record<string, string> => ({ authorization: `Bearer ${token}` })
      const basicChallenge = 'Basic realm="the \\"back\\" office", charset="UTF-8"'
      const tokenChallenge = (reason: string): string =>
        `Bearer realm="api", error="invalid_token", error_description="${reason}"`

      const letIn: readonly (readonly [string, string, Record<string, string>, string])[] = [
        ['Basic', '/basic', right, 'ada'],
        ['Basic, from memory', '/basic', right, 'ada'],
        [
          'Basic in another letter case',
          '/basic',
          { authorization: right.authorization!.replace('Basic', 'bASIC') },
          'ada',
        ],
        ['a JSON Web Token', '/jwt', bearing(sign(good)), 'ada admin'],
        ['a token with several audiences', '/jwt', bearing(sign({ ...good, aud: ['web', 'api'] })), 'ada admin'],
        ['no token where that is allowed', '/optional', {}, 'nobody'],
        ['an opaque token', '/opaque', bearing('opaque-token'), 'Ada'],
        ['an API key', '/key', { 'x-api-key': 'billing-key-0123456789' }, 'billing'],
        ['an API key that is kept as a hash', '/key', { 'X-API-Key': 'reports-key-0123456789' }, 'reports'],
        ['a scheme of its own', '/schemed', { authorization: 'key  let-me-in' }, 'me'],
        ['an address', '/allowed', {}, 'in'],
      ]
      for (const [name, path, headers, text] of letIn) {
        test(`lets in ${name}`, async () => {
          const response = await client.fetch(path, { headers })
          assert.equal(await response.text(), text)
          assert.equal(response.status, 200)
        })
      }

      const out: readonly (readonly [string, string, Record<string, string>, string, string])[] = [
        ['Basic without a header', '/basic', {}, 'CREDENTIALS_MISSING', basicChallenge],
        ['Basic with another scheme', '/basic', bearing('x'), 'CREDENTIALS_MISSING', basicChallenge],
        ['a wrong password', '/basic', basic('ada', 'x'), 'CREDENTIALS_INVALID', basicChallenge],
        ['an unknown user', '/basic', basic('constructor', 'x'), 'CREDENTIALS_INVALID', basicChallenge],
        ['no colon', '/basic', { authorization: 'Basic YWRh' }, 'CREDENTIALS_INVALID', basicChallenge],
        ['no base64', '/basic', { authorization: 'Basic ä' }, 'CREDENTIALS_INVALID', basicChallenge],
        ['nothing behind the scheme', '/basic', { authorization: 'Basic' }, 'CREDENTIALS_INVALID', basicChallenge],
        ['what is not UTF-8', '/basic', { authorization: 'Basic YTr/' }, 'CREDENTIALS_INVALID', basicChallenge],
        ['a control character', '/basic', basic('ada', 'x\0'), 'CREDENTIALS_INVALID', basicChallenge],
        ['no token', '/jwt', {}, 'CREDENTIALS_MISSING', 'Bearer realm="api"'],
        ['an empty token', '/jwt', bearing(''), 'TOKEN_INVALID', tokenChallenge('it is malformed')],
        ['what is no token', '/jwt', bearing('a.b'), 'TOKEN_INVALID', tokenChallenge('it is malformed')],
        [
          'a token of the past',
          '/jwt',
          bearing(sign({ ...good, exp: now - 5 })),
          'TOKEN_INVALID',
          tokenChallenge('it has expired'),
        ],
        [
          'a token where it is optional',
          '/optional',
          bearing(sign(good)),
          'TOKEN_INVALID',
          tokenChallenge('its algorithm is not taken here'),
        ],
        ['an unknown opaque token', '/opaque', bearing('other'), 'TOKEN_INVALID', tokenChallenge('it is not known')],
        ['no API key', '/key', {}, 'CREDENTIALS_MISSING', 'ApiKey realm="api"'],
        [
          'a wrong API key',
          '/key',
          { 'x-api-key': 'billing-key-012345678' },
          'CREDENTIALS_INVALID',
          'ApiKey realm="api"',
        ],
        [
          'a hash for an API key',
          '/key',
          { 'x-api-key': hashApiKey('reports-key-0123456789') },
          'CREDENTIALS_INVALID',
          'ApiKey realm="api"',
        ],
        ['a wrong key of a scheme', '/schemed', { authorization: 'Key x' }, 'CREDENTIALS_INVALID', 'Key realm="api"'],
      ]
      for (const [name, path, headers, code, challenge] of out) {
        test(`does not let in: ${name}`, async () => {
          const response = await client.fetch(path, { headers })
          await assertProblem(response, 401, { code })
          assert.equal(response.headers.get('www-authenticate'), challenge)
        })
      }

      test('a token without the scope is a 403 that names it', async () => {
        const response = await client.fetch('/jwt', { headers: bearing(sign({ ...good, scope: 'reading' })) })
        await assertProblem(response, 403, { code: 'SCOPE_INSUFFICIENT' })
        const challenge = response.headers.get('www-authenticate')
        assert.equal(challenge, 'Bearer realm="api", error="insufficient_scope", scope="read"')
      })

      for (const path of ['/denied', '/denied-hex', '/elsewhere']) {
        test(`an address that is not to come in is a 403: ${path}`, async () => {
          await assertProblem(await client.fetch(path), 403, { code: 'ADDRESS_FORBIDDEN' })
        })
      }

      test('the body is not read before, and its limit not told', async () => {
        const body = 'x'.repeat(4096)
        await assertProblem(await client.fetch('/basic', { body, method: 'POST' }), 401)
        await assertProblem(await client.fetch('/basic', { body, headers: right, method: 'POST' }), 413)
        const within = await client.fetch('/basic', { body: 'xyz', headers: right, method: 'POST' })
        assert.equal(await within.text(), '3')
      })

      test('HEAD, a missing method and an error are as they are elsewhere', async () => {
        assert.equal((await client.fetch('/basic', { method: 'HEAD' })).status, 401)
        assert.equal((await client.fetch('/basic', { headers: right, method: 'HEAD' })).status, 200)
        await assertProblem(await client.fetch('/basic', { method: 'DELETE' }), 405)
        await assertProblem(await client.fetch('/basic/throws', { headers: right }), 409)
        await assertProblem(await client.fetch('/basic/throws'), 401)
      })

      test('a route that is not behind the middleware does not pass for one that is', async () => {
        const before = logs.entries.length
        await assertProblem(await client.fetch('/unguarded', { headers: bearing(sign(good)) }), 500, {
          code: undefined,
        })
        assert.match(String(logs.entries.slice(before).at(-1)?.fields.err), /claims\(\) was asked about a request/)
      })

      test('nothing of it is in the log', () => {
        // An id of a request is hexadecimal, and so is the name.
        const text = JSON.stringify(logs.entries).replaceAll(/[0-9a-f]+(?:-[0-9a-f]+){4}/g, 'id')
        for (const word of ['billing-key', 'pässword', 'ada', 'opaque-token']) assert.ok(!text.includes(word), word)
      })
    },
    { logger: logs.logger },
  )

  onEveryTransport(
    'authentication of a whole app',
    (app) => {
      app.use(keys)
      app.get('/', (req) => keys.owner(req))
      app.onNotFound((req) => `nothing for ${keys.owner(req)}`)
      app.static('/files', 'test/fixtures')
    },
    (client) => {
      const headers = { 'x-api-key': 'billing-key-0123456789' }
      for (const [method, path] of [
        ['GET', '/'],
        ['GET', '/nowhere'],
        ['POST', '/'],
        ['OPTIONS', '/'],
        ['GET', '/files/tls/'],
        ['GET', '/%'],
      ] as const) {
        test(`has nothing for who has no key: ${method} ${path}`, async () => {
          const response = await client.fetch(path, { method })
          await assertProblem(response, 401, { code: 'CREDENTIALS_MISSING' })
          assert.equal(response.headers.get('allow'), null)
        })
      }

      test('is as it was for who has one', async () => {
        assert.equal(await (await client.fetch('/', { headers })).text(), 'billing')
        assert.equal(await (await client.fetch('/nowhere', { headers })).text(), 'nothing for billing')
        assert.equal((await client.fetch('/', { headers, method: 'POST' })).status, 405)
        assert.equal((await client.fetch('/', { headers, method: 'OPTIONS' })).status, 204)
      })
    },
  )

  describe('an address in the form of IPv6', () => {
    for (const { name, skip } of listeningTransports) {
      test(`is the IPv4 address that it stands for: ${name}`, { skip }, async (context) => {
        const filters = (app: Hotpress): void => {
          app.get('/', { use: ipFilter({ deny: '127.0.0.0/8' }) }, () => 'in')
        }
        const { app } = await start(name, filters)
        let port: number
        try {
          ;({ port } = await app.listen({ host: '::' }))
        } catch {
          return context.skip('there is no IPv6 here')
        }
        const { text } = await raw(port, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n', 1000)
        assert.match(text, /^HTTP\/1.1 403 /)
      })
    }
  })
}
