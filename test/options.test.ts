import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Hotpress, type HotpressOptions } from '../src/index.js'
import { says } from './_says.js'

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
const count = 'a whole number, 0 for no limit'
const wrongCounts: readonly (readonly [unknown, string])[] = [
  [-1, '-1'],
  [1.5, '1.5'],
  ['9', '"9"'],
]
const time = "a whole number of milliseconds, or a text with ms, s, m or h such as '30s'"

/** Wrong values of each option, each with how the message shows it, and what the option takes. */
const wrongOptions: Readonly<
  Record<string, { readonly takes: string; readonly values: readonly (readonly [unknown, string])[] }>
> = {
  accessLog: {
    takes: 'true, false, options or a list of them',
    values: [
      ['common', '"common"'],
      [1, '1'],
      [null, 'null'],
    ],
  },
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
  chunkLimit: {
    takes: size,
    values: [
      ['1', '"1"'],
      [-1, '-1'],
    ],
  },
  compression: {
    takes: 'true, false or an object',
    values: [
      ['gzip', '"gzip"'],
      [null, 'null'],
      [[], 'an array'],
    ],
  },
  connectionOverflow: {
    takes: "'refuse' or 'wait'",
    values: [
      ['drop', '"drop"'],
      [true, 'true'],
    ],
  },
  cors: {
    takes: 'true, false, an object or a Cors',
    values: [
      ['*', '"*"'],
      [null, 'null'],
      [[], 'an array'],
    ],
  },
  decodeBody: {
    takes: 'true or false',
    values: [
      ['yes', '"yes"'],
      [1, '1'],
    ],
  },
  env: {
    takes: "'development' or 'production'",
    values: [
      ['test', '"test"'],
      [true, 'true'],
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
  maxConnections: { takes: count, values: wrongCounts },
  maxConnectionsPerAddress: { takes: count, values: wrongCounts },
  maxEventLoopDelay: {
    takes: 'more than 0',
    values: [[0, '0']],
  },
  maxRequestsPerConnection: { takes: count, values: wrongCounts },
  pathFilter: {
    takes: 'true, false or an object',
    values: [
      ['/.git/**', '"/.git/**"'],
      [null, 'null'],
      [[], 'an array'],
    ],
  },
  rateLimit: {
    takes: 'an object',
    values: [
      [true, 'true'],
      ['100/m', '"100/m"'],
      [null, 'null'],
    ],
  },
  proxyProtocol: {
    takes: "addresses, blocks such as '10.0.0.0/8'",
    values: [
      [true, 'true'],
      [1, '1'],
      ['everybody', '"everybody"'],
      [['10.0.0.0/8', '10.0.0.0/40'], '"10.0.0.0/40"'],
    ],
  },
  readTimeout: {
    takes: time,
    values: [
      ['5 days', '"5 days"'],
      [-1, '-1'],
    ],
  },
  requestId: {
    takes: 'true or false, or an object',
    values: [
      ['yes', '"yes"'],
      [1, '1'],
      [null, 'null'],
      [[], 'an array'],
    ],
  },
  requestLineLimit: {
    takes: size,
    values: [
      ['8', '"8"'],
      [{}, 'an object'],
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
    takes: 'true, false, an object or a SecurityHeaders',
    values: [
      ['no', '"no"'],
      [null, 'null'],
      [[], 'an array'],
    ],
  },
  serverHeader: {
    takes: 'true, false or a text',
    values: [
      ['', '""'],
      [1, '1'],
      [new Date(0), 'an instance of Date'],
      ['caf\xe9', '"café"'],
    ],
  },
  serverTiming: {
    takes: 'true, false or an object',
    values: [
      ['yes', '"yes"'],
      [null, 'null'],
      [[], 'an array'],
    ],
  },
  streamThreshold: {
    takes: size,
    values: [
      [-1, '-1'],
      ['64', '"64"'],
    ],
  },
  tracing: {
    takes: 'true, false or an object',
    values: [
      ['on', '"on"'],
      [null, 'null'],
      [[], 'an array'],
    ],
  },
  transport: {
    takes: "'auto', 'native', 'node' or 'uws'",
    values: [
      ['http', '"http"'],
      [null, 'null'],
      ['UWS', '"UWS"'],
    ],
  },
  trustProxy: {
    takes: 'how many proxies there are (1 to 32)',
    values: [
      [true, 'true'],
      [0, '0'],
      [1.5, '1.5'],
      [null, 'null'],
    ],
  },
  writeTimeout: {
    takes: time,
    values: [
      ['5 days', '"5 days"'],
      [-1, '-1'],
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

describe('HOTPRESS_TRANSPORT', () => {
  test('is in place of the option, and checked as it is', async () => {
    process.env.HOTPRESS_TRANSPORT = 'node'
    try {
      const app = makeApp({ transport: 'uws' })
      const { transport } = await app.listen()
      assert.equal(transport, 'node')
      await app.close()
      process.env.HOTPRESS_TRANSPORT = 'other'
      assert.throws(() => makeApp(), says('OPTION_INVALID', 'HOTPRESS_TRANSPORT', '"other"'))
    } finally {
      delete process.env.HOTPRESS_TRANSPORT
    }
  })
})
