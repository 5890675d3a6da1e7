import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { apiKey, bearer, csrf, Hotpress, hashApiKey, ipFilter, pathFilter } from '../../src/index.js'
import { settlePathFilter } from '../../src/middleware/path-filter.js'
import { isPlain, spellings } from '../../src/middleware/path-spellings.js'
import { says } from '../_says.js'
import { recorder } from '../contract/http/_tools.js'

const long = 'a-key-of-some-length'

/** What each does not take: the options, and what the message says of them. */
const wrong: Readonly<Record<string, readonly [(options: never) => unknown, ...(readonly [unknown, ...string[]])[]]>> =
  {
    apiKey: [
      apiKey,
      [{}, 'keys of apiKey()'],
      [{ keys: [long], verify: () => 'x' }, 'both'],
      [{ keys: {} }, 'at least one'],
      [{ keys: 'hunter2' }, 'a text'],
      [{ keys: { ada: 'hunter2' } }, 'for "ada" one that is too short', '16 characters'],
      [{ keys: { ada: undefined } }, 'for "ada" undefined'],
      [{ keys: [long, 'sha256:hunter2'] }, 'for "1"', 'hashApiKey()'],
      [{ header: 'x key', keys: [long] }, 'header of apiKey()', 'a token'],
      [{ header: 'x-key', keys: [long], scheme: 'Key' }, 'header of apiKey()'],
      [{ keys: [long], scheme: 'my key' }, 'scheme of apiKey()'],
      [{ keys: [long], realm: 'ä' }, 'realm of apiKey()'],
    ],
    bearer: [
      bearer,
      [{}, 'verify of bearer()', 'a function'],
      [{ optional: 1, verify: () => 'x' }, 'optional of bearer()', 'true or false'],
      [{ token: 'x', verify: () => 'x' }, 'token of bearer()'],
    ],
    csrf: [
      csrf,
      [null, 'options of csrf()'],
      [{ trustedOrigins: 'example.com' }, 'trustedOrigins of csrf()', '"example.com"', 'a scheme, a host'],
      [{ trustedOrigins: ['https://example.com/path'] }, '"https://example.com/path"'],
      [{ trustedOrigins: 'https://*.example.com' }, 'https://*.example.com'],
      [{ trustedOrigins: 'null' }, '"null"'],
      [{ sameSite: 'yes' }, 'sameSite of csrf()'],
      [{ token: {} }, 'secret of token of csrf()', '32 bytes'],
      [{ token: { secret: 'hunter2' } }, 'one of 7 bytes'],
      [{ token: { secret: [] } }, 'an array'],
      [{ token: { cookie: 'a b', secret: 'x'.repeat(32) } }, 'cookie of token of csrf()'],
    ],
    ipFilter: [
      ipFilter,
      [{}, 'allow of ipFilter()'],
      [{ allow: 'localhost' }, 'allow of ipFilter()', '"localhost"'],
      [{ deny: ['10.0.0.0/33'] }, 'deny of ipFilter()', '10.0.0.0/33'],
    ],
    pathFilter: [
      pathFilter,
      [{ patterns: '*.sql' }, 'patterns of pathFilter()', '"*.sql"', 'begin with / or **/'],
      [{ allow: [7] }, 'allow of pathFilter()', '7'],
      [{ patterns: '/a\\b' }, 'patterns of pathFilter()'],
    ],
  }

for (const [name, [make, ...rows]] of Object.entries(wrong)) {
  describe(`options of ${name}()`, () => {
    for (const [options, ...texts] of rows) {
      test(`do not take ${JSON.stringify(options)}`, () => {
        assert.throws(
          () => make(options as never),
          (error: Error) => {
            assert.doesNotMatch(error.message, /hunter2/)
            return says('OPTION_INVALID', ...texts)(error as never)
          },
        )
      })
    }

    test('are known by name', () => {
      assert.throws(() => make({ nonsense: 1 } as never), says('OPTION_UNKNOWN', `of ${name}()`))
    })
  })
}

describe('apiKey()', () => {
  test('names the owner of a key in a list by its position, and of one in a Map by its name', async () => {
    const lists = [
      [[long, 'another-key-of-some-length'], '1'],
      [new Map([['ada', hashApiKey('another-key-of-some-length')]]), 'ada'],
    ] as const
    for (const [keys, owner] of lists) {
      const auth = apiKey({ keys })
      const app = new Hotpress({ logger: false })
      app.get('/', { use: auth }, (req) => auth.owner(req))
      assert.equal((await app.inject({ headers: { 'x-api-key': 'another-key-of-some-length' } })).text(), owner)
    }
  })
})

describe('csrf()', () => {
  test('has no tokens without the option', async () => {
    const guard = csrf()
    const app = new Hotpress({ logger: false })
    app.get('/', { use: guard }, (req) => guard.token(req))
    assert.equal((await app.inject()).status, 500)
  })

  test('gives no token where nobody would add its cookie', async () => {
    const guard = csrf({ token: { secret: 'x'.repeat(32) } })
    const logs = recorder()
    const app = new Hotpress({ logger: logs.logger })
    app.get('/', (req) => guard.token(req))
    assert.equal((await app.inject()).status, 500)
    assert.match(String(logs.entries[0]?.fields.err), /token\(\) was asked about a request/)
  })

  test('takes tokens of an older secret', async () => {
    const [older, newer] = ['o'.repeat(32), 'n'.repeat(32)] as const
    const before = csrf({ token: { secret: older } })
    const after = csrf({ token: { secret: [newer, older] } })
    const app = new Hotpress({ logger: false })
    app.get('/', { use: before }, (req) => before.token(req))
    app.post('/', { use: after }, () => 'done')
    const page = await app.inject()
    const cookie = page.headers.get('set-cookie')!.split(';')[0]!
    const headers = { cookie, 'x-csrf-token': page.text() }
    assert.equal((await app.inject({ headers, method: 'POST' })).status, 200)
  })
})

describe('spellings()', () => {
  test('has no empty and no dot segment, so that matching is linear', () => {
    for (const path of [
      '/a/./../b//c/..',
      '/%2e/%2E%2e/%252e',
      '/a%2f..%2f',
      '/;/..;/.',
      '/..\\..\\',
      '/%00/..%00/. /',
    ]) {
      assert.equal(isPlain(path), false, path)
      for (const each of spellings(path)) assert.doesNotMatch(each, /\/\/|\/\.{1,2}(?:\/|$)/, `${path} → ${each}`)
    }
  })

  test('are few, however long the path', () => {
    for (const part of ['%25', '../', '.', ';', '\\', '%2f', '%c0%ae', '%uff0e']) {
      const all = spellings(`/${part.repeat(8192 / part.length)}`)
      assert.ok(all.size <= 40, `${part} ${all.size}`)
    }
  })

  test('of an ordinary path are not looked for', () => {
    for (const path of ['/', '/users/7', '/assets/app.1a2b.css', '/users/', '/~ada'])
      assert.equal(isPlain(path), true, path)
  })
})

describe('settlePathFilter()', () => {
  // 30 to 60 times what a request line holds: a match that goes back and forth would not come to its end.
  for (const part of [
    '.env/',
    '.gi/.git',
    'a.sql.',
    '~/',
    '.bak.',
    '/',
    '%25',
    '%2e%2f',
    '.envx/./',
    ':.',
    '\\',
    ';',
  ]) {
    test(`takes time in proportion to the length of a path of ${part}`, () => {
      const isHidden = settlePathFilter({})
      for (const end of ['x', '/..', '/.', '!']) isHidden(`/${part.repeat(Math.ceil(300_000 / part.length))}${end}`)
    })
  }

  test('asks patterns without a mark for every path', () => {
    const isHidden = settlePathFilter({ patterns: ['/{a,b.c}/**', '**/x?(.y)', '/z[.]'] })
    for (const path of ['/a', '/b.c/d', '/q/x', '/x.y', '/z.']) assert.equal(isHidden(path), true, path)
    for (const path of ['/', '/b', '/y', '/z']) assert.equal(isHidden(path), false, path)
  })
})
