import assert from 'node:assert/strict'
import { type AddressInfo, createServer } from 'node:net'
import { after, describe, test } from 'node:test'
import { controller, Hotpress, type HotpressOptions, RouteGroup } from '../src/index.js'
import { says } from './_says.js'
import { listeningTransports, start } from './_setup.js'

function makeApp(options: HotpressOptions = {}): Hotpress {
  return new Hotpress({ logger: false, ...options })
}

for (const { name: transport, skip } of listeningTransports) {
  describe(`listen() on ${transport}`, { skip }, () => {
    test('tells the address that it has taken, the same to the callback', async () => {
      const app = makeApp({ transport })
      after(() => app.close())
      let told: unknown
      const address = await app.listen({ port: 0 }, (ready) => {
        told = ready
      })
      assert.equal(told, address)
      assert.ok(address.port > 0)
      assert.deepEqual(
        { ...address },
        {
          host: '127.0.0.1',
          port: address.port,
          transport,
          url: `http://127.0.0.1:${address.port}`,
        },
      )
    })

    test('refuses a port that another app has', async () => {
      const { address } = await start(transport, () => {})
      const app = makeApp({ transport })
      const where = `127.0.0.1:${address.port}`
      await assert.rejects(app.listen({ port: address.port }), says('ADDRESS_IN_USE', where))
      assert.deepEqual(app.capabilities().transports, [])
      assert.ok((await app.listen()).port > 0, 'and can listen elsewhere after that')
      await app.close()
    })

    test('refuses a port that another program has', async () => {
      const server = createServer()
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      after(() => server.close())
      const { port } = server.address() as AddressInfo
      await assert.rejects(makeApp({ transport }).listen({ port }), says('ADDRESS_IN_USE', `127.0.0.1:${port}`))
    })

    test('refuses a host that is not of this machine', async () => {
      // An address that is for documentation only (RFC 5737).
      await assert.rejects(
        makeApp({ transport }).listen({ host: '203.0.113.7' }),
        says('ADDRESS_REFUSED', '203.0.113.7:0'),
      )
    })

    test('takes several addresses, and gives all of them back', async () => {
      const app = makeApp({ transport }).get('/', () => 'here')
      const urls = [(await app.listen()).url, (await app.listen({ host: 'localhost' })).url]
      assert.deepEqual(app.capabilities().transports, [transport, transport])
      for (const url of urls) assert.equal(await (await fetch(url)).text(), 'here')
      await app.close()
      assert.deepEqual(app.capabilities().transports, [])
      for (const url of urls) await assert.rejects(fetch(url))
    })

    test('listens again after close(), on the same port', async () => {
      const app = makeApp({ transport }).get('/', () => 'here')
      const { port, url } = await app.listen()
      await app.close()
      await app.close()
      assert.equal((await app.listen({ port })).url, url)
      assert.equal(await (await fetch(url)).text(), 'here')
      await app.close()
    })

    test('close() lets a request under way be answered', async () => {
      let arrived!: () => void
      const here = new Promise<void>((resolve) => {
        arrived = resolve
      })
      let answer!: (text: string) => void
      const { address, app } = await start(transport, (made) =>
        made.get('/', () => {
          arrived()
          return new Promise<string>((resolve) => {
            answer = resolve
          })
        }),
      )
      const response = fetch(address.url)
      await here
      const closed = app.close()
      answer('in time')
      assert.equal(await (await response).text(), 'in time')
      await closed
    })
  })
}

describe('listen()', () => {
  test('its second argument is a function', async () => {
    await assert.rejects(
      makeApp().listen({}, 'ready' as never),
      says('HANDLER_INVALID', 'the second argument of listen()', '"ready"'),
    )
  })
})

describe('routes', () => {
  test('that conflict are refused with the names of both', () => {
    const app = makeApp().get('/users/:id', () => 'x')
    assert.throws(
      () => app.get('/users/:user', () => 'y'),
      says('ROUTE_CONFLICT', 'GET /users/:user', 'GET /users/:id'),
    )
    assert.throws(
      () => app.add(':get/users/:name', () => 'y'),
      says('ROUTE_CONFLICT', 'GET /users/:name', 'GET /users/:id'),
    )
    const group = new RouteGroup({ prefix: '/users' }).get('/:other', () => 'y')
    assert.throws(() => app.mount(group), says('ROUTE_CONFLICT', 'GET /users/:other', 'GET /users/:id'))
    app.post('/users/:user', () => 'another method is no conflict')
    app.get('/users/me', () => 'nor is a static segment')
  })

  test('of wildcards conflict whatever their names', () => {
    const app = makeApp().get('/files/*', () => 'x')
    assert.throws(() => app.get('/files/*path', () => 'y'), says('ROUTE_CONFLICT', '/files/*path', '/files/*'))
    app.get('/files/', () => 'the empty wildcard gives way')
  })

  const invalid: readonly (readonly [
    name: string,
    code: string,
    texts: readonly string[],
    register: (app: Hotpress) => unknown,
  ])[] = [
    [
      'a path without a slash',
      'PATTERN_INVALID',
      ['"users"', 'must begin with a /'],
      (app) => app.get('users', () => 'x'),
    ],
    [
      'a path that is no text',
      'PATTERN_INVALID',
      ['7', 'must begin with a /'],
      (app) => app.get(7 as never, () => 'x'),
    ],
    ['a method that is no token', 'METHOD_INVALID', ['"GE T"'], (app) => app.route('GE T', '/', () => 'x')],
    [
      'a method that is no text',
      'METHOD_INVALID',
      ['undefined'],
      (app) => app.route(undefined as never, '/', () => 'x'),
    ],
    ['add() without a method', 'PATTERN_INVALID', ['"/users"', ':get/users'], (app) => app.add('/users', () => 'x')],
    ['no handler', 'HANDLER_INVALID', ['GET /', 'undefined'], (app) => app.get('/', undefined as never)],
    [
      'no arguments but a path',
      'HANDLER_INVALID',
      ['GET /'],
      (app) => (app.get as unknown as (path: string) => unknown)('/'),
    ],
    [
      'an observer without an end',
      'HANDLER_INVALID',
      ['ended of observe()'],
      (app) => app.observe({ began() {} } as never),
    ],
    ['no observer', 'HANDLER_INVALID', ['began of observe()'], (app) => app.observe(undefined as never)],
    ['a handler that is no function', 'HANDLER_INVALID', ['GET /', '"x"'], (app) => app.get('/', 'x' as never)],
    [
      'too many arguments',
      'HANDLER_INVALID',
      ['GET /', '3 values'],
      (app) =>
        (app.get as (...all: unknown[]) => unknown)(
          '/',
          {},
          () => 'x',
          () => 'y',
        ),
    ],
    [
      'options that are no object',
      'OPTION_INVALID',
      ['second argument of the route GET /', '7'],
      (app) => app.get('/', 7 as never, () => 'x'),
    ],
    [
      'an option that is not known',
      'OPTION_UNKNOWN',
      ['limit of the route GET /x', 'bodyLimit'],
      (app) => app.get('/x', { limit: 1 } as never, () => 'x'),
    ],
    [
      'a limit that is none',
      'OPTION_INVALID',
      ['bodyLimit of the route GET /x', '"lots"'],
      (app) => app.get('/x', { bodyLimit: 'lots' }, () => 'x'),
    ],
    ['a middleware that is no function', 'HANDLER_INVALID', ['use()', 'an object'], (app) => app.use({} as never)],
    [
      'an error handler that is no function',
      'HANDLER_INVALID',
      ['onError()', 'null'],
      (app) => app.onError(null as never),
    ],
    [
      'a handler of the rest that is no function',
      'HANDLER_INVALID',
      ['onNotFound()', '"x"'],
      (app) => app.onNotFound('x' as never),
    ],
    ['a group that is none', 'OPTION_INVALID', ['mount()', 'an object'], (app) => app.mount({} as never)],
    [
      'a prefix without a group',
      'OPTION_INVALID',
      ['mount()', 'undefined'],
      (app) => app.mount('/x', undefined as never),
    ],
    ['a prefix that ends in a slash', 'PATTERN_INVALID', ['"/x/"'], (app) => app.mount('/x/', new RouteGroup())],
    ['a prefix with a wildcard', 'PATTERN_INVALID', ['"/x/*rest"'], (app) => app.mount('/x/*rest', new RouteGroup())],
  ]
  for (const [name, code, texts, register] of invalid) {
    test(`refuse ${name}`, () => {
      assert.throws(() => register(makeApp()), says(code, ...texts))
    })
  }

  test('refuse a method that a controller does not have', () => {
    assert.throws(() => controller({ show: () => 'x' }, 'hide' as never), /no method hide/)
  })
})

describe('after the start', () => {
  const late: Readonly<Record<string, (app: Hotpress) => unknown>> = {
    'add()': (app) => app.add(':get/late', () => 'x'),
    'get()': (app) => app.get('/late', () => 'x'),
    'mount()': (app) => app.mount(new RouteGroup().get('/late', () => 'x')),
    'onError()': (app) => app.onError(() => 'x'),
    'onNotFound()': (app) => app.onNotFound(() => 'x'),
    'route()': (app) => app.route('PURGE', '/late', () => 'x'),
    'use()': (app) => app.use((_, next) => next()),
  }
  for (const [call, register] of Object.entries(late)) {
    test(`${call} is refused`, async () => {
      const injected = makeApp()
      await injected.inject()
      assert.throws(() => register(injected), says('APP_STARTED', call, 'inject()'))
      const listening = makeApp({ transport: 'node' })
      await listening.listen()
      await listening.close()
      assert.throws(() => register(listening), says('APP_STARTED', call, 'listen()'))
    })
  }

  test('of its mounting, a group takes no more', () => {
    const group = new RouteGroup({ prefix: '/group' })
    makeApp().mount(group)
    assert.throws(() => group.get('/late', () => 'x'), says('GROUP_MOUNTED', 'get()', '/group'))
    assert.throws(() => group.use((_, next) => next()), says('GROUP_MOUNTED', 'use()', '/group'))
  })
})

describe('capabilities()', () => {
  test('say which core is in use', () => {
    const { native, transports } = makeApp().capabilities()
    assert.deepEqual(transports, [])
    assert.match(native.kind, /^(fallback|native)$/)
    assert.equal(typeof native.version, 'string')
    assert.equal('reason' in native, native.kind === 'fallback')
  })
})
