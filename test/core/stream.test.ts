import assert from 'node:assert/strict'
import { ReadableStream } from 'node:stream/web'
import { describe, test } from 'node:test'
import {
  asStream,
  chunkBytes,
  counted,
  discard,
  isAsyncIterable,
  pump,
  type StreamSink,
} from '../../src/core/stream.js'

/** A sink that keeps what it is told, and takes as many chunks as it is asked to. */
class Sink implements StreamSink {
  readonly log: string[] = []
  readonly #room: number
  constructor(room = Infinity) {
    this.#room = room
  }
  cut(): void {
    this.log.push('cut')
  }
  end(): void {
    this.log.push('end')
  }
  async write(chunk: Uint8Array): Promise<boolean> {
    this.log.push(Buffer.from(chunk).toString())
    return this.log.length <= this.#room
  }
}

async function* letters(end: () => void = () => {}): AsyncGenerator<string> {
  try {
    yield* ['a', 'b', 'c']
  } finally {
    end()
  }
}

describe('chunkBytes()', () => {
  test('takes text and bytes', () => {
    assert.deepEqual([...chunkBytes('ü')], [0xc3, 0xbc])
    const chunk = new Uint8Array(1)
    assert.equal(chunkBytes(chunk), chunk)
  })
  for (const chunk of [7, null, undefined, {}, [], new ArrayBuffer(1)]) {
    test(`takes no ${typeof chunk}: ${JSON.stringify(chunk)}`, () => {
      assert.throws(() => chunkBytes(chunk), /gives strings and Uint8Arrays/)
    })
  }
})

describe('isAsyncIterable()', () => {
  for (const [name, value, is] of [
    ['a generator', letters(), true],
    ['a ReadableStream', new ReadableStream(), true],
    ['an array', [1], false],
    ['an object', {}, false],
    ['an object whose iterator is none', { [Symbol.asyncIterator]: 1 }, false],
  ] as const) {
    test(`${name} is ${is ? 'one' : 'none'}`, () => {
      assert.equal(isAsyncIterable(value), is)
    })
  }
})

describe('asStream()', () => {
  test('makes one chunk of a whole body, none of none, and leaves a stream as it is', () => {
    const bytes = new Uint8Array(1)
    const source = letters()
    assert.deepEqual(asStream('x'), ['x'])
    assert.deepEqual(asStream(bytes), [bytes])
    assert.deepEqual(asStream(undefined), [])
    assert.equal(asStream(source), source)
  })
})

describe('pump()', () => {
  test('writes each chunk but the empty ones, and leaves the end to its caller', async () => {
    const sink = new Sink()
    assert.equal(await pump(['a', '', new Uint8Array(0), Buffer.from('b')], sink), true)
    assert.deepEqual(sink.log, ['a', 'b'])
  })

  test('lets the source go when nobody takes more', async () => {
    let isOver = false
    const sink = new Sink(1)
    const taken = await pump(
      letters(() => {
        isOver = true
      }),
      sink,
    )
    assert.equal(taken, false)
    assert.equal(isOver, true)
    assert.deepEqual(sink.log, ['a', 'b'])
  })

  test('does not read on before the sink has room', async () => {
    const log: string[] = []
    async function* source(): AsyncGenerator<string> {
      for (const name of ['a', 'b']) {
        log.push(`give ${name}`)
        yield name
      }
    }
    await pump(source(), {
      cut() {},
      end() {},
      async write(chunk) {
        await new Promise((resolve) => setImmediate(resolve))
        log.push(`took ${Buffer.from(chunk)}`)
        return true
      },
    })
    assert.deepEqual(log, ['give a', 'took a', 'give b', 'took b'])
  })

  test('throws what the source throws, and for a chunk that is none', async () => {
    async function* failing(): AsyncGenerator<string> {
      yield 'a'
      throw new Error('broke')
    }
    await assert.rejects(pump(failing(), new Sink()), /broke/)
    let isOver = false
    async function* wrong(): AsyncGenerator<unknown> {
      try {
        yield 7
      } finally {
        isOver = true
      }
    }
    await assert.rejects(pump(wrong(), new Sink()), TypeError)
    assert.equal(isOver, true)
  })
})

describe('discard()', () => {
  test('calls return() of a source that was never read', () => {
    let calls = 0
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: () => Promise.reject(new Error('not to be read')),
        return: async () => ({ done: true as const, value: calls++ }),
      }),
    }
    discard(source)
    assert.equal(calls, 1)
  })

  test('cancels a ReadableStream', async () => {
    let isCancelled = false
    const source = new ReadableStream({
      cancel() {
        isCancelled = true
      },
    })
    discard(source as AsyncIterable<unknown>)
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(isCancelled, true)
  })

  const awkward: Readonly<Record<string, () => unknown>> = {
    'has no return()': () => ({ next: async () => ({ done: true, value: 0 }) }),
    'rejects from return()': () => ({ return: async () => Promise.reject(new Error('no')) }),
    'returns nothing from return()': () => ({ return: () => undefined }),
    'throws from return()': () => ({
      return() {
        throw new Error('no')
      },
    }),
    'throws when it is asked for its iterator': () => {
      throw new Error('no')
    },
  }
  for (const [name, iterator] of Object.entries(awkward)) {
    test(`is quiet about a source that ${name}`, async () => {
      discard({ [Symbol.asyncIterator]: iterator } as AsyncIterable<unknown>)
      await new Promise((resolve) => setImmediate(resolve))
    })
  }
})

describe('counted()', () => {
  const cases: readonly (readonly [name: string, chunks: readonly string[], log: readonly string[]])[] = [
    ['ends where the length is met', ['ab', 'cd'], ['ab', 'cd', 'end']],
    ['cuts where there is less', ['ab', 'c'], ['ab', 'c', 'cut']],
    ['cuts where there is nothing', [], ['cut']],
  ]
  for (const [name, chunks, log] of cases) {
    test(name, async () => {
      const sink = new Sink()
      const four = counted(sink, 4)
      await pump(chunks, four)
      four.end()
      assert.deepEqual(sink.log, log)
    })
  }

  test('refuses a chunk that is too much, and writes nothing of it', async () => {
    const sink = new Sink()
    await assert.rejects(pump(['ab', 'cde'], counted(sink, 4)), /more than its length of 4 bytes/)
    assert.deepEqual(sink.log, ['ab'])
  })

  test('passes a cut on', () => {
    const sink = new Sink()
    counted(sink, 4).cut()
    assert.deepEqual(sink.log, ['cut'])
  })
})
