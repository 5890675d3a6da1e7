import assert from 'node:assert/strict'
import { before, describe, test } from 'node:test'
import { isCompressible } from '../../src/core/compressible.js'
import { contentTypeOf, loadTypes } from '../../src/files/types.js'

const types: readonly (readonly [extension: string, type: string, compressible: boolean])[] = [
  ['avif', 'image/avif', false],
  ['css', 'text/css; charset=utf-8', true],
  ['csv', 'text/csv; charset=utf-8', true],
  ['docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document', false],
  ['gif', 'image/gif', false],
  ['gz', 'application/gzip', false],
  ['html', 'text/html; charset=utf-8', true],
  ['ico', 'image/vnd.microsoft.icon', false],
  ['jpg', 'image/jpeg', false],
  ['js', 'text/javascript; charset=utf-8', true],
  ['json', 'application/json; charset=utf-8', true],
  ['map', 'application/json; charset=utf-8', true],
  ['md', 'text/markdown; charset=utf-8', true],
  ['mjs', 'text/javascript; charset=utf-8', true],
  ['mp4', 'video/mp4', false],
  ['pdf', 'application/pdf', false],
  ['png', 'image/png', false],
  ['svg', 'image/svg+xml', true],
  ['ttf', 'font/ttf', true],
  ['txt', 'text/plain; charset=utf-8', true],
  ['wasm', 'application/wasm', true],
  ['webm', 'video/webm', false],
  ['webmanifest', 'application/manifest+json; charset=utf-8', true],
  ['webp', 'image/webp', false],
  ['woff', 'font/woff', false],
  ['woff2', 'font/woff2', false],
  ['xml', 'application/xml', true],
  ['zip', 'application/zip', false],
]

describe('the media type', () => {
  before(loadTypes)

  for (const [extension, type, compressible] of types) {
    test(`of .${extension} is ${type}`, () => {
      assert.equal(contentTypeOf(`a.b/file.${extension}`), type)
      assert.equal(contentTypeOf(`FILE.${extension.toUpperCase()}`), type)
      assert.equal(isCompressible(type), compressible)
    })
  }

  for (const name of ['README', 'file.unheard-of', '.css', 'file.', 'css', 'x.constructor', 'x.__proto__']) {
    test(`of ${name} is not known`, () => {
      assert.equal(contentTypeOf(name), 'application/octet-stream')
    })
  }
})
