import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  Cors,
  cors,
  type Hotpress,
  type HotpressOptions,
  HttpError,
  RouteGroup,
  stream,
  text,
} from '../../../src/index.js'
import { type Client, onEveryTransport } from '../../_setup.js'
import { assertBlank, recorder, soon } from './_tools.js'

const app = 'https://app.example.com'
const other = 'https://other.example.com'
const asks = (method: string, origin = app): Record<string, string> => ({
  'access-control-request-method': method,
  origin,
})

/** The CORS headers of an answer, and `Vary`. */
function corsOf({ headers }: Response): Record<string, string> {
  const found = [...headers].filter(([name]) => name.startsWith('access-control-') || name === 'vary')
  return Object.fromEntries(found.map(([name, value]) => [name.replace('access-control-', ''), value]))
}

// One response, given again and again.
const shared = text('shared')

function routes(hotpress: Hotpress): void {
  hotpress.get('/', () => 'read')
  hotpress.get('/shared', () => shared)
  hotpress.get('/later', async () => soon('later'))
  hotpress.get('/stream', () => stream(chunks()))
  hotpress.get('/fails', () => {
    throw new Error('on purpose')
  })
  hotpress.get('/forbidden', () => {
    throw new HttpError(403)
  })
  hotpress.get('/own', () =>
    text('own').header('Access-Control-Allow-Origin', 'https://own.example').header('Vary', 'X-A'),
  )
  hotpress.get('/varied', () => text('varied').header('Vary', 'Accept, origin'))
  hotpress.get('/varied-by-all', () => text('varied').header('Vary', '*'))
  hotpress.get('/slow', ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(null))))
  hotpress.post('/small', { bodyLimit: '10b' }, async (req) => (await req.bytes()).byteLength.toString())
}

async function* chunks(): AsyncGenerator<string> {
  yield 'streamed'
}

function suite(
  name: string,
  given: HotpressOptions['cors'],
  cases: (client: Client) => void,
  more: HotpressOptions = {},
): void {
  onEveryTransport(name, routes, cases, { cors: given!, ...more })
}

/** Which answers pages of which origins may read. */
export function corsContract(): void {
  describe('CORS', () => {
    anyContract()
    listedContract()
    preflightContract()
    functionContract()
    failureContract()
    scopesContract()
    replacementContract()
    sharedContract()
    togetherContract()
  })
}

function anyContract(): void {
  suite('any origin', true, (client) => {
    const cases: readonly (readonly [string, string, number])[] = [
      ['GET', '/', 200],
      ['HEAD', '/', 200],
      ['GET', '/later', 200],
      ['GET', '/stream', 200],
      ['GET', '/nowhere', 404],
      ['PUT', '/', 405],
      ['GET', '/fails', 500],
      ['GET', '/forbidden', 403],
      ['POST', '/small', 413],
      ['OPTIONS', '/', 204],
    ]
    for (const [method, path, status] of cases) {
      for (const origin of [undefined, app, 'null']) {
        test(`${method} ${path} from ${origin}`, async () => {
          const init = { headers: origin === undefined ? {} : { origin }, method }
          const response = await client.fetch(path, method === 'POST' ? { ...init, body: 'x'.repeat(100) } : init)
          assert.equal(response.status, status)
          assert.deepEqual(corsOf(response), { 'allow-origin': '*' })
        })
      }
    }
  })
}

function listedContract(): void {
  const given = { credentials: true, exposeHeaders: ['X-Total', 'X-Page'], origins: [app, 'https://*.example.org'] }
  const allowed = (origin: string): Record<string, string> => ({
    'allow-credentials': 'true',
    'allow-origin': origin,
    'expose-headers': 'X-Total, X-Page',
    vary: 'Origin',
  })
  suite(
    'origins of a list',
    given,
    (client) => {
      const statuses: readonly (readonly [string, string, number])[] = [
        ['GET', '/', 200],
        ['GET', '/later', 200],
        ['GET', '/stream', 200],
        ['GET', '/nowhere', 404],
        ['PUT', '/', 405],
        ['GET', '/fails', 500],
        ['GET', '/slow', 503],
        ['POST', '/small', 413],
        ['OPTIONS', '/', 204],
      ]
      for (const [method, path, status] of statuses) {
        test(`${method} ${path}`, async () => {
          const init = { headers: { origin: app }, method }
          const response = await client.fetch(path, method === 'POST' ? { ...init, body: 'x'.repeat(100) } : init)
          assert.equal(response.status, status)
          assert.deepEqual(corsOf(response), allowed(app))
        })
      }

      test('one response for several origins has the headers of each', async () => {
        for (const origin of [app, 'https://a.example.org', other, 'https://b.example.org', undefined, app]) {
          const response = await client.fetch('/shared', { headers: origin === undefined ? {} : { origin } })
          const isAllowed = origin !== undefined && origin !== other
          assert.deepEqual(corsOf(response), isAllowed ? allowed(origin) : { vary: 'Origin' })
        }
      })

      const refused = [
        undefined,
        other,
        'null',
        '',
        'https://app.example.com.',
        `${app}/`,
        app.toUpperCase(),
        `${app} ${app}`,
      ]
      for (const origin of refused) {
        test(`no headers for ${JSON.stringify(origin)}, though caches are told`, async () => {
          const response = await client.fetch('/', { headers: origin === undefined ? {} : { origin } })
          assert.equal(response.status, 200)
          assert.deepEqual(corsOf(response), { vary: 'Origin' })
        })
      }

      test('what a handler sets itself stays, and Vary is merged', async () => {
        const own = await client.fetch('/own', { headers: { origin: app } })
        assert.deepEqual(corsOf(own), { 'allow-origin': 'https://own.example', vary: 'X-A, Origin' })
        const varied = await client.fetch('/varied', { headers: { origin: app } })
        assert.equal(varied.headers.get('vary'), 'Accept, origin')
        const byAll = await client.fetch('/varied-by-all', { headers: { origin: app } })
        assert.equal(byAll.headers.get('vary'), '*')
      })
    },
    { requestTimeout: 300 },
  )

  suite('null, where it is named', { origins: [app, 'null'] }, (client) => {
    test('is allowed', async () => {
      const response = await client.fetch('/', { headers: { origin: 'null' } })
      assert.deepEqual(corsOf(response), { 'allow-origin': 'null', vary: 'Origin' })
    })
  })
}

function preflightContract(): void {
  const methods = 'DELETE, GET, HEAD, PATCH, POST, PUT'
  suite('preflights, any origin', true, (client) => {
    for (const path of ['/', '/nowhere', '/param/%zz', '/small']) {
      test(`of ${path} are answered before any route`, async () => {
        const response = await client.fetch(path, { headers: asks('PUT'), method: 'OPTIONS' })
        assert.equal(response.status, 204)
        assert.equal(await response.text(), '')
        assert.deepEqual(corsOf(response), {
          'allow-methods': methods,
          'allow-origin': '*',
          vary: 'Origin, Access-Control-Request-Method, Access-Control-Request-Headers',
        })
        assert.equal(response.headers.get('allow'), null)
      })
    }

    const asked: readonly (readonly [string, string | null])[] = [
      ['content-type', 'content-type'],
      ['content-type,x-a', 'content-type,x-a'],
      ['content-type, x-a', 'content-type, x-a'],
      ['constructor, __proto__', 'constructor, __proto__'],
      ['x a', null],
      ['x-a,', null],
      ['x-a: b', null],
      ['x'.repeat(4097), null],
    ]
    for (const [names, answered] of asked) {
      test(`the headers ${names.slice(0, 30)} are ${answered === null ? 'not ' : ''}allowed`, async () => {
        const headers = { ...asks('PUT'), 'access-control-request-headers': names }
        const response = await client.fetch('/', { headers, method: 'OPTIONS' })
        assert.equal(response.status, 204)
        assert.equal(response.headers.get('access-control-allow-headers'), answered)
      })
    }

    test('an OPTIONS that is no preflight passes on', async () => {
      for (const headers of [{}, { origin: app }, { 'access-control-request-method': 'PUT' }]) {
        const response = await client.fetch('/', { headers, method: 'OPTIONS' })
        assert.equal(response.headers.get('allow'), 'GET, HEAD, OPTIONS')
        assert.deepEqual(corsOf(response), { 'allow-origin': '*' })
      }
    })
  })

  const built = new Cors()
    .origins([app])
    .methods(['GET', 'PURGE'])
    .headers(['X-One', 'X-Two'])
    .maxAge(86_400)
    .credentials(true)
    .privateNetwork(true)
  suite('preflights, everything set', built, (client) => {
    const vary = 'Origin, Access-Control-Request-Method, Access-Control-Request-Private-Network'
    const allowed = {
      'allow-credentials': 'true',
      'allow-headers': 'X-One, X-Two',
      'allow-methods': 'GET, PURGE',
      'allow-origin': app,
      'max-age': '86400',
      vary,
    }
    test('an origin that is allowed', async () => {
      const response = await client.fetch('/', { headers: asks('PURGE'), method: 'OPTIONS' })
      assert.deepEqual(corsOf(response), allowed)
    })

    test('from a public network', async () => {
      const headers = { ...asks('PURGE'), 'access-control-request-private-network': 'true' }
      const response = await client.fetch('/', { headers, method: 'OPTIONS' })
      assert.deepEqual(corsOf(response), { ...allowed, 'allow-private-network': 'true' })
    })

    test('an origin that is not', async () => {
      const response = await client.fetch('/', { headers: asks('GET', other), method: 'OPTIONS' })
      assert.equal(response.status, 204)
      assert.deepEqual(corsOf(response), { vary })
    })
  })
}

function functionContract(): void {
  let asked = 0
  const origins = async (origin: string): Promise<boolean> => {
    asked++
    return soon(origin === app)
  }
  suite(
    'an asynchronous function',
    { origins },
    (client) => {
      for (const [path, status] of [
        ['/', 200],
        ['/nowhere', 404],
        ['/slow', 503],
      ] as const) {
        test(`is asked once for ${path}`, async () => {
          const before = asked
          const response = await client.fetch(path, { headers: { origin: app } })
          assert.equal(response.status, status)
          assert.deepEqual(corsOf(response), { 'allow-origin': app, vary: 'Origin' })
          assert.equal(asked, before + 1)
        })
      }

      test('is asked for a preflight', async () => {
        const response = await client.fetch('/', { headers: asks('GET'), method: 'OPTIONS' })
        assert.equal(response.headers.get('access-control-allow-origin'), app)
      })

      test('that says no, or is not asked: nothing is allowed', async () => {
        const no = await client.fetch('/', { headers: { origin: 'https://no.example' } })
        assert.deepEqual([no.status, corsOf(no)], [200, { vary: 'Origin' }])
        const before = asked
        assert.deepEqual(corsOf(await client.fetch('/')), { vary: 'Origin' })
        assert.equal(asked, before)
      })
    },
    { requestTimeout: 300 },
  )
}

function scopesContract(): void {
  onEveryTransport(
    'CORS of groups and routes',
    (hotpress) => {
      const group = new RouteGroup({ prefix: '/group' })
      group.use(cors({ origins: app }))
      group.get('/x', () => 'x')
      group.put('/x', { use: cors({ origins: other }) }, () => 'put')
      group.get('/open', { use: cors() }, () => 'open')
      group.get('/items/:id', () => 'item')
      group.get(
        '/slow',
        ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(null))),
      )
      hotpress.mount(group)
      hotpress.get('/open', { use: cors() }, () => 'open')
      hotpress.post('/open', () => 'posted')
      hotpress.get('/closed', () => 'closed')
    },
    (client) => {
      const cases: readonly (readonly [string, string, Record<string, string>, number, string | null])[] = [
        ['GET', '/group/x', { origin: app }, 200, app],
        ['GET', '/group/x', { origin: other }, 200, null],
        ['DELETE', '/group/x', { origin: app }, 405, app],
        ['OPTIONS', '/group/x', asks('GET'), 204, app],
        ['OPTIONS', '/group/x', asks('HEAD'), 204, app],
        ['OPTIONS', '/group/x', asks('DELETE'), 204, app],
        ['GET', '/group/slow', { origin: app }, 503, app],
        ['GET', '/group/nowhere', { origin: app }, 404, null],
        ['GET', '/group/items/%zz', { origin: app }, 400, app],
        ['PUT', '/group/x', { origin: other }, 200, other],
        ['PUT', '/group/x', { origin: app }, 200, null],
        ['OPTIONS', '/group/x', asks('PUT', other), 204, other],
        ['OPTIONS', '/group/x', asks('PUT'), 204, null],
        ['OPTIONS', '/group/open', asks('GET', other), 204, '*'],
        ['GET', '/group/open', { origin: other }, 200, '*'],
        ['GET', '/open', { origin: app }, 200, '*'],
        ['OPTIONS', '/open', asks('GET'), 204, '*'],
        ['OPTIONS', '/open', asks('HEAD'), 204, '*'],
        ['OPTIONS', '/open', asks('POST'), 204, null],
        ['GET', '/closed', { origin: app }, 200, null],
        ['OPTIONS', '/closed', asks('GET'), 204, null],
      ]
      for (const [method, path, headers, status, allowed] of cases) {
        test(`${method} ${path} from ${headers.origin} ${headers['access-control-request-method'] ?? ''}`, async () => {
          const response = await client.fetch(path, { headers, method })
          assert.equal(response.status, status)
          assert.equal(response.headers.get('access-control-allow-origin'), allowed)
        })
      }
    },
    { requestTimeout: 300 },
  )
}

function failureContract(): void {
  const fails = new Error('the token of the list is 42')
  const functions: Readonly<Record<string, () => boolean | Promise<boolean>>> = {
    'rejects with the status of a service that it asked': () => Promise.reject(Object.assign(fails, { status: 404 })),
    throws: () => {
      throw fails
    },
  }
  for (const [name, origins] of Object.entries(functions)) {
    const { entries, logger } = recorder()
    suite(
      `a function that ${name}`,
      { origins },
      (client) => {
        for (const method of ['GET', 'OPTIONS']) {
          test(`is a blank 500 for ${method}, logged, and nothing is allowed`, async () => {
            const before = entries.length
            const response = await client.fetch('/', { headers: asks('PUT'), method })
            assert.deepEqual(corsOf(response), { vary: 'Origin' })
            await assertBlank(response)
            const logged = entries.slice(before).filter(({ level }) => level === 'error')
            assert.deepEqual(
              logged.map(({ fields }) => fields.err),
              [fails],
            )
          })
        }
      },
      { logger },
    )
  }
}

function replacementContract(): void {
  onEveryTransport(
    'a policy of a group replaces that of the app',
    (hotpress) => {
      const group = new RouteGroup({ prefix: '/members' })
      group.use(cors({ credentials: true, origins: app }))
      group.get('/', () => 'members')
      group.get('/fails', () => {
        throw new Error('on purpose')
      })
      hotpress.mount(group)
      hotpress.get('/', () => 'read')
    },
    (client) => {
      const mine = { 'allow-credentials': 'true', 'allow-origin': app, vary: 'Origin' }
      const cases: readonly (readonly [string, string, string, Record<string, string>])[] = [
        ['GET', '/', other, { 'allow-origin': '*' }],
        ['GET', '/members', app, mine],
        ['GET', '/members', other, { vary: 'Origin' }],
        ['GET', '/members/fails', other, { vary: 'Origin' }],
        ['PUT', '/members', app, mine],
        ['PUT', '/members', other, { vary: 'Origin' }],
        ['OPTIONS', '/members', other, { vary: 'Origin' }],
        ['GET', '/members/nowhere', other, { 'allow-origin': '*' }],
      ]
      for (const [method, path, origin, headers] of cases) {
        test(`${method} ${path} from ${origin}`, async () => {
          assert.deepEqual(corsOf(await client.fetch(path, { headers: { origin }, method })), headers)
        })
      }

      test('its preflights too', async () => {
        const allowed = await client.fetch('/members', { headers: asks('GET'), method: 'OPTIONS' })
        assert.equal(allowed.headers.get('access-control-allow-origin'), app)
        assert.equal(allowed.headers.get('access-control-allow-credentials'), 'true')
        const refused = await client.fetch('/members', { headers: asks('GET', other), method: 'OPTIONS' })
        assert.equal(refused.status, 204)
        assert.equal(refused.headers.get('access-control-allow-origin'), null)
      })
    },
    { cors: true },
  )
}

function sharedContract(): void {
  const given = text('given again and again')
  onEveryTransport(
    'one response on a route that is open to all and on another',
    (hotpress) => {
      hotpress.get('/open', { use: cors({ exposeHeaders: 'X-A' }) }, () => given)
      hotpress.get('/closed', () => given)
    },
    (client) => {
      test('has no headers on the other', async () => {
        for (let time = 0; time < 2; time++) {
          const open = await client.fetch('/open', { headers: { origin: app } })
          assert.deepEqual(corsOf(open), { 'allow-origin': '*', 'expose-headers': 'X-A' })
          assert.deepEqual(corsOf(await client.fetch('/closed', { headers: { origin: app } })), {})
        }
      })
    },
  )
}

function togetherContract(): void {
  suite(
    'CORS with compression',
    { origins: app },
    (client) => {
      test('Vary names both', async () => {
        const headers = { 'accept-encoding': 'gzip', origin: app }
        const response = await client.fetch('/nowhere', { headers })
        assert.equal(response.headers.get('vary'), 'Origin, Accept-Encoding')
      })
    },
    { compression: { threshold: 10 } },
  )
}
