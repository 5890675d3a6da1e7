import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Endings } from '../../src/core/endings.js'

test('answers end with the last listener, and those that begin after that at once', () => {
  const endings = new Endings()
  const ended: string[] = []
  const add = (name: string): (() => void) => endings.add(() => ended.push(name))
  endings.listens()
  endings.listens()
  add('a')
  const forget = add('over')
  forget()
  endings.closes()
  assert.deepEqual(ended, [])
  endings.closes()
  assert.deepEqual(ended, ['a'])
  add('late')()
  assert.deepEqual(ended, ['a', 'late'])
})

test('without a listener, before or after, answers go on', () => {
  const endings = new Endings()
  const ended: string[] = []
  endings.add(() => ended.push('injected'))
  endings.listens()
  assert.equal(ended.length, 0)
  endings.closes()
  endings.closed()
  endings.add(() => ended.push('after'))
  assert.equal(ended.join(), 'injected')
})
