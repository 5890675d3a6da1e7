import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { TraceIdGenerator } from '../../src/otel/ids.js'

const many = 5000

describe('TraceIdGenerator', () => {
  it('makes ids that come once', () => {
    const ids = new TraceIdGenerator()
    const traces = new Set(Array.from({ length: many }, () => ids.generateTraceId()))
    const spans = new Set(Array.from({ length: many }, () => ids.generateSpanId()))
    assert.deepEqual([traces.size, spans.size], [many, many])
    for (const id of traces) assert.match(id, /^[0-9a-f]{32}$/)
    for (const id of spans) assert.match(id, /^[0-9a-f]{16}$/)
  })

  it('knows the number of the last', () => {
    const ids = new TraceIdGenerator()
    for (let left = many; left > 0; left--) {
      const id = ids.generateTraceId()
      const parts = [0, 8, 16, 24].map((at) => Number.parseInt(id.slice(at, at + 8), 16))
      assert.equal(
        ids.lastNumber(),
        parts.reduce((all, part) => (all ^ part) >>> 0, 0),
      )
    }
  })

  it('gives an id that is nobody’s yet to the next trace', () => {
    const ids = new TraceIdGenerator()
    const id = ids.generateTraceId()
    ids.reuse(id)
    assert.equal(ids.generateTraceId(), id)
    assert.notEqual(ids.generateTraceId(), id)
  })
})
