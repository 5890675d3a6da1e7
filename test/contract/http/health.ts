import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Hotpress, health, RouteGroup } from '../../../src/index.js'
import { type Client, onEveryTransport } from '../../_setup.js'

interface Told {
  readonly checks?: Readonly<Record<string, unknown>>
  readonly status: string
}

let isDatabaseThere = true

function build(app: Hotpress): void {
  app.health({
    cacheTime: 0,
    checks: {
      database: () => {
        if (!isDatabaseThere) throw new Error('postgres://admin:secret@db:5432 is away')
      },
      queue: { check: async () => true, timeout: '5s' },
    },
  })
  app.get('/limited', () => 'ok')

  const group = new RouteGroup({ prefix: '/internal' })
  const { live, ready } = health({
    checks: { cache: () => false, store: async () => Promise.reject(new Error('away')), slow: waitForever },
    timeout: 20,
    verbose: (request) => request.header('x-who') === 'me',
  })
  group.get('/live', live).get('/ready', ready)
  app.mount(group)
}

function waitForever(): Promise<never> {
  return new Promise(() => {})
}

function cases(client: Client): void {
  // Only what listens is ready.
  const isListening = client.transport !== 'inject'
  const ready = isListening ? 200 : 503

  async function told(path: string, init?: RequestInit): Promise<{ body: Told; res: Response }> {
    const res = await client.fetch(path, init)
    assert.equal(res.headers.get('cache-control'), 'no-store')
    assert.match(res.headers.get('content-type') ?? '', /^application\/json/)
    return { body: (await res.json()) as Told, res }
  }

  test('/healthz says that the process is alive', async () => {
    const { body, res } = await told('/healthz')
    assert.equal(res.status, 200)
    assert.deepEqual(body, { status: 'ok' })
  })

  test('/startupz is 503 until the app has listened and all checks have passed, and 200 from then on', async () => {
    isDatabaseThere = false
    assert.equal((await told('/startupz')).res.status, 503)
    isDatabaseThere = true
    assert.equal((await told('/startupz')).res.status, ready)
    isDatabaseThere = false
    assert.equal((await told('/startupz')).res.status, ready)
    isDatabaseThere = true
  })

  test('/readyz names each check', async () => {
    const { body, res } = await told('/readyz')
    assert.equal(res.status, ready)
    if (isListening) assert.deepEqual(body, { status: 'ok', checks: { database: 'ok', queue: 'ok' } })
    else assert.deepEqual(body, { status: 'starting' })
  })

  test('/readyz is 503 while a check fails, and does not say why', async () => {
    isDatabaseThere = false
    const { body, res } = await told('/readyz')
    isDatabaseThere = true
    assert.equal(res.status, 503)
    if (isListening) assert.deepEqual(body, { status: 'failed', checks: { database: 'failed', queue: 'ok' } })
    assert.equal((await told('/readyz')).res.status, ready)
  })

  test('HEAD has the status and the headers alone', async () => {
    for (const path of ['/healthz', '/readyz']) {
      const res = await client.fetch(path, { method: 'HEAD' })
      assert.equal(res.status, path === '/healthz' ? 200 : ready)
      assert.equal(res.headers.get('cache-control'), 'no-store')
      assert.equal(await res.text(), '')
    }
  })

  test('health() is for groups and routes of their own, and says more to whom it may', async () => {
    assert.equal((await told('/internal/live')).res.status, 200)
    const { body, res } = await told('/internal/ready')
    assert.equal(res.status, 503)
    if (!isListening) return
    assert.deepEqual(body, { status: 'failed', checks: { cache: 'failed', store: 'failed', slow: 'timeout' } })
    const mine = (await told('/internal/ready', { headers: { 'X-Who': 'me' } })).body.checks
    assert.deepEqual(Object.keys(mine ?? {}), ['cache', 'store', 'slow'])
    const { ms, ...store } = mine?.store as Record<string, unknown>
    assert.equal(typeof ms, 'number')
    assert.deepEqual(store, { status: 'failed', reason: 'away' })
    assert.deepEqual(mine?.slow, { status: 'timeout', ms: 20 })
  })

  test('the limit of the app is not for them', async () => {
    const statuses: number[] = []
    for (let index = 0; index < 3; index++) statuses.push((await client.fetch('/limited')).status)
    assert.equal(statuses.at(-1), 429)
    assert.equal((await told('/healthz')).res.status, 200)
    assert.equal((await told('/readyz')).res.status, ready)
    assert.equal((await client.fetch('/internal/live')).status, 200)
  })
}

/** What the probes of an app answer. */
export function healthContract(): void {
  // By port, which each variant has its own of.
  const rateLimit = { key: (request: { host: string }) => request.host, limit: 2, window: '1h' }
  onEveryTransport('health', build, cases, { rateLimit })
}
