import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fileNameFor, safeFileName } from '../../src/bodies/file-name.js'

describe('safeFileName()', () => {
  for (const [original, safe] of [
    ['photo.png', 'photo.png'],
    ['grüße ☃ 🐎.txt', 'grüße ☃ 🐎.txt'],
    ['u\u0308.txt', 'ü.txt'],
    ['/etc/passwd', 'passwd'],
    ['../../etc/passwd', 'passwd'],
    ['C:\\Users\\me\\a.txt', 'a.txt'],
    ['..\\..\\a.txt', 'a.txt'],
    ['a/..', undefined],
    ['a/', undefined],
    ['..', undefined],
    ['.', undefined],
    ['', undefined],
    ['...', undefined],
    ['.htaccess', 'htaccess'],
    ['a.', 'a'],
    ['a. . ', 'a'],
    [' a ', 'a'],
    ['a\0.png', 'a.png'],
    ['a\r\nb', 'ab'],
    ['a\u202egnp.exe', 'agnp.exe'],
    ['a\u200b\ufeffb', 'ab'],
    ['a:b', 'ab'],
    ['file.txt::$DATA', 'file.txt$DATA'],
    ['a<b>"c"|d?e*', 'abcde'],
    ['CON', undefined],
    ['con.txt', undefined],
    ['NUL .txt', undefined],
    ['com1', undefined],
    ['COM¹.log', undefined],
    ['lpt9.tar.gz', undefined],
    ['conin$', undefined],
    ['AUX:x', 'AUXx'],
    ['console.log', 'console.log'],
    ['com10', 'com10'],
    ['-rf', '-rf'],
    ['\ud800', undefined],
  ] as const) {
    test(`makes ${JSON.stringify(safe)} of ${JSON.stringify(original)}`, () => {
      assert.equal(safeFileName(original), safe)
    })
  }

  test('cuts what is too long, and keeps the extension', () => {
    const long = safeFileName(`${'ü'.repeat(300)}.jpeg`)!
    assert.ok(Buffer.byteLength(long) <= 255)
    assert.match(long, /^ü+\.jpeg$/)
    assert.ok(Buffer.byteLength(safeFileName(`${'a'.repeat(100)}.${'b'.repeat(300)}`)!) <= 255)
  })
})

describe('fileNameFor()', () => {
  test('takes a random name, or one where the client gave none that is safe', () => {
    const uuid = /^[0-9a-f-]{36}$/
    assert.match(fileNameFor('a.txt', 'random'), uuid)
    assert.match(fileNameFor('..', 'original'), uuid)
    assert.equal(fileNameFor('x/a.txt', 'original'), 'a.txt')
    assert.equal(fileNameFor('x', 'mine.png'), 'mine.png')
  })

  for (const name of ['', '.', '..', '../a', 'a/b', 'a\\b', 'a\0', 'nul', '/etc/passwd', 7 as never]) {
    test(`does not take ${JSON.stringify(name)} from its caller`, () => {
      assert.throws(() => fileNameFor('x', name), { code: 'FILE_NAME_INVALID' })
    })
  }
})
