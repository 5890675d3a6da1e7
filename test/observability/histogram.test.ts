import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { bucketOf, Counts, Latencies, percentileOf } from '../../src/observability/histogram.js'

describe('buckets', () => {
  test('a value falls in the first whose bound is not below it', () => {
    const bounds = [1, 2, 5]
    assert.deepEqual(
      [0, 1, 1.5, 2, 5, 5.1, Number.POSITIVE_INFINITY].map((value) => bucketOf(bounds, value)),
      [0, 0, 1, 1, 2, 3, 3],
    )
  })

  test('counts and sum', () => {
    const counts = new Counts([1, 2])
    for (const value of [0.5, 1.5, 3, 3]) counts.add(value)
    assert.deepEqual(counts.counts, [1, 1, 2])
    assert.equal(counts.sum, 8)
  })
})

describe('percentiles', () => {
  test('of nothing are 0', () => {
    assert.equal(percentileOf(new Latencies().counts, 0.99), 0)
  })

  test('are within a sixteenth of what was counted, whatever that is', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ max: 2000, min: 1e-6, noNaN: true }), { maxLength: 200, minLength: 1 }),
        fc.constantFrom(0.5, 0.9, 0.99, 0.999),
        (values, share) => {
          const latencies = new Latencies()
          for (const value of values) latencies.add(value)
          const exact = values.toSorted((one, two) => one - two)[Math.ceil(values.length * share) - 1]!
          const told = percentileOf(latencies.counts, share)
          assert.ok(Math.abs(told - exact) <= exact / 15, `${told} for ${exact}`)
        },
      ),
    )
  })

  test('take what is too short and too long for the first and the last', () => {
    const latencies = new Latencies()
    latencies.add(0)
    assert.ok(percentileOf(latencies.counts, 1) < 2e-6)
    latencies.add(1e9)
    assert.ok(percentileOf(latencies.counts, 1) > 4000)
  })
})
