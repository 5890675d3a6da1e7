import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { placeCookie } from '../../src/core/cookie.js'
import { readCookies } from '../../src/core/cookies.js'
import { Cookie, type CookieOptions, text } from '../../src/index.js'
import { says } from '../_says.js'

const day = 86_400_000

/** The value of a cookie as a server reads it that the browser sends it back to. */
function readBack(cookie: Cookie): string | undefined {
  return readCookies(cookie.toString().split(';')[0]!)[cookie.name]
}

const lines: readonly (readonly [options: CookieOptions, line: string])[] = [
  [{}, 'sid=v'],
  [{ domain: 'example.com' }, 'sid=v; Domain=example.com'],
  [{ domain: 'xn--bcher-kva.example' }, 'sid=v; Domain=xn--bcher-kva.example'],
  [{ expires: new Date(0) }, 'sid=v; Expires=Thu, 01 Jan 1970 00:00:00 GMT'],
  [{ httpOnly: true }, 'sid=v; HttpOnly'],
  [{ httpOnly: false, partitioned: false, secure: false }, 'sid=v'],
  [{ maxAge: 0 }, 'sid=v; Max-Age=0'],
  [{ maxAge: 34_560_000 }, 'sid=v; Max-Age=34560000'],
  [{ partitioned: true, secure: true }, 'sid=v; Secure; Partitioned'],
  [{ path: '/' }, 'sid=v; Path=/'],
  [{ path: '/a b/%20"=,' }, 'sid=v; Path=/a b/%20"=,'],
  [{ priority: 'High' }, 'sid=v; Priority=High'],
  [{ sameSite: 'Strict' }, 'sid=v; SameSite=Strict'],
  [{ sameSite: 'None', secure: true }, 'sid=v; Secure; SameSite=None'],
  [
    {
      domain: 'a.example',
      expires: new Date(day),
      httpOnly: true,
      maxAge: 1,
      partitioned: true,
      path: '/x',
      priority: 'Low',
      sameSite: 'Lax',
      secure: true,
    },
    'sid=v; Domain=a.example; Path=/x; Max-Age=1; Expires=Fri, 02 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Lax; Priority=Low; Partitioned',
  ],
]

describe('a cookie', () => {
  for (const [options, line] of lines) {
    test(`is written: ${line}`, () => {
      assert.equal(new Cookie('sid', 'v', options).toString(), line)
    })
  }

  test('is built by setters as by options', () => {
    const built = new Cookie('sid', 'v')
      .domain('example.com')
      .expires(new Date(day))
      .httpOnly()
      .maxAge(3600)
      .partitioned()
      .path('/')
      .priority('Medium')
      .sameSite('Lax')
      .secure()
    assert.equal(`${new Cookie('sid', 'v', built.options)}`, `${built}`)
    assert.match(`${built}`, /^sid=v; Domain=.*; Partitioned$/)
    assert.equal(`${built.secure(true).partitioned(false).httpOnly(false)}`.includes('HttpOnly'), false)
  })

  test('keeps no Date or object of its maker', () => {
    const expires = new Date(day)
    const options = { expires, path: '/' }
    const cookie = new Cookie('sid', 'v', options)
    expires.setTime(Number.NaN)
    options.path = '/evil'
    ;(cookie.options as { path: string }).path = '/evil'
    assert.equal(`${cookie}`, 'sid=v; Path=/; Expires=Fri, 02 Jan 1970 00:00:00 GMT')
  })

  for (const value of [
    '',
    'plain',
    'a b\tc',
    '"quoted"',
    '"',
    'a;b,c\\d',
    '100%',
    '%20',
    'ü☃😀',
    'a\r\nSet-Cookie: b=c\0',
    '\x7f\x80\xff',
    '{"json":[1,2]}',
    'base64+/=',
    ' spaces around ',
  ]) {
    test(`has its value read back: ${JSON.stringify(value)}`, () => {
      const cookie = new Cookie('sid', value)
      assert.match(`${cookie}`, /^sid=[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/)
      assert.equal(readBack(cookie), value)
      assert.equal(cookie.value, value)
    })
  }

  test('has any value read back that has a form in UTF-8', () => {
    const values = fc.string({ maxLength: 400, unit: 'binary' })
    fc.assert(fc.property(values, (value) => readBack(new Cookie('sid', value)) === value.toWellFormed()))
  })

  test('is as long as its bytes, and no longer than a browser keeps', () => {
    assert.equal(`${new Cookie('sid', 'x'.repeat(4093))}`.length, 4097)
    assert.throws(() => new Cookie('sid', 'x'.repeat(4094)), says('COOKIE_INVALID', 'sid', 'value', '4094 bytes'))
    assert.throws(() => new Cookie('sid', 'ü'.repeat(1000)), says('COOKIE_INVALID', '6000 bytes', '4096'))
    assert.throws(() => new Cookie('x'.repeat(4097), ''), says('COOKIE_INVALID', 'name'))
  })
})

const hostile = ['\r', '\n', '\r\nSet-Cookie: a=b', '\0', ';', '; Secure', '\x7f', '\x1f', 'ü', '☃']

/** Wrong values of attributes, each with how the message shows it, and what the attribute takes. */
const wrong: readonly (readonly [keyof CookieOptions, unknown, string, string])[] = [
  ...hostile.map((each) => ['domain', `a${each}`, JSON.stringify(`a${each}`), 'a domain name'] as const),
  ...['', '.example.com', 'example.com.', 'a..b', '-a.b', 'a b', 'a'.repeat(64), 1, null].map(
    (each) => ['domain', each, '', 'a domain name'] as const,
  ),
  ['domain', `${'a.'.repeat(127)}a`, '', 'a domain name'],
  ['expires', new Date(Number.NaN), 'an instance of Date', 'a Date from 1970'],
  ['expires', new Date(-1), 'an instance of Date', 'a Date from 1970'],
  ['expires', new Date(Date.now() + 401 * day), 'an instance of Date', '400 days'],
  ['expires', 'Thu, 01 Jan 1970 00:00:00 GMT', '"Thu', 'a Date'],
  ['expires', 0, '0', 'a Date'],
  ['httpOnly', 'yes', '"yes"', 'true or false'],
  ['maxAge', 34_560_001, '34560001', '34560000'],
  ['maxAge', -1, '-1', 'a whole number of seconds'],
  ['maxAge', 1.5, '1.5', 'a whole number'],
  ['maxAge', Number.NaN, 'NaN', 'a whole number'],
  ['maxAge', Infinity, 'Infinity', 'a whole number'],
  ['maxAge', '3600', '"3600"', 'a whole number'],
  ['maxAge', '1\r\nSet-Cookie: a=b', '"1\\r\\n', 'a whole number'],
  ['partitioned', 1, '1', 'true or false'],
  ...hostile.map((each) => ['path', `/${each}`, JSON.stringify(`/${each}`), 'a path'] as const),
  ['path', '', '""', 'begins with a slash'],
  ['path', 'a', '"a"', 'begins with a slash'],
  ['path', `/${'a'.repeat(1024)}`, '…', 'at most 1024'],
  ['path', true, 'true', 'a path'],
  ['priority', 'high', '"high"', "'High', 'Low' or 'Medium'"],
  ['priority', 'High\r\nX: y', '"High\\r\\n', "'High', 'Low' or 'Medium'"],
  ['sameSite', 'lax', '"lax"', "'Lax', 'None' or 'Strict'"],
  ['sameSite', true, 'true', "'Lax', 'None' or 'Strict'"],
  ['sameSite', 'Lax; Domain=evil.example', '"Lax; Domain', "'Lax', 'None' or 'Strict'"],
  ['secure', null, 'null', 'true or false'],
]

describe('a cookie that is not in order', () => {
  for (const [attribute, value, got, takes] of wrong) {
    test(`is refused: ${attribute} ${JSON.stringify(value)}`, () => {
      const check = says('COOKIE_INVALID', 'the cookie sid', attribute, got, takes)
      assert.throws(() => new Cookie('sid', 'v', { [attribute]: value }), check)
      assert.throws(() => (new Cookie('sid', 'v')[attribute] as (value: unknown) => Cookie)(value), check)
      assert.throws(() => text('x').cookie('sid', 'v', { [attribute]: value } as never), check)
    })
  }

  for (const name of ['', 'a b', 'a=b', 'a;b', 'a,b', 'a\r\nb', 'a\0', 'a"', 'ü', 1, null, undefined, {}]) {
    test(`is refused: the name ${JSON.stringify(name)}`, () => {
      assert.throws(() => new Cookie(name as string, 'v'), says('COOKIE_INVALID', 'for name', 'a token'))
      assert.throws(() => text('x').cookie(name as string, 'v'), says('COOKIE_INVALID', 'for name', 'a token'))
      assert.throws(() => text('x').clearCookie(name as string), says('COOKIE_INVALID', 'for name', 'a token'))
    })
  }

  for (const [value, got] of [
    [123_456, 'a number'],
    [undefined, 'undefined'],
    [null, 'null'],
    [{}, 'an object'],
    ['\ud800', 'half of a surrogate pair'],
  ] as const) {
    test(`is refused: a value that is ${got}`, () => {
      assert.throws(() => new Cookie('sid', value as string), says('COOKIE_INVALID', 'sid', 'value', got))
    })
  }

  test('does not have its value in the error', () => {
    for (const value of [`secret${'x'.repeat(5000)}`, 'secret\ud800']) {
      assert.throws(
        () => new Cookie('sid', value),
        (error: Error) => !error.message.includes('secret'),
      )
    }
  })

  test('has no attributes but those that are known', () => {
    assert.throws(() => new Cookie('sid', 'v', { samesite: 'Lax' } as never), says('OPTION_UNKNOWN', 'samesite', 'sid'))
    assert.throws(() => new Cookie('sid', 'v', { constructor: 1 } as never), says('OPTION_UNKNOWN', 'constructor'))
    assert.throws(() => new Cookie('sid', 'v', null as never), says('COOKIE_INVALID', 'options', 'null'))
    assert.equal(`${new Cookie('sid', 'v', { path: undefined } as never)}`, 'sid=v')
  })
})

/** What attributes and names demand of each other. */
const together: readonly (readonly [name: string, options: CookieOptions, attribute: string, reason: string])[] = [
  ['sid', { sameSite: 'None' }, 'secure', 'SameSite=None demands it'],
  ['sid', { sameSite: 'None', secure: false }, 'secure', 'SameSite=None'],
  ['sid', { partitioned: true }, 'secure', 'Partitioned demands it'],
  ['__Secure-sid', {}, 'secure', '__Secure-'],
  ['__secure-sid', {}, 'secure', '__Secure-'],
  ['__Host-sid', { path: '/' }, 'secure', '__Host-'],
  ['__Host-sid', { secure: true }, 'path', '__Host-'],
  ['__HOST-sid', { path: '/a', secure: true }, 'path', '__Host-'],
  ['__Host-sid', { domain: 'example.com', path: '/', secure: true }, 'domain', '__Host-'],
  ['__Http-sid', { secure: true }, 'httpOnly', '__Http-'],
  ['__Host-Http-sid', { path: '/', secure: true }, 'httpOnly', '__Host-Http-'],
]

describe('attributes that demand others', () => {
  for (const [name, options, attribute, reason] of together) {
    test(`${name} with ${JSON.stringify(options)} lacks ${attribute}`, () => {
      const cookie = new Cookie(name, 'v', options)
      assert.throws(() => cookie.toString(), says('COOKIE_INVALID', name, attribute, reason))
      assert.throws(() => text('x').cookie(cookie), says('COOKIE_INVALID', name, attribute, reason))
    })
  }

  test('are content when they are there, in whatever order', () => {
    assert.equal(`${new Cookie('__Host-sid', 'v').secure().path('/')}`, '__Host-sid=v; Path=/; Secure')
    assert.equal(`${new Cookie('__Secure-sid', 'v').secure()}`, '__Secure-sid=v; Secure')
    assert.equal(`${new Cookie('__Hosts', 'v')}`, '__Hosts=v')
    assert.equal(`${new Cookie('sid', 'v').sameSite('None').secure()}`, 'sid=v; Secure; SameSite=None')
  })
})

describe('cookies of a response', () => {
  test('are lines of their own', () => {
    const response = text('x').cookie('a', '1').cookie('b', '2').append('Set-Cookie', 'c=3').cookie('d', '4')
    assert.deepEqual(
      response.headers?.filter((_, index) => index % 2 === 1),
      ['a=1', 'b=2', 'c=3', 'd=4'],
    )
  })

  const places: readonly (readonly [name: string, first: Cookie | string, second: Cookie, count: number])[] = [
    ['the same', new Cookie('a', '1'), new Cookie('a', '2'), 1],
    ['the same but for attributes that tell nothing', new Cookie('a', '1').secure(), new Cookie('a', '2').maxAge(1), 1],
    [
      'one that was written by hand',
      'a=1; path=/x; DOMAIN=Example.com',
      new Cookie('a', '2').path('/x').domain('example.com'),
      1,
    ],
    ['another name', new Cookie('a', '1'), new Cookie('b', '2'), 2],
    ['a name that begins alike', new Cookie('ab', '1'), new Cookie('a', '2'), 2],
    ['a name in another letter case', new Cookie('a', '1'), new Cookie('A', '2'), 2],
    ['another path', new Cookie('a', '1').path('/'), new Cookie('a', '2').path('/x'), 2],
    ['no path', new Cookie('a', '1').path('/'), new Cookie('a', '2'), 2],
    ['another domain', new Cookie('a', '1').domain('a.example'), new Cookie('a', '2').domain('b.example'), 2],
    ['one that is partitioned', new Cookie('a', '1').secure(), new Cookie('a', '2').secure().partitioned(), 2],
  ]
  for (const [name, first, second, count] of places) {
    test(`beside ${name}: ${count}`, () => {
      const headers = ['X-Before', 'a=1', 'set-cookie', `${first}`, 'X-After', 'x']
      placeCookie(headers, second)
      const cookies = headers.filter((_, index) => /^set-cookie$/i.test(headers[index - 1] ?? ''))
      assert.equal(cookies.length, count)
      assert.equal(cookies.at(-1), `${second}`)
      assert.equal(headers[1], 'a=1')
    })
  }

  test('are let go with the place that they were set for', () => {
    const options: CookieOptions = { expires: new Date(day), maxAge: 9, path: '/x', sameSite: 'None', secure: true }
    const [, line] = text('x').cookie('a', '1', options).clearCookie('a', options).headers ?? []
    assert.equal(line, 'a=; Path=/x; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; SameSite=None')
    assert.throws(() => text('x').clearCookie('__Host-a'), says('COOKIE_INVALID', '__Host-a', 'secure'))
    assert.equal(readBack(new Cookie('a', '')), '')
  })
})
