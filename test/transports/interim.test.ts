import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Hotpress, stream, text } from '../../src/index.js'
import { listeningTransports, raw, start } from '../_setup.js'

const host = 'Host: localhost\r\n'

async function* parts(): AsyncGenerator<string> {
  yield 'one'
  yield 'two'
}

for (const { name, skip } of listeningTransports) {
  describe(`beyond one head and one body, on ${name}`, { skip }, () => {
    const canHint = name !== 'uws'

    test('early hints go before the answer, or hint() says that they did not', async () => {
      const { address } = await start(name, (app) =>
        app.get('/', (req) => text(String(req.hint({ link: '</a.css>; rel=preload' })))),
      )
      const { text: answer } = await raw(address.port, `GET / HTTP/1.1\r\n${host}Connection: close\r\n\r\n`)
      assert.equal(
        /^HTTP\/1\.1 103 [^\r]*\r\nlink: <\/a\.css>; rel=preload\r\n\r\nHTTP\/1\.1 200 /i.test(answer),
        canHint,
      )
      assert.ok(answer.endsWith(String(canHint)))
    })

    test('early hints are checked as headers are', async () => {
      const { address } = await start(name, (app) =>
        app.get('/', (req) => text(String(req.hint({ link: '</a>\r\nx-evil: 1' })))),
      )
      const { text: answer } = await raw(address.port, `GET / HTTP/1.1\r\n${host}Connection: close\r\n\r\n`)
      assert.match(answer, /^HTTP\/1\.1 500 /)
      assert.doesNotMatch(answer, /x-evil/)
    })

    test('trailers end a stream that goes in chunks, with what is known by then', async () => {
      let sent = 0
      async function* counted(): AsyncGenerator<string> {
        for await (const part of parts()) {
          sent += part.length
          yield part
        }
      }
      const { address } = await start(name, (app) =>
        app.get('/', () =>
          stream(counted())
            .trailer('x-fixed', 'yes')
            .trailer('x-sent', () => String(sent)),
        ),
      )
      const { text: answer } = await raw(address.port, `GET / HTTP/1.1\r\n${host}\r\n`)
      const trailers = canHint ? 'x-fixed: yes\r\nx-sent: 6\r\n' : ''
      assert.ok(answer.endsWith(`\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n${trailers}\r\n`), answer)
    })

    test('HTTP/1.0 gets neither', { skip: !canHint && 'uws answers HTTP/1.0 with a 505' }, async () => {
      const { address } = await start(name, (app) =>
        app.get('/', (req) => {
          req.hint({ link: '</a.css>; rel=preload' })
          return stream(parts()).trailer('x-fixed', 'yes')
        }),
      )
      const { text: answer } = await raw(address.port, `GET / HTTP/1.0\r\n${host}\r\n`)
      assert.match(answer, /^HTTP\/1\.1 200 /)
      assert.ok(answer.endsWith('\r\n\r\nonetwo'), answer)
    })
  })
}

test('inject has no early hints', async () => {
  const app = new Hotpress({ logger: false })
  app.get('/', (req) => text(String(req.hint({ link: '</a.css>; rel=preload' }))))
  assert.equal((await app.inject()).text(), 'false')
})
