import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseJson } from '../../src/core/json.js'
import { findJsonError } from '../../src/core/json-error.js'
import { HttpError } from '../../src/errors.js'

function errorOf(text: string): HttpError {
  try {
    parseJson(text)
  } catch (error) {
    assert.ok(HttpError.is(error))
    return error
  }
  throw new Error(`${text} was taken`)
}

describe('findJsonError()', () => {
  for (const [text, offset, what] of [
    ['', 0, 'unexpected end'],
    ['  ', 2, 'unexpected end'],
    ['{', 1, 'unexpected end'],
    ['{"a"', 4, 'unexpected end'],
    ['{"a":', 5, 'unexpected end'],
    ['{"a":1', 6, 'unexpected end'],
    ['["a', 3, 'unexpected end'],
    ['"\\u00', 5, 'unexpected end'],
    ['-', 1, 'unexpected end'],
    ['1.', 2, 'unexpected end'],
    ['1e+', 3, 'unexpected end'],
    ['tru', 3, 'unexpected end'],
    ['{]', 1, 'unexpected "]"'],
    ['{a:1}', 1, 'unexpected "a"'],
    ['{"a":1,}', 7, 'unexpected "}"'],
    ['{"a" 1}', 5, 'unexpected "1"'],
    ['{"a":1 "b":2}', 7, 'unexpected "\\""'],
    ['[1,]', 3, 'unexpected "]"'],
    ['[1 2]', 3, 'unexpected "2"'],
    ['[1}', 2, 'unexpected "}"'],
    ['{} {}', 3, 'unexpected "{"'],
    ['01', 1, 'unexpected "1"'],
    ['+1', 0, 'unexpected "+"'],
    ['.5', 0, 'unexpected "."'],
    ['-x', 1, 'unexpected "x"'],
    ['1.x', 2, 'unexpected "x"'],
    ['1ex', 2, 'unexpected "x"'],
    ['nul1', 3, 'unexpected "1"'],
    ['NaN', 0, 'unexpected "N"'],
    ["'a'", 0, 'unexpected "\'"'],
    ['"\\x"', 2, 'unexpected "x"'],
    ['"\\u00g0"', 5, 'unexpected "g"'],
    ['"a\nb"', 2, 'unexpected U+000a'],
    ['\u00a0[]', 0, 'unexpected "\u00a0"'],
    ['["🐎" 🐎]', 6, 'unexpected "🐎"'],
    ['// x\n{}', 0, 'unexpected "/"'],
  ] as const) {
    test(`finds it in ${JSON.stringify(text)}`, () => {
      assert.throws(() => JSON.parse(text), SyntaxError)
      assert.deepEqual(findJsonError(text), { offset, what })
    })
  }

  test('never stops before what could go on to be JSON, nor after', () => {
    // Every prefix of a document ends too early, and every foreign mark in it is found where it stands.
    const text = '{"a":[1,-2.5e+3,"x\\u0041\\n",{"b":null,"c":[]}],"d":true,"e":{}}'
    for (let length = 0; length < text.length; length++) {
      assert.equal(findJsonError(text.slice(0, length)).offset, length, text.slice(0, length))
      assert.equal(findJsonError(`${text.slice(0, length)}\x01`).offset, length)
    }
  })

  test('takes a text that is long or deep', () => {
    const million = 1_000_000
    assert.equal(findJsonError('['.repeat(million)).offset, million)
    assert.equal(findJsonError('{"a":'.repeat(million)).offset, 5 * million)
    assert.equal(findJsonError(`"${'x'.repeat(10 * million)}`).offset, 10 * million + 1)
  })
})

describe('parseJson()', () => {
  test('tells the position by line and column', () => {
    const { detail, extensions } = errorOf('{\r\n\t"a": 1,\r\n\t"b" 2\r\n}')
    assert.equal(detail, 'the body is not valid JSON: unexpected "2" at line 3, column 6')
    assert.deepEqual(extensions, { position: { column: 6, line: 3, offset: 18 } })
  })

  test('says that nothing is there', () => {
    assert.equal(errorOf('').detail, 'the body is not valid JSON: it is empty')
  })

  const spell = (word: string): string[] => [
    word,
    ...[...word].map(
      (letter, at) =>
        `${word.slice(0, at)}\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}${word.slice(at + 1)}`,
    ),
    [...word].map((letter) => `\\u00${letter.charCodeAt(0).toString(16).toUpperCase()}`).join(''),
  ]

  test('takes no __proto__, however it is spelt and wherever it is', () => {
    for (const name of spell('__proto__')) {
      for (const text of [`{"${name}":1}`, `[0,{"a":{"${name}" :{}}}]`, `{"a":1,"${name}":null}`]) {
        assert.match(errorOf(text).detail!, /"__proto__"/)
      }
    }
  })

  test('takes no constructor with a prototype, however they are spelt', () => {
    for (const name of spell('constructor')) {
      for (const inner of spell('prototype')) {
        assert.match(errorOf(`[{"${name}":{"x":1,"${inner}":{}}}]`).detail!, /"constructor"/)
      }
    }
  })

  for (const text of [
    '"__proto__"',
    '["__proto__","constructor","prototype"]',
    '{"x":"\\"__proto__\\":1"}',
    '{"constructor":1,"prototype":2}',
    '{"constructor":{"a":{"prototype":1}}}',
    '{"constructor":null}',
    '{"_proto_":1,"__proto":2,"proto__":3}',
    '{"a":"\\\\u005f_proto__"}',
    '"\\u00fc\\u0061"',
    ' \t\r\n[]\n',
  ]) {
    test(`takes ${text}`, () => {
      assert.deepEqual(parseJson(text), JSON.parse(text))
    })
  }

  test('looks for keys a million deep', () => {
    const deep = `${'['.repeat(1_000_000)}{"\\u005f_proto__":1}${']'.repeat(1_000_000)}`
    assert.match(errorOf(deep).detail!, /"__proto__"/)
  })
})
