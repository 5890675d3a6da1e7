import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { test } from 'node:test'
import zlib from 'node:zlib'
import { SseChannel, type SseEvent, sse } from '../../../src/index.js'
import { type Client, onEveryTransport } from '../../_setup.js'
import { type Deferred, deferred, recorder } from './_tools.js'

/** What a client waits for, by the name that it sends. */
const gates = new Map<string, Deferred<void>>()
const gate = (name: string): Deferred<void> => {
  const known = gates.get(name) ?? deferred()
  gates.set(name, known)
  return known
}

async function readUntil(response: Response, end: string): Promise<{ close(): Promise<void>; readonly text: string }> {
  const reader = response.body!.getReader()
  let text = ''
  while (!text.includes(end)) {
    const { done, value } = await reader.read()
    if (done) break
    text += Buffer.from(value).toString()
  }
  return { close: () => reader.cancel().catch(() => {}), text }
}

/** Server-sent events. */
export function sseContract(): void {
  const { entries, logger } = recorder()

  onEveryTransport(
    'server-sent events',
    (app) => {
      app.get('/all', sse(fields))
      app.get('/retry', sse(fields, { retry: '2s' }))
      app.get(
        '/head',
        sse(() => gate('head').resolve()),
      )
      app.get(
        '/wait/:name',
        sse(async function* (req) {
          yield 'first'
          await gate(req.params.name).promise
          yield 'second'
        }),
      )
      app.get(
        '/heartbeat',
        sse(() => {}, { heartbeat: 20 }),
      )
      app.get(
        '/pushed/:name',
        sse((req, stream) => {
          const { name } = req.params
          stream.send({ data: { name }, id: '1' })
          stream.signal.addEventListener('abort', () => bus.emit(`abort ${name}`))
          return () => bus.emit(`cleanup ${name}`)
        }),
      )
      app.get(
        '/leaving/:name',
        sse(async function* (req, stream) {
          try {
            yield 'first'
            await once(stream.signal, 'abort')
          } finally {
            bus.emit(`abort ${req.params.name}`)
          }
        }),
      )
      app.get(
        '/replay',
        sse(
          (_req, stream) => {
            stream.send({ data: 'live', id: '9' })
            stream.close()
          },
          {
            replay: async function* (id) {
              for (let next = Number(id) + 1; next < 9; next++) yield { data: `missed ${next}`, id: String(next) }
            },
          },
        ),
      )
      app.get(
        '/last',
        sse((_req, stream) => {
          stream.send(stream.lastEventId ?? 'none')
          stream.close()
        }),
      )
      app.get(
        '/fails',
        sse(() => Promise.reject(new Error('no source'))),
      )
      app.get(
        '/invalid',
        sse(async function* () {
          yield { event: 'a\nid: 7' }
        }),
      )
      app.get(
        '/slow/:name',
        sse(
          (req, stream) => {
            let sent = 0
            while (stream.send('x'.repeat(1000))) sent++
            bus.emit(`slow ${req.params.name}`, sent)
          },
          { maxBackpressure: '10kb' },
        ),
      )
    },
    (client) => {
      const { variant } = client
      const isStreaming = client.transport !== 'inject'

      test('every field, as the standard has it, and its headers', async () => {
        const response = await client.fetch('/all')
        assert.equal(response.status, 200)
        assert.match(response.headers.get('content-type')!, /^text\/event-stream/)
        assert.equal(response.headers.get('cache-control'), 'no-cache')
        assert.equal(response.headers.get('x-accel-buffering'), 'no')
        assert.equal(
          await response.text(),
          ':\n\n' +
            'data: text\n\n' +
            'event: named\nid: 7\nretry: 10\ndata: {"a":1}\n\n' +
            'data: one\ndata: two\ndata: three\ndata: four\n\n' +
            'id: \n\n' +
            'data: ünï\n\n',
        )
      })

      test('retry is told at the beginning', async () => {
        assert.match(await (await client.fetch('/retry')).text(), /^retry: 2000\n\ndata: text\n\n/)
      })

      test('a HEAD has the headers, and sets nothing up', async () => {
        const response = await client.fetch('/head', { method: 'HEAD' })
        assert.match(response.headers.get('content-type')!, /^text\/event-stream/)
        assert.equal(gates.has('head'), false)
      })

      for (const coding of ['identity', 'br', 'gzip'] as const) {
        test(`an event arrives before the next is there: ${coding}`, { skip: !isStreaming }, async () => {
          const name = `${variant}-${coding}`
          const response = await client.fetch(`/wait/${name}`, { asSent: true, headers: { 'accept-encoding': coding } })
          assert.equal(response.headers.get('content-encoding'), coding === 'identity' ? null : coding)
          const body = Readable.fromWeb(response.body as ReadableStream<Uint8Array>)
          const flush = zlib.constants.BROTLI_OPERATION_FLUSH
          const plain =
            coding === 'identity'
              ? body
              : body.pipe(coding === 'br' ? zlib.createBrotliDecompress({ flush }) : zlib.createGunzip())
          let seen = ''
          plain.on('data', (chunk: Buffer) => {
            seen += chunk
            if (seen === ':\n\ndata: first\n\n') gate(name).resolve()
          })
          await once(plain, 'end')
          assert.equal(seen, ':\n\ndata: first\n\ndata: second\n\n')
        })
      }

      test('silence is filled with comments', { skip: !isStreaming }, async () => {
        const { close, text } = await readUntil(await client.fetch('/heartbeat'), ':\n\n:\n\n:\n\n')
        await close()
        assert.equal(text.replaceAll(':\n\n', ''), '')
      })

      for (const kind of ['pushed', 'leaving']) {
        test(`a client that leaves ends the source: ${kind}`, { skip: !isStreaming }, async () => {
          const name = `${variant}-${kind}`
          const ended = [once(bus, `abort ${name}`), ...(kind === 'pushed' ? [once(bus, `cleanup ${name}`)] : [])]
          const { close, text } = await readUntil(await client.fetch(`/${kind}/${name}`), 'data: ')
          assert.match(text, kind === 'pushed' ? /^:\n\nid: 1\ndata: \{"name":/ : /^:\n\ndata: first\n\n/)
          await close()
          await Promise.all(ended)
        })
      }

      test('what was missed comes before what is new', async () => {
        const response = await client.fetch('/replay', { headers: { 'last-event-id': '6' } })
        const missed = 'id: 7\ndata: missed 7\n\nid: 8\ndata: missed 8\n\n'
        assert.equal(await response.text(), `:\n\n${missed}id: 9\ndata: live\n\n`)
        assert.equal(await (await client.fetch('/replay')).text(), ':\n\nid: 9\ndata: live\n\n')
      })

      test('the last id is read as UTF-8', async () => {
        const headers = { 'last-event-id': Buffer.from('7é7').toString('latin1') }
        assert.equal(await (await client.fetch('/last', { headers })).text(), ':\n\ndata: 7é7\n\n')
      })

      for (const [path, message] of [
        ['/fails', 'no source'],
        ['/invalid', 'the event of a server-sent event got "a\\nid: 7", and takes a text without CR, LF and NUL'],
      ] as const) {
        test(`a source that fails cuts the stream: ${path}`, async () => {
          entries.length = 0
          await assert.rejects(async () => (await client.fetch(path)).text())
          assert.ok(entries.some(({ fields }) => (fields as { err?: Error }).err?.message === message))
        })
      }

      test('a client that takes too little is let go', async () => {
        const name = `slow-${variant}`
        const told = once(bus, `slow ${name}`)
        await (await client.fetch(`/slow/${name}`)).text()
        const [sent] = await told
        assert.ok(sent >= 8 && sent < 12, String(sent))
      })
    },
    { compression: { threshold: 0 }, logger },
  )

  onEveryTransport(
    'a channel of events',
    (app) => {
      const channel = new SseChannel({ history: 2 })
      app.get('/events', channel.handler)
      app.post('/publish', async (req) => ({ told: channel.publish(await req.json<SseEvent>()) }))
      app.post('/close', () => channel.close())
    },
    (client) => {
      const publish = async (event: SseEvent): Promise<number> => {
        const headers = { 'content-type': 'application/json' }
        const response = await client.fetch('/publish', { body: JSON.stringify(event), headers, method: 'POST' })
        return ((await response.json()) as { told: number }).told
      }

      test('its clients have what is published, and what they have missed', {
        skip: client.transport === 'inject',
      }, async () => {
        const first = await listen(client)
        const second = await listen(client)
        assert.equal(await publish({ data: 'a', id: '1' }), 2)
        assert.equal(await publish({ data: 'b', id: '2' }), 2)
        const third = await listen(client, '1')
        assert.equal(await publish({ data: 'c', id: '3' }), 3)
        const fourth = await listen(client, 'unknown')
        await client.fetch('/close', { method: 'POST' })
        const [a, b, c] = ['id: 1\ndata: a\n\n', 'id: 2\ndata: b\n\n', 'id: 3\ndata: c\n\n']
        assert.deepEqual(await Promise.all([first.rest(), second.rest(), third.rest(), fourth.rest()]), [
          `:\n\n${a}${b}${c}`,
          `:\n\n${a}${b}${c}`,
          `:\n\n${b}${c}`,
          `:\n\n${b}${c}`,
        ])
      })
    },
  )
}

const bus = new EventEmitter()

async function* fields(): AsyncGenerator<SseEvent | string> {
  yield 'text'
  yield { data: { a: 1 }, event: 'named', id: '7', retry: 10 }
  yield 'one\ntwo\rthree\r\nfour'
  yield { id: '' }
  yield 'ünï'
}

// Where its first bytes are here, a client is one of the channel.
async function listen(client: Client, lastEventId?: string): Promise<{ rest(): Promise<string> }> {
  const headers: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
  const reader = (await client.fetch('/events', { headers })).body!.getReader()
  let text = Buffer.from((await reader.read()).value!).toString()
  return {
    async rest() {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return text
        text += Buffer.from(value).toString()
      }
    },
  }
}
