import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { contentRange, frameParts, mostRanges, parseRanges } from '../../src/files/ranges.js'

type Pair = readonly [first: number, last: number]

/** RFC 9110, 14.1.1, 14.1.2 and 14.2; the representation has 10,000 bytes, as in its examples. */
const table: readonly (readonly [header: string, gives: readonly Pair[] | 'unsatisfiable' | undefined])[] = [
  ['bytes=0-499', [[0, 499]]],
  ['bytes=500-999', [[500, 999]]],
  ['bytes=-500', [[9500, 9999]]],
  ['bytes=9500-', [[9500, 9999]]],
  [
    'bytes=0-0,-1',
    [
      [0, 0],
      [9999, 9999],
    ],
  ],
  ['bytes=500-600,601-999', [[500, 999]]],
  ['bytes=500-700,601-999', [[500, 999]]],
  [
    'bytes= 0-999, 4500-5499, -1000',
    [
      [0, 999],
      [4500, 5499],
      [9000, 9999],
    ],
  ],
  [
    'bytes=9000-9099,0-9',
    [
      [9000, 9099],
      [0, 9],
    ],
  ],
  [
    'bytes=5000-5009,0-9,5005-5020',
    [
      [5000, 5020],
      [0, 9],
    ],
  ],
  ['bytes=0-9,20-29', [[0, 29]]],
  ['bytes=0-9999', [[0, 9999]]],
  ['bytes=0-10000', [[0, 9999]]],
  ['bytes=0-99999999999999999999999999', [[0, 9999]]],
  ['bytes=-10000', [[0, 9999]]],
  ['bytes=-99999999999999999999999999', [[0, 9999]]],
  ['bytes=9999-', [[9999, 9999]]],
  ['BYTES=0-1', [[0, 1]]],
  ['bytes=0-1,', [[0, 1]]],
  ['bytes=,,0-1,,', [[0, 1]]],
  ['bytes=0-1,99999-', [[0, 1]]],
  ['bytes=-0,0-1', [[0, 1]]],
  ['bytes=007-008', [[7, 8]]],
  ['bytes=10000-', 'unsatisfiable'],
  ['bytes=10000-10001', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=10000-,-0', 'unsatisfiable'],
  ['bytes=99999999999999999999999999-', 'unsatisfiable'],
  ['bytes=', undefined],
  ['bytes=,', undefined],
  ['bytes=-', undefined],
  ['bytes=1', undefined],
  ['bytes=2-1', undefined],
  ['bytes=0-1,2-1', undefined],
  ['bytes=a-b', undefined],
  ['bytes=0x1-2', undefined],
  ['bytes=+0-1', undefined],
  ['bytes=1.5-2', undefined],
  ['bytes=1e1-20', undefined],
  ['bytes=0-1;2-3', undefined],
  ['bytes=0 - 1', undefined],
  ['bytes=--1', undefined],
  ['bytes 0-1', undefined],
  ['0-1', undefined],
  ['items=0-1', undefined],
  ['none', undefined],
  ['', undefined],
]

describe('parseRanges()', () => {
  for (const [header, gives] of table) {
    test(`of ${JSON.stringify(header)}`, () => {
      const found = parseRanges(header, 10_000)
      const wanted = Array.isArray(gives) ? (gives as Pair[]).map(([first, last]) => ({ first, last })) : gives
      assert.deepEqual(found, wanted)
    })
  }

  test('of nothing at all has no ranges, and a suffix of it is the whole', () => {
    assert.equal(parseRanges('bytes=0-', 0), 'unsatisfiable')
    assert.equal(parseRanges('bytes=-0', 0), 'unsatisfiable')
    assert.equal(parseRanges('bytes=-1', 0), undefined)
    assert.equal(parseRanges('bytes=0-,-1', 0), undefined)
  })

  test('takes no more than a bound, and the whole is sent beyond', () => {
    const many = (count: number): string => Array.from({ length: count }, (_, at) => `${at * 200}-${at * 200}`).join()
    assert.equal((parseRanges(`bytes=${many(mostRanges)}`, 1e6) as unknown[]).length, mostRanges)
    assert.equal(parseRanges(`bytes=${many(mostRanges + 1)}`, 1e6), undefined)
  })

  test('covers what was asked for and hardly more, never overlapping, within the representation', () => {
    const bound = fc.option(fc.nat(1200), { nil: undefined })
    const spec = fc.tuple(bound, bound).filter(([first, last]) => first !== undefined || last !== undefined)
    fc.assert(
      fc.property(fc.nat(1000), fc.array(spec, { maxLength: 8, minLength: 1 }), (size, specs) => {
        const header = `bytes=${specs.map(([first, last]) => `${first ?? ''}-${last ?? ''}`).join(', ')}`
        const found = parseRanges(header, size)
        // The naive reading: a set of positions.
        const asked = new Set<number>()
        let isMalformed = false
        let isWhole = false
        for (const [first, last] of specs) {
          if (first !== undefined && last !== undefined && first > last) isMalformed = true
          if (first === undefined && last! > 0 && size === 0) isWhole = true
          const from = first ?? Math.max(0, size - last!)
          const to = first === undefined ? size - 1 : Math.min(last ?? size - 1, size - 1)
          for (let at = from; at <= to; at++) asked.add(at)
        }
        if (isMalformed || isWhole) return assert.equal(found, undefined)
        if (asked.size === 0) return assert.equal(found, 'unsatisfiable')
        assert.ok(Array.isArray(found))
        const sent = new Set<number>()
        for (const { first, last } of found as { first: number; last: number }[]) {
          assert.ok(first >= 0 && first <= last && last < size)
          for (let at = first; at <= last; at++) {
            assert.ok(!sent.has(at), 'a byte is sent twice')
            sent.add(at)
          }
        }
        for (const at of asked) assert.ok(sent.has(at), 'a byte is missing')
        assert.ok(sent.size <= asked.size + 80 * specs.length)
        return undefined
      }),
      { numRuns: 500 },
    )
  })
})

describe('frameParts()', () => {
  test('frames parts with their ranges, and knows its length', () => {
    const ranges = [
      { first: 0, last: 1 },
      { first: 8, last: 9 },
    ]
    const { heads, length, tail, type } = frameParts(ranges, 10, 'text/plain', 'B')
    const body = `${heads[0]}ab${heads[1]}ij${tail}`
    assert.equal(
      body,
      '--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/10\r\n\r\nab' +
        '\r\n--B\r\nContent-Type: text/plain\r\nContent-Range: bytes 8-9/10\r\n\r\nij\r\n--B--\r\n',
    )
    assert.equal(length, body.length)
    assert.equal(type, 'multipart/byteranges; boundary=B')
    assert.equal(contentRange({ first: 2, last: 3 }, 10), 'bytes 2-3/10')
  })
})
