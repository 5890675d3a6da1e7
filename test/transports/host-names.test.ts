import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { hasHostName, isHostName } from '../../src/transports/host-names.js'

describe('host names', () => {
  for (const name of [
    'localhost',
    'a.example',
    '*.a.example',
    'xn--bcher-kva.example',
    '_x.a',
    '1.a',
    'a'.repeat(63),
  ]) {
    test(`${name} is one`, () => assert.equal(isHostName(name), true))
  }
  for (const name of [
    '',
    '*',
    '.',
    'a..b',
    'a.',
    '.a',
    'a b',
    'A.example',
    'a*.b',
    'a.*.b',
    '10.0.0.1',
    '::1',
    '-a',
    'a-',
    'a/b',
    'a:1',
    'ü',
    'a'.repeat(64),
    Array(64).fill('aaa').join('.'),
  ]) {
    test(`${JSON.stringify(name)} is none`, () => assert.equal(isHostName(name), false))
  }

  const names = new Set(['a.example', '*.b.example'])
  for (const name of ['a.example', 'A.Example', 'x.b.example', 'X.B.EXAMPLE']) {
    test(`${name} is in the list`, () => assert.equal(hasHostName(names, name), true))
  }
  for (const name of [
    'x.a.example',
    'b.example',
    '.b.example',
    'x.y.b.example',
    'example',
    '',
    'b.example.evil',
    'xb.example',
  ]) {
    test(`${JSON.stringify(name)} is not in the list`, () => assert.equal(hasHostName(names, name), false))
  }
})
