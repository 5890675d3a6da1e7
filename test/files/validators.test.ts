import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { listHolds, parseHttpDate } from '../../src/files/validators.js'

const nineties = 784_111_777

const dates: readonly (readonly [text: string, seconds: number | undefined])[] = [
  ['Sun, 06 Nov 1994 08:49:37 GMT', nineties],
  ['Sunday, 06-Nov-94 08:49:37 GMT', nineties],
  ['Sun Nov  6 08:49:37 1994', nineties],
  ['Thu, 01 Jan 1970 00:00:00 GMT', 0],
  ['Tue, 29 Feb 2028 12:00:00 GMT', 1_835_438_400],
  ['Sat, 31 Dec 2016 23:59:60 GMT', 1_483_228_800],
  ['Sun, 29 Feb 2027 12:00:00 GMT', undefined],
  ['Sun, 06 Nov 1994 24:49:37 GMT', undefined],
  ['Sun, 06 Nov 1994 08:60:37 GMT', undefined],
  ['Sun, 06 Nov 1994 08:49:61 GMT', undefined],
  ['Sun, 6 Nov 1994 08:49:37 GMT', undefined],
  ['Sun, 06 nov 1994 08:49:37 GMT', undefined],
  ['Sun, 06 Nov 1994 08:49:37 UTC', undefined],
  ['Sun, 06 Nov 1994 08:49:37 +0000', undefined],
  ['Sun, 06 Nov 1994 08:49:37', undefined],
  [' Sun, 06 Nov 1994 08:49:37 GMT', undefined],
  ['1994-11-06T08:49:37Z', undefined],
  ['784111777', undefined],
  ['0', undefined],
  ['', undefined],
]

describe('parseHttpDate()', () => {
  for (const [text, seconds] of dates) {
    test(`of ${JSON.stringify(text)} is ${seconds}`, () => {
      assert.equal(parseHttpDate(text), seconds)
    })
  }

  test('takes a year of two digits for one that is at most 50 years ahead', () => {
    const now = new Date().getUTCFullYear()
    for (let ahead = -48; ahead <= 49; ahead++) {
      const date = new Date(Date.UTC(now + ahead, 5, 15, 12))
      const [day] = date.toUTCString().split(',')
      const long = { Fri: 'Fri', Mon: 'Mon', Sat: 'Satur', Sun: 'Sun', Thu: 'Thurs', Tue: 'Tues', Wed: 'Wednes' }[day!]
      const digits = String(date.getUTCFullYear()).slice(2)
      assert.equal(parseHttpDate(`${long}day, 15-Jun-${digits} 12:00:00 GMT`), date.getTime() / 1000)
    }
  })
})

const lists: readonly (readonly [list: string, strong: boolean, weak: boolean])[] = [
  ['"a"', true, true],
  ['W/"a"', false, true],
  ['"b"', false, false],
  ['"b", "a"', true, true],
  ['"b" , W/"a"', false, true],
  ['"b","a","c"', true, true],
  ['"x,y", "a"', true, true],
  ['"x", , ,"a"', true, true],
  [', "a"', true, true],
  ['  "a"\t', true, true],
  ['*', true, true],
  [' * ', true, true],
  ['a', false, false],
  ['"A"', false, false],
  ['w/"a"', false, false],
  ['"a', false, false],
  ['"b" "a"', false, false],
  ['b, "a"', false, false],
  ['"a" x', false, false],
  ['', false, false],
  [',,,', false, false],
  ['"a-br"', false, false],
]

describe('listHolds()', () => {
  for (const [list, strong, weak] of lists) {
    test(`compares ${JSON.stringify(list)}`, () => {
      assert.equal(listHolds(list, '"a"', false), strong)
      assert.equal(listHolds(list, '"a"', true), weak)
    })
  }

  test('holds nothing for what has no tag, but the star', () => {
    assert.equal(listHolds('"a"', undefined, true), false)
    assert.equal(listHolds('*', undefined, true), true)
  })

  test('takes a time that grows with the list alone', () => {
    const list = `${'"b", '.repeat(100_000)}"a"`
    assert.equal(listHolds(list, '"a"', false), true)
    assert.equal(listHolds(`${' '.repeat(100_000)}x`, '"a"', false), false)
  })
})
