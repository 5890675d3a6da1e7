import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  type Hotpress,
  type HotpressOptions,
  HttpError,
  json,
  pathFilter,
  RouteGroup,
  sensitivePaths,
} from '../../../src/index.js'
import { type Client, onEveryTransport } from '../../_setup.js'
import { assertProblem, recorder } from './_tools.js'

const secret = 'this was not to be had'
const logs = recorder()

function build(app: Hotpress): void {
  app.use(async (_request, next) => (await next()).header('x-seen', 'yes'))
  app.get('/', () => 'home')
  app.get('/.well-known/security.txt', () => 'known')
  app.get('/notes.txt', () => 'notes')
  app.get('/*', () => secret)
}

/** Spellings of one sensitive path, for somebody who reads them as it. */
const spelled: readonly string[] = [
  '/.git/config',
  '/.GIT/config',
  '/%2egit/config',
  '/%2Egit%2Fconfig',
  '/%252egit/config',
  '/%25252egit/config',
  '/.%67it/config',
  '//.git/config',
  '/.git//config',
  '/./.git/config',
  '/a/../.git/config',
  '/a/..%2f.git/config',
  '/a/%2e%2e/.git/config',
  '/.well-known/../.git/config',
  '/.well-known/%2e%2e/.git/config',
  '/.well-known/..%2f.git/config',
  '/.well-known%2f..%2f.git%2fconfig',
  '/.git;x/config',
  '/.git;x=1;y/config',
  '/..;/.git/config',
  '/.git%3bx/config',
  '/\\.git\\config',
  '/.git%5cconfig',
  '/%5c.git%5cconfig',
  '/.git%00/config',
  '/.git%00.html',
  '/.git./config',
  '/.git%20/config',
  '/.git::$INDEX_ALLOCATION/config',
  '/.git/../x',
  '/.git%2f..%2fx',
  '/.git',
  '/.git/',
  '/a/b/.git/config',
  '/%c0%aegit/config',
  '/%e0%80%aegit/config',
  '/%u002egit/config',
  '/.git?x',
]

/** Other paths of the default list. */
const listed: readonly string[] = [
  '/.env',
  '/.env.local',
  '/.env.production%20',
  '/app/.env/secrets',
  '/.svn/entries',
  '/.hg/store',
  '/.DS_Store',
  '/.aws/credentials',
  '/.ssh/id_rsa',
  '/.htpasswd',
  '/wp-config.php',
  '/wp-config.php.bak',
  '/WP-Config.PHP~',
  '/dump.sql',
  '/backup/dump.SQL.gz',
  '/index.js.bak',
  '/index.js~',
  '/.index.js.swp',
  '/server.pem',
]

const open: readonly string[] = [
  '/a/.gitx',
  '/a/git/config',
  '/environment',
  '/a.sqlx',
  '/a%20b',
  '/a;b=c',
  '/v1/things:batch',
  '/.well-known/acme-challenge/.env',
  '/%E2%82%AC',
  '/~ada/',
  '/a.b.c/d',
]

function onEvery(
  name: string,
  options: HotpressOptions,
  cases: (client: Client, get: (target: string) => Promise<Answer>) => void,
): void {
  const apps: Hotpress[] = []
  onEveryTransport(
    name,
    (app) => {
      apps.push(app)
      build(app)
      if (name.endsWith('of its own')) app.onNotFound(({ path }) => json({ nothing: path }).status(404))
    },
    (client) => {
      const app = apps.at(-1)!
      cases(client, (target) => ask(client, app, target))
    },
    options,
  )
}

interface Answer {
  readonly status: number
  readonly text: string
}

/** Sends a path as it is: a client's own ideas of it are not wanted. */
async function ask(client: Client, app: Hotpress, target: string, headers = ''): Promise<Answer> {
  if (client.transport === 'inject') {
    const result = await app.inject({ headers: headers === '' ? {} : { authorization: 'me' }, url: target })
    return { status: result.status, text: `${[...result.headers].join()}${result.text()}` }
  }
  // A handshake for each of the paths would take its time.
  if (!client.hasWire || client.protocol === 'https') {
    const response = await client.fetch(target, {
      asSent: true,
      headers: headers === '' ? {} : { authorization: 'me' },
    })
    return { status: response.status, text: `${[...response.headers].join()}${await response.text()}` }
  }
  const { text } = await client.raw(`GET ${target} HTTP/1.1\r\nHost: a\r\n${headers}Connection: close\r\n\r\n`, 2000)
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1]), text }
}

/** What is answered as if nothing were there, and that no guard is passed by another spelling. */
export function pathFilterContract(): void {
  onEvery('the path filter', { logger: logs.logger, pathFilter: true }, (client, get) => {
    for (const target of [...spelled, ...listed]) {
      test(`has nothing at ${target}`, async () => {
        const { status, text } = await get(target)
        // IIS's escapes are none to the router, and to nobody here: a 400 would do too.
        assert.equal(status, 404, text)
        assert.ok(!text.includes(secret))
      })
    }
    for (const target of open) {
      test(`has nothing against ${target}`, async () => {
        const { status, text } = await get(target)
        assert.equal(status, 200, text)
        assert.ok(text.includes(secret))
      })
    }

    test('leaves other paths alone, and those below /.well-known/', async () => {
      assert.equal(await (await client.fetch('/.well-known/security.txt')).text(), 'known')
      assert.equal(await (await client.fetch('/notes.txt')).text(), 'notes')
    })

    test('answers with the problem document of any missing path, whatever the method, before other middleware', async () => {
      for (const method of ['DELETE', 'OPTIONS', 'POST']) {
        const response = await client.fetch('/.env', { method })
        assert.equal(response.headers.get('x-seen'), null)
        const document = await assertProblem(response, 404, { code: 'NOT_FOUND', detail: 'nothing is at /.env' })
        assert.deepEqual(Object.keys(document), ['type', 'title', 'status', 'detail', 'code', 'requestId'])
      }
    })

    test('says so in the log, for debugging', async () => {
      const before = logs.entries.length
      await client.fetch('/.env')
      const [entry] = logs.entries.slice(before).filter(({ level }) => level === 'debug')
      assert.equal(entry?.fields.path, '/.env')
      assert.match(entry?.message ?? '', /path filter/)
    })
  })

  onEvery('the path filter of an app with a 404 of its own', { pathFilter: true }, (client) => {
    test('answers with that', async () => {
      const response = await client.fetch('/.env')
      assert.equal(response.status, 404)
      assert.deepEqual(await response.json(), { nothing: '/.env' })
    })
  })

  const patterns = [...sensitivePaths, '/internal/**', '/über/*']
  onEvery('the path filter with patterns', { pathFilter: { allow: '/docs/*.bak', patterns } }, (_client, get) => {
    const cases: readonly (readonly [string, number])[] = [
      ['/internal', 404],
      ['/internal/', 404],
      ['/Internal/x', 404],
      ['/x/../internal/y', 404],
      ['/internal%2fy', 404],
      ['/internals', 200],
      ['/x/internal/y', 200],
      ['/%C3%BCber/x', 404],
      ['/%c3%bcber%2fx', 404],
      ['/docs/a.bak', 200],
      ['/docs/b/a.bak', 404],
      ['/docs/../a.bak', 404],
      ['/.git/config', 404],
      ['/.well-known/.env', 200],
    ]
    for (const [target, status] of cases) {
      test(`gives ${target} a ${status}`, async () => {
        assert.equal((await get(target)).status, status)
      })
    }
  })

  describe('a guard on a path', () => {
    const apps: Hotpress[] = []
    onEveryTransport(
      'with routes behind it',
      (app) => {
        apps.push(app)
        const guarded = new RouteGroup({ prefix: '/admin' })
        guarded.use((req, next) => {
          if (req.header('authorization') === undefined) throw new HttpError(401, 'who are you?')
          return next()
        })
        guarded.get('/', () => secret)
        guarded.get('/users/:id', () => secret)
        guarded.get('/files/*path', () => secret)
        app.mount(guarded)
        app.get('/', () => 'home')
        app.get('/public', { use: pathFilter({ patterns: '/public' }) }, () => secret)
      },
      (client) => {
        const app = apps.at(-1)!
        test('is passed by whoever may', async () => {
          for (const target of ['/admin', '/admin/users/7', '/admin/files/a/b', '/admin/files/']) {
            const { status, text } = await ask(client, app, target, 'Authorization: me\r\n')
            assert.equal(status, 200)
            assert.ok(text.includes(secret))
            assert.equal((await ask(client, app, target)).status, 401)
          }
        })

        for (const target of otherSpellings('/admin/users/7', '/admin', '/admin/files/a/b')) {
          test(`is not passed by ${target}`, async () => {
            const { status, text } = await ask(client, app, target)
            assert.ok([400, 401, 404, 505].includes(status), `${status} ${text}`)
            assert.ok(!text.includes(secret))
          })
        }

        test('hides a single route too', async () => {
          await assertProblem(await client.fetch('/public'), 404, { code: 'NOT_FOUND' })
        })
      },
    )
  })
}

/** Paths that other servers take for the same: none of them is, or it is behind the same guard. */
function otherSpellings(...paths: readonly string[]): readonly string[] {
  return paths.flatMap((path) => {
    const [, first = ''] = path.split('/')
    const rest = path.slice(first.length + 1)
    const code = first.charCodeAt(0).toString(16)
    return [
      `/${first.toUpperCase()}${rest}`,
      `/%${code}${first.slice(1)}${rest}`,
      `/%25${code}${first.slice(1)}${rest}`,
      `/${path}`,
      `/.${path}`,
      `/x/..${path}`,
      `/x/%2e%2e${path}`,
      `/x/..%2f${path.slice(1)}`,
      `/x%2f..${path}`,
      `/%2f${path.slice(1)}`,
      `/%5c${path.slice(1)}`,
      `/\\${path.slice(1)}`,
      `/;${path}`,
      `/;x${path}`,
      `/${first};x${rest}`,
      `/${first}%3bx${rest}`,
      `/${first}%00${rest}`,
      `/${first}%20${rest}`,
      `/${first}.${rest}`,
      `/${first}/.${rest}`,
      `/${first}//${rest.slice(1)}`,
      `${path.replaceAll('/', '%2f')}`,
      `/${path.slice(1).replaceAll('/', '%2f')}`,
      `/${path.slice(1).replaceAll('/', '%5c')}`,
      `${path}/`,
      `${path}/.`,
      `${path}/..`,
      `${path}%00`,
      `${path}?x`,
    ]
  })
}
