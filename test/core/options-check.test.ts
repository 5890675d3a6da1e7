import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkBoolean, checkFunction, checkOptions, invalid, refused } from '../../src/core/options-check.js'
import { countOf } from '../../src/core/units.js'
import { says } from '../_says.js'

const checks = { size: countOf, open: checkBoolean, when: checkFunction }
const where = ' of the door'

describe('checkOptions()', () => {
  test('makes settings of what is given, and leaves out what is undefined', () => {
    assert.deepEqual(checkOptions({ open: false, size: 3, when: undefined }, checks, where), { open: false, size: 3 })
    assert.deepEqual(checkOptions({}, checks, where), {})
  })

  test('names the option that is wrong, what it got and what it takes', () => {
    const wrong = (options: object, ...texts: string[]): void =>
      assert.throws(() => checkOptions(options, checks, where), says('OPTION_INVALID', ...texts))
    wrong({ size: -1 }, 'size of the door', '-1', 'a whole number from 0')
    wrong({ open: 1 }, 'open of the door', '1', 'true or false')
    wrong({ open: null }, 'open of the door', 'null', 'true or false')
    wrong({ when: 'now' }, 'when of the door', '"now"', 'a function')
  })

  test('takes no option that is not in the table, and lists those that are', () => {
    for (const name of ['colour', 'toString', '__proto__']) {
      const options: unknown = JSON.parse(`{ "${name}": 1 }`)
      const texts = [`no option ${name} of the door`, 'open, size, when']
      assert.throws(() => checkOptions(options, checks, where), says('OPTION_UNKNOWN', ...texts))
    }
  })

  test('takes an object alone', () => {
    for (const [value, got] of [
      [null, 'null'],
      [undefined, 'undefined'],
      ['open', '"open"'],
    ]) {
      const expected = says('OPTION_INVALID', 'options of the door', got!, 'an object')
      assert.throws(() => checkOptions(value, checks, where), expected)
    }
  })
})

test('what is wrong is told by its value, or in words', () => {
  assert.throws(() => invalid('size', ['a'], 'a number'), says('OPTION_INVALID', 'size', 'an array', 'a number'))
  assert.throws(() => refused('size', 'two of them', 'one'), says('OPTION_INVALID', 'size', 'two of them', 'one'))
})
