import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readCookies } from '../../src/core/cookies.js'
import { joinHeader } from '../../src/core/headers.js'

const cases: readonly (readonly [name: string, header: string, cookies: Readonly<Record<string, string>>])[] = [
  ['one', 'a=b', { a: 'b' }],
  ['several', 'a=b; c=d;e=f', { a: 'b', c: 'd', e: 'f' }],
  ['none', '', {}],
  ['separators alone', '; ;;  ;', {}],
  ['blanks around names and values', ' a \t=\t b ;  c = d ', { a: 'b', c: 'd' }],
  ['blanks within a value', 'a=b c d', { a: 'b c d' }],
  ['an equals sign within a value', 'a=b=c==', { a: 'b=c==' }],
  ['a comma and a colon within a value', 'a=b,c:d', { a: 'b,c:d' }],
  ['an empty value', 'a=; b=""', { a: '', b: '' }],
  ['what has no equals sign', 'a; b=c; d', { b: 'c' }],
  ['what has no name', '=a; b=c', { b: 'c' }],
  ['what has no name, and poses as another cookie', '=__Host-sid=evil; b=c', { b: 'c' }],
  ['a name twice: the first', 'a=1; a=2; a=3', { a: '1' }],
  ['a name twice, the first empty', 'a=; a=2', { a: '' }],
  ['names in another letter case', 'a=1; A=2', { A: '2', a: '1' }],
  ['quotes', 'a="b"; c="d e"', { a: 'b', c: 'd e' }],
  ['one quote alone', 'a="; b="c; d=e"', { a: '"', b: '"c', d: 'e"' }],
  ['a semicolon within quotes, which ends the value all the same', 'a="b;c"; d=e', { a: '"b', d: 'e' }],
  ['quotes that are escaped', 'a=%22b%22', { a: '"b"' }],
  ['an escape', 'a=%20%C3%BC%E2%98%83', { a: ' ü☃' }],
  ['an escape within quotes', 'a="%2C"', { a: ',' }],
  ['a plus sign, which is no space', 'a=b+c', { a: 'b+c' }],
  ['an escape in a name, which stays', 'a%20b=c', { 'a%20b': 'c' }],
  ['an escape that is cut short', 'a=%2; b=%', { a: '%2', b: '%' }],
  ['an escape that is none', 'a=100%; b=%zz%20', { a: '100%', b: '%zz%20' }],
  ['an escape that is not UTF-8', 'a=%ff%20; b=%C3%28', { a: '%ff%20', b: '%C3%28' }],
  ['an escape of a NUL or a line end', 'a=%00%0d%0a', { a: '\0\r\n' }],
  ['JSON', 'a={"b":1}; c=%7B%22d%22%3A2%7D', { a: '{"b":1}', c: '{"d":2}' }],
  [
    'attributes of RFC 2965, which are cookies like any',
    '$Version=1; a=b; $Path=/',
    { $Path: '/', $Version: '1', a: 'b' },
  ],
]

// By another name than its own, which a linter takes for the accessor.
const proto = '__proto__'

describe('readCookies()', () => {
  for (const [name, header, cookies] of cases) {
    test(name, () => {
      assert.deepEqual({ ...readCookies(header) }, cookies)
    })
  }

  test('several lines', () => {
    const pairs = ['cookie', 'a=1; b=2', 'x-cookie', 'x=0', 'cookie', 'a=3; c=4', 'cookie', 'd=5']
    assert.deepEqual({ ...readCookies(joinHeader(pairs, 'cookie')) }, { a: '1', b: '2', c: '4', d: '5' })
  })

  test('the same header again and again gives the same, which nobody can change for the others', () => {
    const all = ['a=1', 'a=1', 'a=1', 'a=2', 'a=1', 'a=1'].map((header) => readCookies(header))
    assert.deepEqual(
      all.map(({ a }) => a),
      ['1', '1', '1', '2', '1', '1'],
    )
    assert.throws(() => {
      ;(all[2] as { a: string }).a = 'changed'
    }, TypeError)
    assert.equal(readCookies('a=1').a, '1')
  })

  test('names of Object.prototype are only names', () => {
    const none = readCookies(undefined)
    for (const name of ['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf']) {
      assert.equal(none[name], undefined, name)
      assert.equal(name in none, false, name)
    }
    const some = readCookies('__proto__=polluted; constructor=mine; toString=too')
    assert.equal(some[proto], 'polluted')
    assert.equal(some.constructor, 'mine')
    assert.equal(some.toString, 'too')
    assert.deepEqual(Object.keys(some), ['__proto__', 'constructor', 'toString'])
    assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false)
    assert.equal(({} as { readonly polluted?: unknown }).polluted, undefined)
  })

  test('a header of semicolons, equals signs or both is read in one pass', () => {
    for (const part of [';', '=', ';=', 'a;', 'a=;', ' ', '; ']) {
      const found = Object.keys(readCookies(part.repeat(200_000)))
      assert.ok(found.length <= 1, part)
    }
  })
})
