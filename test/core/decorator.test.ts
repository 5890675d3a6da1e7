import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decorator, decoratorOf, inForce } from '../../src/core/decorator.js'
import type { Middleware } from '../../src/index.js'

const plain = (): Middleware => (_request, next) => next()
const decorating = (kind?: string): Middleware => decorator(plain(), (response) => response, kind)

describe('inForce()', () => {
  const [before, between, after] = [plain(), plain(), plain()]
  const [outer, inner, innermost] = [decorating('a'), decorating('a'), decorating('a')]
  const other = decorating('b')
  const [one, two] = [decorating(), decorating()]
  const cases: readonly (readonly [string, readonly Middleware[], readonly Middleware[]])[] = [
    ['nothing', [], []],
    ['what has no kind, as it is', [one, before, two, before], [one, before, two, before]],
    ['one of a kind', [before, outer, after], [before, outer, after]],
    [
      'the innermost of a kind, in the place of the outermost',
      [before, outer, between, inner, after],
      [before, inner, between, after],
    ],
    ['the innermost of three', [outer, inner, between, innermost], [innermost, between]],
    ['each kind by itself', [outer, other, inner], [inner, other]],
    ['one that is there twice, once', [outer, between, outer], [outer, between]],
  ]
  for (const [name, layers, expected] of cases) {
    test(`keeps ${name}`, () => assert.deepEqual(inForce(layers), expected))
  }
})

test('a middleware that is no decorator has nothing to do to answers', () => {
  assert.equal(decoratorOf(plain()), undefined)
  assert.equal(typeof decoratorOf(decorating('a')), 'function')
})
