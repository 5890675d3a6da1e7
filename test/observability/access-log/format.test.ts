import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { type AccessLogOptions, Hotpress, redirect, text } from '../../../src/index.js'
import { DurationTexts, LogClock } from '../../../src/observability/access-log/clock.js'
import { itemText, jsonText, jsonValue } from '../../../src/observability/access-log/escape.js'
import { Redaction, secretHeaders, secretQuery } from '../../../src/observability/access-log/redact.js'
import { says } from '../../_says.js'
import { recorder } from '../../contract/http/_tools.js'

const folder = mkdtempSync(path.join(tmpdir(), 'hotpress-access-log-'))
after(() => rmSync(folder, { force: true, recursive: true }))
let count = 0

async function lineOf(
  options: AccessLogOptions,
  url = '/a/b?x=1',
  headers = {},
  log = recorder().logger,
): Promise<string> {
  const file = path.join(folder, `${count++}.log`)
  const app = new Hotpress({ accessLog: { destination: { file }, ...options }, logger: log })
  app.get('/a/:id', () => redirect('/elsewhere?code=1'))
  await app.inject({ headers, url })
  await app.close()
  return readFileSync(file, 'latin1')
}

test('lines that are made together stand there once and in their order, also where they fill the queue', async () => {
  const file = path.join(folder, `${count++}.log`)
  const accessLog = { destination: { file }, onFull: 'block', queueLimit: '64kb' } as const
  const app = new Hotpress({ accessLog, logger: false })
  app.get('/a/:id', ({ params }) => params.id)
  const headers = { 'user-agent': 'x'.repeat(3000) }
  for (let id = 0; id < 500; id++) await app.inject({ headers, url: `/a/${id}` })
  await app.close()
  const paths = readFileSync(file, 'latin1')
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as Record<string, unknown>)['url.path'])
  assert.deepEqual(
    paths,
    Array.from({ length: 500 }, (_, id) => `/a/${id}`),
  )
})

const make = (accessLog: unknown): Hotpress => new Hotpress({ accessLog: accessLog as AccessLogOptions, logger: false })

describe('what is written of texts', () => {
  const all = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).join('')

  test('nothing ends a line or its string, whatever the bytes', () => {
    for (const text of [all, '\u2028\u2029\ud800😀', '\x1b[31m']) {
      for (const written of [jsonText(text), itemText(text)]) assert.match(written, /^[\x20-\x7e]*$/)
      assert.equal(JSON.parse(`"${jsonText(text)}"`), text)
    }
    assert.deepEqual(JSON.parse(jsonValue({ all, date: new Date(0) })!), { all, date: '1970-01-01T00:00:00.000Z' })
    assert.match(jsonValue(all)!, /^[\x20-\x7e]*$/)
  })

  // What httpd's ap_escape_logitem() gives.
  test('as httpd does', () => {
    assert.equal(itemText('a"b\\c\n\r\t\v\b\x00\x1b\x7f\x80\xe9'), 'a\\"b\\\\c\\n\\r\\t\\v\\b\\x00\\x1b\\x7f\\x80\\xe9')
  })

  test('credentials are kept out of queries and URLs', () => {
    const redaction = new Redaction([...secretHeaders, 'x-own'], [...secretQuery, 'own'])
    const cases = [
      ['a=1&b=2', 'a=1&b=2'],
      ['token=1', 'token=[redacted]'],
      ['a=1&TOKEN=1&token=', 'a=1&TOKEN=[redacted]&token=[redacted]'],
      ['%74oken=1&tok%65n[a]=2&to%ken=3', '%74oken=[redacted]&tok%65n[a]=[redacted]&to%ken=3'],
      ['token[]=1;password=2', 'token[]=[redacted];password=[redacted]'],
      ['own=1&x=token=2', 'own=[redacted]&x=token=2'],
      ['+token=1', '+token=[redacted]'],
      ['tokens=1&atoken=2&token', 'tokens=1&atoken=2&token'],
    ] as const
    for (const [query, expected] of cases) assert.equal(redaction.query(query), expected)
    assert.equal(
      redaction.url('https://h/p?a=1&token=2#access_token=3&b=4'),
      'https://h/p?a=1&token=[redacted]#access_token=[redacted]&b=4',
    )
    assert.deepEqual(
      ['x-own', 'cookie', 'accept'].map((name) => redaction.hides(name)),
      [true, true, false],
    )
    const none = new Redaction([], [])
    assert.equal(none.query('token=1'), 'token=1')
  })

  test('times', () => {
    const clock = new LogClock()
    for (const time of [0, 1, 999, 1000, 1_700_000_000_123, 1_700_000_000_123]) {
      assert.equal(clock.iso(time), new Date(time).toISOString())
      assert.match(clock.httpd(time), /^\[\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\]$/)
    }
    const durations = new DurationTexts('d=')
    for (const _ of ['made', 'known']) {
      assert.deepEqual(
        [0, 0.0004, 0.0126, 1, 4.0954, 4.096, 9.9996, 12_345.6789].map((time) => durations.of(time)),
        ['d=0.000', 'd=0.000', 'd=0.013', 'd=1.000', 'd=4.095', 'd=4.096', 'd=10.000', 'd=12345.679'],
      )
    }
  })
})

describe('what is the same in all lines of a client', () => {
  test('is that of its own headers, whoever else comes from its address', async () => {
    const file = path.join(folder, 'clients.log')
    const app = new Hotpress({
      accessLog: { destination: { file }, requestHeaders: ['x-one'], responseHeaders: ['x-two'] },
      logger: false,
    })
    app.get('/', ({ query }) => text('ok').header('X-Two', query.get('two') ?? ''))
    const short = (value: unknown): unknown => (typeof value === 'string' ? value.slice(0, 5) : value)
    const wanted: unknown[] = []
    for (let index = 0; index < 60; index++) {
      const agent = ['a', 'a', 'b', undefined, '"c"', 'x'.repeat(2000)][index % 6]
      const one = [undefined, 'é', '1'][Math.floor(index / 2) % 3]
      const headers = { ...(agent && { 'user-agent': agent }), ...(one && { 'x-one': one }) }
      const two = index % 7 === 0 ? '7' : ''
      await app.inject({ headers, url: `/?two=${two}` })
      wanted.push([short(agent), one, two])
    }
    await app.close()
    const lines = readFileSync(file, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const got = lines.map((line) => [
      short(line['user_agent.original']),
      line['http.request.header.x-one'],
      line['http.response.header.x-two'] ?? '',
    ])
    assert.deepEqual(got, wanted)
    assert.ok(lines.every(({ msg }) => msg === 'request completed'))
  })
})

describe('formats of httpd', () => {
  const cases: readonly (readonly [format: string, expected: RegExp])[] = [
    ['%%%m%%', /^%GET%$/],
    ['%a %h %{c}a %l %u', /^127\.0\.0\.1 127\.0\.0\.1 127\.0\.0\.1 - -$/],
    ['%b %B', /^- 0$/],
    ['%D %T %{s}T %{ms}T %{us}T', /^\d+ \d+ \d+ \d+ \d+$/],
    ['%H', /^HTTP\/1\.1$/],
    ['%L %{id}n', /^(\S{36}) \1$/],
    ['%P', new RegExp(`^${process.pid}$`)],
    ['%U %q', /^\/a\/b \?x=1$/],
    ['"%r" %s %>s %<s', /^"GET \/a\/b\?x=1 HTTP\/1\.1" 302 302 302$/],
    ['%X', /^\+$/],
    ['%{sec}t %{msec}t %{usec}t', /^\d{10} \d{13} \d{16}$/],
    ['%{iso}n', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/],
    ['%{route}n %{scheme}n %{slow}n', /^\/a\/:id http -$/],
    ['%{X-Y}i %{authorization}i %{Cookie}i %{Referer}i', /^y \[redacted\] - \/\?secret=\[redacted\]$/],
    ['%{Location}o %{X-None}o', /^\/elsewhere\?code=\[redacted\] -$/],
    ['no more than %m', /^no more than GET$/],
  ]
  for (const [format, expected] of cases) {
    test(format, async () => {
      const headers = { authorization: 'Bearer x', referer: '/?secret=1', 'x-y': 'y' }
      const line = await lineOf({ format }, undefined, headers)
      assert.match(line, /\n$/)
      assert.match(line.slice(0, -1), expected)
    })
  }

  test('a user, whose name is the app to tell', async () => {
    assert.equal(await lineOf({ format: '%u', user: () => 'a "b"' }), 'a \\"b\\"\n')
  })

  for (const [format, got] of [
    ['jsn', '"jsn"'],
    ['%y', '"%y"'],
    ['%m %{x}m', '"%{x}m"'],
    ['%{constructor}T', '"%{constructor}T"'],
    ['%{toString}n', '"%{toString}n"'],
    ['%{a b}i', '"%{a b}i"'],
    ['%>b', '"%>b"'],
    ['%m %', '"%"'],
    ['%m\n%s', '"%m\\n%s"'],
  ] as const) {
    test(`${JSON.stringify(format)} is none`, () => {
      assert.throws(() => make({ format }), says('OPTION_INVALID', 'format of accessLog', got))
    })
  }
})

describe('JSON', () => {
  test('has the fields of the app, and the line where they cannot be made', async () => {
    const line = JSON.parse(await lineOf({ fields: () => ({ a: { b: 'é\n' }, c: undefined, d: 1 }) }))
    assert.deepEqual([line.a, 'c' in line, line.d], [{ b: 'é\n' }, false, 1])
    const { entries, logger } = recorder()
    const fields = (): never => {
      throw new Error('no fields')
    }
    const other = JSON.parse(await lineOf({ fields }, undefined, {}, logger))
    assert.equal(other['http.request.method'], 'GET')
    assert.deepEqual(
      entries.map(({ message }) => message),
      ['fields of accessLog failed: this is said once'],
    )
  })

  test('tells of a sample', async () => {
    const line = JSON.parse(await lineOf({ sample: 0.999_999_999 }))
    assert.equal(line.sampleRate, 0.999_999_999)
  })

  test('with nothing redacted', async () => {
    const line = JSON.parse(
      await lineOf({ redact: false, requestHeaders: ['cookie'] }, '/a/b?token=1', { cookie: 'a=b' }),
    )
    assert.deepEqual([line['url.query'], line['http.request.header.cookie']], ['token=1', 'a=b'])
  })
})

describe('options of the access log', () => {
  const wrong: readonly (readonly [options: unknown, ...texts: string[]])[] = [
    ['yes', 'accessLog', 'true, false, options or a list of them'],
    [[], 'accessLog', '1 to 16'],
    [[null], 'accessLog', 'an object'],
    [{ destination: 'file' }, 'destination of accessLog', "'stdout', 'journald', { file }"],
    [{ destination: {} }, 'destination of accessLog', "'stdout', 'journald', { file }"],
    [{ destination: { file: '' } }, 'file of destination of accessLog', 'the path of a file'],
    [{ destination: { file: 'a', mode: 0o1777 } }, 'mode of destination', '0o640'],
    [{ destination: { file: 'a', reopen: 1 } }, 'reopen of destination', 'true or false'],
    [{ destination: { file: 'a', rotate: {} } }, 'rotate of destination', 'every, maxSize or both'],
    [{ destination: { file: 'a', rotate: { every: '1ms' } } }, 'every of rotate', "from '1s' to '366d'"],
    [{ destination: { file: 'a', rotate: { keep: 0, maxSize: 1 } } }, 'keep of rotate', 'at least 1'],
    [{ destination: { file: 'a', rotate: { maxAge: 0, maxSize: 1 } } }, 'maxAge of rotate', 'more than 0'],
    [{ destination: { file: 'a', rotate: { maxSize: 0 } } }, 'maxSize of rotate', 'more than 0'],
    [{ destination: { file: 'a', rotate: { compress: 'gzip', maxSize: 1 } } }, 'compress of rotate', 'true or false'],
    [{ destination: { journald: { identifier: 'a b' } } }, 'identifier of journald', 'without spaces'],
    [{ destination: { syslog: 'localhost' } }, 'syslog of destination', 'udp://'],
    [{ destination: { syslog: 'http://localhost' } }, 'syslog of destination', 'udp://'],
    [{ destination: { syslog: 'udp://h:1/path' } }, 'syslog of destination', 'udp://'],
    [{ destination: { syslog: 'unix://host/path' } }, 'syslog of destination', 'unix:///'],
    [{ destination: { facility: 'kern', syslog: 'udp://h' } }, 'facility of destination', 'local0'],
    [{ destination: { framing: 'nul', syslog: 'tcp://h' } }, 'framing of destination', "'octet-counting' or 'newline'"],
    [{ destination: { framing: 'newline', syslog: 'udp://h' } }, 'framing of destination', 'TCP and Unix sockets'],
    [{ destination: { appName: '', syslog: 'udp://h' } }, 'appName of destination', '1 to 48'],
    [{ destination: { syslog: 'tcp://h' }, onFull: 'block' }, 'onFull of accessLog', "'drop'"],
    [{ fields: {} }, 'fields of accessLog', 'a function'],
    [{ fields: () => ({}), format: 'common' }, 'fields of accessLog', "'json' alone"],
    [{ flushInterval: 0 }, 'flushInterval of accessLog', 'more than 0'],
    [{ format: 1 }, 'format of accessLog', "'json'"],
    [{ onFull: 'wait' }, 'onFull of accessLog', "'block' or 'drop'"],
    [{ only: 'api' }, 'only of accessLog', '/api/*'],
    [{ only: '/a/*/b' }, 'only of accessLog', 'at the end alone'],
    [{ queueLimit: '1kb' }, 'queueLimit of accessLog', 'at least 64kb'],
    [{ redact: true }, 'redact of accessLog', 'an object'],
    [{ redact: { query: ['a=b'] } }, 'query of redact', 'query parameters'],
    [{ redact: { headers: 'cookie' } }, 'headers of redact', 'a list of names'],
    [{ requestHeaders: ['a b'] }, 'requestHeaders of accessLog', 'a list of names'],
    [{ responseHeaders: 'a' }, 'responseHeaders of accessLog', 'a list of names'],
    [{ sample: 2 }, 'sample of accessLog', 'a number from 0 to 1'],
    [{ skip: 1 }, 'skip of accessLog', '/healthz'],
    [{ slow: 0 }, 'slow of accessLog', 'more than 0'],
    [{ user: 'x' }, 'user of accessLog', 'a function'],
  ]
  for (const [options, ...texts] of wrong) {
    test(JSON.stringify(options), () => {
      assert.throws(() => make(options), says('OPTION_INVALID', ...texts))
    })
  }

  test('there is none that is not known', () => {
    assert.throws(() => make({ path: 'a' }), says('OPTION_UNKNOWN', 'path of accessLog', 'destination'))
    assert.throws(() => make({ destination: { file: 'a', size: 1 } }), says('OPTION_UNKNOWN', 'size of destination'))
  })
})
