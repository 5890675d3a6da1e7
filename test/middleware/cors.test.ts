import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Cors, cors, Hotpress } from '../../src/index.js'
import { settleOrigins } from '../../src/middleware/cors-origins.js'
import { says } from '../_says.js'

const request = {} as never

describe('origins of cors()', () => {
  const malformed: readonly (readonly [unknown, string])[] = [
    ['app.example.com', 'a scheme'],
    ['//app.example.com', 'a scheme'],
    ['https://', 'a scheme'],
    ['', 'a scheme'],
    ['https://app.example.com/', "'https://app.example.com'"],
    [' https://app.example.com', "'https://app.example.com'"],
    ['https://app.example.com\n', "'https://app.example.com'"],
    ['https://app.example.com/path', "'https://app.example.com'"],
    ['https://app.example.com?x', "'https://app.example.com'"],
    ['https://user@app.example.com', "'https://app.example.com'"],
    ['HTTPS://app.example.com', 'lower case'],
    ['https://App.example.com', "'https://app.example.com'"],
    ['https://app.example.com:443', "'https://app.example.com'"],
    ['http://app.example.com:80', "'http://app.example.com'"],
    ['https://münchen.example', "'https://xn--mnchen-3ya.example'"],
    ['https://a b', 'a scheme'],
    ['https://[::1', 'a valid host'],
    ['https://*', 'whole labels'],
    ['https://*.com', 'whole labels'],
    ['https://*example.com', 'whole labels'],
    ['https://a.*.example.com', 'whole labels'],
    ['https://*.*.example.com', 'whole labels'],
    ['*.example.com', 'whole labels'],
    ['https://*.example.com/', "'https://*.example.com'"],
    ['https://*.Example.com', 'lower case'],
    ['https://*.example.com:443', "'https://*.example.com'"],
    ['NULL', "'null'"],
    ['App://localhost', "'app://localhost'"],
    ['app://münchen', 'ASCII'],
    [7, 'an origin'],
    [null, 'an origin'],
  ]
  for (const [origin, takes] of malformed) {
    test(`${JSON.stringify(origin)} is refused when the middleware is made`, () => {
      assert.throws(() => cors({ origins: [origin as string] }), says('OPTION_INVALID', 'origins of cors()', takes))
      assert.throws(() => new Cors().origins(origin as string), says('OPTION_INVALID', 'origins() of Cors', takes))
    })
  }

  const cases: readonly (readonly [string | RegExp, string, boolean])[] = [
    ['https://app.example.com', 'https://app.example.com', true],
    ['https://app.example.com', 'http://app.example.com', false],
    ['https://app.example.com', 'https://app.example.com:8443', false],
    ['https://app.example.com', 'https://app.example.com.evil.example', false],
    ['https://app.example.com', 'https://evil-app.example.com', false],
    ['http://localhost:5173', 'http://localhost:5173', true],
    ['http://[::1]:3000', 'http://[::1]:3000', true],
    ['capacitor://localhost', 'capacitor://localhost', true],
    ['chrome-extension://abcdefgh', 'chrome-extension://abcdefgh', true],
    ['safari-web-extension://6BC7-AF', 'safari-web-extension://6BC7-AF', true],
    ['https://*.example.com', 'https://a.example.com', true],
    ['https://*.example.com', 'https://a.b.example.com', true],
    ['https://*.example.com', 'https://example.com', false],
    ['https://*.example.com', 'https://.example.com', false],
    ['https://*.example.com', 'https://a..example.com', false],
    ['https://*.example.com', 'https://evil.example/.example.com', false],
    ['https://*.example.com', 'https://evil.example:80.example.com', false],
    ['https://*.example.com', 'https://user@.example.com', false],
    ['https://*.example.com', 'https://evilexample.com', false],
    ['https://*.example.com', 'http://a.example.com', false],
    ['https://*.example.com', 'https://a.example.com:8443', false],
    ['https://*.example.com:8443', 'https://a.example.com:8443', true],
    ['http://*.localhost', 'http://a.localhost', true],
    ['null', 'null', true],
    ['https://app.example.com', 'null', false],
    [/.*/, 'null', false],
    [/^https:\/\/app\d\.example\.com$/g, 'https://app1.example.com', true],
    [/^https:\/\/app\d\.example\.com$/y, 'https://app.example.com', false],
  ]
  for (const [allowed, origin, isAllowed] of cases) {
    test(`${allowed} ${isAllowed ? 'allows' : 'does not allow'} ${origin}`, () => {
      const { test } = settleOrigins([allowed], 'x')
      // Twice: an expression must not remember where it was.
      for (let time = 0; time < 2; time++) assert.equal(test(origin, request), isAllowed)
    })
  }

  test('a function is asked for what no name allows, and only true allows', async () => {
    const asked: string[] = []
    const { test } = settleOrigins(
      [
        'https://known.example',
        (origin: string) => {
          asked.push(origin)
          return origin.endsWith('.one') || (origin.endsWith('.odd') ? ('yes' as never) : false)
        },
        async (origin: string) => origin.endsWith('.two'),
      ],
      'x',
    )
    assert.equal(test('https://known.example', request), true)
    assert.equal(test('https://a.one', request), true)
    assert.equal(await test('https://a.two', request), true)
    assert.equal(await test('https://a.odd', request), false)
    assert.equal(await test('https://a.three', request), false)
    assert.equal(test('null', request), false)
    assert.deepEqual(asked, ['https://a.one', 'https://a.two', 'https://a.odd', 'https://a.three'])
  })

  test('a RegExp and a function see origins alone, of a length that an origin can have', () => {
    const seen: string[] = []
    const note = (origin: string): boolean => {
      seen.push(origin)
      return false
    }
    const byFunction = settleOrigins([note], 'x').test
    const byExpression = settleOrigins([/^.*$/s], 'x').test
    const long = `https://${'a'.repeat(600)}.example`
    for (const origin of [
      '',
      'null',
      'a.example',
      'https://a.example/x',
      'https://a.example, https://b.example',
      long,
    ]) {
      assert.equal(byFunction(origin, request), false)
      assert.equal(byExpression(origin, request), false, origin)
    }
    assert.deepEqual(seen, [])
    for (const origin of ['https://a.example:8443', 'http://[::1]:3000', 'moz-extension://7a-b']) {
      assert.equal(byFunction(origin, request), false)
      assert.equal(byExpression(origin, request), true, origin)
    }
    assert.equal(seen.length, 3)
  })

  test('ReDoS: a long origin is looked at in one pass', () => {
    const { test } = settleOrigins(['https://*.example.com'], 'x')
    for (const part of ['a', 'a.', '-', '.', 'a-', 'a.a-', ':', '@']) {
      const origin = `https://${part.repeat(200_000)}!.example.com`
      assert.equal(test(origin, request), false)
    }
  })
})

describe('options of cors()', () => {
  test('* with credentials is refused, with the reason', () => {
    const refused = says('OPTION_INVALID', 'origins', 'credentials', 'browsers refuse', 'any page')
    assert.throws(() => cors({ credentials: true }), refused)
    assert.throws(() => cors({ credentials: true, origins: '*' }), refused)
    assert.throws(() => cors(new Cors().origins('*').credentials(true)), refused)
    assert.throws(() => new Hotpress({ cors: { credentials: true }, logger: false }), refused)
    for (const option of ['exposeHeaders', 'headers', 'methods']) {
      const options = { credentials: true, [option]: '*', origins: 'https://a.example' }
      assert.throws(() => cors(options), says('OPTION_INVALID', option, 'credentials'))
    }
    const beside = { credentials: true, headers: ['Authorization', '*'], origins: 'https://a.example' }
    assert.throws(() => cors(beside), says('OPTION_INVALID', 'headers', 'credentials'))
  })

  test('* beside other origins is refused', () => {
    assert.throws(() => cors({ origins: ['*', 'https://a.example'] }), says('OPTION_INVALID', "'*' alone"))
  })

  const wrong: readonly (readonly [Record<string, unknown>, ...string[]])[] = [
    [{ credentials: 'yes' }, 'credentials', '"yes"', 'true or false'],
    [{ exposeHeaders: ['a b'] }, 'exposeHeaders', '"a b"', 'token'],
    [{ exposeHeaders: ['a\r\nb'] }, 'exposeHeaders', 'token'],
    [{ headers: [''] }, 'headers', 'token'],
    [{ exposeHeaders: ['*', 'a'] }, 'exposeHeaders', "'*' alone"],
    [{ maxAge: -1 }, 'maxAge', '-1', 'seconds'],
    [{ maxAge: '1h' }, 'maxAge', '"1h"', 'seconds'],
    [{ methods: ['patch'] }, 'methods', '"patch"', "'PATCH'"],
    [{ methods: ['GET', 'A B'] }, 'methods', 'token'],
    [{ privateNetwork: 1 }, 'privateNetwork', '1', 'true or false'],
  ]
  for (const [options, ...parts] of wrong) {
    test(`${JSON.stringify(options)} is refused`, () =>
      assert.throws(() => cors(options), says('OPTION_INVALID', ...parts)))
  }

  test('* has Authorization beside it, for which it does not stand', async () => {
    const app = new Hotpress({ cors: { headers: ['*', 'Authorization'] }, logger: false })
    const headers = { 'access-control-request-method': 'PUT', origin: 'https://a.example' }
    const response = await app.inject({ headers, method: 'OPTIONS' })
    assert.equal(response.headers.get('access-control-allow-headers'), '*, Authorization')
  })

  test('there is none that is not known', () => {
    assert.throws(() => cors({ origin: '*' } as never), says('OPTION_UNKNOWN', 'origin of cors()', 'origins'))
    for (const options of [null, 'x', []]) assert.throws(() => cors(options as never), says('OPTION_INVALID', 'cors'))
  })

  test('the builder gives the same as an object', () => {
    const built = new Cors()
      .origins(['https://a.example'])
      .methods(['GET'])
      .headers(['x-a'])
      .exposeHeaders(['x-b'])
      .maxAge(86_400)
      .credentials(true)
      .privateNetwork(true)
    assert.deepEqual(built.options, {
      credentials: true,
      exposeHeaders: ['x-b'],
      headers: ['x-a'],
      maxAge: 86_400,
      methods: ['GET'],
      origins: ['https://a.example'],
      privateNetwork: true,
    })
    assert.throws(() => new Cors().maxAge(1.5), says('OPTION_INVALID', 'maxAge() of Cors', '1.5'))
  })
})
