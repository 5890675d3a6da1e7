import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Hotpress } from '../src/index.js'
import { type SettledListen, settleListen } from '../src/listen-options.js'
import { pairOf } from './_certificates.js'
import { says } from './_says.js'

const { log } = new Hotpress({ logger: false })
const settle = (options: unknown): SettledListen => settleListen(options as never, log)
const tls = pairOf('a')

/** The options that an error of an unknown one lists. */
function optionsOf(make: () => unknown): readonly string[] {
  try {
    make()
  } catch (error) {
    return (error as Error).message.split('the options are ')[1]!.split(', ')
  }
  throw new Error('an unknown option was taken')
}

type Wrong = Readonly<
  Record<string, { readonly takes: string; readonly values: readonly (readonly [unknown, string])[] }>
>

const boolean = {
  takes: 'true or false',
  values: [
    [1, '1'],
    ['yes', '"yes"'],
    [null, 'null'],
  ],
} as const
const count = {
  takes: 'a whole number from 1',
  values: [
    [0, '0'],
    [-1, '-1'],
    [1.5, '1.5'],
    ['4', '"4"'],
    [2 ** 31, '2147483648'],
  ],
} as const
const bytes = {
  takes: "a whole number of bytes, or a text with b, kb, mb or gb such as '10mb'",
  values: [
    [-1, '-1'],
    ['64', '"64"'],
  ],
} as const

const wrongOptions: Wrong = {
  backlog: count,
  fd: {
    takes: "a descriptor from 0, 'systemd' or 'systemd:<name>'",
    values: [
      [-1, '-1'],
      [1.5, '1.5'],
      ['3', '"3"'],
      ['systemd:', '"systemd:"'],
      ['systemd', '"systemd", and systemd has passed no socket to this process (LISTEN_FDS)'],
    ],
  },
  host: {
    takes: 'an address or a name',
    values: [
      ['', '""'],
      [127, '127'],
    ],
  },
  http2: {
    takes: 'true, false or an object',
    values: [
      ['yes', '"yes"'],
      [null, 'null'],
    ],
  },
  http3: boolean,
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
  redirectToHttps: {
    takes: 'true, false or an object',
    values: [
      [308, '308'],
      ['https://a.example', '"https://a.example"'],
      [null, 'null'],
    ],
  },
  reusePort: boolean,
  threads: count,
  tls: {
    takes: 'an object with cert and key, or certificates',
    values: [
      [true, 'true'],
      ['cert.pem', '"cert.pem"'],
      [null, 'null'],
    ],
  },
}

const wrongHttp2: Wrong = {
  cleartext: boolean,
  connectionWindow: bytes,
  maxConcurrentStreams: count,
  streamWindow: bytes,
}

const wrongRedirects: Wrong = {
  allowedHosts: {
    takes: "a list of host names such as 'example.com' or '*.example.com'",
    values: [
      ['a.example', '"a.example"'],
      [['a.example', 'b example'], '"b example"'],
      [[], 'an empty list'],
    ],
  },
  host: {
    takes: 'a host name or an address, without a port',
    values: [
      ['', '""'],
      ['a.example:443', '"a.example:443"'],
      ['https://a.example', '"https://a.example"'],
      ['*.a.example', '"*.a.example"'],
      ['a.example\r\nb: c', '"a.example\\r\\nb: c"'],
      [7, '7'],
    ],
  },
  port: {
    takes: 'a whole number from 1 to 65535',
    values: [
      [0, '0'],
      [65_536, '65536'],
      ['443', '"443"'],
    ],
  },
  status: {
    takes: '301, 302, 307 or 308',
    values: [
      [303, '303'],
      [200, '200'],
      ['308', '"308"'],
    ],
  },
}

const tables: readonly (readonly [where: string, wrap: (options: object) => object, Wrong])[] = [
  ['listen()', (options) => options, wrongOptions],
  ['http2', (http2) => ({ http2, tls }), wrongHttp2],
  ['redirectToHttps', (redirectToHttps) => ({ redirectToHttps }), wrongRedirects],
]

for (const [where, wrap, table] of tables) {
  describe(`options of ${where}`, () => {
    test('each has a case', () => {
      const known = optionsOf(() => settle(wrap({ nonsense: 1 })))
      assert.deepEqual([...known].sort(), Object.keys(table).sort())
    })

    test('there is none that is not known', () => {
      assert.throws(() => settle(wrap({ toString: 1 })), says('OPTION_UNKNOWN', `toString of ${where}`))
    })

    for (const [option, { takes, values }] of Object.entries(table)) {
      for (const [value, got] of values) {
        test(`${option} does not take ${got}`, () =>
          assert.throws(() => settle(wrap({ [option]: value })), says('OPTION_INVALID', option, `got ${got}`, takes)))
      }
    }
  })
}

describe('options of listen() that would do nothing, or harm', () => {
  const cases: readonly (readonly [options: object, ...texts: string[]])[] = [
    [{ fd: 3, port: 80 }, 'fd', 'a descriptor beside port', 'no port'],
    [{ fd: 3, host: '::' }, 'fd', 'a descriptor beside host'],
    [{ fd: 3, reusePort: true }, 'fd', 'a descriptor beside reusePort'],
    [{ http3: true }, 'http3', 'true without tls'],
    [{ http2: true }, 'http2', 'no tls', 'cleartext: true'],
    [{ http2: { maxConcurrentStreams: 10 } }, 'http2', 'no tls'],
    [{ http2: { cleartext: true }, tls }, 'cleartext of http2', 'true beside tls'],
    [{ threads: 2 }, 'threads', '2 without TLS and HTTP/2'],
    [{ reusePort: true, threads: 2 }, 'threads', '2 without TLS and HTTP/2'],
    [{ fd: 3, http3: true, tls }, 'fd', 'a descriptor beside http3'],
    [{ redirectToHttps: true, tls }, 'redirectToHttps', 'a redirection beside tls'],
    [{ http3: true, reusePort: true, tls }, 'reusePort', 'true beside http3', 'connection of QUIC'],
    [
      { redirectToHttps: { allowedHosts: ['a.example'], host: 'b.example' } },
      'host of redirectToHttps',
      'the one or the other',
    ],
  ]
  for (const [options, ...texts] of cases) {
    test(Object.keys(options).join(' beside '), () =>
      assert.throws(() => settle(options), says('OPTION_INVALID', ...texts)),
    )
  }

  test('are an object', () => {
    for (const options of [null, 'x', 1]) {
      assert.throws(() => settle(options), says('OPTION_INVALID', 'options of listen()', 'an object'))
    }
  })
})

describe('listen() settles', () => {
  const http2 = {
    cleartext: false,
    connectionWindow: undefined,
    isAsked: false,
    isOffered: true,
    maxConcurrentStreams: undefined,
    streamWindow: undefined,
  }

  test('nothing at all', () => {
    assert.deepEqual(settle({ host: undefined, tls: undefined }), {
      redirect: undefined,
      watched: undefined,
      where: {
        backlog: 511,
        fd: undefined,
        held: undefined,
        host: '127.0.0.1',
        http2,
        http3: false,
        port: 0,
        reusePort: false,
        threads: undefined,
        tls: undefined,
      },
    })
  })

  test('every option', () => {
    const limits = { connectionWindow: '2mb', maxConcurrentStreams: 10, streamWindow: 65_536 }
    const { where } = settle({
      backlog: 1,
      host: '::',
      http2: limits,
      http3: true,
      port: 443,
      reusePort: false,
      threads: 3,
      tls,
    })
    const { tls: settled, ...rest } = where
    assert.equal(settled?.certificates.length, 1)
    assert.deepEqual(rest, {
      backlog: 1,
      fd: undefined,
      held: undefined,
      host: '::',
      http2: {
        ...http2,
        connectionWindow: 2 * 1024 ** 2,
        isAsked: true,
        maxConcurrentStreams: 10,
        streamWindow: 65_536,
      },
      http3: true,
      port: 443,
      reusePort: false,
      threads: 3,
    })
    assert.equal(settle({ reusePort: true, tls }).where.reusePort, true)
  })

  test('HTTP/2: wanted, not wanted, and in cleartext', () => {
    assert.deepEqual(settle({ http2: true, tls }).where.http2, { ...http2, isAsked: true })
    assert.deepEqual(settle({ http2: false }).where.http2, { ...http2, isOffered: false })
    assert.deepEqual(settle({ http2: { cleartext: true }, threads: 2 }).where.http2, {
      ...http2,
      cleartext: true,
      isAsked: true,
    })
  })

  test('redirections', () => {
    const none = { allowedHosts: undefined, host: undefined, port: undefined, status: 308 }
    assert.equal(settle({ redirectToHttps: false, tls }).redirect, undefined)
    assert.deepEqual(settle({ redirectToHttps: true }).redirect, none)
    assert.deepEqual(settle({ redirectToHttps: { host: 'a.example.', port: 8443, status: 301 } }).redirect, {
      ...none,
      host: 'a.example',
      port: 8443,
      status: 301,
    })
    const { redirect } = settle({ redirectToHttps: { allowedHosts: ['A.example', '*.b.example'] } })
    assert.deepEqual(redirect, { ...none, allowedHosts: new Set(['a.example', '*.b.example']) })
  })
})
