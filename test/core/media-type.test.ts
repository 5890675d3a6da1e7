import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { isFormType, isJsonType, parseDisposition, parseMediaType } from '../../src/core/media-type.js'

describe('parseMediaType()', () => {
  for (const [value, essence, parameters] of [
    ['text/html', 'text/html', {}],
    ['TEXT/HTML', 'text/html', {}],
    [' text/html ', 'text/html', {}],
    ['text/html;charset=utf-8', 'text/html', { charset: 'utf-8' }],
    ['text/html; Charset="utf-8"', 'text/html', { charset: 'utf-8' }],
    ['text/html \t;\t charset=UTF-8 ; q=1', 'text/html', { charset: 'UTF-8', q: '1' }],
    ['text/html;', 'text/html', {}],
    ['text/html;;; a=b ;;', 'text/html', { a: 'b' }],
    ['text/html; a="b;c=\\"d\\\\"', 'text/html', { a: 'b;c="d\\' }],
    ['text/html; a=""', 'text/html', { a: '' }],
    ['text/html; a=1; A=2', 'text/html', { a: '1' }],
    ["x!#$%&'*+-.^_`|~/y", "x!#$%&'*+-.^_`|~/y", {}],
  ] as const) {
    test(`reads ${JSON.stringify(value)}`, () => {
      const type = parseMediaType(value)
      assert.deepEqual(
        { essence: type?.essence, parameters: Object.fromEntries(type?.parameters ?? []) },
        { essence, parameters },
      )
    })
  }

  for (const value of [
    '',
    'text',
    'text/',
    '/html',
    'text/html/x',
    'text /html',
    'text/html charset=utf-8',
    'text/html; charset',
    'text/html; charset=',
    'text/html; charset =utf-8',
    'text/html; charset= utf-8',
    'text/html; a="b',
    'text/html; a="b" c',
    'text/html; a=b c=d',
    'text/html, text/plain',
    'text/html; ü=1',
  ]) {
    test(`does not read ${JSON.stringify(value)}`, () => {
      assert.equal(parseMediaType(value), undefined)
    })
  }

  test('takes no longer for what is made to be read slowly', () => {
    for (const part of [' ', '\t;', '"', '\\"', ';a="', 'a='])
      assert.equal(parseMediaType(`a/b;${part.repeat(50_000)}\x01`), undefined)
  })
})

test('parseDisposition() reads a token and parameters', () => {
  const { essence, parameters } = parseDisposition('form-data; name="a"; filename="b.txt"')!
  assert.deepEqual([essence, ...parameters], ['form-data', ['name', 'a'], ['filename', 'b.txt']])
  assert.equal(parseDisposition('form-data/x; name="a"'), undefined)
})

describe('isJsonType() and isFormType()', () => {
  for (const [type, isJson, isForm] of [
    ['application/json', true, false],
    ['application/ld+json;charset=UTF-8', true, false],
    ['application/json;charset="utf-8"', true, false],
    ['application/json;charset=utf-16', false, false],
    ['application/json+x', false, false],
    ['application/x-www-form-urlencoded', false, true],
    ['Application/X-WWW-Form-Urlencoded; charset=utf8', false, true],
    ['application/x-www-form-urlencoded; charset=latin1', false, false],
    ['nonsense', false, false],
  ] as const) {
    test(`know ${type}`, () => {
      // Twice: the first answer may be kept for the second.
      for (let time = 0; time < 2; time++) assert.deepEqual([isJsonType(type), isFormType(type)], [isJson, isForm])
    })
  }
})
