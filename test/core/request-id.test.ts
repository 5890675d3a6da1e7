import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { copyRequestId, createRequestIds, requestId, settleRequestId } from '../../src/core/request-id.js'
import type { RequestSource } from '../../src/core/request-source.js'
import { says } from '../_says.js'
import { recorder } from '../contract/http/_tools.js'

describe('requestId()', () => {
  const ids = Array.from({ length: 2000 }, requestId)

  test('gives UUIDs of version 4', () => {
    for (const id of ids) assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })

  test('never gives one twice', () => {
    assert.equal(new Set(ids).size, ids.length)
  })

  test('leaves no digit out and none in its place', () => {
    for (let at = 0; at < 36; at++) {
      const seen = new Set(ids.map((id) => id[at]))
      const wanted = at === 14 || [8, 13, 18, 23].includes(at) ? 1 : at === 19 ? 4 : 16
      assert.equal(seen.size, wanted, `at ${at}`)
    }
  })
})

describe('copyRequestId()', () => {
  test('writes the last id that was made, and no other text', () => {
    const bytes = Buffer.alloc(40, '.')
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    for (let count = 0; count < 200; count++) {
      const id = requestId()
      assert.equal(copyRequestId(id, view, 2), true)
      assert.equal(bytes.toString('latin1'), `..${id}..`)
      assert.equal(copyRequestId(`${id}`, view, 2), true)
      const next = requestId()
      for (const other of [id, '', 'x'.repeat(36), next.toUpperCase()]) {
        if (other === next) continue
        bytes.fill('.')
        assert.equal(copyRequestId(other, view, 2), false, other)
        assert.equal(bytes.toString('latin1'), '.'.repeat(40))
      }
    }
  })
})

describe('RequestIds', () => {
  const source = (headers: Readonly<Record<string, string>>): RequestSource =>
    ({ headerList: (lower: string) => headers[lower] }) as unknown as RequestSource
  const from = (isProxied: boolean) => () => ({ isProxied })

  test('are not needed where any id will do', () => {
    const { logger } = recorder()
    assert.equal(createRequestIds(settleRequestId(true), false, logger), undefined)
    assert.equal(createRequestIds(settleRequestId(false), true, logger), undefined)
    assert.equal(createRequestIds(settleRequestId({ header: false }), true, logger), undefined)
  })

  test('take over a well-formed id of a trusted proxy', () => {
    const ids = createRequestIds(settleRequestId({ header: 'X-Amzn-Trace-Id' }), true, recorder().logger)!
    const id = 'Root=1-67891233-abcdef012345678912345678'
    assert.equal(ids.idFor(source({ 'x-amzn-trace-id': id }), from(true)), id)
    assert.equal(ids.idFor(source({ 'x-amzn-trace-id': id }), from(false)), undefined)
    assert.equal(ids.idFor(source({ 'x-request-id': id }), from(true)), undefined)
    assert.equal(ids.idFor(source({}), from(true)), undefined)
  })

  for (const id of [
    '',
    ' ',
    'a b',
    'a,b',
    'a, a',
    'a\r\nb: c',
    'a\0',
    '"a"',
    '<a>',
    'a;b',
    'é',
    'a'.repeat(129),
    'a\n',
  ]) {
    test(`take no ${JSON.stringify(id.slice(0, 20))}`, () => {
      const ids = createRequestIds(settleRequestId(true), true, recorder().logger)!
      assert.equal(ids.idFor(source({ 'x-request-id': id }), from(true)), undefined)
    })
  }

  test('take an id of 128 characters', () => {
    const ids = createRequestIds(settleRequestId(true), true, recorder().logger)!
    assert.equal(ids.idFor(source({ 'x-request-id': 'a'.repeat(128) }), from(true)), 'a'.repeat(128))
  })

  test('are generated where none is sent', () => {
    let count = 0
    const ids = createRequestIds(settleRequestId({ generate: () => `own-${++count}` }), true, recorder().logger)!
    assert.equal(ids.idFor(source({ 'x-request-id': 'sent' }), from(true)), 'sent')
    assert.equal(ids.idFor(source({ 'x-request-id': 'sent' }), from(false)), 'own-1')
    assert.equal(ids.idFor(source({}), from(true)), 'own-2')
  })

  test('are taken over with a request that is over as one without', () => {
    const gone = { headerList: () => assert.fail() } as unknown as RequestSource
    const ids = createRequestIds(settleRequestId({ generate: () => 'own' }), true, recorder().logger)!
    assert.equal(ids.idFor(gone, from(true)), 'own')
  })

  const wrong: readonly (readonly [string, () => unknown])[] = [
    ['another value', () => 7],
    ['a promise', async () => 'id'],
    ['a second header', () => 'a\r\nset-cookie: b'],
    ['nothing', () => ''],
    ['too much', () => 'a'.repeat(129)],
    [
      'an error',
      () => {
        throw new Error('as asked')
      },
    ],
  ]
  for (const [name, generate] of wrong) {
    test(`of a generator that gives ${name} are UUIDs, with one log line`, () => {
      const { entries, logger } = recorder()
      const ids = createRequestIds(settleRequestId({ generate: generate as () => string }), false, logger)!
      for (let count = 0; count < 3; count++) assert.match(ids.idFor(source({}), from(false))!, /^[0-9a-f-]{36}$/)
      assert.deepEqual(
        entries.map(({ level, message }) => [level, message]),
        [['error', 'generate of requestId failed: UUIDs stand in, and this is said once']],
      )
      assert.ok(entries[0]!.fields.err instanceof Error)
    })
  }

  test('have options that are checked', () => {
    for (const [value, ...texts] of [
      [{ generate: 'uuid' }, 'generate of requestId', '"uuid"'],
      [{ header: 'x y' }, 'header of requestId', '"x y"'],
      [{ header: true }, 'header of requestId', 'true'],
    ] as const) {
      assert.throws(() => settleRequestId(value), says('OPTION_INVALID', ...texts))
    }
    assert.throws(() => settleRequestId({ from: 'loopback' }), says('OPTION_UNKNOWN', 'from of requestId'))
  })
})
