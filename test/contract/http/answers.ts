import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import { ReadableStream } from 'node:stream/web'
import { test } from 'node:test'
import {
  bytes,
  type HandlerResult,
  HttpError,
  type HttpRequest,
  type HttpResponse,
  html,
  json,
  stream,
  text,
  toResponse,
} from '../../../src/index.js'
import { onEveryTransport } from '../../_setup.js'
import { assertBlank, assertConnection, soon } from './_tools.js'

interface Case {
  readonly body: string
  readonly name: string
  readonly status?: number
  /** Undefined where there is no content type. */
  readonly type: string | undefined
  readonly value: (request: HttpRequest) => HandlerResult | Promise<HandlerResult>
}

const jsonType = 'application/json; charset=utf-8'
const octets = 'application/octet-stream'
const plain = 'text/plain; charset=utf-8'

// A second copy of the package, as an app has that is loaded both as ESM and as CommonJS.
const otherCopy = '../../../src/core/response.js?copy'
const other: { readonly HttpResponse: typeof HttpResponse } = await import(otherCopy)

async function* letters(): AsyncGenerator<string> {
  for (const letter of ['a', 'b', 'ç']) yield soon(letter)
}

function webStream(): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const part of ['we', 'b']) controller.enqueue(Buffer.from(part))
      controller.close()
    },
  })
}

class Answer {
  readonly #make: (request: HttpRequest) => HandlerResult | Promise<HandlerResult>
  constructor(make: (request: HttpRequest) => HandlerResult | Promise<HandlerResult>) {
    this.#make = make
  }
  [toResponse](request: HttpRequest): HandlerResult | Promise<HandlerResult> {
    return this.#make(request)
  }
}

class Teapot extends Error {
  [toResponse](): HttpResponse {
    return text('short and stout', 418)
  }
}

// Query builders and the like have a `then` and are no Promise.
function lazy(settle: (yes: (value: HandlerResult) => void, no: (error: unknown) => void) => void): PromiseLike<never> {
  return Object.defineProperty({}, 'then', { value: settle }) as PromiseLike<never>
}

const fetchStream = (): Response => new Response(webStream() as unknown as ReadableStream<Uint8Array<ArrayBuffer>>)

const cases: readonly Case[] = [
  { body: 'made', name: 'an HttpResponse', status: 201, type: plain, value: () => text('made', 201) },
  { body: '<p>', name: 'html()', type: 'text/html; charset=utf-8', value: () => html('<p>') },
  { body: 'x', name: 'bytes() with a type', type: 'image/png', value: () => bytes(Buffer.from('x')).type('image/png') },
  { body: 'null', name: 'json() of undefined', type: jsonType, value: () => json(undefined) },
  {
    body: 'other',
    name: 'an HttpResponse of another copy of the package',
    type: plain,
    value: () => new other.HttpResponse('other', 'text/plain; charset=utf-8'),
  },
  { body: 'grüße ☃', name: 'a string', type: plain, value: () => 'grüße ☃' },
  { body: '', name: 'an empty string', type: plain, value: () => '' },
  { body: '{"a":[1,"ü"]}', name: 'an object', type: jsonType, value: () => ({ a: [1, 'ü'] }) },
  { body: '{}', name: 'an object without a prototype', type: jsonType, value: () => Object.create(null) },
  { body: '[1,null]', name: 'an array', type: jsonType, value: () => [1, undefined] },
  { body: '"told"', name: 'an object with toJSON()', type: jsonType, value: () => ({ toJSON: () => 'told' }) },
  { body: 'null', name: 'an object whose toJSON() gives nothing', type: jsonType, value: () => ({ toJSON() {} }) },
  {
    body: 'bc',
    name: 'a Uint8Array on part of a buffer',
    type: octets,
    value: () => Buffer.from('abcd').subarray(1, 3),
  },
  { body: '', name: 'an empty Uint8Array', type: octets, value: () => new Uint8Array(0) },
  { body: '', name: 'undefined', status: 202, type: undefined, value: () => undefined },
  { body: '', name: 'null', status: 204, type: undefined, value: () => null },
  {
    body: 'fetch',
    name: 'a Fetch Response',
    status: 203,
    type: 'text/plain;charset=UTF-8',
    value: () => new Response('fetch', { status: 203 }),
  },
  { body: 'web', name: 'a Fetch Response of a stream', type: undefined, value: fetchStream },
  {
    body: '',
    name: 'a Fetch Response without a body',
    status: 204,
    type: undefined,
    value: () => new Response(null, { status: 204 }),
  },
  { body: '[1]', name: 'Response.json()', type: 'application/json', value: () => Response.json([1]) },
  { body: 'abç', name: 'an async generator', type: octets, value: () => letters() },
  { body: 'abç', name: 'an async iterable', type: octets, value: () => ({ [Symbol.asyncIterator]: letters }) },
  { body: 'web', name: 'a ReadableStream', type: octets, value: () => webStream() },
  { body: 'node', name: 'a Readable', type: octets, value: () => Readable.from(['no', 'de']) },
  {
    body: 'web',
    name: 'a ReadableStream by stream()',
    status: 206,
    type: octets,
    value: () => stream(webStream(), 206),
  },
  { body: 'abç', name: 'stream() with a type', type: 'text/csv', value: () => stream(letters()).type('text/csv') },
  { body: 'mine', name: 'a value with toResponse', type: plain, value: () => new Answer(() => text('mine')) },
  {
    body: 'mine',
    name: 'a value with an asynchronous toResponse',
    type: plain,
    value: () => new Answer(async () => soon('mine')),
  },
  {
    body: 'deep',
    name: 'nested values with toResponse',
    type: plain,
    value: () => new Answer(() => new Answer(async () => new Answer(() => 'deep'))),
  },
  {
    body: 'GET',
    name: 'a toResponse that is told the request',
    type: plain,
    value: () => new Answer(({ method }) => method),
  },
  {
    body: 'short and stout',
    name: 'an Error with toResponse',
    status: 418,
    type: plain,
    value: () => new Teapot('secret'),
  },
  { body: 'then', name: 'a thenable that is no Promise', type: plain, value: () => lazy((yes) => yes('then')) },
  {
    body: 'then',
    name: 'a thenable that settles later',
    type: plain,
    value: () => lazy((yes) => setImmediate(yes, 'then')),
  },
]

/** Values that are no answer, all of them a 500. */
const invalid: Readonly<Record<string, () => unknown>> = {
  'a BigInt': () => 1n,
  'a BigInt inside': () => ({ secret: 1n }),
  'a boolean': () => true,
  'a circular object': () => {
    const value: Record<string, unknown> = { secret: true }
    value.self = value
    return value
  },
  'a Fetch Response of an error': () => Response.error(),
  'a Fetch Response that was read': async () => {
    const response = new Response('secret')
    await response.text()
    return response
  },
  'a function': () => () => 'secret',
  'a number': () => 7,
  'a symbol': () => Symbol('secret'),
  'a thenable of a number': () => lazy((yes) => yes(7 as never)),
  'a thenable that rejects': () => lazy((_, no) => no(new Error('secret'))),
  'a toResponse that is no function': () => ({ [toResponse]: 'secret' }),
  'a toResponse that rejects': () => new Answer(async () => Promise.reject(new Error('secret'))),
  'a toResponse that returns a number': () => new Answer(() => 7 as never),
  'a toResponse that throws': () =>
    new Answer(() => {
      throw new Error('secret')
    }),
  'a toResponse without an end': () => {
    const endless: Answer = new Answer(() => endless)
    return endless
  },
  'an object whose toJSON() throws': () => ({
    toJSON() {
      throw new Error('secret')
    },
  }),
  'an object whose then throws': () =>
    Object.defineProperty({}, 'then', {
      get() {
        throw new Error('secret')
      },
    }),
  NaN: () => Number.NaN,
}

/** What handlers may return, and what becomes of it. */
export function answersContract(): void {
  onEveryTransport(
    'a handler returns',
    (app) => {
      for (const [index, { value }] of cases.entries()) {
        app.get(`/now/${index}`, value)
        app.get(`/later/${index}`, async (request) => value(await soon(request)))
      }
    },
    (client) => {
      for (const [index, { body, name, status = 200, type }] of cases.entries()) {
        for (const when of ['now', 'later']) {
          test(`${name}, ${when}`, async () => {
            const response = await client.fetch(`/${when}/${index}`)
            assert.equal(await response.text(), body)
            assert.equal(response.status, status)
            assert.equal(response.headers.get('content-type'), type ?? null)
          })
        }
      }
    },
  )

  onEveryTransport(
    'a handler returns what is no answer',
    (app) => {
      for (const [name, value] of Object.entries(invalid)) {
        app.get(`/now/${encodeURIComponent(name)}`, value as () => never)
        app.get(`/later/${encodeURIComponent(name)}`, async () => (await soon(value))() as never)
      }
    },
    (client) => {
      for (const name of Object.keys(invalid)) {
        for (const when of ['now', 'later']) {
          test(`${name}, ${when}`, async () => {
            await assertBlank(await client.fetch(`/${when}/${encodeURIComponent(name)}`))
          })
        }
      }
    },
  )

  onEveryTransport(
    'a Fetch Response',
    (app) => {
      app.get('/cookies', () => {
        const headers = new Headers({ 'X-Own': 'kept' })
        headers.append('set-cookie', 'a=1; Path=/')
        headers.append('set-cookie', 'b=2, still b')
        return new Response('x', { headers })
      })
      app.get('/connection', () => {
        const headers = { connection: 'close', date: 'never', 'keep-alive': 'timeout=1', 'transfer-encoding': 'gzip' }
        return new Response('whole', { headers })
      })
      app.get('/length', () => new Response('12345', { headers: { 'content-length': '5' } }))
      app.get('/thrown', () => {
        throw new Response('thrown', { status: 409 })
      })
    },
    (client) => {
      test('keeps each Set-Cookie a line of its own', async () => {
        const { headers } = await client.fetch('/cookies')
        assert.deepEqual(headers.getSetCookie(), ['a=1; Path=/', 'b=2, still b'])
        assert.equal(headers.get('x-own'), 'kept')
      })

      test('does not bring headers of its own connection', async () => {
        const response = await client.fetch('/connection')
        assert.equal(await response.text(), 'whole')
        assert.notEqual(response.headers.get('transfer-encoding'), 'gzip')
        assert.notEqual(response.headers.get('date'), 'never')
        assert.notEqual(response.headers.get('keep-alive'), 'timeout=1')
        assertConnection(client, response, 'keep-alive')
      })

      test('keeps its length', async () => {
        const response = await client.fetch('/length')
        assert.equal(response.headers.get('content-length'), '5')
        assert.equal(await response.text(), '12345')
      })

      test('may be thrown', async () => {
        const response = await client.fetch('/thrown')
        assert.equal(response.status, 409)
        assert.equal(await response.text(), 'thrown')
      })
    },
  )

  onEveryTransport(
    'a returned error',
    (app) => {
      app.get('/http', () => new HttpError(410, 'gone for good'))
      app.get('/status', async () => Object.assign(new Error('not yours'), { status: 403 }))
      app.get('/plain', () => new Error('secret'))
    },
    (client) => {
      test('is answered as if it had been thrown', async () => {
        assert.equal((await client.fetch('/http')).status, 410)
        assert.equal((await client.fetch('/status')).status, 403)
        await assertBlank(await client.fetch('/plain'))
      })
    },
  )
}
