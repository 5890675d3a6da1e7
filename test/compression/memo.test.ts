import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { BodyMemo } from '../../src/compression/memo.js'

const coded = (text: string): Uint8Array => Buffer.from(text)

/** Has a body come twice, as it must before it is kept. */
function keep(memo: BodyMemo, body: string | Uint8Array, text: string): void {
  memo.set(body, 'br', coded(text))
  memo.set(body, 'br', coded(text))
}

describe('BodyMemo', () => {
  test('keeps a body the second time that it comes', () => {
    const memo = new BodyMemo(10_000)
    memo.set('a body', 'br', coded('A'))
    assert.equal(memo.get('a body', 'br'), undefined)
    memo.set('a body', 'br', coded('A'))
    assert.deepEqual(memo.get('a body', 'br'), coded('A'))
    assert.deepEqual(memo.get(['a', 'body'].join(' '), 'br'), coded('A'))
  })

  test('keeps each coding apart', () => {
    const memo = new BodyMemo(10_000)
    keep(memo, 'a body', 'A')
    assert.equal(memo.get('a body', 'gzip'), undefined)
    memo.set('a body', 'gzip', coded('B'))
    assert.deepEqual(memo.get('a body', 'gzip'), coded('B'))
    assert.deepEqual(memo.get('a body', 'br'), coded('A'))
  })

  test('never gives one body for another, whatever they have in common', () => {
    const memo = new BodyMemo(10_000_000)
    const base = 'x'.repeat(20_000)
    keep(memo, base, 'base')
    keep(memo, Buffer.from(base), 'bytes')
    for (const at of [0, 1, 777, 10_000, 19_999]) {
      const other = `${base.slice(0, at)}y${base.slice(at + 1)}`
      assert.equal(memo.get(other, 'br'), undefined)
      assert.equal(memo.get(Buffer.from(other), 'br'), undefined)
    }
    assert.deepEqual(memo.get(base, 'br'), coded('base'))
    assert.deepEqual(memo.get(Buffer.from(base), 'br'), coded('bytes'))
    // Text of one byte a character, and bytes that are no text.
    keep(memo, 'é', 'text')
    assert.equal(memo.get(Uint8Array.of(0xe9), 'br'), undefined)
  })

  test('has a copy of bytes, which may change', () => {
    const memo = new BodyMemo(10_000)
    const body = Buffer.from('before')
    keep(memo, body, 'A')
    body.write('after ')
    assert.equal(memo.get(body, 'br'), undefined)
    assert.deepEqual(memo.get(Buffer.from('before'), 'br'), coded('A'))
  })

  test('stays within its bound', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(60), fc.nat(300)), { maxLength: 200 }), (steps) => {
        const memo = new BodyMemo(2000)
        for (const [which, size] of steps) {
          const body = String(which).padEnd(100 + which)
          const known = memo.get(body, 'br')
          if (known === undefined) keep(memo, body, `${which}:${'z'.repeat(size)}`)
          else assert.equal(Buffer.from(known).toString().split(':')[0], String(which))
          assert.ok(memo.size <= 2000 && memo.size >= 0)
        }
      }),
    )
  })

  test('keeps no body that is a quarter of it', () => {
    const memo = new BodyMemo(4000)
    keep(memo, 'x'.repeat(600), 'A')
    assert.equal(memo.size, 0)
    keep(memo, 'x'.repeat(400), 'A')
    assert.equal(memo.size, 801)
  })

  test('lets go of what nobody asks for first', () => {
    const memo = new BodyMemo(4000)
    const bodies = Array.from({ length: 5 }, (_, index) => String(index).repeat(300 + index))
    for (const body of bodies) keep(memo, body, 'coded')
    for (const body of bodies) assert.ok(memo.get(body, 'br'), body[0])
    const [wanted = '', ...others] = bodies
    // Everything was asked for: a round brings that to an end, and from then on only one is.
    for (let index = 0; index < 12; index++) {
      keep(memo, `n${index}`.padEnd(320 + index), 'new')
      memo.get(wanted, 'br')
    }
    assert.ok(memo.get(wanted, 'br'))
    assert.deepEqual(
      others.filter((body) => memo.get(body, 'br') !== undefined),
      [],
    )
  })

  test('keeps few bodies of one length', () => {
    const memo = new BodyMemo(1_000_000)
    const bodies = Array.from({ length: 50 }, (_, index) => String(index).padEnd(1000))
    for (const body of bodies) keep(memo, body, 'coded')
    assert.equal(bodies.filter((body) => memo.get(body, 'br') !== undefined).length, 4)
  })
})
