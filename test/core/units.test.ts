import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { bytesOf, durationOf, millisecondsOf } from '../../src/core/units.js'
import { says } from '../_says.js'

const wrong = [
  -1,
  1.5,
  Number.NaN,
  Infinity,
  2 ** 53,
  '',
  ' ',
  '10',
  '-1kb',
  '1e3b',
  '1.b',
  '.5mb',
  '1  kb',
  ' 1kb',
  '1kb ',
  '1kb2',
  '1 kb kb',
  '1constructor',
  '1proto',
  'kb',
  null,
  true,
  10n,
  [],
  {},
]

describe('bytesOf()', () => {
  for (const [given, bytes] of [
    [0, 0],
    [1, 1],
    [2 ** 53 - 1, 2 ** 53 - 1],
    ['0b', 0],
    ['10b', 10],
    ['1kb', 1024],
    ['1 KB', 1024],
    ['1.5Mb', 1_572_864],
    ['2gb', 2_147_483_648],
    ['0.0005kb', 1],
  ] as const) {
    test(`takes ${JSON.stringify(given)}`, () => {
      assert.equal(bytesOf(given, 'limit'), bytes)
    })
  }

  for (const given of [...wrong, '1s', '1tb', `${'9'.repeat(400)}gb`, `${'9'.repeat(16)}gb`]) {
    test(`refuses ${typeof given === 'bigint' ? given : JSON.stringify(given)}`, () => {
      assert.throws(() => bytesOf(given, 'limit'), says('OPTION_INVALID', 'the option limit got', "such as '10mb'"))
    })
  }
})

describe('millisecondsOf()', () => {
  for (const [given, milliseconds] of [
    [0, 0],
    [2 ** 31 - 1, 2 ** 31 - 1],
    ['0s', 0],
    ['15ms', 15],
    ['1.5s', 1500],
    ['30 S', 30_000],
    ['2m', 120_000],
    ['24h', 86_400_000],
  ] as const) {
    test(`takes ${JSON.stringify(given)}`, () => {
      assert.equal(millisecondsOf(given, 'time'), milliseconds)
    })
  }

  for (const given of [...wrong, '1kb', '1d', 2 ** 31, '600h']) {
    test(`refuses ${typeof given === 'bigint' ? given : JSON.stringify(given)}`, () => {
      assert.throws(() => millisecondsOf(given, 'time'), says('OPTION_INVALID', 'the option time got', "such as '30s'"))
    })
  }
})

describe('durationOf()', () => {
  for (const [given, milliseconds] of [
    [0, 0],
    ['1ms', 1],
    ['90s', 90_000],
    ['1.5h', 5_400_000],
    ['365d', 31_536_000_000],
    [2 ** 40, 2 ** 40],
  ] as const) {
    test(`of ${JSON.stringify(given)} is ${milliseconds}`, () => {
      assert.equal(durationOf(given, 'maxAge'), milliseconds)
    })
  }
  for (const given of wrong) {
    test(`does not take ${JSON.stringify(given, (_, value) => (typeof value === 'bigint' ? '10n' : value))}`, () => {
      assert.throws(() => durationOf(given, 'maxAge'), says('OPTION_INVALID', 'maxAge', "such as '30d'"))
    })
  }
})
