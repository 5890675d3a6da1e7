import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { DropReport } from '../../../src/observability/access-log/drop-report.js'
import { LineQueue } from '../../../src/observability/access-log/line-queue.js'
import type { Sink } from '../../../src/observability/access-log/sink.js'
import { recorder } from '../../contract/http/_tools.js'

const channel = 'hotpress:access-log:dropped'
const forever = new AbortController().signal

class SlowSink implements Sink {
  #taken: (() => void) | undefined
  readonly name = 'a slow sink'
  isBroken = false
  text = ''

  async close(): Promise<void> {}

  open(): void {}

  /** Takes what is offered. */
  take(): void {
    this.#taken?.()
  }

  async write(bytes: Uint8Array): Promise<number> {
    if (this.isBroken) throw new Error('broken')
    await new Promise<void>((resolve) => {
      this.#taken = resolve
    })
    // Not more than a part of it.
    const part = bytes.subarray(0, 100_000)
    this.text += Buffer.from(part).toString('latin1')
    return part.byteLength
  }
}

class DirectSink extends SlowSink {
  sync = ''

  writeSync(bytes: Uint8Array): number {
    this.sync += Buffer.from(bytes).toString('latin1')
    return bytes.byteLength
  }
}

const line = (index: number): string => `${String(index).padStart(99, '0')}\n`

function makeQueue(sink: Sink, onFull: 'block' | 'drop', limit = 1_000_000) {
  const { entries, logger } = recorder()
  const report = new DropReport(sink.name, logger)
  return { queue: new LineQueue(sink, { flushInterval: 1, limit, onFull }, report), entries, report }
}

async function drained(queue: LineQueue, sink: SlowSink): Promise<void> {
  const taking = setInterval(() => sink.take(), 1)
  await queue.drain(forever)
  clearInterval(taking)
}

describe('the queue of the access log', () => {
  test('has lines written in their order, in whatever parts a sink takes', async () => {
    const sink = new SlowSink()
    const { queue } = makeQueue(sink, 'drop', 10_000_000)
    const lines = Array.from({ length: 20_000 }, (_, index) => line(index))
    for (const each of lines) queue.add(each)
    const long = `${'x'.repeat(300_000)}\n`
    queue.add(long)
    await drained(queue, sink)
    assert.equal(sink.text, lines.join('') + long)
    assert.equal(queue.held, 0)
  })

  test('is bounded: what has no room is counted, and told of', async () => {
    const sink = new SlowSink()
    const { entries, queue, report } = makeQueue(sink, 'drop')
    const told: unknown[] = []
    const listener = (message: unknown): void => void told.push(message)
    subscribe(channel, listener)
    for (let index = 0; index < 10_003; index++) queue.add(line(index))
    unsubscribe(channel, listener)
    assert.equal(queue.held, 1_000_000)
    assert.equal(report.total, 3)
    assert.deepEqual(
      told,
      [1, 2, 3].map((total) => ({ destination: sink.name, lines: 1, total })),
    )
    report.tell()
    assert.deepEqual(
      entries.map(({ fields, level, message }) => [level, fields.dropped, message]),
      [
        ['warn', 1, 'the access log to a slow sink has lost 1 lines: its queue is full'],
        ['warn', 2, 'the access log to a slow sink has lost 2 lines: its queue is full'],
      ],
    )
    await drained(queue, sink)
    assert.equal(sink.text.length, 1_000_000)
    queue.add(line(0))
    await drained(queue, sink)
    assert.equal(sink.text.length, 1_000_100)
  })

  test('or writes what waits before it goes on, and loses nothing', async () => {
    const sink = new DirectSink()
    const { queue, report } = makeQueue(sink, 'block')
    const lines = Array.from({ length: 30_000 }, (_, index) => line(index))
    for (const each of lines) {
      queue.add(each)
      assert.ok(queue.held <= 1_000_000)
    }
    await drained(queue, sink)
    assert.equal(report.total, 0)
    assert.deepEqual((sink.text + sink.sync).split('\n').sort(), lines.join('').split('\n').sort())
    assert.ok(sink.sync.length > 500_000)
  })

  test('tries a sink again that has failed', async () => {
    const sink = new SlowSink()
    const { entries, queue } = makeQueue(sink, 'drop')
    sink.isBroken = true
    queue.add(line(0))
    while (entries.length === 0) await sleep(5)
    assert.match(entries[0]!.message ?? '', /cannot be written: its lines wait/)
    sink.isBroken = false
    await drained(queue, sink)
    assert.equal(sink.text, line(0))
  })

  test('gives up at the end what cannot be written', { timeout: 20_000 }, async () => {
    const sink = new SlowSink()
    const { queue, report } = makeQueue(sink, 'drop')
    sink.isBroken = true
    queue.add(line(0))
    queue.add(line(1))
    await queue.drain(forever)
    assert.equal(report.total, 2)
    assert.equal(queue.held, 0)
  })

  test('does not wait longer than it may', async () => {
    const sink = new DirectSink()
    const { queue } = makeQueue(sink, 'drop')
    for (let index = 0; index < 6000; index++) queue.add(line(index))
    // The first batch is under way, and nobody takes it; the rest can be written at once.
    await sleep(20)
    const late = new AbortController()
    setTimeout(() => late.abort(), 20)
    await queue.drain(late.signal)
    assert.ok(sink.sync.length > 300_000)
    sink.take()
  })
})
