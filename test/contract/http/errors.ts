import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type HandlerResult, HttpError, json, text, toResponse } from '../../../src/index.js'
import { onEveryTransport } from '../../_setup.js'
import { assertBlank, assertProblem, recorder, soon } from './_tools.js'

const otherCopy = '../../../src/errors.js?copy'
const other: { readonly HttpError: typeof HttpError } = await import(otherCopy)

const secret = 'the password is in here'

/** Values that are thrown, with the problem document each becomes. */
const problems: readonly {
  readonly headers?: Readonly<Record<string, string>>
  readonly members: Readonly<Record<string, unknown>>
  readonly name: string
  readonly status: number
  readonly thrown: unknown
}[] = [
  {
    members: { code: undefined, detail: undefined, title: 'Conflict', type: 'about:blank' },
    name: 'an HttpError of a status alone',
    status: 409,
    thrown: new HttpError(409),
  },
  {
    headers: { 'retry-after': '9', 'x-why': 'busy' },
    members: {
      code: 'BUSY',
      detail: 'come back',
      left: { seconds: 9 },
      title: 'Service Unavailable',
      type: 'https://e.test/busy',
    },
    name: 'an HttpError with everything',
    status: 503,
    thrown: new HttpError(503, 'come back', {
      code: 'BUSY',
      extensions: { left: { seconds: 9 } },
      headers: { 'Retry-After': '9', 'X-Why': 'busy' },
      type: 'https://e.test/busy',
    }),
  },
  {
    members: { title: 'Error' },
    name: 'an HttpError of a status without a phrase',
    status: 499,
    thrown: new HttpError(499),
  },
  {
    members: { detail: 'other' },
    name: 'an HttpError of another copy of the package',
    status: 404,
    thrown: new other.HttpError(404, 'other'),
  },
  {
    members: { detail: 'who are you?' },
    name: 'an Error with a status of a client',
    status: 401,
    thrown: Object.assign(new Error('who are you?'), { status: 401 }),
  },
  {
    members: { detail: undefined, title: 'Bad Gateway' },
    name: 'an Error with a status of a server, whose message is not told',
    status: 502,
    thrown: Object.assign(new Error(secret), { status: 502 }),
  },
]

/** Values that are thrown and tell the client nothing. */
const blanks: Readonly<Record<string, unknown>> = {
  'a frozen Error': Object.freeze(new Error(secret)),
  'a number': 404,
  'a plain object with a status': { message: secret, status: 404 },
  'a string': secret,
  'a symbol': Symbol(secret),
  'an Error': new Error(secret),
  'an Error whose status is no error': Object.assign(new Error(secret), { status: 200 }),
  'an Error whose status is no number': Object.assign(new Error(secret), { status: '404' }),
  'an Error whose status throws': Object.defineProperty(new Error(secret), 'status', {
    get() {
      throw new Error(secret)
    },
  }),
  'an HttpError whose extensions have no JSON form': new HttpError(400, secret, { extensions: { value: 1n } }),
  'an HttpError with a header of two lines': new HttpError(400, secret, { headers: { 'x-a': `b\r\n${secret}: c` } }),
  null: null,
  undefined: undefined,
}

function fail(thrown: unknown): () => never {
  return () => {
    throw thrown
  }
}

/** What handlers may throw, and what becomes of it. */
export function errorsContract(): void {
  const { entries, logger } = recorder()

  onEveryTransport(
    'a handler throws',
    (app) => {
      for (const [index, { thrown }] of problems.entries()) {
        app.get(`/problem/now/${index}`, fail(thrown))
        app.get(`/problem/later/${index}`, async () => (await soon(fail(thrown)))())
      }
      for (const [index, thrown] of Object.values(blanks).entries()) {
        app.get(`/blank/now/${index}`, fail(thrown))
        app.get(`/blank/later/${index}`, async () => (await soon(fail(thrown)))())
      }
      app.get('/response', fail(text('thrown', 402)))
      app.get('/to-response', fail({ [toResponse]: async () => text('mine', 451) }))
      app.get('/to-response/fails', fail({ [toResponse]: async () => Promise.reject(new Error(secret)) }))
      app.get('/to-response/nothing', fail({ [toResponse]: () => 7 }))
    },
    (client) => {
      for (const when of ['now', 'later']) {
        for (const [index, { headers = {}, members, name, status }] of problems.entries()) {
          test(`${name}, ${when}`, async () => {
            const response = await client.fetch(`/problem/${when}/${index}`)
            for (const [header, value] of Object.entries(headers)) assert.equal(response.headers.get(header), value)
            await assertProblem(response, status, members)
          })
        }

        for (const [index, name] of Object.keys(blanks).entries()) {
          test(`${name}, ${when}: a blank 500 and a log line`, async () => {
            const response = await client.fetch(`/blank/${when}/${index}`)
            const requestId = response.headers.get('x-request-id')
            assert.equal([...response.headers].join().includes('password'), false)
            await assertBlank(response)
            const lines = entries.filter(({ fields }) => fields.requestId === requestId)
            assert.deepEqual(
              lines.map(({ level, message }) => [level, message]),
              [['error', 'request failed']],
            )
            assert.ok(lines[0]?.fields.err instanceof Error)
          })
        }
      }

      test('an HttpResponse, which is the answer', async () => {
        const response = await client.fetch('/response')
        assert.equal(response.status, 402)
        assert.equal(await response.text(), 'thrown')
      })

      test('a value with toResponse, which is asked', async () => {
        const response = await client.fetch('/to-response')
        assert.equal(response.status, 451)
        assert.equal(await response.text(), 'mine')
        await assertBlank(await client.fetch('/to-response/fails'))
        await assertBlank(await client.fetch('/to-response/nothing'))
      })

      test('a log line holds the cause of an error that has a status of a server', async () => {
        const response = await client.fetch('/problem/now/5')
        const requestId = response.headers.get('x-request-id')
        const line = entries.find(({ fields }) => fields.requestId === requestId)
        assert.equal((line?.fields.err as Error | undefined)?.message ?? '', secret)
      })
    },
    { logger },
  )

  onErrorContract()
  onNotFoundContract()
}

const caught = new Error(secret)

const answers: Readonly<Record<string, (error: unknown) => HandlerResult | Promise<HandlerResult>>> = {
  async: async () => soon(text('handled', 418)),
  itself: (error) => error as Error,
  number: () => 7 as never,
  object: (error) => ({ isSame: error === caught }),
  rejects: async () => Promise.reject(new HttpError(423)),
  sync: () => text('handled', 418),
  throws: () => {
    throw new Error(secret)
  },
  undefined: () => undefined,
  undefinedLater: async () => soon(undefined),
}

function onErrorContract(): void {
  let calls = 0

  onEveryTransport(
    'onError()',
    (app) => {
      app.onError((error, request) => {
        calls++
        const answer = answers[request.header('x-answer') ?? '']
        return answer === undefined
          ? json({ message: (error as Error).message, route: request.route }, 499)
          : answer(error)
      })
      app.use((_, next) => next())
      app.use(async (_, next) => (await next()).header('x-passed', 'yes'))
      app.get('/fails', fail(caught))
      app.get('/fails/later', async () => (await soon(fail(caught)))())
      app.get('/status', fail(new HttpError(403, 'no entry')))
      app.get('/response', fail(text('thrown', 402)))
      app.post('/body', (request) => request.json())
    },
    (client) => {
      const ask = (answer: string, path = '/fails'): Promise<Response> =>
        client.fetch(path, { headers: { 'x-answer': answer } })

      for (const answer of ['async', 'sync']) {
        for (const path of ['/fails', '/fails/later']) {
          test(`answers ${path}, ${answer}`, async () => {
            const response = await ask(answer, path)
            assert.equal(await response.text(), 'handled')
            assert.equal(response.status, 418)
            assert.equal(response.headers.get('x-passed'), 'yes')
          })
        }
      }

      test('is answered as a handler would be, with the very value that was thrown', async () => {
        const response = await ask('object')
        assert.equal(response.status, 200)
        assert.deepEqual(await response.json(), { isSame: true })
      })

      for (const answer of ['itself', 'number', 'throws', 'undefined', 'undefinedLater']) {
        test(`leaves a blank 500 where its answer is: ${answer}`, async () => {
          await assertBlank(await ask(answer))
        })
      }

      test('may itself fail with a status', async () => {
        assert.equal((await ask('rejects')).status, 423)
      })

      test('leaves an error its status by returning undefined', async () => {
        await assertProblem(await ask('undefined', '/status'), 403, { detail: 'no entry' })
        assert.equal((await ask('undefined', '/response')).status, 402)
      })

      test('is asked once, however many middleware there are', async () => {
        const before = calls
        await ask('throws')
        assert.equal(calls, before + 1)
      })

      const own: readonly (readonly [string, string, string | undefined, string | undefined])[] = [
        ['GET', '/nowhere', undefined, undefined],
        ['DELETE', '/status', undefined, undefined],
        ['POST', '/body', '{', '/body'],
      ]
      for (const [method, path, body, route] of own) {
        test(`sees the errors of Hotpress itself: ${method} ${path}`, async () => {
          const response = await client.fetch(path, body === undefined ? { method } : { body, method })
          const told = (await response.json()) as { message: string; route?: string }
          assert.equal(response.status, 499)
          assert.notEqual(told.message, '')
          assert.equal(told.route, route)
        })
      }
    },
  )
}

function onNotFoundContract(): void {
  onEveryTransport(
    'onNotFound()',
    (app) => {
      app.use(async (_, next) => (await next()).header('x-passed', 'yes'))
      app.onNotFound((request) => {
        if (request.path === '/fails') throw new Error(secret)
        return text(`no ${request.path}`, 404)
      })
      app.get('/here', () => 'here')
    },
    (client) => {
      test('answers what no route does, within the middleware of the app', async () => {
        const response = await client.fetch('/away')
        assert.equal(response.status, 404)
        assert.equal(await response.text(), 'no /away')
        assert.equal(response.headers.get('x-passed'), 'yes')
      })

      test('may fail as a handler may', async () => {
        await assertBlank(await client.fetch('/fails'))
      })

      test('is not asked where the path is known and the method is not', async () => {
        assert.equal((await client.fetch('/here', { method: 'POST' })).status, 405)
      })
    },
  )
}
