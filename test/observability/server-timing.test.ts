import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { constant, Hotpress, type Middleware, stream, text } from '../../src/index.js'
import { says } from '../_says.js'

/** Names and milliseconds of a header. */
function timings(header: string | null): Record<string, number> {
  assert.ok(header !== null)
  return Object.fromEntries(
    header.split(', ').map((entry) => {
      const [, name, duration] = /^([^;]+);dur=(\d+\.\d{3})$/.exec(entry) ?? assert.fail(entry)
      return [name, Number(duration)]
    }),
  )
}

const slow: Middleware = async function slow(_, next) {
  const response = await next()
  await sleep(20)
  return response
}

describe('serverTiming', () => {
  it('tells of the handler and of each layer what it took itself', async () => {
    const app = new Hotpress({ cors: true, logger: false, serverTiming: true })
    app.use(slow, (_, next) => next())
    app.get('/', () => sleep(40, 'a'))
    const { headers } = await app.inject()
    const { handler, slow: layer, total, ...others } = timings(headers.get('server-timing'))
    assert.ok(handler! >= 35 && layer! >= 15, JSON.stringify({ handler, layer }))
    assert.ok(layer! < total! - handler! + 1, 'a layer has not what is within it')
    assert.ok(total! >= handler! + layer! - 1)
    assert.ok('middleware' in others)
  })

  it('tells of errors, of what no route answers, and before a stream begins', async () => {
    const app = new Hotpress({ logger: false, serverTiming: true })
    app.get('/fault', () => {
      throw new Error('a fault')
    })
    app.get('/stream', () =>
      stream(
        (async function* () {
          yield 'a'
        })(),
      ),
    )
    for (const [url, status] of [
      ['/fault', 500],
      ['/stream', 200],
      ['/nowhere', 404],
    ] as const) {
      const answer = await app.inject({ url })
      assert.equal(answer.status, status)
      assert.ok(timings(answer.headers.get('server-timing')).total! >= 0)
    }
  })

  it('leaves what a handler says, and answers that are shared', async () => {
    const app = new Hotpress({ logger: false, serverTiming: true })
    app.get('/own', () => text('a').header('Server-Timing', 'db;dur=12'))
    const shared = text('shared')
    app.get('/shared', () => shared)
    app.get('/constant', constant(text('constant')))
    assert.match((await app.inject({ url: '/own' })).headers.get('server-timing')!, /^db;dur=12, total;dur=/)
    for (const url of ['/shared', '/constant']) {
      await app.inject({ url })
      const header = (await app.inject({ url })).headers.get('server-timing')
      assert.equal(header?.match(/total/g)?.length, 1, url)
    }
  })

  it('tells whom it is asked to', async () => {
    const app = new Hotpress({
      logger: false,
      serverTiming: { when: (request) => request.header('x-debug') === '1' },
    })
    app.get('/', () => 'a')
    assert.equal((await app.inject()).headers.has('server-timing'), false)
    assert.equal((await app.inject({ headers: { 'x-debug': '1' } })).headers.has('server-timing'), true)
    const untold = new Hotpress({ logger: false })
    assert.equal((await untold.inject()).headers.has('server-timing'), false)
  })

  it('names a layer by what may stand there', async () => {
    const app = new Hotpress({ logger: false, serverTiming: true })
    app.use(Object.defineProperty<Middleware>((_, next) => next(), 'name', { value: 'für alle; x' }))
    app.get('/', () => 'a')
    assert.ok('f_r_alle__x' in timings((await app.inject()).headers.get('server-timing')))
  })

  it('goes on past middleware that calls next() twice', async () => {
    const app = new Hotpress({ logger: false, serverTiming: true })
    app.use(function twice(_, next) {
      next()
      return next()
    })
    app.get('/', () => 'a')
    assert.equal((await app.inject()).status, 500)
  })

  it('does not take what it does not know', () => {
    assert.throws(
      () => new Hotpress({ serverTiming: { when: 'x' } as never }),
      says('OPTION_INVALID', 'when of serverTiming'),
    )
    assert.throws(
      () => new Hotpress({ serverTiming: { whom: 1 } as never }),
      says('OPTION_UNKNOWN', 'whom of serverTiming'),
    )
  })
})
