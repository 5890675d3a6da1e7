import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { request } from 'node:https'
import { type AddressInfo, createServer } from 'node:net'
import { after, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  controller,
  Hotpress,
  type HotpressError,
  type HotpressOptions,
  type ListenOptions,
  RouteGroup,
} from '../src/index.js'
import { listeningTransports, start } from './_setup.js'
import { recorder } from './contract/http/_tools.js'

const fixture = (name: string): string => fileURLToPath(new URL(`../../test/fixtures/tls/${name}`, import.meta.url))
const tls = { cert: fixture('cert.pem'), key: fixture('key.pem') }

/** What an error must say: its code, and texts that its message must hold. */
function says(code: string, ...texts: readonly string[]): (error: HotpressError) => true {
  return (error) => {
    assert.equal(error.name, 'HotpressError', `${error.stack}`)
    assert.equal(error.code, code, error.message)
    for (const text of texts)
      assert.ok(error.message.includes(text), `${JSON.stringify(text)} is not in: ${error.message}`)
    return true
  }
}

function makeApp(options: HotpressOptions = {}): Hotpress {
  return new Hotpress({ logger: false, ...options })
}

/** The options that an error of an unknown one lists. */
function optionsOf(make: () => unknown): readonly string[] {
  try {
    make()
  } catch (error) {
    return (error as Error).message.split('the options are ')[1]!.split(', ')
  }
  throw new Error('an unknown option was taken')
}

const size = "a whole number of bytes, or a text with b, kb, mb or gb such as '10mb'"
const time = "a whole number of milliseconds, or a text with ms, s, m or h such as '30s'"

/** Wrong values of each option, each with how the message shows it, and what the option takes. */
const wrongOptions: Readonly<
  Record<string, { readonly takes: string; readonly values: readonly (readonly [unknown, string])[] }>
> = {
  bodyLimit: {
    takes: size,
    values: [
      [-1, '-1'],
      [1.5, '1.5'],
      [Number.NaN, 'NaN'],
      ['10 apples', '"10 apples"'],
      ['1constructor', '"1constructor"'],
      [null, 'null'],
      [[], 'an array'],
    ],
  },
  headerLimit: {
    takes: size,
    values: [
      ['8', '"8"'],
      [true, 'true'],
      [{}, 'an object'],
    ],
  },
  idleTimeout: {
    takes: time,
    values: [
      ['10', '"10"'],
      [Infinity, 'Infinity'],
      ['30 days', '"30 days"'],
      [2 ** 31, '2147483648'],
    ],
  },
  logger: {
    takes: 'true, false, { level }, or a logger with the methods child',
    values: [
      [1, '1'],
      [null, 'null'],
      [{ info() {} }, 'an object without child, debug'],
      [{ level: 'loud' }, 'the level "loud"'],
      [{ level: 1 }, 'the level 1'],
    ],
  },
  requestId: {
    takes: 'true or false',
    values: [
      ['yes', '"yes"'],
      [1, '1'],
    ],
  },
  requestTimeout: {
    takes: time,
    values: [
      [-1, '-1'],
      ['600h', '"600h"'],
      [() => 1, 'a function'],
    ],
  },
  securityHeaders: {
    takes: 'true or false',
    values: [
      ['no', '"no"'],
      [null, 'null'],
    ],
  },
  serverHeader: {
    takes: 'true, false or a text',
    values: [
      ['', '""'],
      [1, '1'],
      [new Date(0), 'an instance of Date'],
    ],
  },
  transport: {
    takes: "'auto', 'node' or 'uws'",
    values: [
      ['http', '"http"'],
      [null, 'null'],
      ['UWS', '"UWS"'],
    ],
  },
}

const wrongListenOptions: typeof wrongOptions = {
  host: {
    takes: 'an address or a name',
    values: [
      ['', '""'],
      [127, '127'],
    ],
  },
  port: {
    takes: 'a whole number from 0 to 65535',
    values: [
      ['80', '"80"'],
      [-1, '-1'],
      [65_536, '65536'],
      [1.5, '1.5'],
      [null, 'null'],
    ],
  },
  tls: {
    takes: 'an object with cert and key',
    values: [
      [true, 'true'],
      ['cert.pem', '"cert.pem"'],
      [null, 'null'],
    ],
  },
}

describe('options of new Hotpress()', () => {
  test('each has a case', () => {
    const known = optionsOf(() => makeApp({ nonsense: 1 } as never))
    assert.deepEqual([...known].sort(), Object.keys(wrongOptions).sort())
  })

  for (const [option, { takes, values }] of Object.entries(wrongOptions)) {
    for (const [value, got] of values) {
      test(`${option} does not take ${got}`, () => {
        assert.throws(() => new Hotpress({ [option]: value }), says('OPTION_INVALID', option, got, takes))
      })
    }
  }

  for (const option of ['headerLimit', 'idleTimeout']) {
    test(`${option} takes more than 0`, () => {
      assert.throws(() => new Hotpress({ [option]: 0 }), says('OPTION_INVALID', option, '0', 'more than 0'))
    })
  }

  test('there is none that is not known', () => {
    assert.throws(
      () => makeApp({ bodylimit: 1 } as never),
      says('OPTION_UNKNOWN', 'bodylimit of new Hotpress()', 'bodyLimit'),
    )
    assert.throws(() => makeApp({ toString: 1 } as never), says('OPTION_UNKNOWN', 'toString'))
  })

  test('a Server header cannot split the answer', () => {
    assert.throws(() => makeApp({ serverHeader: 'a\r\nb: c' }), says('HEADER_INVALID', 'Server', '0x0d'))
  })

  for (const options of [null, 'x', 1]) {
    test(`are an object, and not ${JSON.stringify(options)}`, () => {
      assert.throws(() => new Hotpress(options as never), says('OPTION_INVALID', 'an object'))
    })
  }

  test('left undefined are as if left out', async () => {
    const app = makeApp({ bodyLimit: undefined, requestId: undefined, transport: undefined } as never)
    assert.equal((await app.inject()).headers.has('x-request-id'), true)
  })

  test('take sizes and times as texts', () => {
    makeApp({
      bodyLimit: '1.5 MB',
      headerLimit: '16kb',
      idleTimeout: '1m',
      logger: { level: 'silent' },
      requestTimeout: '0s',
    })
  })
})

describe('options of listen()', () => {
  const refused = (options: unknown, check: (error: HotpressError) => true): Promise<void> =>
    assert.rejects(makeApp().listen(options as ListenOptions), check)

  test('each has a case', async () => {
    const error = await makeApp()
      .listen({ nonsense: 1 } as never)
      .then(
      () => assert.fail(),
      (thrown: Error) => thrown,
    )
    const known = optionsOf(() => {
      throw error
    })
    assert.deepEqual([...known].sort(), Object.keys(wrongListenOptions).sort())
  })

  for (const [option, { takes, values }] of Object.entries(wrongListenOptions)) {
    for (const [value, got] of values) {
      test(`${option} does not take ${got}`, () =>
        refused({ [option]: value }, says('OPTION_INVALID', option, got, takes)))
    }
  }

  const certificates: readonly (readonly [name: string, tls: object, code: string, ...texts: string[]])[] = [
    [
      'a file that is missing',
      { ...tls, cert: '/nowhere/cert.pem' },
      'CERTIFICATE_UNREADABLE',
      'cert cannot be read',
      '/nowhere/cert.pem',
    ],
    ['a key file that is missing', { ...tls, key: '/nowhere/key.pem' }, 'CERTIFICATE_UNREADABLE', 'key cannot be read'],
    [
      'a file that is no PEM',
      { ...tls, cert: fileURLToPath(import.meta.url) },
      'CERTIFICATE_UNREADABLE',
      'cert is not PEM',
    ],
    ['bytes that are no PEM', { ...tls, key: Buffer.from('key') }, 'CERTIFICATE_UNREADABLE', 'key is not PEM'],
    [
      'a PEM without content',
      { ...tls, cert: '-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----' },
      'CERTIFICATE_UNREADABLE',
      'cannot be used together',
    ],
    [
      'the key of another certificate',
      { ...tls, key: fixture('other-key.pem') },
      'CERTIFICATE_UNREADABLE',
      'cert and key cannot be used together',
    ],
    ['no key', { cert: tls.cert }, 'OPTION_INVALID', 'tls.key', 'undefined', 'a PEM text'],
    ['no certificate', { key: tls.key }, 'OPTION_INVALID', 'tls.cert', 'undefined'],
    ['an option that is not known', { ...tls, ca: 'x' }, 'OPTION_UNKNOWN', 'ca of tls', 'cert, key'],
  ]
  for (const [name, given, code, ...texts] of certificates) {
    test(`tls does not take ${name}`, () => refused({ tls: given }, says(code, ...texts)))
  }

  test('its second argument is a function', async () => {
    await assert.rejects(
      makeApp().listen({}, 'ready' as never),
      says('HANDLER_INVALID', 'the second argument of listen()', '"ready"'),
    )
  })
})

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
      assert.deepEqual(address, {
        host: '127.0.0.1',
        port: address.port,
        transport,
        url: `http://127.0.0.1:${address.port}`,
      })
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

describe('what a transport cannot honour', () => {
  const uwsSkip = listeningTransports.find(({ name }) => name === 'uws')!.skip
  const refusals: readonly (readonly [option: string, options: HotpressOptions, where: ListenOptions])[] = [
    ['headerLimit', { headerLimit: '65537b' }, {}],
    ['idleTimeout', { idleTimeout: '30s' }, {}],
    ['tls', {}, { tls }],
  ]
  for (const [option, options, where] of refusals) {
    test(`uws refuses ${option} and names the transport that takes it`, { skip: uwsSkip }, async () => {
      const app = makeApp({ ...options, transport: 'uws' })
      await assert.rejects(
        app.listen(where),
        says('OPTION_REFUSED', `uws cannot honour ${option}`, 'the transport node'),
      )
      // Nothing has started: routes can still be added.
      app.get('/', () => 'still')
    })

    test(`auto takes node for ${option}, with a log line`, async () => {
      const { entries, logger } = recorder()
      const app = new Hotpress({ ...options, logger })
      const address = await app.listen(where)
      assert.equal(address.transport, 'node')
      assert.match(entries.map(({ message }) => message).join('\n'), /^not serving by uws: .+\nlistening on http/)
      await app.close()
    })
  }

  test('uws takes what it can: 64 KB of headers, and its own idle time', { skip: uwsSkip }, async () => {
    const app = makeApp({ headerLimit: '64kb', idleTimeout: '10s', transport: 'uws' })
    assert.equal((await app.listen()).transport, 'uws')
    await app.close()
  })

  test('auto takes uws where nothing speaks against it', { skip: uwsSkip }, async () => {
    const { entries, logger } = recorder()
    const app = new Hotpress({ logger, transport: 'auto' })
    assert.equal((await app.listen()).transport, 'uws')
    assert.equal(entries.length, 1)
    await app.close()
  })
})

describe('TLS on node', () => {
  for (const [name, given] of [
    ['files', tls],
    ['texts', { cert: readFileSync(tls.cert, 'utf8'), key: readFileSync(tls.key, 'utf8') }],
    ['bytes', { cert: readFileSync(tls.cert), key: Uint8Array.from(readFileSync(tls.key)) }],
  ] as const) {
    test(`serves HTTPS by a certificate given as ${name}`, async () => {
      const app = makeApp({ transport: 'node' })
      app.post('/', async (req) => ({ body: await req.text(), host: req.host, ip: req.ip, protocol: req.protocol }))
      const address = await app.listen({ tls: given })
      assert.equal(address.url, `https://127.0.0.1:${address.port}`)
      const answer = await new Promise<string>((resolve, reject) => {
        const client = request(address.url, { agent: false, ca: readFileSync(tls.cert), method: 'POST' }, (res) => {
          res
            .setEncoding('utf8')
            .toArray()
            .then((parts) => resolve(parts.join('')), reject)
        })
        client.on('error', reject).end('secure')
      })
      const host = `127.0.0.1:${address.port}`
      assert.deepEqual(JSON.parse(answer), { body: 'secure', host, ip: '127.0.0.1', protocol: 'https' })
      await app.close()
    })
  }
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
    ['no arguments but a path', 'HANDLER_INVALID', ['GET /'], (app) => (app.get as unknown as (path: string) => unknown)('/')],
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
    ['a group that is none', 'HANDLER_INVALID', ['mount()', 'an object'], (app) => app.mount({} as never)],
    [
      'a prefix without a group',
      'HANDLER_INVALID',
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
