import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Limiter } from '../../src/middleware/limiter.js'
import { deferred, soon } from '../contract/http/_tools.js'

describe('Limiter', () => {
  test('runs a few at once and the others in order of arrival', async () => {
    const limiter = new Limiter(2, 10)
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

  test('turns away what is more than may wait', async () => {
    const limiter = new Limiter(1, 1)
    const gate = deferred()
    const [first, second] = [limiter.run(() => gate.promise), limiter.run(() => gate.promise)]
    const never = (): never => assert.fail('it ran')
    assert.equal(limiter.run(never), undefined)
    gate.resolve()
    await Promise.all([first, second])
    assert.equal(await limiter.run(async () => 'free again'), 'free again')
  })

  test('goes on after a task that fails, at once or later', async () => {
    const limiter = new Limiter(1, 10)
    const fails = [
      () => {
        throw new Error('at once')
      },
      () => Promise.reject(new Error('later')),
    ]
    const [first, second, third] = [...fails, async () => 'fine'].map((task) => limiter.run<string>(task)!)
    await assert.rejects(first!, /at once/)
    await assert.rejects(second!, /later/)
    assert.equal(await third, 'fine')
  })
})
