import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { type Hotpress, SseChannel, sse } from '../../src/index.js'
import { start, type Variant, variants } from '../_setup.js'
import { type Deferred, deferred } from '../contract/http/_tools.js'

// A stream that waited for the end of the drain would be cut, and reading it would fail.
describe('the streams of an app that closes end whole, with what was sent', { concurrency: variants.length }, () => {
  for (const variant of variants) {
    test(variant.name, { skip: variant.skip }, () => endsAll(variant))
  }
})

interface Waiting {
  readonly asked: Deferred<void>
  readonly channel: SseChannel
  readonly go: Deferred<void>
}

async function endsAll({ client: makeClient, name }: Variant): Promise<void> {
  const waiting: Waiting = { asked: deferred(), channel: new SseChannel(), go: deferred() }
  const { address, app } = await start(name, (made) => build(made, waiting), { compression: true })
  const client = makeClient?.(address.url)
  const open = async (path: string, headers: Record<string, string> = {}): Promise<ReadableStreamDefaultReader> => {
    const response =
      client === undefined ? await fetch(address.url + path, { headers }) : await client.fetch(path, { headers })
    assert.equal(response.status, 200)
    return response.body!.getReader()
  }
  try {
    const late = open('/late')
    await waiting.asked.promise
    const readers = [
      await open('/generator'),
      await open('/replayed', { 'last-event-id': '0' }),
      await open('/channel'),
    ]
    waiting.channel.publish('first')
    const begun = await Promise.all(readers.map((reader) => readUntil(reader, 'first')))
    waiting.channel.publish('last')
    const closed = app.close()
    waiting.go.resolve()
    const all = await Promise.all(
      readers.map(async (reader, index) => begun[index] + (await readUntil(reader, 'never'))),
    )
    assert.deepEqual(
      all.map((text) => text.replaceAll(':\n\n', '')),
      ['data: first\n\n', 'data: first\n\n', 'data: first\n\ndata: last\n\n'],
    )
    // That one began when the app was closing.
    assert.equal(await readUntil(await late, 'never'), ':\n\n')
    await closed
    assert.equal(waiting.channel.size, 0)
  } finally {
    client?.close()
  }
}

function build(app: Hotpress, { asked, channel, go }: Waiting): void {
  const endless = sse(() => {})
  app.get('/channel', channel.handler)
  app.get(
    '/generator',
    sse(async function* (_req, stream) {
      yield 'first'
      await once(stream.signal, 'abort')
      yield 'late'
    }),
  )
  app.get('/late', async (req) => {
    asked.resolve()
    await go.promise
    return endless(req)
  })
  app.get(
    '/replayed',
    sse(() => {}, {
      async *replay() {
        yield 'first'
        await new Promise(() => {})
      },
    }),
  )
}

async function readUntil(reader: ReadableStreamDefaultReader, end: string): Promise<string> {
  let text = ''
  while (!text.includes(end)) {
    const { done, value } = await reader.read()
    if (done) break
    text += Buffer.from(value as Uint8Array).toString()
  }
  return text
}
