import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { type StaticOptions, settleStatic } from '../../src/core/static-options.js'
import { file, Hotpress, RouteGroup } from '../../src/index.js'
import { says } from '../_says.js'

type Wrong = readonly (readonly [value: unknown, got: string])[]
type Table = Readonly<Record<string, { readonly takes: string; readonly values: Wrong }>>

const boolean = {
  takes: 'true or false',
  values: [
    ['yes', '"yes"'],
    [1, '1'],
    [null, 'null'],
  ],
} as const
const name = 'the name of a file, without a folder'
const headers: Table = {
  cacheControl: {
    takes: 'a text, or false',
    values: [
      [true, 'true'],
      ['', '""'],
      [60, '60'],
    ],
  },
  etag: boolean,
  immutable: boolean,
  lastModified: boolean,
  maxAge: {
    takes: "a whole number of milliseconds, or a text with ms, s, m, h or d such as '30d'",
    values: [
      [-1, '-1'],
      ['1y', '"1y"'],
      ['60', '"60"'],
      [1.5, '1.5'],
    ],
  },
}
const ofStatic: Table = {
  ...headers,
  cache: {
    takes: 'an object',
    values: [
      [true, 'true'],
      [5, '5'],
      [null, 'null'],
    ],
  },
  compress: boolean,
  dotfiles: {
    takes: "'ignore' or 'serve'",
    values: [
      ['allow', '"allow"'],
      [true, 'true'],
    ],
  },
  fallback: {
    takes: name,
    values: [
      ['../index.html', '"../index.html"'],
      ['a/b', '"a/b"'],
      ['..', '".."'],
      ['', '""'],
      [true, 'true'],
    ],
  },
  headers: {
    takes: 'an object of header names and values, or a function that returns one',
    values: [
      ['x: y', '"x: y"'],
      [[], 'an array'],
      [null, 'null'],
    ],
  },
  index: {
    takes: name,
    values: [
      ['a\\b', '"a\\\\b"'],
      [true, 'true'],
      [['index.html'], 'an array'],
    ],
  },
  listing: boolean,
  precompressed: boolean,
  redirect: boolean,
}
const ofFile: Table = {
  ...headers,
  download: {
    takes: 'true, false, or a name',
    values: [
      ['', '""'],
      [1, '1'],
    ],
  },
  root: {
    takes: 'the path of a folder',
    values: [
      ['', '""'],
      ['a\0b', '"a\\u0000b"'],
      [7, '7'],
    ],
  },
  type: {
    takes: 'a media type',
    values: [
      ['', '""'],
      [7, '7'],
    ],
  },
}

function wrongOptions(what: string, table: Table, make: (options: object) => unknown): void {
  describe(`options of ${what}`, () => {
    test('each has a case, and there are no others', () => {
      assert.throws(
        () => make({ nonsense: 1 }),
        says('OPTION_UNKNOWN', 'nonsense', `the options are ${Object.keys(table).sort().join(', ')}`),
      )
      assert.throws(() => make({ toString: 1 }), says('OPTION_UNKNOWN', 'toString'))
    })
    for (const [option, { takes, values }] of Object.entries(table)) {
      for (const [value, got] of values) {
        test(`${option} does not take ${got}`, () => {
          assert.throws(() => make({ [option]: value }), says('OPTION_INVALID', `${option} of ${what}`, got, takes))
        })
      }
    }
    for (const options of [null, 7, 'x']) {
      test(`are an object, and not ${JSON.stringify(options)}`, () => {
        assert.throws(() => make(options as never), says('OPTION_INVALID', 'an object'))
      })
    }
    for (const other of [{ maxAge: 1 }, { immutable: true }]) {
      test(`cacheControl stands alone, not beside ${Object.keys(other)}`, () => {
        assert.throws(() => make({ cacheControl: 'no-store', ...other }), says('OPTION_INVALID', 'cacheControl'))
      })
    }
    test('a header cannot split the answer', () => {
      assert.throws(() => make({ cacheControl: 'a\r\nb: c' }), says('HEADER_INVALID', '0x0d'))
    })
    test('left undefined are as if left out', () => {
      make(Object.fromEntries(Object.keys(table).map((option) => [option, undefined])))
    })
  })
}

const settle = (options: StaticOptions = {}): ReturnType<typeof settleStatic> => settleStatic('/a', 'public', options)
const app = (): Hotpress => new Hotpress({ logger: false })

wrongOptions('static("/a")', ofStatic, (options) => app().static('/a', 'public', options))
wrongOptions('file()', ofFile, (options) => file('a', options))

describe('static()', () => {
  test('has defaults', () => {
    assert.deepEqual(settle(), {
      cache: { fileSize: 262_144, revalidate: 1000, size: 67_108_864 },
      cacheControl: 'no-cache',
      compress: undefined,
      dotfiles: 'ignore',
      etag: true,
      fallback: undefined,
      folder: 'public',
      headers: undefined,
      index: 'index.html',
      lastModified: true,
      listing: false,
      precompressed: false,
      redirect: true,
    })
  })

  test('says how long files are fresh', () => {
    assert.equal(settle({ maxAge: 90_500 }).cacheControl, 'max-age=90')
    assert.equal(settle({ maxAge: '365d' }).cacheControl, 'max-age=31536000')
    assert.equal(settle({ immutable: true }).cacheControl, 'max-age=31536000, immutable')
    assert.equal(settle({ immutable: true, maxAge: '1d' }).cacheControl, 'max-age=86400, immutable')
    assert.equal(settle({ cacheControl: false }).cacheControl, undefined)
  })

  test('takes bounds of the memory as sizes and times', () => {
    const cache = { fileSize: '1mb', revalidate: '2s', size: '1gb' }
    assert.deepEqual(settle({ cache }).cache, { fileSize: 2 ** 20, revalidate: 2000, size: 2 ** 30 })
    assert.deepEqual(settle({ cache: { size: 5 } }).cache, { fileSize: 262_144, revalidate: 1000, size: 5 })
    assert.deepEqual(settle({ cache: false }).cache, { fileSize: -1, revalidate: 1000, size: 0 })
    assert.throws(() => settle({ cache: { size: 'big' } }), says('OPTION_INVALID', 'size of cache of static("/a")'))
    assert.throws(() => settle({ cache: { max: 1 } as never }), says('OPTION_UNKNOWN', 'max of cache of static("/a")'))
  })

  test('takes a folder as a path or as a URL', () => {
    assert.equal(settleStatic('/', pathToFileURL('/srv/public/'), {}).folder, '/srv/public/')
    for (const folder of ['', 'a\0', 7, undefined, new URL('http://a/')]) {
      assert.throws(() => app().static('/', folder as never), says('OPTION_INVALID', 'folder of static("/")'))
    }
  })

  test('takes prefixes as groups do', () => {
    for (const prefix of ['a', '/a/', '/a/*', '/a/*rest', '/a?']) {
      assert.throws(() => app().static(prefix, 'public'), says('PATTERN_INVALID'))
    }
    for (const prefix of ['', '/', '/a', '/a/b', '/:tenant/files']) app().static(prefix, 'public')
  })

  test('conflicts with what answers the same paths', () => {
    assert.throws(
      () =>
        app()
          .get('/a/*', () => 1 as never)
          .static('/a', 'public'),
      says('ROUTE_CONFLICT', '/a/*'),
    )
    assert.throws(() => app().static('/', 'public').static('/', 'other'), says('ROUTE_CONFLICT'))
    assert.throws(
      () =>
        app()
          .static('/a', 'public')
          .get('/a', () => ''),
      says('ROUTE_CONFLICT', 'GET /a'),
    )
    app()
      .static('/a', 'public', { redirect: false })
      .get('/a', () => '')
    app()
      .static('/', 'public')
      .get('/', () => '')
  })

  test('comes before the app has started, and before its group is mounted', async () => {
    const started = app()
    await started.inject()
    assert.throws(() => started.static('/', 'public'), says('APP_STARTED', 'static()'))
    const group = new RouteGroup()
    app().mount(group)
    assert.throws(() => group.static('/', 'public'), says('GROUP_MOUNTED', 'static()'))
  })
})

describe('file()', () => {
  for (const path of ['', 'a\0', 7, undefined, new URL('http://a/')]) {
    test(`does not take ${String(path).replace('\0', '\\0')} for a path`, () => {
      assert.throws(() => file(path as never), says('OPTION_INVALID', 'path of file()', 'the path of a file'))
    })
  }

  test('takes a URL', () => {
    assert.equal(file(pathToFileURL('/srv/a.pdf')).path, '/srv/a.pdf')
  })
})
