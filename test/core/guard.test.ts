import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Framing, rules, violation } from '../../src/core/guard.js'

interface Given {
  readonly headers?: readonly (readonly [name: string, value: string])[]
  readonly method?: string
  readonly path?: string
  readonly query?: string
  readonly version?: string
}

const host = ['host', 'a.test'] as const

function framingOf({ headers = [host], query = '', version = '1.1' }: Given): Framing {
  const framing = new Framing()
  framing.reset()
  Object.assign(framing, { query, version })
  for (const [name, value] of headers) framing.add(name, value)
  return framing
}

function refusal(given: Given): string | undefined {
  return violation(given.method ?? 'GET', given.path ?? '/', framingOf(given))?.detail
}

function header(name: string, ...values: readonly string[]): Given {
  return { headers: [host, ...values.map((value) => [name, value] as const)] }
}

const hosts = (...values: readonly string[]): Given => ({ headers: values.map((value) => ['host', value] as const) })

/** What breaks each rule, by the rule's reason. */
const broken: Readonly<Record<string, readonly Given[]>> = {
  'a header holds a byte that is not allowed there': [
    ...['\0', '\n', '\r', '\x1f', '\x7f'].map((byte) => header('x-a', `b${byte}c`)),
    ...['', 'x a', 'x:', 'x\xe9', 'x(', 'x\t'].map((name) => header(name, 'b')),
  ],
  'HTTP/1.0 has no Transfer-Encoding': [{ ...header('transfer-encoding', 'chunked'), version: '1.0' }],
  'the Content-Length is not a number': ['', '+1', '-1', '1 ', '0x1', '1,1', '1e3', '1234567890123456', '１'].map(
    (value) => header('content-length', value),
  ),
  'the Host header is not a host and port': [
    '',
    'a b',
    'a,b',
    'u@a',
    'a/b',
    'a:80:80',
    'a:x',
    '[::1',
    '::1',
    'a?b',
    'a#b',
    'a\\b',
  ].map((value) => hosts(value)),
  'the method is not a token': ['', 'GE T', 'GET\t', 'G(T', 'GÉT'].map((method) => ({ method })),
  'the query is not printable ASCII without a #': ['a#b', 'a b', 'é', '\0'].map((query) => ({ query })),
  'the request target is not a path of printable ASCII': [
    ...['', 'a', '*', 'http://a.test/', '/é', '/a b', '/a#b', '/\0', '/\x7f'].map((path) => ({ path })),
    { method: 'OPTIONS', path: '**' },
    { method: 'OPTIONS', path: '*', query: 'a' },
  ],
  'the Transfer-Encoding does not end in a single chunked': [
    ...['', 'gzip', 'chunked,', 'chunked, chunked2', ' chunked', 'chun\u212aed', 'xchunked', 'chunked;q=1'].map(
      (value) => header('transfer-encoding', value),
    ),
    header('transfer-encoding', 'chunked', 'chunked'),
    header('transfer-encoding', 'gzip', 'chunked'),
  ],
  'the version is neither HTTP/1.0 nor HTTP/1.1': ['0.9', '1.2', '2.0', ''].map((version) => ({ version })),
  'there is a transfer coding beside chunked': [
    'gzip, chunked',
    'gzip,chunked',
    'GZIP,\tChunked',
    'x;q="1", chunked',
  ].map((value) => header('transfer-encoding', value)),
  'there is both a Content-Length and a Transfer-Encoding': [
    { headers: [host, ['content-length', '1'], ['transfer-encoding', 'chunked']] },
    { headers: [host, ['transfer-encoding', 'gzip'], ['content-length', '1']] },
  ],
  'there is more than one Content-Length': [header('content-length', '1', '1'), header('content-length', '1', '2')],
  'there must be one Host header': [hosts(), hosts('a', 'a'), { ...hosts('a', 'b'), version: '1.0' }],
  'this is no proxy to connect through': [{ method: 'CONNECT' }, { method: 'CONNECT', path: 'a.test:443' }],
}

const whole: readonly Given[] = [
  {},
  ...['POST', 'PURGE', 'get', '!#$%&*+-.^_`|~9'].map((method) => ({ method })),
  ...['/', '//', '/a%2Fb', '/%zz', '/a;b=c,d:e@f', '/"<>\\^`{|}', "/!$&'()*+,-._~"].map((path) => ({ path })),
  { method: 'OPTIONS', path: '*' },
  ...['a=b', '?', '%zz', '/?:@'].map((query) => ({ query })),
  ...['a', 'a.test:80', 'a.test:', '127.0.0.1:65535', '[::1]', '[::1]:80', 'a_b-c~', '%41'].map((value) =>
    hosts(value),
  ),
  ...['', 'a\tb', 'caf\xe9', '\xff', ' x '].map((value) => header('x-a', value)),
  header('content-length', '0'),
  header('content-length', '000123456789012'),
  header('transfer-encoding', 'chunked'),
  header('transfer-encoding', 'Chunked'),
  { ...hosts(), version: '1.0' },
  { ...header('content-length', '5'), version: '1.0' },
]

const show = (given: Given): string => JSON.stringify(given)

describe('the guard', () => {
  test('has a case for each of its rules', () => {
    assert.deepEqual(rules.map(({ reason }) => reason).sort(), Object.keys(broken).sort())
  })

  test('says of each rule where it stands', () => {
    for (const { section } of rules) assert.match(section, /^RFC (3986|9110|9112), \d/)
  })

  for (const [reason, cases] of Object.entries(broken)) {
    describe(`refuses because ${reason}`, () => {
      for (const given of cases) {
        test(show(given), () => {
          assert.match(refusal(given) ?? 'nothing', new RegExp(`^the request was refused: ${reason} \\(RFC `))
        })
      }
    })
  }

  describe('lets pass', () => {
    for (const given of whole) {
      test(show(given), () => {
        assert.equal(refusal(given), undefined)
        const { method = 'GET', path = '/' } = given
        for (const rule of rules) assert.equal(rule.breaks(method, path, framingOf(given)), false, rule.reason)
      })
    }
  })

  test('refuses a coding that is known and not served with 501, all else with 400', () => {
    const status = (given: Given): number | undefined => violation('GET', '/', framingOf(given))?.status
    assert.equal(status(header('transfer-encoding', 'gzip, chunked')), 501)
    assert.equal(status(header('transfer-encoding', 'gzip')), 400)
    assert.equal(status(hosts()), 400)
  })

  test('does not let the host of one request pass for that of the next', () => {
    assert.equal(refusal(hosts('good.test')), undefined)
    assert.notEqual(refusal(hosts('good.test/bad')), undefined)
    assert.notEqual(refusal(hosts('bad host')), undefined)
    assert.equal(refusal(hosts('good.test')), undefined)
  })

  test('refuses a coding of 60 KB, at once', () => {
    // An expression that backtracks takes seconds for it.
    assert.notEqual(refusal(header('transfer-encoding', 'a'.repeat(60_000))), undefined)
  })
})

describe('framing', () => {
  const sizes: readonly (readonly [name: string, given: Given, size: number])[] = [
    ['none', {}, 0],
    ['a length', header('content-length', '12'), 12],
    ['chunks', header('transfer-encoding', 'chunked'), -1],
  ]
  for (const [name, given, size] of sizes) {
    test(`announces a body by ${name}`, () => {
      assert.equal(framingOf(given).bodySize, size)
    })
  }

  for (const [value, closes] of [
    ['close', true],
    ['Close', true],
    ['keep-alive, close', true],
    ['upgrade ,\tclose , x', true],
    ['keep-alive', false],
    ['closed', false],
    ['x-close', false],
    ['', false],
  ] as const) {
    test(`${closes ? 'closes' : 'does not close'} the connection by ${JSON.stringify(value)}`, () => {
      assert.equal(framingOf(header('connection', value)).closes, closes)
    })
  }

  test('forgets one request before the next', () => {
    const framing = framingOf({
      headers: [
        host,
        host,
        ['connection', 'close'],
        ['content-length', '5'],
        ['transfer-encoding', 'x'],
        ['x y', '\0'],
      ],
    })
    assert.notEqual(violation('GET', '/', framing), undefined)
    framing.reset()
    Object.assign(framing, { query: '', version: '1.1' })
    framing.add(...host)
    assert.equal(violation('GET', '/', framing), undefined)
    assert.equal(framing.bodySize, 0)
    assert.equal(framing.closes, false)
    assert.equal(framing.size, 'hosta.test'.length)
  })
})
