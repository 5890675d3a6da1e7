// What observers are told of requests.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Hotpress,
  HttpError,
  type HttpRequest,
  type RequestEnd,
  redirect,
  stream,
  text,
} from '../../../src/index.js'
import { type Client, onEveryTransport } from '../../_setup.js'
import { endless, failing, parts } from './_sources.js'

interface Told {
  readonly began: string[]
  readonly ended: ({
    readonly path: string
    /** Asked for at the end, of some. */
    readonly id: string | undefined
    readonly route: string | undefined
    readonly status: number | undefined
  } & Pick<RequestEnd, 'bytes' | 'duration' | 'isAborted'>)[]
}

let latest: Told

function build(app: Hotpress): void {
  const told: Told = { began: [], ended: [] }
  latest = told
  const inner = Symbol('inner')
  const order: unknown[] = []
  app.observe({
    began: ({ path }) => {
      order.length = 0
      told.began.push(path)
    },
    ended: (request, { bytes, duration, isAborted, response, startTime }) => {
      const now = performance.now()
      assert.ok(startTime + duration <= now && startTime > now - 60_000, `${startTime} + ${duration}, now ${now}`)
      // The last of the observers is told of an end first.
      assert.deepEqual(order.splice(0), [inner])
      const { path, route } = request
      const id = path.startsWith('/ask') ? request.id : undefined
      told.ended.push({ bytes, duration, id, isAborted, path, route, status: response?.statusCode })
    },
  })
  app.observe({
    began() {},
    ended: () => void order.push(inner),
  })
  app.get('/text/:name', ({ params }) => `é ${params.name}`)
  app.get('/ask/now', () => text('now').header('X-Own', '1'))
  app.get('/ask/soon', async () => 'soon')
  app.get('/ask/later', () => sleep(5, 'later'))
  app.get('/ask/nothing', () => null)
  app.get('/ask/parts', () => stream(parts('a', 'b')))
  app.get('/bytes', () => new Uint8Array(1000))
  app.get('/nothing', () => null)
  app.get('/elsewhere', () => redirect('/bytes'))
  app.get('/later', () => sleep(20, { a: 1 }))
  app.get('/refused', () => {
    throw new HttpError(418, 'no')
  })
  app.get('/broken', () => {
    throw new Error('a fault')
  })
  app.get('/parts', () => stream(parts('one', 'two', 'three')))
  app.get('/failing', () => stream(failing()))
  app.get('/endless', () => stream(endless()))
  app.get(
    '/left',
    ({ signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  )
  app.post('/echo', async (req: HttpRequest) => text(await req.text()))
  app.post('/small', { bodyLimit: 10 }, async (req) => text(await req.text()))
}

function cases(client: Client): void {
  const told = latest

  // The end may be told of a moment after the client has its answer.
  async function endOf(path: string): Promise<Told['ended'][number]> {
    for (let left = 400; left > 0; left--) {
      const index = told.ended.findIndex((end) => end.path === path)
      if (index >= 0) {
        // And it is told of once.
        await sleep(5)
        const all = told.ended.filter((end) => end.path === path)
        assert.equal(all.length, 1, `${path} has ended ${all.length} times`)
        assert.equal(told.began.filter((begun) => begun === path).length, 1)
        told.ended.splice(index, 1)
        told.began.splice(told.began.indexOf(path), 1)
        const { duration } = all[0]!
        assert.ok(duration >= 0 && duration < 60_000, `${duration} ms`)
        return all[0]!
      }
      await sleep(5)
    }
    throw new Error(`${path} has not ended`)
  }

  test('an id that is asked for at the end is that of the answer', async () => {
    for (const where of ['/ask/now', '/ask/soon', '/ask/later', '/ask/nothing', '/ask/parts', '/ask/nowhere']) {
      for (let times = 0; times < 3; times++) {
        const answer = await client.fetch(where)
        await answer.arrayBuffer()
        assert.equal((await endOf(where)).id, answer.headers.get('x-request-id'), where)
      }
    }
  })

  const whole: readonly (readonly [
    path: string,
    status: number,
    bytes: number | undefined,
    route: string | undefined,
  ])[] = [
    ['/text/x', 200, 4, '/text/:name'],
    ['/bytes', 200, 1000, '/bytes'],
    ['/nothing', 204, 0, '/nothing'],
    ['/elsewhere', 302, 0, '/elsewhere'],
    ['/later', 200, 7, '/later'],
    ['/refused', 418, undefined, '/refused'],
    ['/broken', 500, undefined, '/broken'],
    ['/parts', 200, 11, '/parts'],
    ['/nowhere', 404, undefined, undefined],
    ['/text/%ff', 400, undefined, undefined],
  ]
  for (const [path, status, bytes, route] of whole) {
    test(`GET ${path}`, async () => {
      const answer = await client.fetch(path)
      const size = (await answer.arrayBuffer()).byteLength
      const end = await endOf(path)
      assert.equal(end.status, status)
      assert.equal(end.bytes, size)
      if (bytes !== undefined) assert.equal(end.bytes, bytes)
      assert.equal(end.route, route)
      assert.equal(end.isAborted, false)
    })
  }

  test('HEAD has no bytes, whatever GET would have', async () => {
    await client.fetch('/parts', { method: 'HEAD' })
    const { bytes, isAborted, status } = await endOf('/parts')
    assert.deepEqual({ bytes, isAborted, status }, { bytes: 0, isAborted: false, status: 200 })
  })

  test('a method that nothing answers, and OPTIONS', async () => {
    for (const [method, status] of [
      ['DELETE', 405],
      ['OPTIONS', 204],
    ] as const) {
      await client.fetch('/bytes', { method })
      assert.equal((await endOf('/bytes')).status, status)
    }
  })

  test('a request with a body, and one with too much of it', async () => {
    await (await client.fetch('/echo', { body: 'twelve bytes', method: 'POST' })).text()
    assert.deepEqual((({ bytes, status }) => ({ bytes, status }))(await endOf('/echo')), { bytes: 12, status: 200 })
    await (await client.fetch('/small', { body: 'twelve bytes', method: 'POST' })).text()
    assert.equal((await endOf('/small')).status, 413)
  })

  test('a stream that fails is not whole', async () => {
    await client.fetch('/failing').then(
      (answer) => answer.text().catch(() => {}),
      () => {},
    )
    const { bytes, isAborted, status } = await endOf('/failing')
    assert.deepEqual({ bytes, isAborted, status }, { bytes: 6, isAborted: true, status: 200 })
  })

  if (client.transport === 'inject') return

  test('a client that leaves before the answer, and within it', async () => {
    const leaving = new AbortController()
    const asked = client.fetch('/left', { signal: leaving.signal }).catch(() => {})
    while (!told.began.includes('/left')) await sleep(5)
    leaving.abort()
    await asked
    const left = await endOf('/left')
    // Whose side is shut may still wait for the answer: native has no other sign of it.
    if (client.transport !== 'native') assert.deepEqual([left.isAborted, left.status], [true, undefined])
    const going = new AbortController()
    const answer = await client.fetch('/endless', { signal: going.signal })
    await answer.body!.getReader().read()
    going.abort()
    const { bytes, isAborted, status } = await endOf('/endless')
    assert.deepEqual({ isAborted, status }, { isAborted: true, status: 200 })
    assert.ok(bytes >= 4)
  })
}

/** Every request that has begun ends once, with its answer, on every transport. */
export function observersContract(): void {
  onEveryTransport('observers', build, cases)
}
