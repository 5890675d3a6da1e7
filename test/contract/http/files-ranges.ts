import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Client, onEveryTransport } from '../../_setup.js'
import { makeFolder, pattern, plant } from '../../files/_tree.js'
import { assertProblem, bodyOf, linesOf, wire } from './_tools.js'

const small = pattern(5000)
const large = pattern(400_000)
const folder = makeFolder()
plant(folder, { 'large.bin': large, 'small.txt': small })

const before = 'Tue, 14 Nov 2023 22:13:19 GMT'
const same = 'Tue, 14 Nov 2023 22:13:20 GMT'
const later = 'Tue, 14 Nov 2023 22:13:21 GMT'

interface Case {
  /** `@` stands for the file's tag. */
  readonly headers: Readonly<Record<string, string>>
  readonly status: number
  /** First and last byte, where the answer is one part of the file. */
  readonly part?: readonly [number, number]
}

// What a client may ask of a file of at least 5,000 bytes: RFC 9110, 13 and 14, as they work together.
const cases: readonly Case[] = [
  { headers: { 'if-none-match': '@' }, status: 304 },
  { headers: { 'if-none-match': 'W/@, "x"' }, status: 304 },
  { headers: { 'if-none-match': '*' }, status: 304 },
  { headers: { 'if-none-match': '"x"' }, status: 200 },
  { headers: { 'if-none-match': '"x"', 'if-modified-since': later }, status: 200 },
  { headers: { 'if-modified-since': same }, status: 304 },
  { headers: { 'if-modified-since': before }, status: 200 },
  { headers: { 'if-modified-since': 'yesterday' }, status: 200 },
  { headers: { 'if-match': '@' }, status: 200 },
  { headers: { 'if-match': '*' }, status: 200 },
  { headers: { 'if-match': 'W/@' }, status: 412 },
  { headers: { 'if-match': '"x"' }, status: 412 },
  { headers: { 'if-match': '"x"', 'if-none-match': '@' }, status: 412 },
  { headers: { 'if-unmodified-since': same }, status: 200 },
  { headers: { 'if-unmodified-since': before }, status: 412 },
  { headers: { 'if-match': '@', 'if-unmodified-since': before }, status: 200 },
  { headers: { range: 'bytes=0-0' }, part: [0, 0], status: 206 },
  { headers: { range: 'bytes=1-3' }, part: [1, 3], status: 206 },
  { headers: { range: 'bytes=4000-' }, part: [4000, -1], status: 206 },
  { headers: { range: 'bytes=-7' }, part: [-7, -1], status: 206 },
  { headers: { range: 'bytes=1-3, 4-9' }, part: [1, 9], status: 206 },
  { headers: { range: 'bytes=999999-' }, status: 416 },
  { headers: { range: 'bytes=-0' }, status: 416 },
  { headers: { range: 'bytes=3-1' }, status: 200 },
  { headers: { range: 'lines=1-3' }, status: 200 },
  { headers: { range: 'nonsense' }, status: 200 },
  { headers: { 'if-range': '@', range: 'bytes=1-3' }, part: [1, 3], status: 206 },
  { headers: { 'if-range': '"x"', range: 'bytes=1-3' }, status: 200 },
  { headers: { 'if-range': 'W/@', range: 'bytes=1-3' }, status: 200 },
  { headers: { 'if-range': same, range: 'bytes=1-3' }, part: [1, 3], status: 206 },
  { headers: { 'if-range': later, range: 'bytes=1-3' }, status: 200 },
  { headers: { 'if-range': '"x"', range: 'bytes=999999-' }, status: 200 },
  { headers: { 'if-range': '@' }, status: 200 },
  { headers: { 'if-none-match': '@', range: 'bytes=1-3' }, status: 304 },
  { headers: { 'if-match': '"x"', range: 'bytes=1-3' }, status: 412 },
  { headers: { 'if-match': '@', range: 'bytes=1-3' }, part: [1, 3], status: 206 },
]

/** The parts of a multipart body: where each begins in the file, and its bytes. */
function partsOf(body: Buffer, type: string): readonly { readonly bytes: Buffer; readonly range: string }[] {
  const boundary = /boundary=(\S+)$/.exec(type)![1]!
  const text = body.toString('latin1')
  const pieces = text.split(`--${boundary}`)
  assert.equal(pieces.at(-1), '--\r\n')
  return pieces.slice(1, -1).map((piece) => {
    const [head = ''] = piece.split('\r\n\r\n')
    const range = /\r\nContent-Range: bytes (.+)$/m.exec(head)![1]!
    return { bytes: Buffer.from(piece.slice(head.length + 4, -2), 'latin1'), range }
  })
}

async function bodyFor(client: Client, name: string, range: string): Promise<{ body: Buffer; response: Response }> {
  const response = await client.fetch(`/${name}`, { headers: { range } })
  return { body: Buffer.from(await response.arrayBuffer()), response }
}

/** Preconditions and ranges of files in memory and of files that are streamed. */
export function fileRangesContract(): void {
  onEveryTransport(
    'preconditions and ranges',
    (app) => {
      app.static('/', folder)
    },
    (client) => {
      for (const [name, content] of [
        ['small.txt', small],
        ['large.bin', large],
      ] as const) {
        for (const { headers, part, status } of cases) {
          test(`of ${name} with ${JSON.stringify(headers)} come to a ${status}`, async () => {
            const first = await client.fetch(`/${name}`, { method: 'HEAD' })
            const etag = first.headers.get('etag')!
            const sent = Object.fromEntries(
              Object.entries(headers).map(([key, value]) => [key, value.replace('@', etag)]),
            )
            const response = await client.fetch(`/${name}`, { headers: sent })
            if (status === 412) return void (await assertProblem(response, 412, { code: 'PRECONDITION_FAILED' }))
            if (status === 416) {
              assert.equal(response.headers.get('content-range'), `bytes */${content.byteLength}`)
              await assertProblem(response, 416, { code: 'RANGE_NOT_SATISFIABLE' })
              return undefined
            }
            const body = Buffer.from(await response.arrayBuffer())
            assert.equal(response.status, status)
            assert.equal(response.headers.get('etag'), etag)
            assert.equal(response.headers.get('last-modified'), same)
            assert.equal(response.headers.get('cache-control'), 'no-cache')
            if (status === 304) {
              assert.equal(body.byteLength, 0)
              assert.equal(response.headers.get('content-type'), null)
            } else if (part === undefined) {
              assert.equal(response.headers.get('content-range'), null)
              assert.equal(Buffer.compare(body, content), 0)
            } else {
              const [first, last] = part.map((at) => (at < 0 ? content.byteLength + at : at)) as [number, number]
              assert.equal(response.headers.get('content-range'), `bytes ${first}-${last}/${content.byteLength}`)
              assert.equal(response.headers.get('content-length'), String(last - first + 1))
              assert.equal(Buffer.compare(body, content.subarray(first, last + 1)), 0)
            }
            return undefined
          })
        }

        test(`of ${name}: several ranges come as parts, in the order asked for`, async () => {
          const size = content.byteLength
          const { body, response } = await bodyFor(client, name, 'bytes=4000-4009, 0-4, 200-300, -3')
          assert.equal(response.status, 206)
          assert.equal(response.headers.get('content-range'), null)
          const length = response.headers.get('content-length')
          assert.equal(length, String(body.byteLength))
          const parts = partsOf(body, response.headers.get('content-type')!)
          const wanted = [
            [4000, 4009],
            [0, 4],
            [200, 300],
            [size - 3, size - 1],
          ] as const
          assert.deepEqual(
            parts.map(({ range }) => range),
            wanted.map(([first, last]) => `${first}-${last}/${size}`),
          )
          for (const [index, [first, last]] of wanted.entries()) {
            assert.equal(Buffer.compare(parts[index]!.bytes, content.subarray(first, last + 1)), 0)
          }
        })

        test(`of ${name}: a HEAD has no ranges`, async () => {
          const response = await client.fetch(`/${name}`, { headers: { range: 'bytes=0-1' }, method: 'HEAD' })
          assert.equal(response.status, 200)
          assert.equal(response.headers.get('content-length'), String(content.byteLength))
        })

        test(`of ${name}: every range is the slice of the file`, async () => {
          const size = content.byteLength
          const one = fc.tuple(fc.nat(size + 10), fc.nat(size + 10))
          await fc.assert(
            fc.asyncProperty(one, async ([first, last]) => {
              const { body, response } = await bodyFor(client, name, `bytes=${first}-${last}`)
              if (last < first) return void assert.equal(response.status, 200)
              if (first >= size) return void assert.equal(response.status, 416)
              assert.equal(response.status, 206)
              assert.equal(Buffer.compare(body, content.subarray(first, last + 1)), 0)
              return undefined
            }),
            { numRuns: 25 },
          )
        })
      }

      test('a flood of ranges is answered with the whole', async () => {
        const ranges = Array.from({ length: 200 }, (_, index) => `${index * 20}-${index * 20}`).join()
        const { body, response } = await bodyFor(client, 'small.txt', `bytes=${ranges}`)
        assert.equal(response.status, 200)
        assert.equal(body.byteLength, small.byteLength)
      })

      test('a 304 has neither a body nor a length', async () => {
        if (client.transport === 'inject') return
        const answer = await wire(client, '/small.txt')
        const [etag] = linesOf(answer, 'etag')
        const response = await client.fetch('/small.txt', { headers: { 'if-none-match': etag! } })
        assert.equal(response.status, 304)
        assert.equal(response.headers.get('content-length'), null)
        assert.equal(bodyOf(answer).length, small.byteLength)
      })
    },
  )
}
