import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isCompressible } from '../../src/core/compressible.js'
import { ContentType } from '../../src/index.js'

const compressible = [
  ContentType.Css,
  ContentType.Csv,
  ContentType.EventStream,
  ContentType.Form,
  ContentType.Html,
  ContentType.JavaScript,
  ContentType.Json,
  ContentType.NdJson,
  ContentType.Problem,
  ContentType.Svg,
  ContentType.Text,
  ContentType.Wasm,
  ContentType.Xml,
  'APPLICATION/JSON',
  'application/atom+xml',
  'application/geo+json; charset=utf-8',
  'application/javascript',
  'application/json ;charset=utf-8',
  'application/ld+json',
  'application/manifest+json',
  'font/otf',
  'font/ttf',
  'image/svg+xml; charset=utf-8',
  'text/anything-at-all',
]

const left = [
  ContentType.FormData,
  ContentType.OctetStream,
  ContentType.Pdf,
  '',
  'application/gzip',
  'application/json+zip',
  'application/jsonish',
  'application/vnd.rar',
  'application/x-7z-compressed',
  'application/zip',
  'application/zstd',
  'audio/mpeg',
  'audio/wav',
  'constructor',
  'font/woff',
  'font/woff2',
  'image/avif',
  'image/gif',
  'image/jpeg',
  'image/png',
  'image/webp',
  'json',
  'video/mp4',
  'x-text/plain',
]

for (const type of compressible) test(`${type} is compressed`, () => assert.equal(isCompressible(type), true))
for (const type of left) test(`${type || 'no type'} is left alone`, () => assert.equal(isCompressible(type), false))

test('more types than are remembered change nothing', () => {
  for (let index = 0; index < 2000; index++) {
    assert.equal(isCompressible(`text/x-${index}`), true)
    assert.equal(isCompressible(`image/x-${index}`), false)
  }
})
