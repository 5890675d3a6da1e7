import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { encodeSegment, readPath } from '../../src/files/path.js'

const names: readonly (readonly [raw: string, name: string])[] = [
  ['', ''],
  ['app.css', 'app.css'],
  ['a/b/c.js', 'a/b/c.js'],
  ['docs/', 'docs/'],
  ['a%20b.txt', 'a b.txt'],
  ['gr%C3%BC%C3%9Fe.html', 'grüße.html'],
  ['%E2%98%83/%F0%9F%8E%89.txt', '☃/🎉.txt'],
  ["!$&'()*+,;=:@-._~|[x]", "!$&'()*+,;=:@-._~|[x]"],
  ['100%25.txt', '100%.txt'],
  ['%252e%252e', '%2e%2e'],
  ['a%3Fb%23c', 'a?b#c'],
  ['%7Bid%7D', '{id}'],
  ['a..b', 'a..b'],
  ['.well-known/security.txt', '.well-known/security.txt'],
  ['console.js', 'console.js'],
  ['com10', 'com10'],
  ['company.html', 'company.html'],
  ['auxiliary', 'auxiliary'],
  ['Category:Cats', 'Category:Cats'],
]

const others: readonly (readonly [raw: string, redirect: string])[] = [
  ['%61pp.css', 'app.css'],
  ['app%2Ecss', 'app.css'],
  ['app%2ecss', 'app.css'],
  ['gr%c3%bc.html', 'gr%C3%BC.html'],
  ['a%2Bb', 'a+b'],
  ['%40scope/x', '@scope/x'],
  ['{id}', '%7Bid%7D'],
  ['"', '%22'],
  ['a^b', 'a%5Eb'],
  ['%5Bid%5D.js', '[id].js'],
  ['do%63s/', 'docs/'],
]

const refused: readonly (readonly [raw: string, reason: string])[] = [
  ['..', 'a dot segment'],
  ['.', 'a dot segment'],
  ['a/../b', 'a dot segment'],
  ['a/./b', 'a dot segment'],
  ['%2e%2e/x', 'a dot segment'],
  ['.%2E/x', 'a dot segment'],
  ['//', 'an empty segment'],
  ['/etc/passwd', 'an empty segment'],
  ['a//b', 'an empty segment'],
  ['a//', 'an empty segment'],
  ['..%2fx', 'an encoded slash'],
  ['a%2Fb', 'an encoded slash'],
  ['..\\x', 'a backslash'],
  ['..%5cx', 'a backslash'],
  ['a%00', 'a control character'],
  ['a%0d%0ab', 'a control character'],
  ['a%7F', 'a control character'],
  ['%c0%ae%c0%ae/x', 'an escape that is malformed'],
  ['%e0%80%ae', 'an escape that is malformed'],
  ['%ED%A0%80', 'an escape that is malformed'],
  ['%', 'an escape that is malformed'],
  ['%zz', 'an escape that is malformed'],
  ['C:', 'a drive or a stream of a file'],
  ['C:x', 'a drive or a stream of a file'],
  ['c%3A', 'a drive or a stream of a file'],
  ['app.css::$DATA', 'a drive or a stream of a file'],
  ['app.css:$x', 'a drive or a stream of a file'],
  ['app.css.', 'a name that ends in a dot or a space'],
  ['app.css%20', 'a name that ends in a dot or a space'],
  ['a%20/b', 'a name that ends in a dot or a space'],
  ['con', 'the name of a device'],
  ['NUL.txt', 'the name of a device'],
  ['a/Aux.css', 'the name of a device'],
  ['com1', 'the name of a device'],
  ['LPT%C2%B2.x', 'the name of a device'],
  ['conin$', 'the name of a device'],
  ['prn%20.txt', 'the name of a device'],
  ['.env', 'a name that begins with a dot'],
  ['%2eenv', 'a name that begins with a dot'],
  ['a/.git/config', 'a name that begins with a dot'],
  ['a/.well-known/x', 'a name that begins with a dot'],
  ['.well-known/.hidden', 'a name that begins with a dot'],
  ['.well-known.txt', 'a name that begins with a dot'],
]

describe('readPath()', () => {
  for (const [raw, name] of names) {
    test(`takes ${JSON.stringify(raw)}`, () => {
      assert.deepEqual(readPath(raw, 'ignore'), { name, redirect: undefined })
    })
  }
  for (const [raw, redirect] of others) {
    test(`has another spelling for ${JSON.stringify(raw)}`, () => {
      const reading = readPath(raw, 'ignore')
      assert.ok(reading.refused === undefined)
      assert.equal(reading.redirect, redirect)
      assert.deepEqual(readPath(redirect, 'ignore'), { name: reading.name, redirect: undefined })
    })
  }
  for (const [raw, reason] of refused) {
    test(`refuses ${JSON.stringify(raw)}`, () => {
      assert.deepEqual(readPath(raw, 'ignore'), { refused: reason })
    })
  }

  test('takes dotfiles where they are served, and no dot segments', () => {
    assert.deepEqual(readPath('a/.env', 'serve'), { name: 'a/.env', redirect: undefined })
    assert.deepEqual(readPath('%2eenv', 'serve'), { name: '.env', redirect: '.env' })
    assert.deepEqual(readPath('%2e%2e/x', 'serve'), { refused: 'a dot segment' })
  })
})

describe('encodeSegment()', () => {
  test('gives a spelling that is taken as it is, for every character', () => {
    for (let code = 0x21; code < 0x3000; code++) {
      const name = `xx${String.fromCodePoint(code)}x`
      if ('/\\'.includes(name[2]!) || code === 0x7f) continue
      assert.deepEqual(readPath(encodeSegment(name), 'ignore'), { name, redirect: undefined })
    }
  })
})
