import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { requestId } from '../../src/core/request-id.js'

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
