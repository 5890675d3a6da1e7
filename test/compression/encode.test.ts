import assert from 'node:assert/strict'
import os from 'node:os'
import { describe, test } from 'node:test'
import { createEncoder, defaultConcurrency } from '../../src/compression/encode.js'
import type { Codec } from '../../src/native/types.js'
import { type Deferred, deferred } from '../contract/http/_tools.js'

interface Call {
  readonly coding: string
  readonly level: number
  readonly ticket: number | undefined
}

/** A codec whose work is done when a test says so: how full a queue is must not hang on how fast a machine is. */
function heldCodec(): { readonly calls: Call[]; readonly codec: Codec; readonly held: Deferred<Uint8Array>[] } {
  const calls: Call[] = []
  const held: Deferred<Uint8Array>[] = []
  const codec: Codec = {
    cancel(ticket) {
      const at = calls.findIndex((call) => call.ticket === ticket)
      held[at]?.reject(Object.assign(new Error('cancelled'), { code: 'CANCELLED' }))
      return at >= 0
    },
    codings: ['gzip', 'br'],
    compress(_, coding, level, ticket) {
      calls.push({ coding, level, ticket })
      const each = deferred<Uint8Array>()
      held.push(each)
      return each.promise
    },
  }
  return { calls, codec, held }
}

describe('createEncoder', () => {
  test('offers what its codec has, in the usual order', () => {
    assert.deepEqual(createEncoder({ codec: heldCodec().codec }).codings, ['br', 'gzip'])
  })

  test('goes over to the fastest level when half of the queue is taken, and to nothing when all is', async () => {
    const { calls, codec, held } = heldCodec()
    const encoder = createEncoder({ codec, concurrency: 1, levels: { br: 6 }, queue: 4 })
    assert.equal(encoder.isOccupied, false)
    const all = [encoder.encode('a', 'br')]
    assert.equal(encoder.isOccupied, true)
    for (let waiting = 0; waiting < 4; waiting++) {
      assert.equal(encoder.isHurried, waiting >= 2)
      all.push(encoder.encode('a', 'br'))
    }
    assert.equal(await encoder.encode('a', 'gzip'), undefined)
    for (let done = 0; done < all.length; done++) {
      held[done]!.resolve(new Uint8Array(done))
      assert.equal((await all[done])?.byteLength, done)
    }
    assert.deepEqual(
      calls.map(({ level }) => level),
      [6, 6, 6, 1, 1],
    )
    assert.equal(encoder.isOccupied, false)
    assert.equal(encoder.isHurried, false)
  })

  test('never takes a higher level to be faster', async () => {
    const { calls, codec, held } = heldCodec()
    const encoder = createEncoder({ codec, concurrency: 1, levels: { br: 0 }, queue: 0 })
    const first = encoder.encode('a', 'br')
    held[0]!.resolve(new Uint8Array(0))
    await first
    assert.deepEqual(calls, [{ coding: 'br', level: 0, ticket: undefined }])
  })

  test('gives up a body that waits', async () => {
    const { calls, codec, held } = heldCodec()
    const encoder = createEncoder({ codec, concurrency: 1 })
    const controllers = [new AbortController(), new AbortController()]
    const [first, second] = controllers.map(({ signal }) => encoder.encode('a', 'br', signal))
    controllers[1]!.abort(new Error('gone'))
    await assert.rejects(second!, /gone/)
    held[0]!.resolve(Uint8Array.of(1))
    assert.deepEqual(await first, Uint8Array.of(1))
    assert.equal(encoder.isOccupied, false)
    await assert.rejects(encoder.encode('a', 'br', controllers[1]!.signal), /gone/)
    assert.equal(calls.length, 2, 'a body of one that is gone already is not begun')
  })

  test('says what went wrong, and goes on', async () => {
    const { codec, held } = heldCodec()
    const encoder = createEncoder({ codec, concurrency: 1, queue: 0 })
    const first = encoder.encode('a', 'br', new AbortController().signal)
    held[0]!.reject(new Error('broken'))
    await assert.rejects(first, /broken/)
    assert.equal(encoder.isOccupied, false)
  })

  test('takes the native core or node:zlib by itself', async () => {
    const coded = await createEncoder().encode('a text '.repeat(100), 'gzip')
    assert.ok(coded !== undefined && coded.byteLength < 100)
  })
})

test('as many bodies at once as there are cores, and a thread less than the pool has', () => {
  const before = process.env.UV_THREADPOOL_SIZE
  const cores = os.availableParallelism()
  try {
    for (const [threads, wanted] of [
      [undefined, Math.min(cores, 3)],
      ['1', 1],
      ['2', 1],
      ['1000', cores],
      ['many', Math.min(cores, 3)],
    ] as const) {
      if (threads === undefined) delete process.env.UV_THREADPOOL_SIZE
      else process.env.UV_THREADPOOL_SIZE = threads
      assert.equal(defaultConcurrency(), wanted, threads)
    }
  } finally {
    if (before === undefined) delete process.env.UV_THREADPOOL_SIZE
    else process.env.UV_THREADPOOL_SIZE = before
  }
})
