import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HealthOptions, Hotpress, health, RouteGroup, rateLimit } from '../../src/index.js'
import { says } from '../_says.js'
import { start } from '../_setup.js'
import { recorder } from '../contract/http/_tools.js'

/** An app that is ready, since it listens, asked without its sockets. */
async function ready(options: HealthOptions, log?: ReturnType<typeof recorder>): Promise<Hotpress> {
  const { app } = await start('node', (made) => made.health(options), log === undefined ? {} : { logger: log.logger })
  return app
}

const probe = async (app: Hotpress): Promise<readonly [number, unknown]> => {
  const res = await app.inject({ url: '/readyz' })
  return [res.status, res.json()]
}

test('the checks run once however many ask, and once within their time', async () => {
  let runs = 0
  let end: () => void = () => {}
  const app = await ready({
    cacheTime: '1h',
    checks: {
      once() {
        runs++
        return new Promise<void>((resolve) => {
          end = resolve
        })
      },
    },
  })
  const asked = Array.from({ length: 100 }, () => probe(app))
  await new Promise((resolve) => setImmediate(resolve))
  end()
  for (const [status] of await Promise.all(asked)) assert.equal(status, 200)
  for (let index = 0; index < 10; index++) await probe(app)
  assert.equal(runs, 1)
})

test('without a cache each probe asks anew', async () => {
  let runs = 0
  const app = await ready({ cacheTime: 0, checks: { each: () => void runs++ } })
  await probe(app)
  await probe(app)
  assert.equal(runs, 2)
})

test('a check that hangs is given up, told so, and begun three times at most until one of them ends', async () => {
  const signals: AbortSignal[] = []
  const ends: (() => void)[] = []
  const app = await ready({
    cacheTime: 0,
    checks: {
      hangs: (signal) => {
        signals.push(signal)
        return new Promise<void>((resolve) => ends.push(resolve))
      },
    },
    timeout: 5,
  })
  for (let index = 0; index < 6; index++) {
    assert.deepEqual(await probe(app), [503, { status: 'failed', checks: { hangs: 'timeout' } }])
  }
  assert.equal(signals.length, 3)
  assert.ok(signals.every(({ aborted }) => aborted))
  for (const end of ends) end()
  await new Promise((resolve) => setImmediate(resolve))
  const after = probe(app)
  await new Promise((resolve) => setImmediate(resolve))
  ends.at(-1)!()
  await after
  assert.equal(signals.length, 4)
})

test('what a check finds is logged when it changes, with the reason', async () => {
  let error: Error | undefined
  const log = recorder()
  const app = await ready(
    {
      cacheTime: 0,
      checks: {
        database() {
          if (error !== undefined) throw error
        },
      },
    },
    log,
  )
  const found = (): unknown[] =>
    log.entries
      .filter(({ message }) => message?.startsWith('health check'))
      .map(({ fields, message }) => [message, (fields as { err?: unknown }).err])
  await probe(app)
  assert.deepEqual(found(), [])
  error = new Error('away')
  for (let index = 0; index < 5; index++) assert.equal((await probe(app))[0], 503)
  assert.deepEqual(found(), [['health check failed', error]])
  error = undefined
  for (let index = 0; index < 5; index++) assert.equal((await probe(app))[0], 200)
  assert.deepEqual(found(), [
    ['health check failed', new Error('away')],
    ['health check passes again', undefined],
  ])
})

test('an app that is not ready yet, or no more, asks no check', async () => {
  let runs = 0
  const app = new Hotpress({ logger: false, transport: 'node' })
  app.health({ cacheTime: 0, checks: { each: () => void runs++ } })
  assert.deepEqual(await probe(app), [503, { status: 'starting' }])
  assert.equal((await app.inject({ url: '/startupz' })).status, 503)
  await app.listen()
  assert.equal((await probe(app))[0], 200)
  assert.equal((await app.inject({ url: '/startupz' })).status, 200)
  const closing = app.close()
  assert.deepEqual(await probe(app), [503, { status: 'draining' }])
  assert.equal((await app.inject({ url: '/healthz' })).status, 200)
  assert.equal((await app.inject({ url: '/startupz' })).status, 200)
  await closing
  assert.deepEqual(await probe(app), [503, { status: 'closed' }])
  assert.equal(runs, 1)
})

test('it answers where it is told to, or not at all', async () => {
  const app = new Hotpress({ logger: false })
  app.health({ paths: { live: '/live', startup: false } })
  assert.equal((await app.inject({ url: '/live' })).status, 200)
  assert.equal((await app.inject({ url: '/readyz' })).status, 503)
  assert.equal((await app.inject({ url: '/healthz' })).status, 404)
  assert.equal((await app.inject({ url: '/startupz' })).status, 404)
})

test('limits of the app are not for it, those of its own group are', async () => {
  const app = new Hotpress({ logger: false })
  app.use(rateLimit({ limit: 1, window: '1h' }))
  app.health()
  app.get('/', () => 'ok')
  const group = new RouteGroup({ prefix: '/group' })
  group.use(rateLimit({ limit: 2, window: '1h' }))
  group.get('/live', health().live)
  app.mount(group)
  const statuses = async (url: string): Promise<number[]> => {
    const answers = []
    for (let count = 0; count < 3; count++) answers.push((await app.inject({ url })).status)
    return answers
  }
  assert.deepEqual(await statuses('/'), [200, 429, 429])
  assert.deepEqual(await statuses('/healthz'), [200, 200, 200])
  assert.deepEqual(await statuses('/group/live'), [200, 200, 429])
})

test('options that are wrong are named', () => {
  const wrong: readonly (readonly [unknown, string])[] = [
    [{ checks: [] }, 'checks of health() got an array, and takes an object of functions by name'],
    [{ checks: { db: 1 } }, 'checks.db of health() got 1, and takes a function, or an object with one'],
    [{ checks: { db: {} } }, 'check of checks.db of health() got undefined, and takes a function'],
    [{ checks: { db: { check() {}, timeout: 0 } } }, 'timeout of checks.db of health() got 0, and takes more than 0'],
    [{ cacheTime: 'soon' }, 'cacheTime of health() got "soon"'],
    [{ timeout: -1 }, 'timeout of health() got -1'],
    [{ verbose: 'yes' }, 'verbose of health() got "yes", and takes true, false or a function'],
  ]
  for (const [options, message] of wrong) {
    assert.throws(() => health(options as HealthOptions), says('OPTION_INVALID', message))
  }
  const app = new Hotpress({ logger: false })
  const paths = { live: 'healthz' }
  assert.throws(() => app.health({ paths }), says('OPTION_INVALID', 'live of paths of health() got "healthz"'))
  const unknown = { path: '/healthz' } as HealthOptions
  assert.throws(() => app.health(unknown), says('OPTION_UNKNOWN', 'no option path of health(); the options are'))
})
