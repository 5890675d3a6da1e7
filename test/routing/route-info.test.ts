import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { apiKey, Hotpress, type Middleware, RouteGroup } from '../../src/index.js'

const paths = (app: Hotpress): string[] => app.routes().map(({ method, path }) => `${method} ${path}`)

describe('routes()', () => {
  test('come in the order in which they are asked', async () => {
    const app = new Hotpress({ logger: false })
    const registered = ['/*', '/:a', '/users/:id', '/users/*rest', '/users/me', '/:a/:b', '/', '/users', '/:a/x']
    for (const path of registered) app.get(path, () => path)
    app.post('/users', () => 'made')
    assert.deepEqual(paths(app), [
      'GET /',
      'GET /users',
      'POST /users',
      'GET /users/me',
      'GET /users/:id',
      'GET /users/*rest',
      'GET /:a',
      'GET /:a/x',
      'GET /:a/:b',
      'GET /*',
    ])
    // As they answer.
    for (const [url, path] of [
      ['/users/me', '/users/me'],
      ['/users/7', '/users/:id'],
      ['/users/7/8', '/users/*rest'],
      ['/7/x', '/:a/x'],
      ['/7/8', '/:a/:b'],
      ['/7/8/9', '/*'],
    ] as const) {
      assert.equal((await app.inject({ url })).text(), path)
    }
  })

  test('have their middleware by name, outermost first, and their limits', () => {
    const app = new Hotpress({
      bodyLimit: 1000,
      compression: true,
      cors: true,
      logger: false,
      pathFilter: true,
      rateLimit: { limit: 10, window: '1s' },
    })
    const timing: Middleware = (_, next) => next()
    const admin = new RouteGroup({ bodyLimit: 20, prefix: '/admin' })
    admin.use(apiKey({ verify: () => 'somebody' }), (_, next) => next())
    admin.get('/:id', { bodyLimit: 30, use: timing }, function show() {})
    admin.post('/', function make() {})
    app.use(timing)
    app.mount(admin)
    app.get('/', () => 'here')
    app.health({ paths: { live: '/live', ready: false, startup: false } })
    app.static('/assets', 'public', { redirect: false })
    app.ws('/ws', { message() {} })
    const outer = ['compression', 'cors', 'rateLimit', 'pathFilter', 'timing']
    const inner = [...outer, 'apiKey', '(anonymous)']
    assert.deepEqual(app.routes(), [
      { bodyLimit: 1000, handler: '(anonymous)', kind: 'handler', method: 'GET', middleware: outer, path: '/' },
      { bodyLimit: 20, handler: 'make', kind: 'handler', method: 'POST', middleware: inner, path: '/admin' },
      {
        bodyLimit: 30,
        handler: 'show',
        kind: 'handler',
        method: 'GET',
        middleware: [...inner, 'timing'],
        path: '/admin/:id',
      },
      { bodyLimit: 1000, handler: 'public', kind: 'files', method: 'GET', middleware: outer, path: '/assets/*' },
      // The app's limits are not for it.
      {
        bodyLimit: 1000,
        handler: 'live',
        kind: 'handler',
        method: 'GET',
        middleware: outer.filter((name) => name !== 'rateLimit'),
        path: '/live',
      },
      { bodyLimit: 1000, handler: '(WebSocket)', kind: 'websocket', method: 'GET', middleware: outer, path: '/ws' },
    ])
  })

  test('can be asked for before and after the app has started', async () => {
    const app = new Hotpress({ logger: false })
    app.get('/', () => 'here')
    assert.deepEqual(paths(app), ['GET /'])
    app.post('/', () => 'here')
    await app.inject()
    assert.deepEqual(paths(app), ['GET /', 'POST /'])
  })
})
