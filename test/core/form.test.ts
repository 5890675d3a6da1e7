import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseForm } from '../../src/core/form.js'
import { HttpError } from '../../src/errors.js'

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe('parseForm()', () => {
  const forms: readonly (readonly [text: string, form: object])[] = [
    ['', {}],
    ['&&', {}],
    ['a', { a: '' }],
    ['a=', { a: '' }],
    ['=a', { '': 'a' }],
    ['a=b=c', { a: 'b=c' }],
    ['a=1&a=2&a=3', { a: ['1', '2', '3'] }],
    ['a[]=1', { a: ['1'] }],
    ['a[]=1&a[]=2&a=3', { a: ['1', '2', '3'] }],
    ['a[b]=1&a[c]=2&a[b]=3', { a: { b: ['1', '3'], c: '2' } }],
    ['a[b][]=1', { a: { b: ['1'] } }],
    ['a[0]=x&a[1]=y', { a: { 0: 'x', 1: 'y' } }],
    ['a%5Bb%5D=1', { a: { b: '1' } }],
    ['a+b=c+d%2B', { 'a b': 'c d+' }],
    ['%C3%BC=%F0%9F%90%8E', { ü: '🐎' }],
    ['[a]=1', { '[a]': '1' }],
    ['a[b=1', { 'a[b': '1' }],
    ['a]b=1', { 'a]b': '1' }],
    ['a[b]c=1', { 'a[b]c': '1' }],
    ['a[b[c]]=1', { 'a[b[c]]': '1' }],
    ['constructor=1&prototype=2&toString=3', { constructor: '1', prototype: '2', toString: '3' }],
    ['a[prototype]=1&a[constructor]=2', { a: { constructor: '2', prototype: '1' } }],
  ]
  for (const [text, form] of forms) {
    test(`reads ${text}`, () => {
      assert.deepEqual(plain(parseForm(text)), form)
    })
  }

  for (const [text, reason] of [
    ['__proto__=1', /"__proto__" is not taken/],
    ['a[__proto__]=1', /is not taken/],
    ['a[%5f_proto__][x]=1', /is not taken/],
    ['constructor[prototype]=1', /is not taken/],
    ['a[constructor][prototype][x]=1', /is not taken/],
    ['%=1', /"%" holds a percent-escape/],
    ['a=%e', /percent-escape/],
    ['a=%ff', /percent-escape/],
    ['a=%c3', /percent-escape/],
    ['a=1&a[b]=2', /"a\[b\]" is that of a text or a list, and of a group too/],
    ['a[b]=1&a=2', /of a group too/],
    ['a[]=1&a[b]=2', /of a group too/],
    ['a[b][c]=1&a[b][]=2', /of a group too/],
    ['a[][b]=1', /goes on after \[\]/],
    ['a[1][2][3][4][5][6]=x', /has more than 5 brackets/],
  ] as const) {
    test(`refuses ${text}`, () => {
      assert.throws(
        () => parseForm(text),
        (error) => HttpError.is(error) && error.code === 'FORM_INVALID' && reason.test(error.detail ?? ''),
      )
    })
  }

  test('gives groups without a prototype', () => {
    const form = parseForm('a[b]=1')
    assert.equal(Object.getPrototypeOf(form), null)
    assert.equal(Object.getPrototypeOf(form.a), null)
    assert.equal(({} as Record<string, unknown>).b, undefined)
  })

  test('counts fields, and brackets as deep as it is told', () => {
    assert.throws(() => parseForm('a&b&c', { fields: 2 }), { code: 'FORM_TOO_LARGE', extensions: { limit: 2 } })
    assert.deepEqual(plain(parseForm('a[b][c]=1', { depth: 2 })), { a: { b: { c: '1' } } })
    assert.throws(() => parseForm('a[b][c]=1', { depth: 1 }), { code: 'FORM_INVALID' })
    assert.deepEqual(plain(parseForm('a[b]=1', { depth: 0 })), { 'a[b]': '1' })
  })

  test('takes no longer for names that are made to be read slowly', () => {
    assert.throws(() => parseForm(`a${'[b]'.repeat(300_000)}=1`), { code: 'FORM_INVALID' })
    assert.equal(Object.keys(parseForm(`a${'['.repeat(1_000_000)}]=1`)).length, 1)
    assert.equal(Object.keys(parseForm(`a${'[]'.repeat(1)}${'['.repeat(1_000_000)}=1`)).length, 1)
  })
})
