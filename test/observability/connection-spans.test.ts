import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { Hotpress, type HttpRequest } from '../../src/index.js'
import { keepSpans, ofPath } from './_spans.js'

const spans = await keepSpans()
after(() => spans.otel.shutdown())

describe('spans of connections', () => {
  it('are one for all requests of a connection, from the first until the last answer', async () => {
    const app = new Hotpress({ logger: false, tracing: { spans: ['connection'] }, transport: 'node' })
    app.get('/:name', ({ params }: HttpRequest) => params.name)
    const { url } = await app.listen()
    for (const name of ['first', 'second', 'third']) await (await fetch(`${url}/${name}`)).text()
    const [first, third] = [await spans.find(ofPath('/first')), await spans.find(ofPath('/third'))]
    assert.equal(
      spans.all.some(({ name }) => name === 'http.connection'),
      false,
      'it is open until the app closes',
    )
    await app.close()
    const connection = await spans.find(({ name }) => name === 'http.connection')
    assert.deepEqual(connection.attributes, {
      'network.peer.address': '127.0.0.1',
      'network.protocol.version': '1.1',
      'url.scheme': 'http',
    })
    for (const { links, parentSpanContext } of [first, third]) {
      assert.deepEqual(
        links.map(({ context }) => context.spanId),
        [connection.spanContext().spanId],
      )
      assert.equal(parentSpanContext, undefined)
    }
    assert.notEqual(first.spanContext().traceId, connection.spanContext().traceId)
  })

  it('leave no request without an answer where nobody makes traces', async () => {
    await spans.otel.shutdown()
    const app = new Hotpress({ logger: false, tracing: { spans: ['connection', 'stream'] }, transport: 'node' })
    app.get('/', () => 'a')
    const { url } = await app.listen()
    for (let left = 3; left > 0; left--) assert.equal(await (await fetch(url)).text(), 'a')
    await app.close()
  })
})
