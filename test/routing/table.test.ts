import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createMatcher } from '../../src/routing/matcher.js'
import { type Pattern, parsePattern } from '../../src/routing/pattern.js'
import { allowed, type Endpoint, RouteTable, readParams } from '../../src/routing/table.js'
import { says } from '../_says.js'

interface Route {
  readonly method: string
  readonly pattern: Pattern
}

function tableOf(...routes: readonly string[]): RouteTable<Route> {
  const table = new RouteTable<Route>()
  for (const route of routes) {
    const at = route.indexOf(' ')
    table.add({ method: route.slice(0, at), pattern: parsePattern(route.slice(at + 1)) })
  }
  return table
}

/** Each shape with its routes, as texts. */
function entriesOf(...routes: readonly string[]): Readonly<Record<string, readonly string[]>> {
  const entries = [...tableOf(...routes).entries()]
  return Object.fromEntries(
    entries.map(([shape, methods]) => [
      shape,
      [...methods].map(([method, { pattern }]) => `${method} ${pattern.text}`),
    ]),
  )
}

describe('a route table', () => {
  test('gathers the methods of one shape', () => {
    assert.deepEqual(entriesOf('GET /a/:x', 'POST /a/:y', 'GET /a'), {
      '/a': ['GET /a'],
      '/a/:': ['GET /a/:x', 'POST /a/:y'],
    })
  })

  test('gives a wildcard its bare path, where no other route has it', () => {
    assert.deepEqual(entriesOf('GET /f/*', 'PUT /f/*p', 'GET /f/', 'GET /*'), {
      '/': ['GET /*'],
      '/*': ['GET /*'],
      '/f/': ['GET /f/', 'PUT /f/*p'],
      '/f/*': ['GET /f/*', 'PUT /f/*p'],
    })
  })

  for (const [first, second] of [
    ['GET /a', 'GET /a'],
    ['GET /a/:x', 'GET /a/:y'],
    ['PUT /*', 'PUT /*rest'],
    ['GET /a b', 'GET /a%20b'],
  ] as const) {
    test(`refuses ${second} beside ${first}, and names both`, () => {
      assert.throws(
        () => tableOf(first, second),
        says('ROUTE_CONFLICT', `the route ${second}`, `conflicts with ${first}`),
      )
    })
  }

  test('takes what only looks alike', () => {
    tableOf('GET /a', 'get /a', 'GET /a/', 'GET /A', 'GET /:a', 'GET /*', 'GET /a/*', 'GET /%61')
  })
})

describe('allowed()', () => {
  for (const [methods, value] of [
    [[], 'OPTIONS'],
    [['GET'], 'GET, HEAD, OPTIONS'],
    [['PUT', 'HEAD', 'DELETE'], 'DELETE, HEAD, OPTIONS, PUT'],
    [['OPTIONS', 'GET', 'HEAD', 'GET'], 'GET, HEAD, OPTIONS'],
  ] as const) {
    test(`${methods.join(' ') || 'nothing'} gives ${value}`, () => {
      assert.equal(allowed(methods), value)
    })
  }
})

describe('readParams()', () => {
  function params(text: string, path: string, isBare = false): Record<string, string> | undefined {
    const pattern = parsePattern(text)
    const matcher = createMatcher()
    matcher.insert(isBare ? pattern.shape.slice(0, -1) : pattern.shape, 0)
    assert.equal(matcher.match(path), 0)
    const captures = pattern.names.length - (isBare ? 1 : 0)
    const read = readParams(path, { captures, pattern } as Endpoint, matcher)
    return read === undefined ? undefined : { ...read }
  }

  for (const [text, path, wanted] of [
    ['/:a/:b', '/x/y', { a: 'x', b: 'y' }],
    ['/:a/*', '/x/y/z', { '*': 'y/z', a: 'x' }],
    ['/:a', '/%2541', { a: '%41' }],
    ['/:a/*', '/%2F/%20/%C3%BC', { '*': ' /ü', a: '/' }],
    ['/:a/:b', '/plain/%', undefined],
    ['/:a/:b', '/%ff/plain', undefined],
    ['/:a/%zz', '/x/%zz', { a: 'x' }],
  ] as const) {
    test(`reads ${path} by ${text}`, () => {
      assert.deepEqual(params(text, path), wanted)
    })
  }

  test('gives a wildcard that is empty as the empty text', () => {
    assert.deepEqual(params('/:a/*rest', '/x/', true), { a: 'x', rest: '' })
    assert.deepEqual(params('/*', '/', true), { '*': '' })
  })

  test('gives nothing but the parameters', () => {
    const matcher = createMatcher()
    matcher.insert('/:', 0)
    matcher.match('/x')
    const read = readParams('/x', { captures: 1, pattern: parsePattern('/:a') } as Endpoint, matcher)!
    for (const name of ['constructor', 'toString', '__proto__']) assert.equal(name in read, false, name)
    const named = readParams('/x', { captures: 1, pattern: parsePattern('/:__proto__') } as Endpoint, matcher)!
    assert.deepEqual(Object.entries(named), [['__proto__', 'x']])
  })
})
