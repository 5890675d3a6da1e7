// Chromium's EventSource: names, ids, coming again with the last of them, and leaving.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { type Hotpress, html, type SseEvent, sse } from '../../src/index.js'
import { deferred } from '../contract/http/_tools.js'
import { withPage } from './_chromium.js'
import { missing } from './_programs.js'
import { type Listener, onTargets, serve } from './_targets.js'

const page = `<!doctype html><html><head><meta charset="utf-8"><link rel="icon" href="data:,"></head><body><script>
const seen = []
const source = new EventSource('/events')
const note = ({ data, lastEventId, type }) => {
  seen.push([type, data, lastEventId])
  if (data !== 'last') return
  source.close()
  fetch('/told', { body: JSON.stringify(seen), headers: { 'content-type': 'application/json' }, method: 'POST' })
}
source.addEventListener('message', note)
source.addEventListener('named', note)
</script></body></html>`

const expected = [
  ['message', 'plain', ''],
  ['named', '{"a":"ünï"}', '1'],
  ['message', 'one\ntwo\n', '2'],
  // The connection was closed, and the page has come again.
  ['message', 'missed', '3'],
  ['message', 'last', '4'],
]

const listeners: readonly Listener[] = ['cleartext', 'tls']

onTargets('EventSource in Chromium', missing('chromium', '--version'), (transport) => {
  for (const listener of listeners) {
    describe(listener, () => {
      const told = deferred<unknown>()
      const left = deferred()
      const build = (app: Hotpress): void => {
        app.get('/', () => html(page))
        app.get(
          '/events',
          sse(
            async function* (_req, stream): AsyncGenerator<SseEvent | string> {
              if (stream.lastEventId === undefined) {
                yield 'plain'
                yield { data: { a: 'ünï' }, event: 'named', id: '1' }
                yield { data: 'one\r\ntwo\n', id: '2' }
                return
              }
              yield { data: 'last', id: '4' }
              await once(stream.signal, 'abort')
              left.resolve()
            },
            { replay: (id) => (id === '2' ? [{ data: 'missed', id: '3' }] : []), retry: 50 },
          ),
        )
        app.post('/told', async (req) => {
          told.resolve(await req.json())
          return null
        })
      }
      const served = serve(transport, listener, build, { compression: { threshold: 0 } })

      test('events, a second connection, and the end', { timeout: 120_000 }, async () => {
        await withPage(`${served.address.url}/`, async () => {
          assert.deepEqual(await told.promise, expected)
          await left.promise
        })
      })
    })
  }
})
