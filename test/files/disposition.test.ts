import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { attachment } from '../../src/files/disposition.js'

const table: readonly (readonly [name: string, value: string])[] = [
  ['report.pdf', 'attachment; filename="report.pdf"'],
  ['Annual report.pdf', 'attachment; filename="Annual report.pdf"'],
  ['naïve.txt', `attachment; filename="na_ve.txt"; filename*=UTF-8''na%C3%AFve.txt`],
  ['€ rates.txt', `attachment; filename="_ rates.txt"; filename*=UTF-8''%E2%82%AC%20rates.txt`],
  ['a"b.txt', `attachment; filename="a_b.txt"; filename*=UTF-8''a%22b.txt`],
  ['50%.txt', `attachment; filename="50_.txt"; filename*=UTF-8''50%25.txt`],
  ["it's (1)*.txt", `attachment; filename="it's (1)*.txt"`],
  ["ü'()*", `attachment; filename="_'()*"; filename*=UTF-8''%C3%BC%27%28%29%2A`],
  ['/etc/passwd', 'attachment; filename="passwd"'],
  ['..\\..\\x.exe', 'attachment; filename="x.exe"'],
  ['a\r\nSet-Cookie: b', `attachment; filename="a_Set-Cookie: b"; filename*=UTF-8''a%0D%0ASet-Cookie%3A%20b`],
  ['\ud800', `attachment; filename="_"; filename*=UTF-8''%EF%BF%BD`],
]

describe('attachment()', () => {
  for (const [name, value] of table) {
    test(`of ${JSON.stringify(name)}`, () => {
      assert.equal(attachment(name), value)
    })
  }
})
