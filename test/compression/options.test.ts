import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { compression, type HotpressError } from '../../src/index.js'
import { says } from '../_says.js'

const wrong: readonly (readonly [option: string, value: unknown, got: string, takes: string])[] = [
  ['codings', 'gzip', '"gzip"', "an array of 'br', 'zstd', 'gzip'"],
  ['codings', [], 'an array', 'each once at most'],
  ['codings', ['deflate'], '"deflate"', 'an array of'],
  ['codings', ['gzip', 'gzip'], 'an array', 'each once at most'],
  ['concurrency', 0, '0', 'a whole number from 1'],
  ['concurrency', 1.5, '1.5', 'a whole number'],
  ['concurrency', '2', '"2"', 'a whole number'],
  ['levels', 6, '6', 'an object with br, gzip or zstd'],
  ['levels', null, 'null', 'an object'],
  ['levels', { deflate: 6 }, '"deflate"', 'an object with br, gzip or zstd'],
  ['memo', 'much', '"much"', 'a whole number of bytes'],
  ['memo', -1, '-1', 'a whole number of bytes'],
  ['queue', -1, '-1', 'a whole number from 0'],
  ['threshold', '1', '"1"', 'a whole number of bytes'],
  ['threshold', null, 'null', 'a whole number of bytes'],
  ['types', ['text/html'], 'an array', 'a function'],
]

describe('options of compression()', () => {
  for (const [option, value, got, takes] of wrong) {
    test(`${option} does not take ${JSON.stringify(value)}`, () => {
      assert.throws(() => compression({ [option]: value }), says('OPTION_INVALID', `compression.${option}`, got, takes))
    })
  }

  for (const [coding, level, takes] of [
    ['br', 12, 'a whole number from 0 to 11'],
    ['gzip', 0, 'a whole number from 1 to 9'],
    ['zstd', 20, 'a whole number from 1 to 19'],
    ['zstd', '3', 'a whole number from 1 to 19'],
  ] as const) {
    test(`levels.${coding} does not take ${JSON.stringify(level)}`, () => {
      assert.throws(
        () => compression({ levels: { [coding]: level } }),
        says('OPTION_INVALID', `compression.levels.${coding}`, takes),
      )
    })
  }

  test('there is none that is not known', () => {
    assert.throws(
      () => compression({ level: 4 } as never),
      says('OPTION_UNKNOWN', 'level of compression()', 'codings, concurrency, levels, memo, queue, threshold, types'),
    )
  })

  test('each has a case', () => {
    const names = (error: HotpressError): true => {
      const known = error.message.split('the options are ')[1]!.split(', ')
      assert.deepEqual([...new Set(wrong.map(([option]) => option))], known)
      return true
    }
    assert.throws(() => compression({ nonsense: 1 } as never), names)
  })

  test('those that are right are taken', () => {
    compression()
    compression({ levels: { br: undefined }, memo: undefined, threshold: undefined } as never)
    compression({ codings: ['zstd'], concurrency: 1, levels: { br: 0 }, memo: '1mb', queue: 0, threshold: 0 })
    compression({ memo: true, types: () => true })
  })
})
