import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { symlinkSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { type Hotpress, HttpError, RouteGroup } from '../../../src/index.js'
import { type Client, onEveryTransport } from '../../_setup.js'
import { makeFolder, plant } from '../../files/_tree.js'
import { recorder } from './_tools.js'

const isWindows = process.platform === 'win32'
const top = makeFolder()
const canary = `canary-${randomUUID()}`
plant(top, {
  'canary.txt': canary,
  'public-private/canary.txt': canary,
  'public/a/b/inner.txt': 'inner',
  'public/admin/secret.txt': canary,
  'public/admin/über/secret.txt': canary,
  'public/.env': canary,
  'public/.git/config': canary,
  'public/app.css': 'css',
  'public/index.html': 'home',
})
const base = path.join(top, 'public')
if (!isWindows) {
  symlinkSync('../canary.txt', path.join(base, 'link.txt'))
  symlinkSync('..', path.join(base, 'up'))
  symlinkSync(top, path.join(base, 'a/absolute'))
}

const dots = [
  '..',
  '%2e%2e',
  '.%2e',
  '%2E.',
  '%252e%252e',
  '..%00',
  '..;',
  '...',
  '%c0%ae%c0%ae',
  '%e0%80%ae%e0%80%ae',
  '%u002e%u002e',
  '..%20',
  '..%2e',
  '. .',
  '%uff0e%uff0e',
  '%EF%BC%8E%EF%BC%8E',
]
const slashes = [
  '/',
  '%2f',
  '%2F',
  '\\',
  '%5c',
  '%5C',
  '%252f',
  '%255c',
  '//',
  '/./',
  '%c0%af',
  '%e0%80%af',
  '%u2215',
  '\\/',
  '/%2f',
  '%EF%BC%8F',
  ':',
  '%3A',
]
const targets = ['canary.txt', 'public-private/canary.txt']

/** A few hundred spellings of paths that would lead out of the folder, or to what is hidden in it. */
function spellings(): readonly string[] {
  const all = new Set<string>()
  for (const dot of dots) {
    for (const slash of slashes) {
      const up = dot + slash
      all.add(`/${up}canary.txt`)
      all.add(`/a${slash}${up}${up}canary.txt`)
      all.add(`/app.css${slash}${up}${up}canary.txt`)
    }
    for (const target of targets) {
      for (const depth of [1, 2, 5, 20]) all.add(`/${`${dot}/`.repeat(depth)}${target}`)
      all.add(`/a/b/${`${dot}/`.repeat(3)}${target}`)
      all.add(`/${dot}${target}`)
    }
  }
  const absolute = path.join(top, 'canary.txt')
  const hidden = [
    '.env',
    '%2eenv',
    '%2Eenv',
    '.%65nv',
    '.git/config',
    '.git%2fconfig',
    '%2egit/config',
    'a/../.env',
    './.env',
    '.env%00',
    '.env.',
    '.env%20',
    '.env::$DATA',
    '.env/',
    '.ENV',
  ]
  const links = [
    'link.txt',
    'up/canary.txt',
    'up',
    'up/',
    'a/absolute/canary.txt',
    'up/public-private/canary.txt',
    'a/absolute/',
    'link.txt/',
    'up/public/.env',
  ]
  const windows = [
    'c:/canary.txt',
    'c:%5ccanary.txt',
    'C|/canary.txt',
    'file:///canary.txt',
    'con',
    'nul',
    'aux.txt',
    'com1',
    'app.css::$DATA',
    'app.css:$DATA',
    'app.css.',
    'app.css%20',
    '%5c%5c?%5cc:%5ccanary.txt',
    '%5c%5chost%5cshare',
    'ADMIN~1/secret.txt',
  ]
  const encoded = [
    absolute,
    `/${absolute}`,
    encodeURIComponent(absolute),
    absolute.replaceAll('/', '%2f'),
    absolute.replaceAll('/', '\\'),
  ]
  for (const each of [...hidden, ...links, ...windows, ...encoded, ...targets]) all.add(`/${each}`)
  for (const each of [
    '/canary.txt%00.css',
    '/app.css%00/../canary.txt',
    '/%00',
    '/app.css?../canary.txt%00',
    '/*',
    '/%',
  ])
    all.add(each)
  return [...all]
}

interface Answer {
  readonly location: string | undefined
  readonly status: number
  readonly text: string
}

/** Sends a path as it is: a client's own ideas of it are not wanted. */
async function ask(client: Client, app: Hotpress | undefined, target: string): Promise<Answer> {
  if (client.transport === 'inject') {
    const result = await app!.inject({ url: target })
    const location = result.headers.get('location') ?? undefined
    return { location, status: result.status, text: `${[...result.headers].join()}${result.text()}` }
  }
  // A handshake for each of a thousand paths would take its time; a client that keeps its connection sends no spaces.
  if (!client.hasWire || (client.protocol === 'https' && !/[^\x21-\xff]/.test(target))) {
    const response = await client.fetch(target, { asSent: true })
    const text = `${[...response.headers].join()}${await response.text()}`
    return { location: response.headers.get('location') ?? undefined, status: response.status, text }
  }
  const request = `GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`
  const { text } = await client.raw(request, 2000)
  const status = Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1])
  return { location: /^location: (.*)\r$/im.exec(text)?.[1], status, text }
}

/** Paths that lead out of the folder, and other spellings of paths that are guarded. */
export function filePathsContract(): void {
  const logs = recorder()
  const apps: Hotpress[] = []

  onEveryTransport(
    'paths out of the folder',
    (app) => {
      apps.push(app)
      app.static('/', base)
      app.static('/nested/files', base, { listing: true })
    },
    (client) => {
      const app = apps.at(-1)
      const all = spellings()

      test('are some hundred', () => {
        assert.ok(all.length > 700, String(all.length))
      })

      for (const prefix of ['', '/nested/files']) {
        test(`lead nowhere: all of them${prefix === '' ? '' : ` below ${prefix}`}`, async () => {
          const queue = all.map((each) => prefix + each)
          const lane = async (): Promise<void> => {
            for (let target = queue.pop(); target !== undefined; target = queue.pop()) await follow(client, app, target)
          }
          await Promise.all(Array.from({ length: 16 }, lane))
        })
      }

      test('are told of in the log, for debugging', () => {
        const refused = logs.entries.filter(({ level, message }) => level === 'debug' && /no file/.test(message ?? ''))
        const reasons = new Set(refused.map(({ fields }) => fields.reason))
        for (const reason of ['a dot segment', 'an encoded slash', 'a backslash', 'a control character']) {
          assert.ok(reasons.has(reason), reason)
        }
        if (!isWindows) assert.ok(reasons.has('a link out of the folder'))
      })
    },
    { logger: logs.logger },
  )

  onEveryTransport(
    'a guarded folder',
    (app) => {
      apps.push(app)
      for (const prefix of ['/admin', '/admin/über']) {
        const group = new RouteGroup({ prefix })
        group.use((req, next) => {
          if (req.header('authorization') === undefined) throw new HttpError(401, 'who are you?')
          return next()
        })
        group.static('/', path.join(base, prefix))
        app.mount(group)
      }
      app.static('/', base)
    },
    (client) => {
      const app = apps.at(-1)

      test('is served to who may have it', async () => {
        const response = await client.fetch('/admin/secret.txt', { headers: { authorization: 'me' } })
        assert.equal(await response.text(), canary)
        assert.equal((await client.fetch('/admin/secret.txt')).status, 401)
        assert.equal((await client.fetch('/app.css')).status, 200)
      })

      test('has no other spelling', async () => {
        const letters = [...'/admin/secret.txt'].slice(1).filter((letter) => letter !== '/')
        const targets = letters.flatMap((letter, index) => {
          const code = letter.charCodeAt(0).toString(16)
          const at = '/admin/secret.txt'.indexOf(letter, index)
          return ['%', '%25'].map(
            (sign) => `/admin/secret.txt`.slice(0, at) + sign + code + '/admin/secret.txt'.slice(at + 1),
          )
        })
        targets.push(
          '//admin/secret.txt',
          '/./admin/secret.txt',
          '/a/../admin/secret.txt',
          '/admin%2fsecret.txt',
          '/admin%5csecret.txt',
          '/admin\\secret.txt',
          '/admin//secret.txt',
          '/admin/./secret.txt',
          '/admin;x/secret.txt',
          '/ADMIN/secret.txt',
          '/Admin/secret.txt',
          '/admin./secret.txt',
          '/admin%20/secret.txt',
          '/admin::$INDEX_ALLOCATION/secret.txt',
          '/%2fadmin/secret.txt',
          '/admin/%C3%BCber/secret.txt',
          '/admin/%c3%bcber/secret.txt',
          '/admin/u%CC%88ber/secret.txt',
          '/admin/%C3%BC%62er/secret.txt',
          '/admin/%c3%BCber/secret.txt',
          '/a/%2e%2e/admin/secret.txt',
          '/a/..%2fadmin/secret.txt',
          '/admin/secret.txt/',
          '/admin/secret.txt%00',
          '/admin/secret.txt?x',
          '/admin/secret%2Etxt',
        )
        for (const target of targets) await follow(client, app, target, [308, 400, 401, 404])
      })
    },
  )
}

async function follow(
  client: Client,
  app: Hotpress | undefined,
  target: string,
  allowed: readonly number[] = [200, 308, 400, 404, 505],
): Promise<void> {
  let next: string | undefined = target
  for (let hops = 0; next !== undefined && hops < 4; hops++) {
    const answer: Answer = await ask(client, app, next)
    const told = `${target} (${next}) → ${answer.status}`
    assert.ok(!answer.text.includes(canary), told)
    assert.ok(allowed.includes(answer.status), told)
    const { location } = answer
    assert.ok(location === undefined || /^\/(?:[^/\\]|$)/.test(location), `${told} ${location}`)
    next = location
  }
}
