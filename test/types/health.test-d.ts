// Checked by tsc alone: nothing here runs.
import { expectTypeOf } from 'expect-type'
import { type Handler, type Health, type HealthStatus, Hotpress, health, RouteGroup } from 'hotpress'

const app = new Hotpress({ maxEventLoopDelay: '500ms' })

expectTypeOf(app.health()).toEqualTypeOf<Hotpress>()
app.health({
  cacheTime: '5s',
  checks: {
    database: async () => 'anything',
    queue: { cacheTime: 0, check: (signal) => expectTypeOf(signal).toEqualTypeOf<AbortSignal>(), timeout: 500 },
  },
  paths: { live: '/live', startup: false },
  verbose: (request) => request.ip === '127.0.0.1',
})

const made = health({ timeout: '1s', verbose: true })
expectTypeOf(made).toEqualTypeOf<Health>()
expectTypeOf(made.ready).toEqualTypeOf<Handler>()
new RouteGroup().get('/live', made.live)
expectTypeOf<HealthStatus>().toEqualTypeOf<'failed' | 'ok' | 'timeout'>()

// @ts-expect-error: where it answers is for an app alone
health({ paths: { live: '/live' } })
// @ts-expect-error: a check is a function
app.health({ checks: { database: true } })
