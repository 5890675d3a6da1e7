import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkHeaderValue, findHeader, headerName, headerRecord } from '../../src/core/headers.js'
import { says } from '../_says.js'

describe('headerName()', () => {
  for (const [name, lower] of [
    ['X-Own', 'x-own'],
    ['content-type', 'content-type'],
    ["!#$%&'*+-.^_`|~09aZ", "!#$%&'*+-.^_`|~09az"],
    ['constructor', 'constructor'],
    ['__proto__', '__proto__'],
  ] as const) {
    test(`takes ${name}`, () => {
      assert.equal(headerName(name), lower)
      assert.equal(headerName(name), lower, 'a second time')
    })
  }

  for (const name of ['', ' ', 'x y', 'x:', 'x\r\n', 'x\n', 'x\0', 'é', '\u212a', 'x,y', '(x)', '☃']) {
    test(`refuses ${JSON.stringify(name)}, again and again`, () => {
      for (let round = 0; round < 2; round++)
        assert.throws(() => headerName(name), says('HEADER_INVALID', JSON.stringify(name), 'a token'))
    })
  }

  for (const name of [undefined, null, 7, {}, ['x']]) {
    test(`refuses what is no text: ${JSON.stringify(name)}`, () => {
      assert.throws(() => headerName(name as never), says('HEADER_INVALID', 'a token'))
    })
  }

  for (const name of ['connection', 'Connection', 'DATE', 'Keep-Alive', 'transfer-encoding']) {
    test(`refuses ${name}, which is the transport's`, () => {
      assert.throws(() => headerName(name), says('HEADER_INVALID', name, 'response.close()'))
    })
  }

  test('takes more names than it remembers', () => {
    for (let index = 0; index < 3000; index++) assert.equal(headerName(`X-${index}`), `x-${index}`)
    assert.equal(headerName('X-2999'), 'x-2999')
  })
})

describe('checkHeaderValue()', () => {
  for (const [value, isAscii] of [
    ['', true],
    ['plain, with "all" ~ of it', true],
    ['a\tb', true],
    ['caf\xe9', false],
    ['\x80\xff', false],
  ] as const) {
    test(`takes ${JSON.stringify(value)}`, () => {
      assert.equal(checkHeaderValue('x-a', value), isAscii)
    })
  }

  const refused: readonly (readonly [value: unknown, reason: string])[] = [
    ['a\r\nb', '0x0d'],
    ['a\nb', '0x0a'],
    ['a\n', '0x0a'],
    ['\0', '0x00'],
    ['a\x1fb', '0x1f'],
    ['\x7f', '0x7f'],
    ['é\n', '0x0a'],
    ['☃', '"☃"'],
    ['é \u0100', '"Ā"'],
    [7, '7'],
    [undefined, 'undefined'],
    [null, 'null'],
    [['a'], 'an array'],
  ]
  for (const [value, reason] of refused) {
    test(`refuses ${JSON.stringify(value)} with the header and the reason`, () => {
      assert.throws(() => checkHeaderValue('x-a', value as string), says('HEADER_INVALID', 'x-a', reason))
    })
  }
})

describe('request headers', () => {
  const pairs = ['host', 'a', 'cookie', 'a=1', 'x-a', '1', 'cookie', 'b=2', 'x-a', '2', 'x-a', '']

  test('are found by name, the first of several', () => {
    assert.equal(findHeader(pairs, 'x-a'), '1')
    assert.equal(findHeader(pairs, 'x-b'), undefined)
    assert.equal(findHeader(['x-a', 'x-b', 'x-c', 'd'], 'x-b'), undefined, 'and not by a value')
  })

  test('are joined by commas, cookies by semicolons', () => {
    assert.deepEqual({ ...headerRecord(pairs) }, { cookie: 'a=1; b=2', host: 'a', 'x-a': '1, 2, ' })
  })

  test('are a record that has nothing of its own', () => {
    const record = headerRecord(['x-a', '1'])
    assert.deepEqual(Object.keys(record), ['x-a'])
    for (const name of ['constructor', 'hasOwnProperty', 'toString', '__proto__']) {
      assert.equal(name in record, false, name)
      assert.equal(record[name], undefined, name)
    }
  })

  test('may be called as the members of an object are', () => {
    const names = ['constructor', '__proto__', 'toString']
    const record = headerRecord(names.flatMap((name) => [name, '1', name, '2']))
    assert.deepEqual(Object.keys(record), names)
    for (const name of names) assert.equal(record[name], '1, 2')
  })
})
