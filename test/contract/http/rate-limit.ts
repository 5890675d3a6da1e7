import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type Hotpress,
  HttpError,
  MemoryRateLimiter,
  type Middleware,
  type RateLimiter,
  type RateLimitOptions,
  RouteGroup,
  rateLimit as rateLimitOf,
  text,
} from '../../../src/index.js'
import { type Client, onEveryTransport } from '../../_setup.js'
import { assertProblem, linesOf, postChunked, soon, wire } from './_tools.js'

/** A header of a request: whose limit it counts against. */
const who = 'x-who'
const key = (request: { header(name: string): string | undefined }): string => request.header(who) ?? ''

/** A policy for which no time passes, however long a test takes. */
function still(options: RateLimitOptions): RateLimitOptions & { readonly name: string } {
  return { limiter: new MemoryRateLimiter({ clock: () => 0 }), name: 'default', ...options }
}

function rateLimit(options: RateLimitOptions): Middleware {
  return rateLimitOf(still(options))
}

const shared = text('shared')
const sharedInGroup = text('shared')
const broken: RateLimiter = {
  consume() {
    throw new Error('no limiter')
  },
}

function build(app: Hotpress): void {
  app.get('/', () => 'ok')
  app.get('/async', async () => soon('later'))
  app.get('/shared', () => shared)
  app.get('/throws', () => {
    throw new HttpError(409, 'taken')
  })
  app.post('/small', { bodyLimit: 10 }, (req) => req.text())

  const group = new RouteGroup({ prefix: '/group' })
  group.use(rateLimit({ key, limit: 50, name: 'group', window: '1h' }))
  group.get('/one', { use: rateLimit({ key, limit: 2, name: 'route', window: 1500 }) }, () => 'one')
  group.get('/two', () => 'two')
  group.get('/shared', () => sharedInGroup)
  app.mount(group)

  const limiter: RateLimiter = {
    consume: async (id) => soon({ allowed: !id.endsWith('no'), remaining: 7.9, resetMs: 1 }),
  }
  app.get(
    '/later',
    { use: rateLimit({ key: async (req) => soon(key(req)), limit: 8, limiter, name: 'later', window: '1s' }) },
    () => 'later',
  )
  app.get('/quiet', { use: rateLimit({ headers: false, key, limit: 1, window: '1h' }) }, () => 'quiet')
  app.get(
    '/costly',
    { use: rateLimit({ cost: (req) => Number(req.query.get('cost')), key, limit: 5, name: 'cost', window: '1h' }) },
    () => 'costly',
  )
  app.get(
    '/keyless',
    { use: rateLimit({ key: () => undefined, limit: 1, name: 'keyless', window: '1h' }) },
    () => 'free',
  )
  app.get('/skipped', { use: rateLimit({ limit: 1, name: 'skipped', skip: () => true, window: '1h' }) }, () => 'free')
  app.get('/broken', { use: rateLimit({ key, limit: 1, limiter: broken, name: 'broken', window: '1h' }) }, () => 'no')
  app.get(
    '/open',
    { use: rateLimit({ failOpen: true, key, limit: 1, limiter: broken, name: 'open', window: '1h' }) },
    () => 'yes',
  )
  app.get('/wrong', { use: rateLimit({ key: () => 7 as never, limit: 1, window: '1h' }) }, () => 'no')
}

/** Rate limits of an app, a group and a route: what passes them, and how answers tell of it. */
export function rateLimitContract(): void {
  const options = {
    // Read for each app: none counts what another has.
    get rateLimit() {
      return still({ key, limit: 1000, window: '1h' })
    },
  }
  onEveryTransport('rate limits', build, cases, options)
  onEveryTransport('rate limits by address', (app) => app.get('/', () => 'ok'), addressCases, {
    rateLimit: { algorithm: 'token-bucket', limit: 2, window: '1h' },
  })
}

function cases(client: Client): void {
  const get = (path: string, name: string, init: RequestInit = {}): Promise<Response> =>
    client.fetch(path, { ...init, headers: { ...init.headers, [who]: name } })
  const fields = ({ headers }: Response): (string | null)[] => [
    headers.get('ratelimit-policy'),
    headers.get('ratelimit'),
  ]
  const whole = '"default";q=1000;w=3600'

  const answers: readonly (readonly [name: string, method: string, path: string, status: number])[] = [
    ['an answer', 'GET', '/', 200],
    ['a later answer', 'GET', '/async', 200],
    ['a HEAD', 'HEAD', '/', 200],
    ['an error', 'GET', '/throws', 409],
    ['a 404', 'GET', '/nowhere', 404],
    ['a 405', 'DELETE', '/', 405],
    ['an OPTIONS', 'OPTIONS', '/', 204],
  ]
  for (const [name, method, path, status] of answers) {
    test(`${name} counts, and tells what is left`, async () => {
      for (const left of [999, 998]) {
        const response = await get(path, `app ${name}`, { method })
        assert.equal(response.status, status)
        assert.deepEqual(fields(response), [whole, `"default";r=${left};t=3600`])
        assert.equal(response.headers.get('retry-after'), null)
        await response.arrayBuffer()
      }
    })
  }

  test('a 413 counts', async () => {
    const response = await get('/small', '413', { body: 'x'.repeat(100), method: 'POST' })
    assert.equal(response.status, 413)
    assert.deepEqual(fields(response), [whole, '"default";r=999;t=3600'])
    await response.arrayBuffer()
    assert.equal((await postChunked(client, '/small', ['x'.repeat(100)])).status, 413)
  })

  test('policies further in add their members, each with a counter of its own', async () => {
    const first = await get('/group/one', 'nested')
    const policies = `${whole}, "group";q=50;w=3600, "route";q=2;w=2`
    assert.deepEqual(fields(first), [policies, '"default";r=999;t=3600, "group";r=49;t=3600, "route";r=1;t=2'])
    const second = await get('/group/two', 'nested')
    assert.deepEqual(fields(second), [`${whole}, "group";q=50;w=3600`, '"default";r=998;t=3600, "group";r=48;t=3600'])
  })

  test('beyond the limit there is a 429 that says which, how long, and when again', async () => {
    for (let count = 0; count < 2; count++) await get('/group/one', 'beyond')
    const response = await get('/group/one', 'beyond')
    assert.equal(fields(response)[1], '"default";r=997;t=3600, "group";r=47;t=3600, "route";r=0;t=2')
    assert.equal(response.headers.get('retry-after'), '2')
    const members = { code: 'RATE_LIMITED', detail: 'the limit of 2 in 1.5 s is used up', title: 'Too Many Requests' }
    await assertProblem(response, 429, { ...members, 'violated-policies': ['route'] })
    assert.equal((await get('/group/one', 'another')).status, 200)
  })

  test('a response that a handler returns again and again does not gather members', async () => {
    for (let count = 0; count < 3; count++) {
      assert.equal(fields(await get('/shared', 'shared'))[0], whole)
      assert.equal(fields(await get('/group/shared', 'shared'))[0], `${whole}, "group";q=50;w=3600`)
    }
  })

  test('fields are one line each', async () => {
    const answer = await wire(client, '/group/two')
    assert.deepEqual(linesOf(answer, 'ratelimit-policy'), [`${whole}, "group";q=50;w=3600`])
    assert.equal(linesOf(answer, 'ratelimit').length, 1)
  })

  test('keys and limiters may answer later', async () => {
    const response = await get('/later', 'yes')
    assert.equal(response.status, 200)
    assert.match(fields(response)[1] ?? '', /, "later";r=7;t=1$/)
    assert.equal((await get('/later', 'no')).status, 429)
  })

  test('without headers there is a Retry-After of a 429, and no more', async () => {
    assert.deepEqual(fields(await get('/quiet', 'quiet')), [whole, '"default";r=999;t=3600'])
    const response = await get('/quiet', 'quiet')
    assert.equal(response.status, 429)
    assert.deepEqual(fields(response), [whole, '"default";r=998;t=3600'])
    assert.equal(response.headers.get('retry-after'), '3600')
  })

  test('a cost is taken as it is; one beyond the limit is never allowed', async () => {
    assert.match(fields(await get('/costly?cost=4', 'cost'))[1] ?? '', /"cost";r=1;/)
    assert.equal((await get('/costly?cost=2', 'cost')).status, 429)
    assert.match(fields(await get('/costly?cost=1', 'cost'))[1] ?? '', /"cost";r=0;/)
    const never = await get('/costly?cost=6', 'costlier')
    assert.equal(never.status, 429)
    assert.equal(never.headers.get('retry-after'), null)
    assert.match(fields(never)[1] ?? '', /"cost";r=5$/)
    assert.equal((await get('/costly?cost=1.5', 'cost')).status, 500)
    assert.equal((await get('/costly?cost=-1', 'cost')).status, 500)
  })

  test('what has no key, or is skipped, is not limited', async () => {
    for (const path of ['/keyless', '/skipped']) {
      for (let count = 0; count < 3; count++) {
        const response = await get(path, 'free')
        assert.equal(response.status, 200)
        assert.equal(fields(response)[0], whole)
      }
    }
  })

  test('a key that is no text is an error', async () => {
    assert.equal((await get('/wrong', 'wrong')).status, 500)
  })

  test('a limiter that fails is a 503, or with failOpen none', async () => {
    const response = await get('/broken', 'broken')
    await assertProblem(response, 503, { code: 'RATE_LIMIT_UNAVAILABLE' })
    const open = await get('/open', 'broken')
    assert.equal(await open.text(), 'yes')
  })
}

function addressCases(client: Client): void {
  test('the address of the client is its key, and every path counts', async () => {
    const statuses: number[] = []
    for (const path of ['/', '/nowhere', '/', '/other']) {
      const response = await client.fetch(path)
      await response.arrayBuffer()
      statuses.push(response.status)
    }
    assert.deepEqual(statuses, [200, 404, 429, 429])
  })
}
