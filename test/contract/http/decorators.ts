import assert from 'node:assert/strict'
import { test } from 'node:test'
import { decorator } from '../../../src/core/decorator.js'
import { type Hotpress, type Middleware, RouteGroup } from '../../../src/index.js'
import { onEveryTransport } from '../../_setup.js'

/** A middleware that adds its name to each answer, those included that it never sees. */
function naming(name: string): Middleware {
  return decorator(
    async (_request, next) => (await next()).append('x-by', name),
    (response) => response.append('x-by', name),
  )
}

function build(app: Hotpress): void {
  app.use(naming('app'))
  const group = new RouteGroup({ prefix: '/group' })
  const onlyGet = naming('get')
  group.use(naming('group'), async (_request, next) => (await next()).append('x-by', 'plain'))
  group.get('/both', { use: onlyGet }, () => 'get')
  group.post('/both', { use: [naming('post'), naming('post, inner')] }, () => 'post')
  group.get('/slow', ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(null))))
  group.post('/unread', { bodyLimit: '1kb' }, () => new Promise(() => {}))
  app.mount(group)
}

/** Which middleware has which answer, where decorators and middleware of single routes are. */
export function decoratorsContract(): void {
  onEveryTransport(
    'decorators',
    build,
    (client) => {
      const cases: readonly (readonly [string, string, string, Record<string, string>, number, string])[] = [
        ['a route', 'GET', '/group/both', {}, 200, 'get, plain, group, app'],
        ['another method', 'POST', '/group/both', {}, 200, 'post, inner, post, plain, group, app'],
        ['what is found nowhere', 'GET', '/nowhere', {}, 404, 'app'],
        ['a method that is not there', 'PUT', '/group/both', {}, 405, 'group, app'],
        ['OPTIONS', 'OPTIONS', '/group/both', {}, 204, 'group, app'],
        ['a preflight', 'OPTIONS', '/group/both', { 'access-control-request-method': 'GET' }, 204, 'get, group, app'],
        [
          'a preflight for a method that is not there',
          'OPTIONS',
          '/group/both',
          { 'access-control-request-method': 'constructor' },
          204,
          'group, app',
        ],
        ['an answer after the time is up', 'GET', '/group/slow', {}, 503, 'group, app'],
      ]
      for (const [name, method, path, headers, status, by] of cases) {
        test(name, async () => {
          const response = await client.fetch(path, { headers, method })
          assert.equal(response.status, status)
          assert.equal(response.headers.get('x-by'), by)
        })
      }

      test('a body that nobody reads and that is too large', async () => {
        const body = new ReadableStream({
          start(controller) {
            controller.enqueue(new Uint8Array(4096))
            controller.close()
          },
        })
        const response = await client.fetch('/group/unread', { body, duplex: 'half', method: 'POST' })
        assert.equal(response.status, 413)
        assert.match(response.headers.get('x-by') ?? '', /group, app$/)
      })
    },
    { requestTimeout: 300 },
    'beside each other',
  )
}
