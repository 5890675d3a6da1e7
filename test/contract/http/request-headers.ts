import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sourceOf } from '../../../src/core/request.js'
import type { Hotpress, HttpRequest } from '../../../src/index.js'
import { onEveryTransport } from '../../_setup.js'
import { soon } from './_tools.js'

// The answer is UTF-8, of which each byte was taken for a character.
const bodyOf = (answer: string): string =>
  Buffer.from(answer.slice(answer.indexOf('\r\n\r\n') + 4), 'latin1').toString()

// Several of them share a bit where the native core keeps one for each name.
const names = [
  'host',
  'x-a',
  'X-A',
  'x-twice',
  'x-empty',
  'x-latin',
  'x_b',
  'origin',
  'x-c',
  'a',
  `x-${'long'.repeat(80)}`,
]

function read(request: HttpRequest): object {
  return {
    first: Object.fromEntries(names.map((name) => [name, request.header(name) ?? null])),
    lists: Object.fromEntries(names.map((name) => [name, sourceOf(request).headerList(name.toLowerCase()) ?? null])),
    odd: ['', '\u0168ost', 'h\u014fst', 'constructor', '__proto__', 'x'.repeat(1000)].map(
      (name) => request.header(name) ?? null,
    ),
  }
}

function build(app: Hotpress): void {
  app.get('/one-by-one', read)
  app.get('/after-all', (request) => (request.headers.host === undefined ? null : read(request)))
  app.get('/later', async (request) => read(await soon(request)))
}

const long = `x-${'long'.repeat(80)}`
const lines = [
  'Host: localhost',
  'X-A: \t one, two\t ',
  'x-TWICE: 1',
  'X-Twice: 2',
  'X-Empty:',
  'X-Latin: caf\xe9',
  'x_b: x-c: no',
  `${long}: here`,
]

const twice = { first: '1', list: '1, 2' }

/** What a handler sees of single headers, whenever and in whatever order it asks. */
export function requestHeadersContract(): void {
  onEveryTransport('single headers of a request', build, (client) => {
    for (const path of ['/one-by-one', '/after-all', '/later']) {
      test(`are there at ${path}`, { skip: !client.hasWire && 'the client takes each name once' }, async () => {
        const message = `GET ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\nConnection: close\r\n\r\n`
        const { text } = await client.raw(Buffer.from(message, 'latin1'))
        const { first, lists, odd } = JSON.parse(bodyOf(text)) as {
          first: Record<string, string | null>
          lists: Record<string, string | null>
          odd: unknown[]
        }
        assert.deepEqual(odd, [null, null, null, null, null, null])
        const expected: Record<string, string | null> = {
          a: null,
          host: 'localhost',
          [long]: 'here',
          origin: null,
          'x-a': 'one, two',
          'X-A': 'one, two',
          'x-c': null,
          'x-empty': '',
          // uws trims bytes beyond ASCII at the ends of a value: docs/security.md.
          'x-latin': client.transport === 'uws' ? first['x-latin']! : 'caf\xe9',
          x_b: 'x-c: no',
        }
        assert.deepEqual(first, { ...expected, 'x-twice': twice.first })
        assert.deepEqual(lists, { ...expected, 'x-twice': twice.list })
      })
    }
  })
}
