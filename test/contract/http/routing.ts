import assert from 'node:assert/strict'
import { test } from 'node:test'
import { empty, RouteGroup, text } from '../../../src/index.js'
import { onEveryTransport } from '../../_setup.js'
import { assertProblem, bodyOf, linesOf, wire } from './_tools.js'

const methods = ['delete', 'get', 'head', 'options', 'patch', 'post', 'put'] as const

/** A path with the route that must answer it, and the parameters that it must see. */
type Find = readonly [path: string, route: string, params?: Readonly<Record<string, string>>]

// In an order that a router which takes the first match would get wrong.
const routes = [
  '/*rest',
  '/files/*path',
  '/:any/:name',
  '/users/:id',
  '/users/:id/*',
  '/users/me',
  '/users/:user/posts/:post',
  '/files/readme',
  '/a%20b',
  '/größe',
] as const

const finds: readonly Find[] = [
  ['/', '/*rest', { rest: '' }],
  ['/x', '/*rest', { rest: 'x' }],
  ['/x/y/z', '/*rest', { rest: 'x/y/z' }],
  ['/users/me', '/users/me'],
  ['/users/you', '/users/:id', { id: 'you' }],
  ['/users/me2', '/users/:id', { id: 'me2' }],
  ['/other/you', '/:any/:name', { any: 'other', name: 'you' }],
  ['/users/7/', '/users/:id/*', { '*': '', id: '7' }],
  ['/users/7/a/b', '/users/:id/*', { '*': 'a/b', id: '7' }],
  ['/users/7/posts/9', '/users/:user/posts/:post', { post: '9', user: '7' }],
  ['/files/readme', '/files/readme'],
  ['/files/readme.md', '/:any/:name', { any: 'files', name: 'readme.md' }],
  ['/files/a/b', '/files/*path', { path: 'a/b' }],
  ['/files/', '/files/*path', { path: '' }],
  ['/a%20b', '/a%20b'],
  ['/gr%C3%B6%C3%9Fe', '/größe'],
]

const decoded: readonly (readonly [segment: string, value: string])[] = [
  ['a%20b', 'a b'],
  ['a+b', 'a+b'],
  ['a%2Fb', 'a/b'],
  ['a%2fb', 'a/b'],
  ['%252F', '%2F'],
  ['%25', '%'],
  ['%E2%98%83', '☃'],
  ['%F0%9F%90%8E', '🐎'],
  ['%00', '\0'],
  ['%3A%2A', ':*'],
  ['constructor', 'constructor'],
  ['__proto__', '__proto__'],
]

const malformed = ['%', '%2', '%zz', '%ff', '%c3%28', '%ed%a0%80', 'a%']

/** Which route answers, with which parameters. */
export function routingContract(): void {
  onEveryTransport(
    'routes',
    (app) => {
      for (const route of routes) app.get(route, (req) => ({ params: { ...req.params }, route: req.route }))
    },
    (client) => {
      for (const [path, route, params = {}] of finds) {
        test(`${path} is answered by ${route}`, async () => {
          assert.deepEqual(await (await client.fetch(path)).json(), { params, route })
        })
      }
    },
  )

  onEveryTransport(
    'parameters',
    (app) => {
      app.get('/one/:value', (req) => ({ value: req.params.value }))
      app.get('/all/*', (req) => ({ value: req.params['*'] }))
      app.get('/none', (req) => ({ value: Object.keys(req.params) }))
    },
    (client) => {
      for (const [segment, value] of decoded) {
        test(`${segment} is decoded once`, async () => {
          assert.deepEqual(await (await client.fetch(`/one/${segment}`)).json(), { value })
          assert.deepEqual(await (await client.fetch(`/all/x/${segment}`)).json(), { value: `x/${value}` })
        })
      }
      for (const segment of malformed) {
        test(`${segment} is a 400`, async () => {
          for (const path of [`/one/${segment}`, `/all/x/${segment}`]) {
            await assertProblem(await client.fetch(path), 400, { code: 'PATH_MALFORMED' })
          }
        })
      }
      test('there are none where the route has none', async () => {
        assert.deepEqual(await (await client.fetch('/none')).json(), { value: [] })
      })
    },
  )

  methodsContract()
  groupsContract()
}

function methodsContract(): void {
  onEveryTransport(
    'methods',
    (app) => {
      for (const method of methods) app[method](`/${method}`, (req) => text(req.method).header('x-method', req.method))
      app.route('PURGE', '/purge', (req) => text(req.method).header('x-method', req.method))
      app.add(':mkcol/mkcol', (req) => text(req.method).header('x-method', req.method))
      app.get('/both', () => text('from get').header('x-from', 'get'))
      app.head('/both', () => empty(200).header('x-from', 'head').header('content-length', '1234'))
      app.get('/many', () => 'many')
      app.put('/many', () => 'many')
      app.route('PURGE', '/many', () => 'many')
      app.post('/only', () => 'only')
      app.options('/asked', () => text('mine').header('Allow', 'EVERYTHING'))
      app.get('/only-get', () => 'of get')
      app.get('/bytes', () => new Uint8Array(70_000))
      app.get('/missing', () => text('sorry', 404))
      app.get('/stream', async function* () {
        yield 'never sent'
      })
    },
    (client) => {
      for (const method of [...methods, 'PURGE', 'MKCOL']) {
        test(`${method} is answered by its own route`, async () => {
          const response = await client.fetch(`/${method.toLowerCase()}`, { method: method.toUpperCase() })
          assert.equal(response.status, 200)
          assert.equal(response.headers.get('x-method'), method.toUpperCase())
          assert.equal(await response.text(), method === 'head' ? '' : method.toUpperCase())
        })
      }

      for (const path of ['/only-get', '/bytes', '/missing']) {
        test(`HEAD ${path} has the headers of GET and no body`, async () => {
          const [get, head] = [await wire(client, path), await wire(client, path, 'HEAD')]
          for (const name of ['content-length', 'content-type', 'server', 'x-content-type-options']) {
            assert.equal(linesOf(get, name).length, 1, name)
            assert.deepEqual(linesOf(head, name), linesOf(get, name), name)
          }
          assert.equal(head.slice(0, 12), get.slice(0, 12))
          assert.equal(bodyOf(head), '')
        })
      }

      test('HEAD of a stream has no body', async () => {
        assert.equal(bodyOf(await wire(client, '/stream', 'HEAD')), '')
      })

      test('HEAD is told the method, not GET', async () => {
        assert.equal((await client.fetch('/get', { method: 'HEAD' })).headers.get('x-method'), 'HEAD')
      })

      test('an explicit HEAD goes before GET, and may state a length', async () => {
        const response = await client.fetch('/both', { method: 'HEAD' })
        assert.equal(response.headers.get('x-from'), 'head')
        assert.equal(response.headers.get('content-length'), '1234')
        assert.equal(await (await client.fetch('/both')).text(), 'from get')
      })

      for (const [path, allow] of [
        ['/many', 'GET, HEAD, OPTIONS, PURGE, PUT'],
        ['/only', 'OPTIONS, POST'],
        ['/head', 'HEAD, OPTIONS'],
      ] as const) {
        test(`OPTIONS ${path} is answered with Allow`, async () => {
          const response = await client.fetch(path, { method: 'OPTIONS' })
          assert.equal(response.status, 204)
          assert.equal(response.headers.get('allow'), allow)
          assert.equal(response.headers.get('content-length'), null)
        })

        test(`DELETE ${path} is a 405 with Allow`, async () => {
          const response = await client.fetch(path, { method: 'DELETE' })
          assert.equal(response.headers.get('allow'), allow)
          await assertProblem(response, 405, { code: 'METHOD_NOT_ALLOWED', title: 'Method Not Allowed' })
        })
      }

      test('an explicit OPTIONS goes before the automatic answer', async () => {
        const response = await client.fetch('/asked', { method: 'OPTIONS' })
        assert.equal(response.headers.get('allow'), 'EVERYTHING')
        assert.equal(await response.text(), 'mine')
      })

      test('methods are case-sensitive', async () => {
        if (client.transport === 'inject') {
          const response = await client.fetch('/many', { method: 'purge' })
          assert.equal(response.status, 405)
        }
      })

      for (const path of ['/nowhere', '/get/', '/GET', '//get', '/get/more', '/nowhere?x=/get']) {
        test(`${path} is a 404`, async () => {
          await assertProblem(await client.fetch(path), 404, { code: 'NOT_FOUND', title: 'Not Found' })
        })
      }

      test('OPTIONS of what is nowhere is a 404 too', async () => {
        assert.equal((await client.fetch('/nowhere', { method: 'OPTIONS' })).status, 404)
      })
    },
  )
}

function groupsContract(): void {
  onEveryTransport(
    'groups',
    (app) => {
      const inner = new RouteGroup({ prefix: '/inner/:id' })
      inner.get('/', (req) => ({ id: req.params.id, route: req.route }))
      inner.get('/leaf', (req) => ({ id: req.params.id, route: req.route }))
      const outer = new RouteGroup({ prefix: '/outer' })
      outer.get('/', () => 'outer')
      outer.add(':put/added', () => 'added')
      outer.mount(inner)
      outer.mount('/more', inner)
      app.mount(outer)
      const twice = new RouteGroup()
      twice.get('/', (req) => `${req.route}`)
      twice.get('/leaf', (req) => `${req.route} for ${new URLSearchParams({ ...(req.params as object) })}`)
      app.mount('/v1', twice)
      app.mount('/v2/:tenant', twice)
      app.mount('/', twice)
    },
    (client) => {
      const answers: readonly (readonly [path: string, body: string, method?: string])[] = [
        ['/outer', 'outer'],
        ['/outer/added', 'added', 'PUT'],
        ['/outer/inner/7', '{"id":"7","route":"/outer/inner/:id"}'],
        ['/outer/inner/7/leaf', '{"id":"7","route":"/outer/inner/:id/leaf"}'],
        ['/outer/more/inner/8/leaf', '{"id":"8","route":"/outer/more/inner/:id/leaf"}'],
        ['/v1', '/v1'],
        ['/v1/leaf', '/v1/leaf for '],
        ['/v2/acme', '/v2/:tenant'],
        ['/v2/acme/leaf', '/v2/:tenant/leaf for tenant=acme'],
        ['/', '/'],
        ['/leaf', '/leaf for '],
      ]
      for (const [path, body, method = 'GET'] of answers) {
        test(`answer ${method} ${path} under their prefixes`, async () => {
          assert.equal(await (await client.fetch(path, { method })).text(), body)
        })
      }
      test('answer nothing beside their prefixes', async () => {
        for (const path of ['/inner/7', '/outer/', '/added', '/v2'])
          assert.equal((await client.fetch(path)).status, 404)
      })
    },
  )
}
