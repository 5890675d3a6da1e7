import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Limiter } from '../../src/core/limiter.js'
import { deferred, soon } from '../contract/http/_tools.js'

describe('Limiter', () => {
  test('runs a few at once and the others in order of arrival', async () => {
    const limiter = new Limiter(2)
    const gates = Array.from({ length: 5 }, () => deferred())
    const begun: number[] = []
    const all = gates.map((gate, index) =>
      limiter.run(() => {
        begun.push(index)
        return gate.promise
      }),
    )
    assert.deepEqual(begun, [0, 1])
    gates[1]!.resolve()
    await all[1]
    await soon(0)
    assert.deepEqual(begun, [0, 1, 2])
    for (const gate of gates) gate.resolve()
    await Promise.all(all)
    assert.deepEqual(begun, [0, 1, 2, 3, 4])
  })

  test('refuses what is more than may wait', async () => {
    const limiter = new Limiter(1, 1)
    const gate = deferred()
    const first = limiter.run(() => gate.promise)
    assert.equal(limiter.isFull, false, 'one may wait')
    const second = limiter.run(() => gate.promise, 2)
    assert.equal(limiter.isFull, true)
    const never = (): never => assert.fail('it ran')
    await assert.rejects(limiter.run(never), { code: 'FULL' })
    assert.equal(limiter.cancel(2), true)
    assert.equal(limiter.isFull, false, 'a place is free')
    await assert.rejects(second, { code: 'CANCELLED' })
    gate.resolve()
    await first
    assert.equal(await limiter.run(async () => 'free again'), 'free again')
  })

  test('has no room to wait where none may', async () => {
    const limiter = new Limiter(1, 0)
    const gate = deferred()
    assert.equal(limiter.isFull, false)
    const running = limiter.run(() => gate.promise)
    assert.equal(limiter.isFull, true)
    await assert.rejects(
      limiter.run(async () => 'late'),
      { code: 'FULL' },
    )
    gate.resolve()
    await running
    assert.equal(limiter.isFull, false)
  })

  test('goes on after a task that fails, at once or later', async () => {
    const limiter = new Limiter(1)
    const fails = [
      () => {
        throw new Error('at once')
      },
      () => Promise.reject(new Error('later')),
    ]
    const [first, second, third] = [...fails, async () => 'fine'].map((task) => limiter.run<string>(task))
    await assert.rejects(first!, /at once/)
    await assert.rejects(second!, /later/)
    assert.equal(await third, 'fine')
  })

  test('takes a task out of the queue, and no other', async () => {
    const limiter = new Limiter(1)
    const gate = deferred()
    const running = limiter.run(() => gate.promise, 1)
    const never = (): never => assert.fail('it ran')
    const [waiting, nameless] = [limiter.run(never, 2), limiter.run(async () => 'done')]
    assert.equal(limiter.cancel(1), false, 'it runs')
    assert.equal(limiter.cancel(2), true)
    assert.equal(limiter.cancel(2), false)
    await assert.rejects(waiting, { code: 'CANCELLED' })
    gate.resolve()
    await running
    assert.equal(await nameless, 'done')
  })
})
