import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { describe, test } from 'node:test'
import zlib from 'node:zlib'
import fc from 'fast-check'
import type { Codec, Coding } from '../../src/native/types.js'

const levels: Readonly<Record<Coding, readonly [lowest: number, usual: number, highest: number]>> = {
  br: [0, 4, 11],
  gzip: [1, 6, 9],
  zstd: [1, 3, 19],
}

interface Zstd {
  zstdCompressSync(body: Uint8Array): Buffer
  zstdDecompressSync(body: Uint8Array): Buffer
}

const zstd = 'zstdDecompressSync' in zlib ? (zlib as unknown as Zstd) : undefined

const code =
  (wanted: string) =>
  (error: Error & { code?: string }): boolean =>
    error.code === wanted

/** What every {@link Codec} does, whatever is behind it. */
export function codecContract(name: string, create: (workers: number) => Codec): void {
  const codec = create(2)
  const { compress, decompress } = codec

  /** What a client makes of it: by node:zlib, or by the codec itself where Node has no zstd. */
  async function restore(coding: Coding, coded: Uint8Array, limit: number): Promise<Buffer> {
    if (coding === 'br') return zlib.brotliDecompressSync(coded)
    if (coding === 'gzip') return zlib.gunzipSync(coded)
    if (zstd !== undefined) return zstd.zstdDecompressSync(coded)
    return Buffer.from(await decompress!(coded, limit))
  }

  async function checkRoundTrip(body: Uint8Array | string, coding: Coding, level: number): Promise<number> {
    const plain = Buffer.from(body as string)
    const coded = await compress(body, coding, level)
    assert.ok(coded instanceof Uint8Array)
    assert.ok((await restore(coding, coded, plain.byteLength)).equals(plain), `${coding} ${level}`)
    return coded.byteLength
  }

  describe(`codec: ${name}`, () => {
    for (const coding of codec.codings) {
      const [lowest, usual, highest] = levels[coding]

      test(`${coding} gives back what it was given`, async () => {
        const text = '{"id":1234,"name":"one of many","tags":["a","b"]},'.repeat(20_000)
        for (const body of ['', 'x', new Uint8Array(0), new Uint8Array(1), text, Buffer.from(text)]) {
          await checkRoundTrip(body, coding, usual)
        }
        for (const level of [lowest, highest]) await checkRoundTrip(text.slice(0, 30_000), coding, level)
      })

      test(`${coding} of what does not get smaller gives it back too`, async () => {
        for (const size of [1, 1000, 65_536, 1 << 20]) {
          const coded = await checkRoundTrip(randomBytes(size), coding, lowest)
          assert.ok(coded < size + size / 500 + 64, `${coded} of ${size}`)
        }
      })

      test(`${coding} makes a text of repetition much smaller, and more so at a higher level`, async () => {
        const body = Array.from({ length: 2000 }, (_, id) => `{"id":${id},"price":${(id * 7919) % 1009}}`).join()
        const [low, high] = [await compress(body, coding, lowest), await compress(body, coding, highest)]
        assert.ok(low.byteLength < body.length / 3)
        assert.ok(high.byteLength < low.byteLength)
      })

      test(`${coding} of any text is that of its UTF-8`, async () => {
        const texts = [
          'é',
          '€',
          '😀',
          'x\ud800y',
          '\udc00',
          '\ud83d'.repeat(100),
          `${'x'.repeat(63)}😀`,
          '\0',
          '\ufeff',
        ]
        for (const text of texts) await checkRoundTrip(text, coding, usual)
        await fc.assert(
          fc.asyncProperty(fc.string({ maxLength: 300, unit: 'binary' }), async (text) => {
            await checkRoundTrip(text, coding, usual)
          }),
          { numRuns: 50 },
        )
      })

      test(`${coding} of any bytes, at any level`, async () => {
        const body = fc.uint8Array({ maxLength: 3000 })
        const part = fc.record({
          body,
          level: fc.integer({ max: Math.min(9, highest), min: lowest }),
          times: fc.nat(20),
        })
        await fc.assert(
          fc.asyncProperty(part, async ({ body, level, times }) => {
            await checkRoundTrip(Buffer.concat(Array.from({ length: times }, () => body)), coding, level)
          }),
          { numRuns: 50 },
        )
      })

      test(`${coding} takes a body as it is when it is called`, async () => {
        const body = Buffer.alloc(200_000, 'abc')
        const plain = Buffer.from(body)
        const coded = compress(body, coding, usual)
        body.fill(0)
        structuredClone(body.buffer, { transfer: [body.buffer] })
        assert.ok((await restore(coding, await coded, plain.byteLength)).equals(plain))
      })

      test(`${coding} of many bodies at once`, async () => {
        const bodies = Array.from({ length: 40 }, (_, index) => `${index},`.repeat(index * 100))
        await Promise.all(bodies.map((body) => checkRoundTrip(body, coding, usual)))
      })

      test(`${coding} refuses a level that it does not have`, () => {
        for (const level of [lowest - 1, highest + 1, 1.5, Number.NaN, '4' as never]) {
          assert.throws(() => compress('x', coding, level), RangeError, String(level))
        }
      })

      test(`${coding} refuses what is no body`, () => {
        for (const body of [undefined, null, 1, {}, new Uint16Array(2)]) {
          assert.throws(() => compress(body as never, coding, usual), TypeError)
        }
      })
    }

    test('gives up a task that has not begun, and no other', async () => {
      const { cancel, compress } = create(1)
      const body = Array.from({ length: 100_000 }, (_, id) => `{"id":${id},"price":${(id * 7919) % 1009}}`).join()
      const first = compress(body, 'br', 9, 1)
      // A worker of the native core is on its way to the first one.
      const others = [2, 3, 4].map((ticket) => compress(body, 'gzip', 6, ticket))
      const cancelled = assert.rejects(others[1]!, code('CANCELLED'))
      assert.equal(cancel(3), true)
      assert.equal(cancel(3), false)
      for (const unknown of [0, -1, 5, 2 ** 32 - 1, Number.NaN]) assert.equal(cancel(unknown), false)
      await cancelled
      assert.ok((await restore('br', await first, 0)).equals(Buffer.from(body)))
      assert.equal(cancel(1), false)
      for (const other of [others[0]!, others[2]!]) {
        assert.ok((await restore('gzip', await other, 0)).equals(Buffer.from(body)))
      }
      assert.equal(cancel(4), false)
    })

    test('takes a hundred times more than there are workers', async () => {
      const { compress } = create(1)
      const bodies = Array.from({ length: 100 }, (_, index) => `${index},`.repeat(2000))
      const coded = await Promise.all(bodies.map((body) => compress(body, 'gzip', 1)))
      for (const [index, each] of coded.entries()) {
        assert.ok((await restore('gzip', each, 0)).equals(Buffer.from(bodies[index]!)))
      }
    })

    test('has gzip and br at least', () => {
      assert.deepEqual(
        ['br', 'gzip'].filter((coding) => !codec.codings.includes(coding as Coding)),
        [],
      )
    })

    test('decodes zstd up to a limit, and no further', { skip: decompress === undefined }, async () => {
      const body = Buffer.alloc(1 << 20, 'a')
      const coded = await compress(body, 'zstd', 3)
      assert.ok(coded.byteLength < 200)
      assert.ok(Buffer.from(await decompress!(coded, body.byteLength)).equals(body))
      for (const limit of [0, 1, 65_536, body.byteLength - 1]) {
        await assert.rejects(decompress!(coded, limit), code('TOO_LARGE'), String(limit))
      }
      assert.equal((await decompress!(await compress('', 'zstd', 3), 0)).byteLength, 0)
    })

    test('refuses zstd that is malformed or cut short', { skip: decompress === undefined }, async () => {
      const coded = await compress(randomBytes(500), 'zstd', 3)
      for (const wrong of [Buffer.from('no zstd'), coded.subarray(0, -1), coded.subarray(0, 5), coded.subarray(1)]) {
        await assert.rejects(decompress!(wrong, 10_000), code('MALFORMED'))
      }
    })

    test('refuses zstd with a window of over 8 MB', { skip: decompress === undefined }, async () => {
      // Frame header: no single segment, a window of 2^24, then one last raw block of no bytes (RFC 8878, 3.1.1).
      const frame = (exponent: number): Buffer => Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, exponent << 3, 1, 0, 0])
      assert.equal((await decompress!(frame(13), 100)).byteLength, 0)
      await assert.rejects(decompress!(frame(14), 100), code('MALFORMED'))
    })
  })
}
