import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as zlib from 'node:zlib'
import { createDecoders, decode } from '../../src/bodies/decode.js'
import { HttpError } from '../../src/errors.js'

// Node 22 has zstd, and takes a body that breaks off for a whole one.
const hasZstd = 'createZstdDecompress' in zlib && Number.parseInt(process.versions.node, 10) >= 24
const text = 'grüße '.repeat(20_000)
const size = Buffer.byteLength(text)

async function* inParts(bytes: Uint8Array, length: number, left?: () => void): AsyncGenerator<Uint8Array> {
  try {
    for (let at = 0; at < bytes.byteLength; at += length) yield bytes.subarray(at, at + length)
  } finally {
    left?.()
  }
}

async function whole(parts: AsyncIterable<Uint8Array>): Promise<string> {
  const all: Uint8Array[] = []
  for await (const part of parts) all.push(part)
  return Buffer.concat(all).toString()
}

describe('decode()', () => {
  const decoders = createDecoders()
  const gzip = zlib.gzipSync(text)

  for (const length of [1, 2, 7, 1000, 1_000_000]) {
    test(`takes parts of ${length} bytes`, async () => {
      assert.equal(await whole(decode(decoders, inParts(gzip, length), ['gzip'], size)), text)
      const twice = decode(decoders, inParts(zlib.brotliCompressSync(gzip), length), ['gzip', 'br'], size)
      assert.equal(await whole(twice), text)
    })

    test(`finds what is behind the end, in parts of ${length} bytes`, async () => {
      for (const [coding, coded] of [
        ['gzip', gzip],
        ['br', zlib.brotliCompressSync(text)],
      ] as const) {
        for (const tail of [[0], [1], [1, 2, 3, 4]]) {
          const source = inParts(Uint8Array.from([...coded, ...tail]), length)
          await assert.rejects(whole(decode(decoders, source, [coding], size)), { code: 'BODY_CODING_INVALID' })
        }
      }
    })

    test(`finds that the end is missing, in parts of ${length} bytes`, async () => {
      for (const short of [0, 1, 10, 11, gzip.byteLength - 9, gzip.byteLength - 1]) {
        const source = inParts(gzip.subarray(0, short), length)
        await assert.rejects(whole(decode(decoders, source, ['gzip'], size)), { code: 'BODY_CODING_INVALID' })
      }
    })
  }

  test('takes several members of gzip for one (RFC 1952, 2.2)', async () => {
    const members = Buffer.concat([gzip, gzip])
    assert.equal(await whole(decode(decoders, inParts(members, 100), ['gzip'], 2 * size)), text + text)
  })

  test('has the limit to the byte', async () => {
    assert.equal(await whole(decode(decoders, inParts(gzip, 100), ['gzip'], size)), text)
    await assert.rejects(whole(decode(decoders, inParts(gzip, 100), ['gzip'], size - 1)), {
      code: 'BODY_TOO_LARGE',
      extensions: { limit: size - 1 },
    })
  })

  test('reads no more of a bomb than its limit needs', async () => {
    let read = 0
    const bomb = zlib.gzipSync(Buffer.alloc(200 * 1024 ** 2))
    async function* source(): AsyncGenerator<Uint8Array> {
      for await (const part of inParts(bomb, 1024)) {
        read += part.byteLength
        yield part
      }
    }
    await assert.rejects(whole(decode(decoders, source(), ['gzip'], 1024 ** 2)), { code: 'BODY_TOO_LARGE' })
    assert.ok(read < bomb.byteLength / 2, `${read} bytes of ${bomb.byteLength} were read`)
  })

  test('lets the source go when its reader leaves', async () => {
    let isLeft = false
    const source = inParts(zlib.gzipSync(Buffer.alloc(50 * 1024 ** 2)), 1024, () => {
      isLeft = true
    })
    for await (const part of decode(decoders, source, ['gzip'], 1024 ** 3)) {
      assert.ok(part.byteLength > 0)
      break
    }
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(isLeft, true)
  })

  test('gives the error of its source as it is', async () => {
    async function* source(): AsyncGenerator<Uint8Array> {
      yield gzip.subarray(0, 100)
      throw new HttpError(400, 'left', { code: 'BODY_ABORTED' })
    }
    await assert.rejects(whole(decode(decoders, source(), ['gzip'], size)), { code: 'BODY_ABORTED' })
  })

  test('has zstd where Node tells when a body breaks off, or where it is given', () => {
    assert.equal(createDecoders().has('zstd'), hasZstd)
    assert.equal(createDecoders(async (bytes) => bytes).has('zstd'), true)
  })

  test('undoes zstd by what it is given', { skip: hasZstd }, async () => {
    const given = createDecoders(async (bytes, limit) => {
      if (bytes.byteLength > limit) throw new RangeError('too large')
      if (bytes[0] === 0) throw new Error('no magic number')
      return bytes
    })
    const run = (body: string, limit: number): Promise<string> =>
      whole(decode(given, inParts(Buffer.from(body), 2), ['zstd'], limit))
    assert.equal(await run('coded', 5), 'coded')
    await assert.rejects(run('coded', 4), { code: 'BODY_TOO_LARGE', extensions: { limit: 4 } })
    await assert.rejects(run('\0', 5), { code: 'BODY_CODING_INVALID', detail: /no magic number/ })
  })

  test('undoes zstd by Node', { skip: !hasZstd }, async () => {
    const compress = Reflect.get(zlib, 'zstdCompressSync') as (bytes: string | Uint8Array) => Buffer
    const coded = compress(text)
    assert.equal(await whole(decode(decoders, inParts(coded, 100), ['zstd'], size)), text)
    const fails = (bytes: Uint8Array): Promise<string> => whole(decode(decoders, inParts(bytes, 100), ['zstd'], size))
    await assert.rejects(fails(compress(Buffer.alloc(size + 1))), { code: 'BODY_TOO_LARGE' })
    await assert.rejects(fails(coded.subarray(0, coded.length - 3)), { code: 'BODY_CODING_INVALID' })
    await assert.rejects(fails(Buffer.concat([coded, Buffer.from('xyz')])), { code: 'BODY_CODING_INVALID' })
    await assert.rejects(fails(Buffer.from(text)), { code: 'BODY_CODING_INVALID' })
  })
})
