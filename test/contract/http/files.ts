import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import { compression, file, Hotpress, HttpError, RouteGroup, text } from '../../../src/index.js'
import { type Client, onEveryTransport } from '../../_setup.js'
import { makeFolder, pattern, plant } from '../../files/_tree.js'
import { assertProblem, bodyOf, linesOf, wire } from './_tools.js'

const folder = makeFolder()
const css = 'a { color: red }\n'.repeat(100)
const large = pattern(700_001)
const modified = 'Tue, 14 Nov 2023 22:13:20 GMT'

/** The types that the folder has a file of. */
const types: Readonly<Record<string, string>> = {
  avif: 'image/avif',
  css: 'text/css; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
  gif: 'image/gif',
  html: 'text/html; charset=utf-8',
  ico: 'image/vnd.microsoft.icon',
  jpg: 'image/jpeg',
  js: 'text/javascript; charset=utf-8',
  json: 'application/json; charset=utf-8',
  map: 'application/json; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
  mjs: 'text/javascript; charset=utf-8',
  mp4: 'video/mp4',
  pdf: 'application/pdf',
  png: 'image/png',
  svg: 'image/svg+xml',
  ttf: 'font/ttf',
  txt: 'text/plain; charset=utf-8',
  unknown: 'application/octet-stream',
  wasm: 'application/wasm',
  webm: 'video/webm',
  webp: 'image/webp',
  woff: 'font/woff',
  woff2: 'font/woff2',
  xml: 'application/xml',
}

plant(folder, {
  ...Object.fromEntries(Object.keys(types).map((extension) => [`types/file.${extension}`, extension])),
  '.well-known/security.txt': 'Contact: a',
  'app.css': css,
  'app.css.br': brotliCompressSync(css),
  'app.css.gz': gzipSync(css),
  'docs/index.html': '<h1>docs',
  'empty.txt': '',
  'grüße ☃.txt': 'hello',
  'hidden/.env': 'secret',
  'index.html': '<h1>home',
  'large.bin': large,
  'list/<b>&"\'.txt': 'x',
  'list/a:b.txt': 'x',
  'list/z/file': 'x',
})
mkdirSync(path.join(folder, 'bare'))

/** Static files and single ones: what is answered, and with which headers. */
export function filesContract(): void {
  staticContract()
  optionsContract()
  compressedContract()
  groupCompressionContract()
  fileContract()
  listingContract()
}

function staticContract(): void {
  onEveryTransport(
    'static files',
    (app) => {
      app.static('/', folder)
      app.static('/assets', folder, { index: 'app.css', redirect: false })
      app.get('/assets', () => 'of the user')
      const group = new RouteGroup({ prefix: '/tenants/:tenant' })
      group.use(async (_req, next) => (await next()).header('x-group', 'seen'))
      group.static('/files', folder)
      app.mount(group)
      app.mount('/again/and', group)
      app.get('/docs/route', () => 'a route')
      app.onNotFound(() => text('nothing here', 404))
    },
    (client) => {
      for (const [extension, type] of Object.entries(types)) {
        test(`have the type of .${extension}`, async () => {
          const response = await client.fetch(`/types/file.${extension}`)
          assert.equal(await response.text(), extension)
          assert.equal(response.headers.get('content-type'), type)
          assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
        })
      }

      test('have validators, a length, and are asked about each time', async () => {
        for (let again = 0; again < 3; again++) {
          const response = await client.fetch('/app.css')
          assert.equal(response.status, 200)
          assert.equal(await response.text(), css)
          assert.match(response.headers.get('etag')!, /^"[\w-]{22}"$/)
          assert.equal(response.headers.get('last-modified'), modified)
          assert.equal(response.headers.get('cache-control'), 'no-cache')
          assert.equal(response.headers.get('accept-ranges'), 'bytes')
          assert.equal(response.headers.get('content-length'), String(css.length))
          assert.equal(response.headers.get('vary'), null)
        }
      })

      test('that are large come whole', async () => {
        for (let again = 0; again < 2; again++) {
          const response = await client.fetch('/large.bin')
          assert.equal(response.headers.get('content-length'), String(large.byteLength))
          assert.equal(Buffer.compare(Buffer.from(await response.arrayBuffer()), large), 0)
        }
      })

      for (const [name, length] of [
        ['app.css', css.length],
        ['empty.txt', 0],
        ['large.bin', large.byteLength],
      ] as const) {
        test(`answer a HEAD of ${name} as a GET, without the body`, async () => {
          const answer = await wire(client, `/${name}`, 'HEAD')
          assert.match(answer, /^HTTP\/1\.1 200 /)
          assert.deepEqual(linesOf(answer, 'content-length'), [String(length)])
          assert.equal(linesOf(answer, 'etag').length, 1)
          assert.equal(bodyOf(answer), '')
        })
      }

      test('may be empty', async () => {
        const response = await client.fetch('/empty.txt')
        assert.equal(response.status, 200)
        assert.equal(response.headers.get('content-length'), '0')
        assert.equal(await response.text(), '')
      })

      test('have any name', async () => {
        assert.equal(await (await client.fetch('/gr%C3%BC%C3%9Fe%20%E2%98%83.txt')).text(), 'hello')
        assert.equal(await (await client.fetch('/.well-known/security.txt')).text(), 'Contact: a')
      })

      test('answer for their folder, and for the prefix itself', async () => {
        assert.equal(await (await client.fetch('/')).text(), '<h1>home')
        assert.equal(await (await client.fetch('/docs/')).text(), '<h1>docs')
        assert.equal(await (await client.fetch('/docs/')).text(), '<h1>docs')
        assert.equal(await (await client.fetch('/assets/')).text(), css)
      })

      const redirections: readonly (readonly [from: string, to: string])[] = [
        ['/docs', '/docs/'],
        ['/docs?a=b&c', '/docs/?a=b&c'],
        ['/bare', '/bare/'],
        ['/%64ocs', '/docs'],
        ['/%61pp.css?v=1', '/app.css?v=1'],
        ['/gr%c3%bc%c3%9fe%20%e2%98%83.txt', '/gr%C3%BC%C3%9Fe%20%E2%98%83.txt'],
        ['/tenants/a/files', '/tenants/a/files/'],
        ['/tenants/a/files/%61pp.css', '/tenants/a/files/app.css'],
        ['/again/and/tenants/a/files', '/again/and/tenants/a/files/'],
      ]
      for (const [from, to] of redirections) {
        test(`redirect ${from} to ${to}`, async () => {
          const response = await client.fetch(from)
          assert.equal(response.status, 308)
          assert.equal(response.headers.get('location'), to)
        })
      }

      test('never redirect to another site', async () => {
        const paths = ['//example.com', '//example.com/..', '/\\example.com', '/%5cexample.com', '/%2fexample.com/']
        for (const path of [...paths, '//example.com/%2e%2e', '/tenants/\\example.com/files', '///docs']) {
          const location = linesOf(await wire(client, path), 'location')
          assert.ok(location.length === 0 || /^\/[^/\\][^\\]*$/.test(location[0]!), `${path} → ${location}`)
        }
      })

      test('are served in groups, through their middleware, in several places', async () => {
        for (const prefix of ['/tenants/a%20b/files', '/again/and/tenants/x/files']) {
          const response = await client.fetch(`${prefix}/docs/`)
          assert.equal(await response.text(), '<h1>docs')
          assert.equal(response.headers.get('x-group'), 'seen')
        }
        const missing = await client.fetch('/tenants/a/files/none')
        assert.equal(missing.status, 404)
        assert.equal(missing.headers.get('x-group'), 'seen')
      })

      test('leave routes alone', async () => {
        assert.equal(await (await client.fetch('/assets')).text(), 'of the user')
        assert.equal(await (await client.fetch('/docs/route')).text(), 'a route')
      })

      for (const path of ['/none', '/none/', '/docs/none.html', '/app.css/', '/app.css/x', '/bare/', '/hidden/.env']) {
        test(`answer ${path} as what is not there`, async () => {
          const response = await client.fetch(path)
          assert.equal(response.status, 404)
          assert.equal(await response.text(), 'nothing here')
        })
      }

      test('answer GET and HEAD only', async () => {
        for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
          const response = await client.fetch('/app.css', { method })
          await assertProblem(response, 405)
          assert.equal(response.headers.get('allow'), 'GET, HEAD, OPTIONS')
        }
      })
    },
  )

  test('headers of one answer do not show in the next', async () => {
    const app = new Hotpress({ logger: false })
    let count = 0
    app.use(async (_req, next) => (await next()).header('x-count', String(++count)).append('x-more', 'a'))
    app.static('/', folder)
    for (let again = 1; again <= 3; again++) {
      const { headers } = await app.inject({ url: '/app.css' })
      assert.equal(headers.get('x-count'), String(again))
      assert.equal(headers.get('x-more'), 'a')
    }
  })
}

function optionsContract(): void {
  onEveryTransport(
    'options of static files',
    (app) => {
      app.static('/hashed', folder, { immutable: true })
      app.static('/aged', folder, { maxAge: '2h', etag: false })
      app.static('/control', folder, { cacheControl: 'private', lastModified: false })
      app.static('/silent', folder, { cacheControl: false })
      app.static('/dot', folder, { dotfiles: 'serve' })
      app.static('/spa', folder, { fallback: 'index.html' })
      app.static('/bare', folder, { index: false })
      app.static('/siblings', folder, { precompressed: true })
      app.static('/uncached', folder, { cache: false })
      app.static('/headers', folder, {
        headers: (name) => ({ 'cache-control': 'no-store', vary: 'Origin', 'x-name': name }),
      })
      app.static('/fixed', folder, { headers: { 'X-Frame-Options': 'DENY', link: ['<a>', '<b>'] } })
    },
    (client) => {
      const get = async (url: string, headers: Record<string, string> = {}): Promise<Response> =>
        client.fetch(url, { headers })

      test('say how long they are fresh', async () => {
        const control = async (prefix: string): Promise<string | null> =>
          (await get(`${prefix}/app.css`)).headers.get('cache-control')
        assert.equal(await control('/hashed'), 'max-age=31536000, immutable')
        assert.equal(await control('/aged'), 'max-age=7200')
        assert.equal(await control('/control'), 'private')
        assert.equal(await control('/silent'), null)
      })

      test('leave validators out', async () => {
        const aged = await get('/aged/app.css')
        assert.equal(aged.headers.get('etag'), null)
        assert.equal(aged.headers.get('last-modified'), modified)
        assert.equal((await get('/control/app.css')).headers.get('last-modified'), null)
      })

      test('serve dotfiles', async () => {
        assert.equal(await (await get('/dot/hidden/.env')).text(), 'secret')
      })

      test('give the page of an application to navigations', async () => {
        const html = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }
        for (let again = 0; again < 2; again++) {
          const page = await get('/spa/users/7', html)
          assert.equal(page.status, 200)
          assert.equal(await page.text(), '<h1>home')
          assert.equal(page.headers.get('vary'), 'Accept')
        }
        assert.equal(await (await get('/spa/bare/', html)).text(), '<h1>home')
        assert.equal((await get('/spa/missing.js', html)).status, 404)
        assert.equal((await get('/spa/users/7', { accept: '*/*' })).status, 404)
        assert.equal((await get('/spa/users/7', { accept: 'text/html;q=0, */*' })).status, 404)
        assert.equal((await get('/spa/%2e%2e/users', html)).status, 404)
        assert.equal(await (await get('/spa/app.css', html)).text(), css)
      })

      test('have no index', async () => {
        assert.equal((await get('/bare/')).status, 404)
        assert.equal(await (await get('/bare/index.html')).text(), '<h1>home')
      })

      test('send the compressed forms beside a file, each a version of its own', async () => {
        const seen = new Map<string, string>()
        for (let again = 0; again < 2; again++) {
          for (const [accept, coding] of [
            ['br, gzip', 'br'],
            ['gzip', 'gzip'],
            ['identity', null],
          ] as const) {
            const answer = await wire(client, '/siblings/app.css')
            assert.deepEqual(linesOf(answer, 'vary'), ['Accept-Encoding'])
            const response = await get('/siblings/app.css', { 'accept-encoding': accept })
            if (client.transport === 'inject') assert.equal(response.headers.get('content-encoding'), coding)
            else assert.equal(await response.text(), css)
            assert.equal(response.headers.get('content-type'), 'text/css; charset=utf-8')
            assert.equal(response.headers.get('vary'), 'Accept-Encoding')
            seen.set(accept, response.headers.get('etag')!)
          }
        }
        assert.equal(new Set(seen.values()).size, 3)
        const headers = { 'accept-encoding': 'br', 'if-none-match': seen.get('br, gzip')! }
        const unchanged = await get('/siblings/app.css', headers)
        assert.equal(unchanged.status, 304)
        assert.equal(unchanged.headers.get('vary'), 'Accept-Encoding')
        const other = await get('/siblings/app.css', { ...headers, 'accept-encoding': 'gzip' })
        assert.equal(other.status, 200)
        await other.arrayBuffer()
      })

      test('keep nothing in memory', async () => {
        const response = await get('/uncached/app.css')
        assert.equal(response.headers.get('content-length'), String(css.length))
        assert.equal(await response.text(), css)
        const again = await get('/uncached/app.css', { 'if-none-match': response.headers.get('etag')! })
        assert.equal(again.status, 304)
      })

      test('add headers', async () => {
        const made = await get('/headers/docs/index.html')
        assert.equal(made.headers.get('x-name'), 'docs/index.html')
        assert.equal(made.headers.get('cache-control'), 'no-store')
        assert.equal(made.headers.get('vary'), 'Origin')
        assert.equal((await get('/headers/docs/')).headers.get('x-name'), 'docs/index.html')
        const fixed = await get('/fixed/app.css')
        assert.equal(fixed.headers.get('x-frame-options'), 'DENY')
        assert.equal(fixed.headers.get('link'), '<a>, <b>')
      })
    },
  )
}

/** Asks again until the form in a coding is there: it is made in the background. */
async function coded(client: Client, url: string, coding: string): Promise<Response> {
  for (;;) {
    const response = await client.fetch(url, { headers: { 'accept-encoding': coding } })
    if (response.headers.get('content-encoding') === coding) return response
    assert.equal(response.headers.get('vary'), 'Accept-Encoding')
    await response.arrayBuffer()
  }
}

function compressedContract(): void {
  const text = 'b { color: blue }\n'.repeat(40_000)
  plant(folder, { 'large.css': text })

  for (const isCompressing of [false, true]) {
    onEveryTransport(
      `compressed files of an app ${isCompressing ? 'with' : 'without'} compression`,
      (app) => {
        app.static('/', folder, { compress: true })
        app.static('/plain', folder, { compress: false })
        app.get('/file', () => file(path.join(folder, 'app.css')))
      },
      (client) => {
        for (const coding of ['br', 'gzip']) {
          test(`come in ${coding}, as a version of their own`, async () => {
            const plain = await client.fetch('/app.css', { headers: { 'accept-encoding': 'identity' } })
            assert.equal(await plain.text(), css)
            const response = await coded(client, '/app.css', coding)
            const etag = response.headers.get('etag')!
            assert.equal(etag, plain.headers.get('etag')!.replace(/"$/, `-${coding}"`))
            assert.equal(response.headers.get('vary'), 'Accept-Encoding')
            assert.equal(response.headers.get('accept-ranges'), 'bytes')
            const length = Number(response.headers.get('content-length'))
            assert.ok(length > 10 && length < 200, String(length))
            await response.arrayBuffer()
            const headers = { 'accept-encoding': coding, 'if-none-match': etag }
            const unchanged = await client.fetch('/app.css', { headers })
            assert.equal(unchanged.status, 304)
            assert.equal(unchanged.headers.get('etag'), etag)
            assert.equal(unchanged.headers.get('vary'), 'Accept-Encoding')
            const range = { 'accept-encoding': coding, 'if-range': etag, range: 'bytes=2-3' }
            const part = await client.fetch('/app.css', { headers: range, method: 'HEAD' })
            assert.equal(part.headers.get('content-length'), String(length))
            const answer = await wire(client, '/app.css')
            assert.deepEqual(linesOf(answer, 'content-encoding'), [])
          })
        }

        test('are left alone where they are not to be compressed', async () => {
          for (const url of ['/plain/app.css', '/types/file.png', '/plain/large.css']) {
            const response = await client.fetch(url, { headers: { 'accept-encoding': 'br, gzip' } })
            assert.equal(response.headers.get('content-encoding'), null, url)
            assert.equal(response.headers.get('vary'), null, url)
            await response.arrayBuffer()
          }
        })

        if (!isCompressing) return

        test('that are streamed are compressed on their way', async () => {
          const headers = { 'accept-encoding': 'gzip' }
          const response = await client.fetch('/large.css', { headers })
          assert.equal(response.headers.get('content-encoding'), 'gzip')
          if (client.transport !== 'inject') assert.equal(await response.text(), text)
          const etag = response.headers.get('etag')!
          assert.match(etag, /^W\//)
          const unchanged = await client.fetch('/large.css', { headers: { ...headers, 'if-none-match': etag } })
          assert.equal(unchanged.status, 304)
          assert.equal(unchanged.headers.get('vary'), 'Accept-Encoding')
        })

        test('of file() are kept too', async () => {
          const response = await coded(client, '/file', 'br')
          if (client.transport !== 'inject') assert.equal(await response.text(), css)
        })
      },
      { compression: isCompressing },
    )
  }
}

function groupCompressionContract(): void {
  onEveryTransport(
    'files in a group that compresses',
    (app) => {
      const group = new RouteGroup({ prefix: '/group' })
      group.use(compression())
      group.static('/', folder)
      app.mount(group)
    },
    (client) => {
      test('are compressed by its middleware, and not asked for again', async () => {
        const headers = { 'accept-encoding': 'gzip' }
        const response = await client.fetch('/group/app.css', { headers })
        assert.equal(response.headers.get('content-encoding'), 'gzip')
        if (client.transport !== 'inject') assert.equal(await response.text(), css)
        const etag = response.headers.get('etag')!
        assert.match(etag, /^W\//)
        assert.equal(
          (await client.fetch('/group/app.css', { headers: { ...headers, 'if-none-match': etag } })).status,
          304,
        )
      })
    },
  )
}

function fileContract(): void {
  onEveryTransport(
    'file()',
    (app) => {
      app.get('/css', () => file(path.join(folder, 'app.css')))
      app.get('/later', async () => file(path.join(folder, 'large.bin'), { maxAge: '1h' }))
      app.get('/download', () => file(path.join(folder, 'app.css'), { download: 'Größe.css', type: 'text/x-own' }))
      app.get('/own-name', () => file(path.join(folder, 'app.css'), { download: true }))
      app.get('/none', () => file(path.join(folder, 'none.css')))
      app.get('/folder', () => file(folder))
      app.get('/below/*name', (req) => file(req.params.name, { root: folder }))
      app.get('/named', (req) => file(req.query.get('name') ?? '', { root: folder }))
      app.get('/wrong', () => file(7 as never))
      app.get('/thrown', () => {
        throw new HttpError(403)
      })
    },
    (client) => {
      test('is an answer with validators, preconditions and ranges', async () => {
        for (let again = 0; again < 2; again++) {
          const response = await client.fetch('/css')
          assert.equal(await response.text(), css)
          assert.equal(response.headers.get('content-type'), 'text/css; charset=utf-8')
          assert.equal(response.headers.get('cache-control'), 'no-cache')
          const etag = response.headers.get('etag')!
          assert.equal((await client.fetch('/css', { headers: { 'if-none-match': etag } })).status, 304)
          const part = await client.fetch('/css', { headers: { range: 'bytes=2-5' } })
          assert.equal(part.status, 206)
          assert.equal(await part.text(), css.slice(2, 6))
        }
      })

      test('may be large, and answer late', async () => {
        const response = await client.fetch('/later')
        assert.equal(Buffer.compare(Buffer.from(await response.arrayBuffer()), large), 0)
        assert.equal(response.headers.get('cache-control'), 'max-age=3600')
      })

      test('is saved under a name', async () => {
        const response = await client.fetch('/download')
        assert.equal(await response.text(), css)
        assert.equal(response.headers.get('content-type'), 'text/x-own')
        const wanted = `attachment; filename="Gr__e.css"; filename*=UTF-8''Gr%C3%B6%C3%9Fe.css`
        assert.equal(response.headers.get('content-disposition')!.replace('Gr_e', 'Gr__e'), wanted)
        const own = await client.fetch('/own-name')
        assert.equal(own.headers.get('content-disposition'), 'attachment; filename="app.css"')
        await own.arrayBuffer()
      })

      for (const url of ['/none', '/folder']) {
        test(`is a 404 for ${url}`, async () => {
          await assertProblem(await client.fetch(url), 404, { code: 'NOT_FOUND' })
        })
      }

      test('stays below its root', async () => {
        assert.equal(await (await client.fetch('/below/docs/index.html')).text(), '<h1>docs')
        const names = [
          '..',
          '../x',
          '/etc/passwd',
          '',
          '\0',
          'docs/../app.css',
          '.env',
          'hidden/.env',
          'a\\b',
          'con',
          'docs',
        ]
        for (const name of names) {
          const response = await client.fetch(`/named?name=${encodeURIComponent(name)}`)
          assert.equal(response.status, 404, name)
        }
        assert.equal((await client.fetch('/below/..%2f..%2fetc%2fpasswd')).status, 404)
      })

      test('that is no path is a failure of the program', async () => {
        assert.equal((await client.fetch('/wrong')).status, 500)
      })
    },
  )
}

function listingContract(): void {
  onEveryTransport(
    'a listing',
    (app) => {
      if (process.platform !== 'win32') {
        try {
          symlinkSync('/etc', path.join(folder, 'list/out'))
          symlinkSync('z', path.join(folder, 'list/in'))
        } catch {
          // They are there from the transport before.
        }
      }
      app.static('/', folder, { listing: true })
      app.static('/unlisted', folder)
    },
    (client: Client) => {
      test('shows what could be asked for, escaped', async () => {
        const response = await client.fetch('/list/')
        const page = await response.text()
        assert.equal(response.headers.get('content-type'), 'text/html; charset=utf-8')
        assert.match(response.headers.get('content-security-policy')!, /default-src 'none'/)
        assert.ok(page.includes('<a href="./%3Cb%3E&amp;%22&#39;.txt">&lt;b&gt;&amp;&quot;&#39;.txt</a>'), page)
        assert.ok(page.includes('<a href="./z/">z/</a>'), page)
        assert.ok(page.includes('<a href="../">'), page)
        assert.ok(!page.includes('<b>'), page)
        // Refused as a drive, so not shown either.
        assert.ok(!page.includes('a:b'), page)
        assert.ok(!page.includes('out'), page)
        if (process.platform !== 'win32') assert.ok(page.includes('<a href="./in/">in/</a>'), page)
      })

      test('links to what is there', async () => {
        const page = await (await client.fetch('/list/')).text()
        for (const [, href = ''] of page.matchAll(/href="\.\/([^"]*)"/g)) {
          const link = href.replaceAll('&amp;', '&').replaceAll('&#39;', "'")
          assert.equal((await client.fetch(`/list/${link}`)).status, 200, link)
        }
      })

      test('does not show what is hidden, and is not there unasked', async () => {
        assert.ok(!(await (await client.fetch('/hidden/')).text()).includes('.env'))
        assert.equal((await client.fetch('/unlisted/list/')).status, 404)
        assert.equal(await (await client.fetch('/')).text(), '<h1>home')
      })
    },
  )
}
