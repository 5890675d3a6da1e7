import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { BackOff } from '../../src/lifecycle/workers/back-off.js'

const middle = (): number => 0.5

describe('the back-off of workers', () => {
  test('begins at once, then doubles, and is bounded', () => {
    const backOff = new BackOff(middle)
    const waits = Array.from({ length: 10 }, () => backOff.ended(100))
    assert.deepEqual(waits, [0, 500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000])
    assert.equal(backOff.isLoop, false)
  })

  test('is spread by a quarter', () => {
    for (const [random, wait] of [
      [0, 375],
      [1, 625],
    ] as const) {
      const backOff = new BackOff(() => random)
      backOff.ended(100)
      assert.equal(backOff.ended(100), wait)
    }
  })

  test('forgets after a worker has served for a while', () => {
    const backOff = new BackOff(middle)
    for (let count = 0; count < 4; count++) backOff.ended(100)
    assert.equal(backOff.ended(10_000), 0)
    assert.equal(backOff.ended(100), 500)
  })

  test('calls five that were never ready a loop, until one is', () => {
    const backOff = new BackOff(middle)
    const waits = Array.from({ length: 5 }, () => backOff.ended(undefined))
    assert.deepEqual(waits, [0, 500, 1000, 2000, 30_000])
    assert.equal(backOff.isLoop, true)
    backOff.ended(5)
    assert.equal(backOff.isLoop, false)
    for (let count = 0; count < 5; count++) backOff.ended(undefined)
    backOff.reset()
    assert.deepEqual([backOff.isLoop, backOff.ended(undefined)], [false, 0])
  })
})
