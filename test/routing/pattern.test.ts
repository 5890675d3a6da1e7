import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkMethod, joinPatterns, parseMethodPattern, parsePattern } from '../../src/routing/pattern.js'
import { says } from '../_says.js'

const many = (count: number): string => Array.from({ length: count }, (_, index) => `/:p${index}`).join('')

describe('parsePattern()', () => {
  const cases: readonly (readonly [text: string, shape: string, ...names: string[]])[] = [
    ['/', '/'],
    ['/users', '/users'],
    ['/users/', '/users/'],
    ['//', '//'],
    ['/a//b', '/a//b'],
    ['/users/:id', '/users/:', 'id'],
    ['/:a/:_b/:C9', '/:/:/:', 'a', '_b', 'C9'],
    ['/:constructor/:__proto__', '/:/:', 'constructor', '__proto__'],
    ['/files/*', '/files/*', '*'],
    ['/files/*path', '/files/*', 'path'],
    ['/*', '/*', '*'],
    ['/:a/*b', '/:/*', 'a', 'b'],
    ['/a:b/c*', '/a:b/c*'],
    ['/{id}/<x>/(y)', '/{id}/<x>/(y)'],
    ['/a b', '/a%20b'],
    ['/größe/☃', '/gr%C3%B6%C3%9Fe/%E2%98%83'],
    ['/a%20b%2F%zz', '/a%20b%2F%zz'],
    ['/tab\there\x7f', '/tab%09here%7F'],
    [many(32), '/:'.repeat(32), ...Array.from({ length: 32 }, (_, index) => `p${index}`)],
  ]
  for (const [text, shape, ...names] of cases) {
    test(`takes ${text.slice(0, 40)}`, () => {
      assert.deepEqual(parsePattern(text), { names, shape, text })
    })
  }

  const refused: readonly (readonly [text: unknown, reason: string])[] = [
    ['', 'must begin with a /'],
    ['users', 'must begin with a /'],
    ['*', 'must begin with a /'],
    [' /x', 'must begin with a /'],
    [undefined, 'must begin with a /'],
    [7, 'must begin with a /'],
    [['/x'], 'must begin with a /'],
    ['/a?b', 'neither ? nor #'],
    ['/a#b', 'neither ? nor #'],
    ['/:', 'is not a parameter'],
    ['/:/x', 'is not a parameter'],
    ['/:id?', 'is not a parameter'],
    ['/:id(\\d+)', 'is not a parameter'],
    ['/:a-b', 'is not a parameter'],
    ['/:9a', 'is not a parameter'],
    ['/:ä', 'is not a parameter'],
    ['/:*', 'is not a parameter'],
    ['/*a-b', 'is not a parameter'],
    ['/**', 'is not a parameter'],
    ['/*/x', 'only begin the last segment'],
    ['/*a/', 'only begin the last segment'],
    ['/:a/:a', 'the parameter a is there twice'],
    ['/:a/x/*a', 'the parameter a is there twice'],
    ['/\ud800', 'half a surrogate pair'],
    [many(33), '33 parameters, and 32 is the most'],
  ]
  for (const [text, reason] of refused) {
    test(`refuses ${String(JSON.stringify(text)).slice(0, 40)}`, () => {
      assert.throws(() => parsePattern(text as string), says('PATTERN_INVALID', String(JSON.stringify(text)), reason))
    })
  }
})

describe('joinPatterns()', () => {
  for (const [prefix, pattern, joined] of [
    ['', '/', '/'],
    ['', '/a', '/a'],
    ['/a', '/', '/a'],
    ['/a', '/b', '/a/b'],
    ['/a/:id', '/*', '/a/:id/*'],
    ['/a', '//', '/a//'],
  ] as const) {
    test(`puts ${prefix} before ${pattern}`, () => {
      assert.equal(joinPatterns(prefix, pattern), joined)
    })
  }
})

describe('checkMethod()', () => {
  for (const method of ['GET', 'PURGE', 'get', "M-SEARCH!#$%&'*+.^_`|~9"]) {
    test(`takes ${method}`, () => {
      assert.equal(checkMethod(method), method)
    })
  }
  for (const method of ['', ' ', 'GE T', 'GET\n', 'GET/', 'G:T', 'É', undefined, null, 7]) {
    test(`refuses ${JSON.stringify(method)}`, () => {
      assert.throws(() => checkMethod(method as string), says('METHOD_INVALID', String(JSON.stringify(method))))
    })
  }
})

describe('parseMethodPattern()', () => {
  for (const [text, method, path] of [
    [':get/users', 'GET', '/users'],
    [':POST/', 'POST', '/'],
    [':m-search/:id/*', 'M-SEARCH', '/:id/*'],
    [':get//a', 'GET', '//a'],
    [':get/a\nb', 'GET', '/a\nb'],
  ] as const) {
    test(`takes ${JSON.stringify(text)}`, () => {
      assert.deepEqual(parseMethodPattern(text), { method, path })
    })
  }
  for (const text of ['', '/users', 'get/users', 'GET /users', ':get', ':/users', ':', undefined, 7]) {
    test(`refuses ${JSON.stringify(text)}`, () => {
      assert.throws(() => parseMethodPattern(text as string), says('PATTERN_INVALID', ':get/users'))
    })
  }
  test('refuses a method that is no token', () => {
    assert.throws(() => parseMethodPattern(':g et/users'), says('METHOD_INVALID', '"G ET"'))
  })
})
