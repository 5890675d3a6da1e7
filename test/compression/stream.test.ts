import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import zlib from 'node:zlib'
import fc from 'fast-check'
import { defaultLevels } from '../../src/compression/encode.js'
import { compressStream, streamCodings } from '../../src/compression/stream.js'
import { deferred } from '../contract/http/_tools.js'

const { constants } = zlib

interface Decoder {
  /** All that has been given out, so far. */
  text(chunk: Uint8Array): Promise<string>
}

/** Decodes what there is of a stream that is not over. */
function decoder(coding: string): Decoder {
  const given: Uint8Array[] = []
  return {
    async text(chunk) {
      given.push(chunk)
      const all = Buffer.concat(given)
      if (coding === 'br') {
        return zlib.brotliDecompressSync(all, { finishFlush: constants.BROTLI_OPERATION_FLUSH }).toString()
      }
      return zlib.gunzipSync(all, { finishFlush: constants.Z_SYNC_FLUSH }).toString()
    },
  }
}

function decode(coding: string, chunks: readonly Uint8Array[]): Buffer {
  const all = Buffer.concat(chunks)
  return coding === 'br' ? zlib.brotliDecompressSync(all) : zlib.gunzipSync(all)
}

async function collect(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return chunks
}

const codings = streamCodings.filter((coding) => coding !== 'zstd')

for (const coding of codings) {
  describe(`a stream in ${coding}`, () => {
    test('gives out all of a chunk before it asks for the next', async () => {
      const source = ['event: a\ndata: 1\n\n', 'event: b\ndata: 2\n\n', 'x'.repeat(1000), '😀', 'end']
      let asked = 0
      async function* events(): AsyncGenerator<string> {
        for (const event of source) {
          asked++
          yield event
        }
      }
      const partial = decoder(coding)
      const iterator = compressStream(events(), coding, defaultLevels)[Symbol.asyncIterator]()
      let wanted = ''
      for (const [index, event] of source.entries()) {
        const { value } = await iterator.next()
        wanted += event
        assert.equal(await partial.text(value), wanted)
        assert.equal(asked, index + 1)
      }
      const last = await iterator.next()
      assert.equal(last.done, false)
      assert.equal(await partial.text(last.value), wanted)
      assert.deepEqual(await iterator.next(), { done: true, value: undefined })
      assert.deepEqual(await iterator.next(), { done: true, value: undefined })
    })

    test('gives back what it was given, and no chunk of nothing', async () => {
      const chunk = fc.oneof(fc.string(), fc.uint8Array({ maxLength: 500 }))
      await fc.assert(
        fc.asyncProperty(fc.array(chunk, { maxLength: 20 }), async (chunks) => {
          async function* source(): AsyncGenerator<string | Uint8Array> {
            yield* chunks
          }
          const coded = await collect(compressStream(source(), coding, defaultLevels))
          assert.ok(coded.every(({ byteLength }) => byteLength > 0))
          assert.deepEqual(decode(coding, coded), Buffer.concat(chunks.map((each) => Buffer.from(each as string))))
        }),
        { numRuns: 50 },
      )
    })

    test('gives a large chunk out in parts', async () => {
      const large = randomBytes(1 << 20)
      async function* source(): AsyncGenerator<Uint8Array> {
        yield large
      }
      const coded = await collect(compressStream(source(), coding, defaultLevels))
      assert.ok(coded.every(({ byteLength }) => byteLength < 400_000))
      assert.ok(coded.length > 2)
      assert.ok(decode(coding, coded).equals(large))
    })

    test('lets its source go when it is let go', async () => {
      let isOver = false
      async function* source(): AsyncGenerator<string> {
        try {
          for (;;) yield 'again '
        } finally {
          isOver = true
        }
      }
      for await (const chunk of compressStream(source(), coding, defaultLevels)) {
        assert.ok(chunk.byteLength > 0)
        break
      }
      assert.equal(isOver, true)
    })

    test('lets a source go that it has never asked for anything', async () => {
      let returned = 0
      const source = {
        [Symbol.asyncIterator]: () => ({
          next: () => assert.fail('it was asked'),
          async return() {
            returned++
            return { done: true as const, value: undefined }
          },
        }),
      }
      const iterator = compressStream(source, coding, defaultLevels)[Symbol.asyncIterator]()
      await iterator.return?.()
      await iterator.return?.()
      assert.equal(returned, 1)
      assert.deepEqual(await iterator.next(), { done: true, value: undefined })
    })

    test('fails as its source does', async () => {
      async function* source(): AsyncGenerator<string> {
        yield 'one'
        throw new Error('broken')
      }
      const iterator = compressStream(source(), coding, defaultLevels)[Symbol.asyncIterator]()
      assert.equal((await iterator.next()).done, false)
      await assert.rejects(iterator.next(), /broken/)
      assert.equal((await iterator.next()).done, true)
    })

    test('refuses a chunk that is neither text nor bytes, and lets its source go', async () => {
      let isOver = false
      async function* source(): AsyncGenerator<string> {
        try {
          yield 7 as never
        } finally {
          isOver = true
        }
      }
      await assert.rejects(collect(compressStream(source(), coding, defaultLevels)), /gave a number/)
      assert.equal(isOver, true)
    })

    test('that waits for its source holds nothing back', async () => {
      const gate = deferred()
      async function* source(): AsyncGenerator<string> {
        yield 'before'
        await gate.promise
        yield 'after'
      }
      const iterator = compressStream(source(), coding, defaultLevels)[Symbol.asyncIterator]()
      const partial = decoder(coding)
      assert.equal(await partial.text((await iterator.next()).value), 'before')
      const next = iterator.next()
      gate.resolve()
      assert.equal(await partial.text((await next).value), 'beforeafter')
    })
  })
}
