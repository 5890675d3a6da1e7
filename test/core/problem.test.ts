import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { asHttpError, problem } from '../../src/core/problem.js'
import { HttpError } from '../../src/errors.js'

const otherCopy = '../../src/errors.js?copy'
const other: { readonly HttpError: typeof HttpError } = await import(otherCopy)

function documentOf(error: HttpError, requestId?: string): unknown {
  return JSON.parse(problem(error, requestId).body as string)
}

describe('problem()', () => {
  const cases: readonly (readonly [name: string, error: HttpError, document: object])[] = [
    ['a status alone', new HttpError(404), { status: 404, title: 'Not Found', type: 'about:blank' }],
    ['a status without a phrase', new HttpError(599), { status: 599, title: 'Error', type: 'about:blank' }],
    [
      'everything',
      new HttpError(409, 'taken', { code: 'TAKEN', extensions: { by: 'you' }, type: '/taken' }),
      { by: 'you', code: 'TAKEN', detail: 'taken', status: 409, title: 'Conflict', type: '/taken' },
    ],
    [
      'extensions that would take the place of what has a meaning',
      new HttpError(400, 'why', {
        code: 'X',
        extensions: { code: 'Y', detail: 'z', own: 1, status: 200, title: 't', type: 'u' },
      }),
      { code: 'X', detail: 'why', own: 1, status: 400, title: 'Bad Request', type: 'about:blank' },
    ],
  ]
  for (const [name, error, document] of cases) {
    test(`holds ${name}`, () => {
      assert.deepEqual(documentOf(error), document)
    })
  }

  test('names the request', () => {
    assert.deepEqual(documentOf(new HttpError(400), 'id'), {
      requestId: 'id',
      status: 400,
      title: 'Bad Request',
      type: 'about:blank',
    })
  })

  test('is a response with the status, the headers and the error', () => {
    const error = new HttpError(429, undefined, { headers: { 'Retry-After': '1' } })
    const response = problem(error)
    assert.equal(response.statusCode, 429)
    assert.equal(response.contentType, 'application/problem+json')
    assert.deepEqual(response.headers, ['Retry-After', '1'])
    assert.equal(response.error, error)
  })
})

describe('asHttpError()', () => {
  test('gives an HttpError as it is, of another copy of the package too', () => {
    for (const error of [new HttpError(400), new other.HttpError(400), new (class extends HttpError {})(500)]) {
      assert.equal(asHttpError(error), error)
    }
  })

  for (const [status, detail] of [
    [400, 'why'],
    [499, 'why'],
    [500, undefined],
    [599, undefined],
  ] as const) {
    test(`takes the status of an Error, and its message from a client's only: ${status}`, () => {
      const error = Object.assign(new Error('why'), { status })
      const made = asHttpError(error)!
      assert.equal(made.status, status)
      assert.equal(made.detail, detail)
      assert.equal(made.cause, error)
    })
  }

  const none: readonly unknown[] = [
    new Error('x'),
    ...[399, 600, 404.5, '404', Number.NaN, undefined].map((status) => Object.assign(new Error('x'), { status })),
    { message: 'x', status: 404 },
    404,
    'x',
    null,
    undefined,
  ]
  for (const [index, thrown] of none.entries()) {
    test(`leaves alone what says no status (${index})`, () => {
      assert.equal(asHttpError(thrown), undefined)
    })
  }
})
