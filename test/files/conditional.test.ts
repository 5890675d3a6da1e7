import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { precondition, rangeHolds, readFields } from '../../src/files/conditional.js'

const before = 'Tue, 14 Nov 2023 22:13:19 GMT'
const same = 'Tue, 14 Nov 2023 22:13:20 GMT'
const later = 'Tue, 14 Nov 2023 22:13:21 GMT'
const current = { etag: '"v1"', modified: 1_700_000_000 }

interface Case {
  readonly fields: Readonly<Record<string, string>>
  readonly gives: 304 | 412 | undefined
}

const match = (value: string): Record<string, string> => ({ 'if-match': value })
const none = (value: string): Record<string, string> => ({ 'if-none-match': value })
const since = (value: string): Record<string, string> => ({ 'if-modified-since': value })
const unless = (value: string): Record<string, string> => ({ 'if-unmodified-since': value })

// RFC 9110, 13.1 and 13.2.2, step by step.
const cases: readonly Case[] = [
  { fields: {}, gives: undefined },
  // 1. If-Match, by strong comparison.
  { fields: match('"v1"'), gives: undefined },
  { fields: match('"v0", "v1"'), gives: undefined },
  { fields: match('*'), gives: undefined },
  { fields: match('"v0"'), gives: 412 },
  { fields: match('W/"v1"'), gives: 412 },
  { fields: match('nonsense'), gives: 412 },
  // 2. If-Unmodified-Since, where there is no If-Match.
  { fields: unless(same), gives: undefined },
  { fields: unless(later), gives: undefined },
  { fields: unless(before), gives: 412 },
  { fields: unless('nonsense'), gives: undefined },
  { fields: { ...match('"v1"'), ...unless(before) }, gives: undefined },
  { fields: { ...match('"v0"'), ...unless(later) }, gives: 412 },
  // 3. If-None-Match, by weak comparison.
  { fields: none('"v1"'), gives: 304 },
  { fields: none('W/"v1"'), gives: 304 },
  { fields: none('"v0", W/"v1"'), gives: 304 },
  { fields: none('*'), gives: 304 },
  { fields: none('"v0"'), gives: undefined },
  { fields: none('nonsense'), gives: undefined },
  // 4. If-Modified-Since, where there is no If-None-Match.
  { fields: since(same), gives: 304 },
  { fields: since(later), gives: 304 },
  { fields: since(before), gives: undefined },
  { fields: since('nonsense'), gives: undefined },
  { fields: since('Tuesday, 14-Nov-23 22:13:20 GMT'), gives: 304 },
  { fields: since('Tue Nov 14 22:13:20 2023'), gives: 304 },
  { fields: { ...none('"v0"'), ...since(later) }, gives: undefined },
  { fields: { ...none('"v1"'), ...since(before) }, gives: 304 },
  // The first two go before the others.
  { fields: { ...match('"v0"'), ...none('"v1"') }, gives: 412 },
  { fields: { ...match('"v1"'), ...none('"v1"') }, gives: 304 },
  { fields: { ...unless(before), ...since(later) }, gives: 412 },
  { fields: { ...unless(later), ...since(later) }, gives: 304 },
  { fields: { ...unless(before), ...none('"v1"') }, gives: 412 },
]

describe('precondition()', () => {
  for (const { fields, gives } of cases) {
    test(`of ${JSON.stringify(fields)} is ${gives}`, () => {
      assert.equal(precondition(readFields(Object.entries(fields).flat()), current), gives)
    })
  }

  test('without a tag knows the star alone', () => {
    const bare = { etag: undefined, modified: current.modified }
    assert.equal(precondition(readFields(['if-match', '"v1"']), bare), 412)
    assert.equal(precondition(readFields(['if-match', '*']), bare), undefined)
    assert.equal(precondition(readFields(['if-none-match', '"v1"']), bare), undefined)
    assert.equal(precondition(readFields(['if-none-match', '*']), bare), 304)
  })

  test('without a date takes no notice of dates', () => {
    const bare = { etag: '"v1"', modified: undefined }
    assert.equal(precondition(readFields(['if-modified-since', later]), bare), undefined)
    assert.equal(precondition(readFields(['if-unmodified-since', before]), bare), undefined)
  })
})

describe('readFields()', () => {
  test('joins lines of one name, and sees what is a precondition', () => {
    const fields = readFields([
      'host',
      'a',
      'if-none-match',
      '"a"',
      'accept',
      '*/*',
      'if-none-match',
      '"b"',
      'range',
      'bytes=0-',
    ])
    assert.equal(fields.ifNoneMatch, '"a", "b"')
    assert.equal(fields.range, 'bytes=0-')
    assert.equal(fields.isConditional, true)
    assert.equal(readFields(['if-range', '"a"', 'if-x', 'y', 'accept-encoding', 'br']).isConditional, false)
  })
})

describe('rangeHolds()', () => {
  const now = (current.modified + 60) * 1000
  const table: readonly (readonly [value: string | undefined, holds: boolean])[] = [
    [undefined, true],
    ['"v1"', true],
    ['"v0"', false],
    ['W/"v1"', false],
    ['"v1", "v2"', false],
    [same, true],
    [later, false],
    [before, false],
    ['Tuesday, 14-Nov-23 22:13:20 GMT', true],
    ['*', false],
    ['', false],
    ['nonsense', false],
  ]
  for (const [value, holds] of table) {
    test(`with ${JSON.stringify(value)} is ${holds}`, () => {
      assert.equal(rangeHolds(value, current, now), holds)
    })
  }

  test('does not trust the date of a file that has changed this second', () => {
    assert.equal(rangeHolds(same, current, current.modified * 1000 + 999), false)
    assert.equal(rangeHolds(same, current, current.modified * 1000 + 1000), true)
  })

  test('knows no version of what has no validators', () => {
    assert.equal(rangeHolds('"v1"', { etag: undefined, modified: undefined }, now), false)
    assert.equal(rangeHolds(same, { etag: undefined, modified: undefined }, now), false)
  })
})
