import assert from 'node:assert/strict'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, test } from 'node:test'
import { brotliCompressSync, gzipSync } from 'node:zlib'
import type { Hotpress, HttpRequest, MultipartOptions } from '../../../src/index.js'
import { binding } from '../../../src/native/binding.js'
import { type Client, onEveryTransport } from '../../_setup.js'
import { assertProblem, postChunked } from './_tools.js'

/** What bodies are read as: JSON, forms, parts; and what they are coded in. */
export function bodiesParsedContract(): void {
  jsonContract()
  formContract()
  multipartContract()
  codingContract()
}

type Body = string | Uint8Array<ArrayBuffer>

function poster(client: Client, type: string | undefined) {
  return (where: string, body: Body, headers: Record<string, string> = {}): Promise<Response> => {
    // Without a type Fetch would say what it takes a text for; for bytes it says nothing.
    const bytes = typeof body === 'string' ? new Uint8Array(Buffer.from(body)) : body
    const all = type === undefined ? headers : { 'content-type': type, ...headers }
    return client.fetch(where, { body: bytes, headers: all, method: 'POST' })
  }
}

function jsonContract(): void {
  const right = [
    'application/json',
    'Application/JSON',
    'application/json;charset=utf-8',
    'application/json ; CHARSET="UTF-8"',
    'application/json;\tcharset=utf-8\t;',
    'application/json;',
    'application/json; profile="a;b\\"c"',
    'application/vnd.api+json',
    'application/problem+JSON; charset=utf8',
  ]
  const wrong = [
    undefined,
    'text/plain',
    'text/json',
    'application/jsonp',
    'application/x-json',
    'application/json; charset=latin1',
    'application/json; charset=utf-16',
    'application/json charset=utf-8',
    'application/json; charset',
    'application/json; charset = utf-8',
    'application/json, application/json',
    'json',
    '*/*',
  ]

  onEveryTransport(
    'a JSON body',
    (app) => {
      app.post('/json', async (req) => ({ got: await req.json() }))
      app.post('/twice', async (req) => [await req.json(), await req.text(), await req.json()])
    },
    (client) => {
      for (const type of right) {
        test(`has the type ${JSON.stringify(type)}`, async () => {
          assert.deepEqual(await (await poster(client, type)('/json', '[1]')).json(), { got: [1] })
        })
      }

      for (const type of wrong) {
        test(`has not the type ${JSON.stringify(type)}, which is a 415 that says what is`, async () => {
          const response = await poster(client, type)('/json', '[1]')
          assert.equal(response.headers.get('accept'), 'application/json')
          await assertProblem(response, 415, { code: 'MEDIA_TYPE_UNSUPPORTED' })
        })
      }

      const post = poster(client, 'application/json')
      for (const [text, position] of [
        ['{"a":1,}', { column: 8, line: 1, offset: 7 }],
        ['{\n  "a": tru\n}', { column: 11, line: 2, offset: 12 }],
        ['["ü", ]', { column: 7, line: 1, offset: 6 }],
        ['[1', { column: 3, line: 1, offset: 2 }],
      ] as const) {
        test(`that breaks off is a 400 that says where: ${JSON.stringify(text)}`, async () => {
          const { detail } = await assertProblem(await post('/json', text), 400, { code: 'BODY_NOT_JSON', position })
          assert.match(String(detail), new RegExp(`at line ${position.line}, column ${position.column}$`))
        })
      }

      for (const text of [
        '{"__proto__":{"x":1}}',
        '[[{"a":{"__proto__" : null}}]]',
        '{"\\u005f_proto__":1}',
        '{"__pro\\u0074o__":1}',
        '{"a":{"constructor":{"prototype":{}}}}',
        '{"constr\\u0075ctor":{"proto\\u0074ype":1}}',
      ]) {
        test(`that would reach a prototype is a 400: ${text}`, async () => {
          await assertProblem(await post('/json', text), 400, { code: 'BODY_NOT_JSON' })
        })
      }

      for (const text of [
        '{"constructor":"a firm"}',
        '"__proto__"',
        '["constructor","prototype"]',
        '{"prototype":1}',
        '{"a":"\\u0061"}',
      ]) {
        test(`may speak of prototypes: ${text}`, async () => {
          assert.deepEqual(await (await post('/json', text)).json(), { got: JSON.parse(text) })
        })
      }

      test('can be read again, as text too', async () => {
        assert.deepEqual(await (await post('/twice', '\ufeff{"a":"ü"}')).json(), [{ a: 'ü' }, '{"a":"ü"}', { a: 'ü' }])
      })

      test('may nest a hundred thousand deep', async () => {
        const deep = '['.repeat(100_000)
        await assertProblem(await post('/json', deep), 400, { code: 'BODY_NOT_JSON' })
        // The answer cannot be written: that is one failed request.
        const response = await post('/json', `${deep}"\\u005f"${']'.repeat(100_000)}`)
        assert.equal(response.status, 500)
        assert.equal((await post('/json', '[]')).status, 200)
      })
    },
  )
}

function formContract(): void {
  const type = 'application/x-www-form-urlencoded'

  onEveryTransport(
    'a form',
    (app) => {
      app.post('/form', async (req) => ({ ...(await req.form()) }))
      app.post('/flat', async (req) => ({ ...(await req.form({ depth: 0 })) }))
      app.post('/few', async (req) => ({ ...(await req.form({ fields: 2 })) }))
    },
    (client) => {
      const post = poster(client, type)

      test('is texts, lists and groups by name', async () => {
        const body = 'a=1&b=x+y&b=%C3%BC&c[d][e]=2&c[d][f]=3&l[]=4&empty='
        const form = { a: '1', b: ['x y', 'ü'], c: { d: { e: '2', f: '3' } }, empty: '', l: ['4'] }
        assert.deepEqual(await (await post('/form', body)).json(), form)
        assert.deepEqual(await (await postChunkedForm(client, body)).json(), form)
      })

      test('is flat where that is wanted', async () => {
        assert.deepEqual(await (await post('/flat', 'a[b]=1&a[b]=2')).json(), { 'a[b]': ['1', '2'] })
      })

      test('is empty where there is no body', async () => {
        assert.deepEqual(await (await client.fetch('/form', { method: 'POST' })).json(), {})
      })

      test('comes from a browser as it is', async () => {
        const body = new URLSearchParams({ 'a b': 'ü&=', toString: 'x' })
        assert.deepEqual(await (await client.fetch('/form', { body, method: 'POST' })).json(), {
          'a b': 'ü&=',
          toString: 'x',
        })
      })

      test('has a bound on its fields and its depth', async () => {
        await assertProblem(await post('/few', 'a=1&b=2&c=3'), 413, { code: 'FORM_TOO_LARGE', limit: 2 })
        await assertProblem(await post('/form', 'a&'.repeat(1001)), 413, { code: 'FORM_TOO_LARGE', limit: 1000 })
        await assertProblem(await post('/form', 'a[b][c][d][e][f][g]=1'), 400, { code: 'FORM_INVALID' })
      })

      for (const body of [
        '__proto__=1',
        'a[__proto__][x]=1',
        'constructor[prototype][x]=1',
        'a=%zz',
        'a=%ff',
        'a=1&a[b]=2',
      ]) {
        test(`is not ${body}`, async () => {
          await assertProblem(await post('/form', body), 400, { code: 'FORM_INVALID' })
        })
      }

      for (const other of [undefined, 'text/plain', 'application/json', `${type}; charset=latin1`]) {
        test(`has not the type ${other}`, async () => {
          const response = await poster(client, other)('/form', 'a=1')
          assert.equal(response.headers.get('accept'), type)
          await assertProblem(response, 415, { code: 'MEDIA_TYPE_UNSUPPORTED' })
        })
      }
    },
  )
}

function postChunkedForm(client: Client, body: string): Promise<Response> {
  const type = 'application/x-www-form-urlencoded'
  if (client.transport === 'inject') {
    const headers = { 'content-type': type, 'transfer-encoding': 'chunked' }
    return client.fetch('/form', { body, headers, method: 'POST' })
  }
  const parts = new Blob([body]).stream()
  return client.fetch('/form', { body: parts, duplex: 'half', headers: { 'content-type': type }, method: 'POST' })
}

interface Told {
  readonly filename?: string
  readonly kind: string
  readonly name: string
  readonly size: number
  readonly type: string | undefined
}

async function tell(req: HttpRequest, options?: MultipartOptions): Promise<Told[]> {
  const told: Told[] = []
  for await (const part of req.multipart(options)) {
    const { kind, name, type } = part
    if (part.kind === 'field') told.push({ kind, name, size: part.value.length, type })
    else told.push({ filename: part.filename, kind, name, size: (await part.bytes()).byteLength, type })
  }
  return told
}

function multipartContract(): void {
  let folder = ''
  after(() => rm(folder, { force: true, recursive: true }))

  onEveryTransport(
    'a multipart body',
    (app) => {
      const place = mkdtemp(path.join(tmpdir(), 'hotpress-')).then((made) => {
        folder = made
        return made
      })
      app.post('/parts', (req) => tell(req))
      app.post('/limited', (req) =>
        tell(req, { fieldSize: 10, fields: 2, fileSize: '1kb', files: 2, headerSize: 200, parts: 3 }),
      )
      app.post('/names', async (req) => {
        const names: string[] = []
        for await (const part of req.multipart()) names.push(part.name)
        return names
      })
      app.post('/first', async (req) => {
        for await (const part of req.multipart()) return [part.name]
        return []
      })
      app.post('/keep', async (req) => {
        const files = []
        for await (const part of req.multipart()) if (part.kind === 'file') files.push(part)
        return files[0]?.bytes() ?? null
      })
      app.post('/save', async (req) => {
        const own = await mkdtemp(path.join(await place, 'save-'))
        const saved = []
        try {
          for await (const part of req.multipart({ fileSize: '2mb' })) {
            if (part.kind !== 'file') continue
            const { filename, path: where, size } = await part.saveTo(own, { name: 'original' })
            const { mode } = await stat(where)
            const bytes = await readFile(where)
            saved.push({
              filename,
              isWhole: bytes.byteLength === size,
              mode: mode & 0o777,
              name: path.basename(where),
              size,
            })
          }
        } catch (error) {
          return { code: (error as { code?: string }).code, left: await readdir(own) }
        }
        return saved
      })
    },
    (client) => {
      const form = (parts: Readonly<Record<string, string | File>>): FormData => {
        const data = new FormData()
        for (const [name, value] of Object.entries(parts)) data.append(name, value)
        return data
      }
      const file = (name: string, size: number, type = 'image/png'): File =>
        new File(['x'.repeat(size)], name, { type })
      const send = (where: string, parts: Readonly<Record<string, string | File>>): Promise<Response> =>
        client.fetch(where, { body: form(parts), method: 'POST' })

      test('gives its parts in their order, whatever their size', async () => {
        const response = await send('/parts', {
          a: 'one',
          b: file('photo.png', 3),
          c: file('ü "q".bin', 500_000, ''),
          d: '',
        })
        assert.deepEqual(await response.json(), [
          { kind: 'field', name: 'a', size: 3 },
          { filename: 'photo.png', kind: 'file', name: 'b', size: 3, type: 'image/png' },
          { filename: 'ü "q".bin', kind: 'file', name: 'c', size: 500_000, type: 'application/octet-stream' },
          { kind: 'field', name: 'd', size: 0 },
        ])
      })

      test('lets go of files that are not read', async () => {
        const response = await send('/names', { a: file('1', 300_000), b: file('2', 300_000), c: 'x' })
        assert.deepEqual(await response.json(), ['a', 'b', 'c'])
      })

      test('can be left after a part', async () => {
        assert.deepEqual(await (await send('/first', { a: file('1', 700_000), b: 'x' })).json(), ['a'])
        assert.deepEqual(await (await send('/first', { b: 'x' })).json(), ['b'])
      })

      test('gives no file that was passed over', async () => {
        assert.equal((await send('/keep', { a: file('1', 10), b: file('2', 10) })).status, 500)
      })

      for (const [name, parts, limit, what] of [
        ['a field', { a: 'x'.repeat(11) }, 10, 'bytes in the field "a"'],
        ['a file', { a: file('f', 1025) }, 1024, 'bytes in the file "a"'],
        ['fields', { a: '1', b: '2', c: '3' }, 2, 'fields'],
        ['files', { a: file('1', 1), b: file('2', 1), c: file('3', 1) }, 2, 'files'],
        ['parts', { a: '1', b: '2', c: file('3', 1), d: file('4', 1) }, 3, 'parts'],
        ['headers', { a: file('n'.repeat(200), 1) }, 200, 'bytes in the headers of a part'],
      ] as const) {
        test(`has a limit on ${name}`, async () => {
          const { detail } = await assertProblem(await send('/limited', parts), 413, {
            code: 'MULTIPART_TOO_LARGE',
            limit,
          })
          assert.equal(detail, `the multipart body has more than ${limit} ${what}`)
        })
      }

      test('takes as much as its limits', async () => {
        assert.equal((await send('/limited', { a: 'x'.repeat(10), b: file('f', 1024) })).status, 200)
      })

      test('is saved under names that lead nowhere else, for nobody else to read', async () => {
        const response = await send('/save', { a: file('../../etc/passwd', 10), b: file('a<b>:c.txt', 1_000_000) })
        assert.deepEqual(await response.json(), [
          { filename: '../../etc/passwd', isWhole: true, mode: 0o600, name: 'passwd', size: 10 },
          { filename: 'a<b>:c.txt', isWhole: true, mode: 0o600, name: 'abc.txt', size: 1_000_000 },
        ])
      })

      test('is not saved over a file that is there', async () => {
        const response = await send('/save', { a: file('x', 10), b: file('x', 20) })
        assert.deepEqual(await response.json(), { code: 'EEXIST', left: ['x'] })
      })

      test('leaves no half of a file that is too large', async () => {
        const response = await send('/save', { a: file('x', 3 * 1024 ** 2) })
        assert.deepEqual(await response.json(), { code: 'MULTIPART_TOO_LARGE', left: [] })
      })

      const dash = (body: string): Promise<Response> =>
        poster(client, 'multipart/form-data; boundary=b')('/parts', body)
      const disposition = 'Content-Disposition: form-data; name="a"'
      for (const body of [
        '',
        'x',
        '--b\r\n',
        `--b\r\n${disposition}\r\n\r\nx`,
        `--b\r\n${disposition}\r\n\r\nx\r\n--b`,
        `--b\r\n${disposition}\r\n\r\nx\r\n--b\r\n`,
        `--b\r\n${disposition}; filename="f"\r\n\r\nx\r\n--c--\r\n`,
        '--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--\r\n',
        '--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n',
        '--b\r\nContent-Disposition: attachment; name="a"\r\n\r\nx\r\n--b--\r\n',
        `--b\r\n${disposition}\r\n${disposition}\r\n\r\nx\r\n--b--\r\n`,
        `--b\r\n${disposition}\r\nContent-Transfer-Encoding: base64\r\n\r\nx\r\n--b--\r\n`,
        `--b\r\n${disposition}\r\nContent-Type: ;\r\n\r\nx\r\n--b--\r\n`,
        `--b\r\n${disposition}\r\n--b--\r\n`,
        `--b\r\n\r\n--b\r\n${disposition}\r\n\r\nx\r\n--b--\r\n`,
        '--b\r\nContent-Disposition: form-data; name="a\r\n\r\nx\r\n--b--\r\n',
      ]) {
        test(`is not ${JSON.stringify(body)}`, async () => {
          await assertProblem(await dash(body), 400, { code: 'MULTIPART_INVALID' })
        })
      }

      test('has a file of no name where a browser had none chosen', async () => {
        const none = `--b\r\n${disposition}; filename=""\r\nContent-Type: image/png\r\n\r\n\r\n--b--\r\n`
        const told = [{ filename: '', kind: 'file', name: 'a', size: 0, type: 'image/png' }]
        assert.deepEqual(await (await dash(none)).json(), told)
      })

      test('may have nothing in it, and words around it', async () => {
        assert.deepEqual(await (await dash('--b--\r\n')).json(), [])
        const around = `preamble\r\n--b\r\n${disposition}\r\n\r\nx\r\n--b--\r\nepilogue`
        assert.deepEqual(await (await dash(around)).json(), [{ kind: 'field', name: 'a', size: 1 }])
      })

      for (const [type, code, status] of [
        [undefined, 'MEDIA_TYPE_UNSUPPORTED', 415],
        ['multipart/mixed; boundary=b', 'MEDIA_TYPE_UNSUPPORTED', 415],
        ['multipart/form-data', 'MULTIPART_INVALID', 400],
        ['multipart/form-data; boundary=""', 'MULTIPART_INVALID', 400],
        ['multipart/form-data; boundary="a "', 'MULTIPART_INVALID', 400],
        ['multipart/form-data; boundary="a\\"b"', 'MULTIPART_INVALID', 400],
        [`multipart/form-data; boundary=${'b'.repeat(71)}`, 'MULTIPART_INVALID', 400],
      ] as const) {
        test(`has not the type ${type}`, async () => {
          await assertProblem(await poster(client, type)('/parts', '--b--\r\n'), status, { code })
        })
      }
    },
  )
}

function codingContract(): void {
  const text = JSON.stringify({ text: 'grüße '.repeat(5000) })
  const gzip = new Uint8Array(gzipSync(text))
  const bomb = new Uint8Array(gzipSync(Buffer.alloc(10 * 1024 ** 2)))
  const build = (app: Hotpress): void => {
    app.post('/json', async (req) => [JSON.stringify(await req.json()).length])
    app.post('/bytes', (req) => req.bytes())
    app.post('/text', (req) => req.text())
    app.post('/stream', async (req) => {
      const parts: Uint8Array[] = []
      for await (const part of req.stream()) parts.push(part)
      return Buffer.concat(parts)
    })
    app.post('/twice', async (req) => [
      (await req.bytes()).byteLength,
      (await req.text()).length,
      (await req.bytes()).byteLength,
    ])
  }

  onEveryTransport(
    'a coded body that is decoded',
    build,
    (client) => {
      const send = (where: string, body: Body, coding: string): Promise<Response> =>
        poster(client, 'application/json')(where, body, { 'content-encoding': coding })

      for (const [coding, body] of [
        ['gzip', gzip],
        ['x-gzip', gzip],
        ['GZIP', gzip],
        ['br', new Uint8Array(brotliCompressSync(text))],
        ['gzip, br', new Uint8Array(brotliCompressSync(gzip))],
        ['identity', new Uint8Array(Buffer.from(text))],
        ['gzip, identity', gzip],
      ] as const) {
        test(`gives what it was coded from: ${coding}`, async () => {
          assert.deepEqual(await (await send('/json', body, coding)).json(), [text.length])
          for (const where of ['/bytes', '/text', '/stream']) {
            assert.equal(await (await send(where, body, coding)).text(), text)
          }
        })
      }

      test('undoes zstd wherever the core or Node has it', async (context) => {
        const { compress, decompress } = binding().createCodec(1)
        if (decompress === undefined) return context.skip('neither the native core nor this Node decodes zstd')
        const coded = new Uint8Array(await compress(text, 'zstd', 3))
        for (const where of ['/bytes', '/text', '/stream']) {
          assert.equal(await (await send(where, coded, 'zstd')).text(), text)
        }
        const half = coded.slice(0, coded.length / 2)
        await assertProblem(await send('/bytes', half, 'zstd'), 400, { code: 'BODY_CODING_INVALID' })
        const zeros = new Uint8Array(await compress(new Uint8Array(10 * 1024 ** 2), 'zstd', 3))
        await assertProblem(await send('/bytes', zeros, 'zstd'), 413, { code: 'BODY_TOO_LARGE', limit: 1024 ** 2 })
      })

      test('can be read again', async () => {
        const size = Buffer.byteLength(text)
        assert.deepEqual(await (await send('/twice', gzip, 'gzip')).json(), [size, text.length, size])
      })

      test('has the limit of what comes out', { timeout: 10_000 }, async () => {
        assert.ok(bomb.byteLength < 11_000)
        for (const where of ['/bytes', '/json', '/stream']) {
          await assertProblem(await send(where, bomb, 'gzip'), 413, { code: 'BODY_TOO_LARGE', limit: 1024 ** 2 })
        }
        const twice = new Uint8Array(gzipSync(bomb))
        await assertProblem(await send('/bytes', twice, 'gzip, gzip'), 413, { code: 'BODY_TOO_LARGE' })
      })

      for (const [name, coding, body] of [
        ['half of it', 'gzip', gzip.slice(0, gzip.length / 2)],
        ['no gzip at all', 'gzip', new Uint8Array(Buffer.from(text))],
        ['no brotli at all', 'br', gzip],
        ['half of a brotli', 'br', new Uint8Array(brotliCompressSync(text)).slice(0, 20)],
        ['bytes behind its end', 'gzip', new Uint8Array([...gzip, 1, 2, 3])],
        ['zeros behind its end', 'gzip', new Uint8Array([...gzip, 0, 0, 0])],
        ['bytes behind the end of a brotli', 'br', new Uint8Array([...brotliCompressSync(text), 1, 2, 3])],
        ['a wrong checksum', 'gzip', gzip.map((byte, index) => (index === gzip.length - 6 ? byte ^ 1 : byte))],
      ] as const) {
        test(`is not ${name}`, async () => {
          await assertProblem(await send('/bytes', body, coding), 400, { code: 'BODY_CODING_INVALID' })
        })
      }

      for (const coding of ['deflate', 'compress', 'gzip, gzip, gzip', 'gzip;q=1', 'gzipp']) {
        test(`has not the coding ${coding}`, async () => {
          const response = await send('/bytes', gzip, coding)
          assert.match(response.headers.get('accept-encoding')!, /^br, gzip(?:, zstd)?$/)
          await assertProblem(response, 415, { code: 'BODY_CODING_UNSUPPORTED' })
        })
      }

      test('may come in chunks', async () => {
        assert.equal(await (await postChunked(client, '/text', ['plain'])).text(), 'plain')
      })
    },
    { bodyLimit: '1mb', decodeBody: true },
  )

  onEveryTransport('a coded body that is not decoded', build, (client) => {
    const send = (where: string): Promise<Response> =>
      poster(client, 'application/json')(where, gzip, { 'content-encoding': 'gzip' })

    for (const where of ['/bytes', '/stream']) {
      test(`is had as it was sent: ${where}`, async () => {
        const bytes = new Uint8Array(await (await send(where)).arrayBuffer())
        assert.deepEqual(bytes, gzip)
      })
    }

    for (const where of ['/json', '/text']) {
      test(`is a 415 where it would be taken for something else: ${where}`, async () => {
        const response = await send(where)
        assert.equal(response.headers.get('accept-encoding'), 'identity')
        await assertProblem(response, 415, { code: 'BODY_CODING_UNSUPPORTED' })
      })
    }
  })
}
