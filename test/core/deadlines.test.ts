import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, mock, test } from 'node:test'
import { Deadlines, type Expiring, type Wait } from '../../src/core/deadlines.js'

class Waiting implements Expiring {
  /** Its place in the list. */
  place: Wait | undefined
  readonly #log: string[]
  readonly #name: string
  readonly #then: () => void

  constructor(log: string[], name: string, then = (): void => {}) {
    this.#log = log
    this.#name = name
    this.#then = then
  }

  expire(): void {
    this.#log.push(this.#name)
    this.#then()
  }
}

describe('Deadlines', () => {
  const timeout = 800
  let deadlines: Deadlines
  let log: string[]
  // Timers that are made while nothing waits would keep a process busy for nothing.
  let running: number

  beforeEach(() => {
    running = 0
    const timers = new Set<object>()
    mock.timers.enable({ apis: ['setInterval'] })
    const set = globalThis.setInterval
    const clear = globalThis.clearInterval
    mock.method(globalThis, 'setInterval', (callback: () => void, interval: number) => {
      const timer = set(callback, interval) as NodeJS.Timeout
      timers.add(timer)
      running = timers.size
      return Object.assign(timer, { unref: () => timer })
    })
    mock.method(globalThis, 'clearInterval', (timer: NodeJS.Timeout) => {
      timers.delete(timer)
      running = timers.size
      clear(timer)
    })
    deadlines = new Deadlines(timeout)
    log = []
  })
  afterEach(() => {
    mock.restoreAll()
    mock.timers.reset()
  })

  const add = (name: string, then?: () => void): Waiting => {
    const waiting = new Waiting(log, name, then)
    waiting.place = deadlines.add(waiting)
    return waiting
  }
  const pass = (milliseconds: number): void => mock.timers.tick(milliseconds)

  test('are met not before their time, and at the latest an eighth after it', () => {
    add('a')
    pass(timeout)
    assert.deepEqual(log, [])
    pass(timeout / 8)
    assert.deepEqual(log, ['a'])
  })

  test('hold for what begins between two ticks', () => {
    add('a')
    pass(50)
    add('b')
    pass(timeout - 1)
    assert.equal(log.includes('b'), false)
    pass(timeout / 8 + 1)
    assert.deepEqual(log, ['a', 'b'])
  })

  test('come in the order in which they began, each once', () => {
    for (const name of ['a', 'b']) add(name)
    pass(300)
    add('c')
    pass(600)
    assert.deepEqual(log, ['a', 'b'])
    pass(300)
    assert.deepEqual(log, ['a', 'b', 'c'])
    pass(10 * timeout)
    assert.deepEqual(log, ['a', 'b', 'c'])
  })

  for (const gone of ['a', 'b', 'c', 'ab', 'bc', 'ac', 'abc', 'ca']) {
    test(`are not met by what was taken out: ${gone}`, () => {
      const all = new Map([...'abc'].map((name) => [name, add(name)]))
      for (const name of gone) deadlines.remove(all.get(name)!.place)
      for (const name of gone) deadlines.remove(all.get(name)!.place)
      pass(2 * timeout)
      assert.deepEqual(
        log,
        [...'abc'].filter((name) => !gone.includes(name)),
      )
    })
  }

  test('leave alone what was never added', () => {
    add('a')
    deadlines.remove(new Waiting(log, 'stranger').place)
    pass(2 * timeout)
    assert.deepEqual(log, ['a'])
  })

  test('may take in again what was taken out or is over', () => {
    const a = add('a')
    deadlines.remove(a.place)
    a.place = deadlines.add(a)
    pass(2 * timeout)
    a.place = deadlines.add(a)
    pass(2 * timeout)
    assert.deepEqual(log, ['a', 'a'])
  })

  test('may begin and end others while they are met', () => {
    const all: Waiting[] = []
    add('a', () => {
      deadlines.remove(all[0]!.place)
      add('late')
    })
    all.push(add('b'), add('c'))
    pass(timeout * 1.125)
    assert.deepEqual(log, ['a', 'c'])
    pass(timeout * 1.125)
    assert.deepEqual(log, ['a', 'c', 'late'])
  })

  test('have one timer between them, and none when nothing waits', () => {
    assert.equal(running, 0)
    const waiting = [add('a'), add('b'), add('c')]
    assert.equal(running, 1)
    for (const each of waiting) deadlines.remove(each.place)
    pass(timeout / 8)
    assert.equal(running, 0)
    add('d')
    assert.equal(running, 1)
    pass(2 * timeout)
    assert.equal(running, 0)
  })

  test('of 0 are never met', () => {
    const never = new Deadlines(0)
    const waiting = new Waiting(log, 'a')
    never.remove(never.add(waiting))
    assert.equal(running, 0)
    pass(2 ** 31)
    assert.deepEqual(log, [])
  })
})
