import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Environment } from '../../src/otel/environment.js'

/** An environment, and what it tells. */
function environment(variables: Readonly<Record<string, string>>): {
  readonly env: Environment
  readonly told: string[]
} {
  const told: string[] = []
  return { env: new Environment((text) => told.push(text), variables), told }
}

describe('Environment', () => {
  it('takes what is empty for nothing', () => {
    const { env, told } = environment({ A: '', B: '  ' })
    assert.equal(env.text('A') ?? env.text('B') ?? env.text('C'), undefined)
    assert.equal(env.boolean('A'), false)
    assert.equal(env.number(['A', 'B'], 0), undefined)
    assert.equal(env.choice('B', ['x']), undefined)
    assert.deepEqual(told, [])
  })

  it('reads words in any letter case, and lists of them', () => {
    const { env, told } = environment({ A: 'TRUE', B: ' Otlp ', C: 'b3, BAGGAGE' })
    assert.equal(env.boolean('A'), true)
    assert.equal(env.choice('B', ['console', 'otlp']), 'otlp')
    assert.deepEqual(env.choices('C', ['b3', 'baggage']), ['b3', 'baggage'])
    assert.deepEqual(told, [])
  })

  it('takes the first number that is within bounds', () => {
    const { env, told } = environment({ A: '-1', B: '0.5', C: '7' })
    assert.equal(env.number(['A', 'B', 'C'], 0), 0.5)
    assert.equal(env.number(['C'], 0, 1), undefined)
    assert.deepEqual(told, [
      'A=-1 is ignored: it takes a number of at least 0',
      'C=7 is ignored: it takes a number from 0 to 1',
    ])
  })

  it('tells of what it does not understand', () => {
    const { env, told } = environment({ A: 'yes', B: 'x', C: 'x, b3' })
    assert.equal(env.boolean('A'), false)
    assert.equal(env.choice('B', ['y', 'z']), undefined)
    assert.deepEqual(env.choices('C', ['b3']), ['b3'])
    assert.deepEqual(told, [
      'A=yes is ignored: it takes true or false',
      'B=x is ignored: it takes y, z',
      'C=x is ignored: it takes b3',
    ])
  })
})
