import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { HttpResponse } from '../../src/core/response.js'
import { bytes, empty, html, json, redirect, stream, text } from '../../src/core/responses.js'
import { says } from '../_says.js'

const otherCopy = '../../src/core/response.js?copy'
const other: { readonly HttpResponse: typeof HttpResponse } = await import(otherCopy)

describe('response headers', () => {
  const cases: readonly (readonly [
    name: string,
    change: (response: HttpResponse) => HttpResponse,
    headers: readonly string[] | undefined,
  ])[] = [
    ['are none at first', (r) => r, undefined],
    ['are set', (r) => r.header('X-A', '1'), ['X-A', '1']],
    ['are set in place of one', (r) => r.header('X-A', '1').header('x-a', '2'), ['X-A', '2']],
    [
      'are set in place of several',
      (r) => r.append('a', '1').header('b', '2').append('A', '3').append('a', '4').header('a', '5'),
      ['a', '5', 'b', '2'],
    ],
    ['are added', (r) => r.header('a', '1').append('A', '2'), ['a', '1', 'A', '2']],
    ['are added where there is none', (r) => r.append('a', '1'), ['a', '1']],
    ['are removed', (r) => r.append('a', '1').append('b', '2').append('A', '3').remove('a'), ['b', '2']],
    ['are removed where there is none', (r) => r.remove('a'), undefined],
    ['have one length', (r) => r.append('content-length', '1').append('Content-Length', '2'), ['content-length', '2']],
    ['have the content type apart', (r) => r.header('Content-Type', 'a/b').append('content-type', 'c/d'), undefined],
  ]
  for (const [name, change, headers] of cases) {
    test(name, () => {
      assert.deepEqual(change(text('x')).headers, headers)
    })
  }

  test('are read whatever the letter case', () => {
    const response = text('x').append('X-A', '1').append('x-a', '2')
    assert.equal(response.header('x-A'), '1')
    assert.equal(response.has('X-a'), true)
    assert.equal(response.header('x-b'), undefined)
    assert.equal(response.has('x-b'), false)
    assert.equal(text('x').header('x-a'), undefined)
    assert.equal(text('x').has('x-a'), false)
  })

  test('have a content type that can be read, changed and taken away', () => {
    const response = text('x')
    assert.equal(response.header('Content-Type'), 'text/plain; charset=utf-8')
    assert.equal(response.has('content-type'), true)
    assert.equal(response.header('content-type', 'a/b').contentType, 'a/b')
    assert.equal(response.type('c/d').header('content-type'), 'c/d')
    assert.equal(response.remove('Content-Type').contentType, undefined)
    assert.equal(response.has('content-type'), false)
  })

  test('say whether all of them are ASCII', () => {
    assert.equal(text('ü').header('a', 'b').isAscii, true)
    assert.equal(text('x').header('a', '\xe9').isAscii, false)
    assert.equal(text('x').append('a', '\xe9').isAscii, false)
    assert.equal(text('x').type('a/b; x="\xe9"').isAscii, false)
  })

  test('that are refused leave the response as it was', () => {
    const response = text('x').header('a', '1')
    assert.throws(() => response.header('a', 'b\n'), says('HEADER_INVALID', 'a'))
    assert.throws(() => response.append('b c', '1'), says('HEADER_INVALID', 'b c'))
    assert.throws(() => response.type('x\r\n'), says('HEADER_INVALID', 'content-type'))
    assert.deepEqual(response.headers, ['a', '1'])
    assert.equal(response.contentType, 'text/plain; charset=utf-8')
  })
})

describe('the status', () => {
  for (const code of [200, 204, 226, 299, 304, 418, 499, 599]) {
    test(`may be ${code}`, () => {
      assert.equal(text('x').status(code).statusCode, code)
      assert.equal(text('x', code).statusCode, code)
      assert.equal(text('x', { status: code }).statusCode, code)
    })
  }
  for (const code of [0, 99, 100, 101, 199, 600, 1000, 200.5, Number.NaN, '200', null]) {
    test(`may not be ${JSON.stringify(code)}`, () => {
      assert.throws(() => text('x').status(code as number), says('STATUS_INVALID', String(code)))
    })
  }
})

async function* nothing(): AsyncGenerator<string> {}

describe('a response is made', () => {
  const source = nothing()
  const raw = new Uint8Array(1)
  const cases: readonly (readonly [
    name: string,
    made: HttpResponse,
    status: number,
    type: string | undefined,
    body: unknown,
  ])[] = [
    ['of bytes', bytes(raw), 200, 'application/octet-stream', raw],
    ['of nothing', empty(), 204, undefined, undefined],
    ['of nothing, with a status', empty(200), 200, undefined, undefined],
    ['of nothing, with headers alone', empty({ headers: { a: 'b' } }), 204, undefined, undefined],
    ['of HTML', html('<p>'), 200, 'text/html; charset=utf-8', '<p>'],
    ['of JSON', json([1]), 200, 'application/json; charset=utf-8', '[1]'],
    ['of what has no JSON', json(undefined), 200, 'application/json; charset=utf-8', 'null'],
    ['of a function, which has no JSON', json(() => 1), 200, 'application/json; charset=utf-8', 'null'],
    ['of another address', redirect('/x'), 302, undefined, undefined],
    ['of another address, for ever', redirect('/x', 301), 301, undefined, undefined],
    ['of a stream', stream(source), 200, 'application/octet-stream', source],
    ['of text', text('x', { headers: { 'Content-Type': 'a/b' }, status: 201 }), 201, 'a/b', 'x'],
  ]
  for (const [name, made, status, type, body] of cases) {
    test(name, () => {
      assert.equal(made.statusCode, status)
      assert.equal(made.contentType, type)
      assert.equal(made.body, body)
      assert.equal(made.closes, false)
    })
  }

  test('with headers, several of one name too', () => {
    const response = text('x', { headers: { A: '1', 'Set-Cookie': ['a=1', 'b=2'] } })
    assert.deepEqual(response.headers, ['A', '1', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2'])
  })

  for (const value of [7, undefined, null]) {
    test(`with no header that is ${value}, whose name the error tells`, () => {
      assert.throws(
        () => text('x', { headers: { 'x-a': value as never } }),
        says('HEADER_INVALID', 'x-a', String(value)),
      )
    })
  }

  test('of no JSON where there is a cycle or a BigInt', () => {
    const cycle: unknown[] = []
    cycle.push(cycle)
    for (const value of [cycle, 1n, { a: 1n }]) assert.throws(() => json(value), TypeError)
  })

  for (const [location, header] of [
    ['/a b', '/a%20b'],
    ['/%20', '/%20'],
    ['/a\r\nb: c', '/a%0D%0Ab:%20c'],
    ['//e.test/ü', '//e.test/%C3%BC'],
    ['/\ud800', '/%EF%BF%BD'],
    ['', ''],
  ] as const) {
    test(`of another address: ${JSON.stringify(location)}`, () => {
      assert.equal(redirect(location).header('location'), header)
    })
  }
})

describe('HttpResponse', () => {
  test('closes its connection when it is told to', () => {
    assert.equal(text('x').close().closes, true)
  })

  test('stays uncompressed when it is told to, and so does what is made of it', () => {
    const response = text('x').uncompressed()
    assert.equal(response.isUncompressed, true)
    assert.equal(response.clone().isUncompressed, true)
    assert.equal(HttpResponse.from(new other.HttpResponse('x', 'a/b').uncompressed())?.isUncompressed, true)
    assert.equal(text('x').clone().isUncompressed, false)
  })

  test('is taken from another copy of the package', () => {
    const foreign = new other.HttpResponse('x', 'a/b', 418).header('A', '1').append('B', '2').append('B', '3').close()
    foreign.error = 'why'
    assert.equal(foreign instanceof HttpResponse, false)
    const own = HttpResponse.from(foreign)
    assert.ok(own instanceof HttpResponse)
    const { body, closes, contentType, error, headers, statusCode } = foreign
    assert.deepEqual(
      {
        body: own.body,
        closes: own.closes,
        contentType: own.contentType,
        error: own.error,
        headers: own.headers,
        statusCode: own.statusCode,
      },
      { body, closes, contentType, error, headers, statusCode },
    )
  })

  test('is taken as it is, and nothing else for one', () => {
    const response = text('x')
    assert.equal(HttpResponse.from(response), response)
    for (const value of [{}, [], new Response(), { body: 'x' }]) assert.equal(HttpResponse.from(value), undefined)
  })
})
