import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { HeaderLines } from '../../src/core/header-lines.js'
import { requestId } from '../../src/core/request-id.js'

type Pair = readonly [name: string, value: string]

/** Writes an answer's lines; undefined where there is not enough room. */
function write(lines: HeaderLines, bytes: Uint8Array, answer: readonly Pair[]): string | undefined {
  lines.rewind()
  for (const [name, value] of answer) if (!lines.write(name, value)) return undefined
  return Buffer.from(bytes.subarray(0, lines.length)).toString('latin1')
}

const plain = (answer: readonly Pair[]): string => answer.map(([name, value]) => `${name}: ${value}\r\n`).join('')

describe('HeaderLines', () => {
  test('writes what every answer has, whatever the one before left there', () => {
    const bytes = new Uint8Array(100)
    const lines = new HeaderLines(bytes)
    const answers: readonly (readonly Pair[])[] = [
      [
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
      ],
      [
        ['a', '1'],
        ['b', '2'],
        ['c', '3'],
      ],
      [
        ['a', '1'],
        ['b', '9'],
        ['c', '3'],
      ],
      [
        ['a', '12'],
        ['b', '9'],
        ['c', '3'],
      ],
      [
        ['a', '1'],
        ['b', '9'],
        ['c', '3'],
      ],
      [['long', 'over all that was there before']],
      [
        ['a', '1'],
        ['b', '9'],
        ['c', '3'],
      ],
      [['c', '3']],
      [],
      [
        ['a', '1'],
        ['b', '9'],
        ['c', 'caf\xe9 \xff'],
      ],
    ]
    for (const answer of answers) assert.equal(write(lines, bytes, answer), plain(answer))
  })

  test('says when there is no room, and goes on after that', () => {
    const bytes = new Uint8Array(12)
    const lines = new HeaderLines(bytes)
    assert.equal(
      write(lines, bytes, [
        ['a', '1'],
        ['b', '2'],
      ]),
      'a: 1\r\nb: 2\r\n',
    )
    assert.equal(
      write(lines, bytes, [
        ['a', '1'],
        ['b', '22'],
      ]),
      undefined,
    )
    assert.equal(
      write(lines, bytes, [
        ['aa', '1'],
        ['b', '2'],
      ]),
      undefined,
    )
    assert.equal(
      write(lines, bytes, [
        ['a', '1'],
        ['b', '2'],
      ]),
      'a: 1\r\nb: 2\r\n',
    )
  })

  test('ids, the last of which is there as bytes', () => {
    const bytes = new Uint8Array(200)
    const lines = new HeaderLines(bytes)
    const older = requestId()
    for (const id of [older, requestId(), requestId(), older, 'short', requestId(), older]) {
      const answer: (readonly [string, string])[] = [
        ['a', 'b'],
        ['X-Request-ID', id],
        ['c', id.slice(0, 4)],
      ]
      assert.equal(write(lines, bytes, answer), plain(answer))
    }
  })

  test('any answers after each other', () => {
    const word = fc.stringMatching(/^[a-c]{0,4}$/)
    const answer = fc.array(fc.tuple(word, word), { maxLength: 6 })
    fc.assert(
      fc.property(fc.array(answer, { maxLength: 12 }), fc.integer({ max: 70, min: 5 }), (answers, size) => {
        const bytes = new Uint8Array(size)
        const lines = new HeaderLines(bytes)
        for (const each of answers) {
          const wanted = plain(each)
          assert.equal(write(lines, bytes, each), wanted.length > size ? undefined : wanted)
        }
      }),
      { numRuns: 2000 },
    )
  })
})
