import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HttpError, type HttpResponse, type Middleware, RouteGroup, requestKey, text } from '../../../src/index.js'
import { onEveryTransport } from '../../_setup.js'
import { assertBlank, assertProblem, recorder, soon } from './_tools.js'

const trail = requestKey<string[]>('trail')
const twin = requestKey<string[]>('trail')

/** Notes when the request and when the response passes. */
function mark(name: string): Middleware {
  return async (request, next) => {
    const seen = request.get(trail) ?? []
    request.set(trail, [...seen, name])
    const response = await next()
    return response.header('x-back', [response.header('x-back'), name].filter(Boolean).join(' '))
  }
}

/** How middleware wraps handlers, and one another. */
export function middlewareContract(): void {
  onEveryTransport(
    'middleware',
    (app) => {
      app.use(mark('app1'), mark('app2'))
      app.get('/bare', (req) => `${req.get(trail)}`)
      const inner = new RouteGroup({ prefix: '/inner' })
      inner.get('/leaf', (req) => `${req.get(trail)}`)
      inner.use(mark('inner'))
      const outer = new RouteGroup({ prefix: '/outer' })
      outer.use(mark('outer1'))
      outer.mount(inner)
      outer.get('/leaf', (req) => `${req.get(trail)}`)
      outer.get('/fails', () => {
        throw new HttpError(409)
      })
      outer.use(mark('outer2'))
      app.mount(outer)
      app.use(mark('app3'))
    },
    (client) => {
      const cases: readonly (readonly [path: string, there: string, back: string])[] = [
        ['/bare', 'app1,app2,app3', 'app3 app2 app1'],
        ['/outer/leaf', 'app1,app2,app3,outer1,outer2', 'outer2 outer1 app3 app2 app1'],
        ['/outer/inner/leaf', 'app1,app2,app3,outer1,outer2,inner', 'inner outer2 outer1 app3 app2 app1'],
      ]
      for (const [path, there, back] of cases) {
        test(`around ${path} runs from the app inwards and back again, whenever it was added`, async () => {
          const response = await client.fetch(path)
          assert.equal(await response.text(), there)
          assert.equal(response.headers.get('x-back'), back)
        })
      }

      for (const [name, path, method, status, back] of [
        ['an error of a handler', '/outer/fails', 'GET', 409, 'outer2 outer1 app3 app2 app1'],
        ['a 404', '/nowhere', 'GET', 404, 'app3 app2 app1'],
        ['a 405', '/bare', 'POST', 405, 'app3 app2 app1'],
        ['an automatic OPTIONS', '/bare', 'OPTIONS', 204, 'app3 app2 app1'],
      ] as const) {
        test(`changes the headers of ${name}`, async () => {
          const response = await client.fetch(path, { method })
          assert.equal(response.status, status)
          assert.equal(response.headers.get('x-back'), back)
        })
      }
    },
  )

  singleContract()
}

function singleContract(): void {
  const { entries, logger } = recorder()

  onEveryTransport(
    'one middleware',
    (app) => {
      const behaviours: Readonly<Record<string, Middleware>> = {
        async again(_, next) {
          await next()
          return next()
        },
        async forgetful(_, next) {
          await next()
        },
        rejects: async () => Promise.reject(new HttpError(428)),
        replaces: async (_, next) => text(`instead of ${(await next()).statusCode}`),
        short: () => text('short', 403),
        shortData: async () => soon({ short: true }),
        sync(_, next) {
          const response = next() as HttpResponse
          return response.header('x-is-promise', String(response instanceof Promise))
        },
        throws() {
          throw new Error('secret')
        },
        twice(_, next) {
          next()
          return next()
        },
        async tells(_, next) {
          const response = await next()
          return response.header('x-error', response.error instanceof Error ? response.error.message : 'none')
        },
      }
      app.use(function choose(request, next) {
        return behaviours[request.header('x-middleware') ?? '']?.(request, next) ?? next()
      })
      app.get('/', (req) => ({ both: [req.get(trail), req.get(twin)], route: req.route }))
      app.get('/values', (req) => {
        const before = req.get(trail)
        req.set(trail, ['a']).set(twin, ['b'])
        return [before ?? 'none', req.get(trail), req.get(twin)]
      })
      app.get('/fails', () => {
        throw new Error('told to middleware alone')
      })
    },
    (client) => {
      const by = (middleware: string, path = '/'): Promise<Response> =>
        client.fetch(path, { headers: { 'x-middleware': middleware } })

      test('answers without going on', async () => {
        const response = await by('short')
        assert.equal(response.status, 403)
        assert.equal(await response.text(), 'short')
        assert.deepEqual(await (await by('shortData')).json(), { short: true })
      })

      test('puts an answer in place of the one that it was given', async () => {
        assert.equal(await (await by('replaces', '/fails')).text(), 'instead of 500')
      })

      test('fails as a handler does', async () => {
        await assertBlank(await by('throws'))
        await assertProblem(await by('rejects'), 428)
      })

      for (const name of ['again', 'twice']) {
        test(`that calls next() twice is a 500, with its name in the log: ${name}`, async () => {
          const response = await by(name)
          const id = response.headers.get('x-request-id')
          await assertBlank(response)
          const line = entries.find(({ fields }) => fields.requestId === id)
          assert.match((line?.fields.err as Error | undefined)?.message ?? '', /choose called next\(\) more than once/)
        })
      }

      test('that returns nothing answers as a handler that returns nothing does', async () => {
        assert.equal((await by('forgetful')).status, 202)
      })

      test('that is synchronous makes no promise', async () => {
        assert.equal((await by('sync')).headers.get('x-is-promise'), 'false')
      })

      test('sees what was thrown', async () => {
        const response = await by('tells', '/fails')
        assert.equal(response.headers.get('x-error'), 'told to middleware alone')
        await assertBlank(response)
        assert.equal((await by('tells')).headers.get('x-error'), 'none')
      })

      test('values belong to one request, and keys of one name stay apart', async () => {
        for (let round = 0; round < 2; round++) {
          assert.deepEqual(await (await client.fetch('/values')).json(), ['none', ['a'], ['b']])
        }
      })
    },
    { logger },
  )
}
