import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Middleware } from '../../src/core/types.js'
import { RouteGroup, RouteRegistry } from '../../src/routing/registry.js'
import type { RouteDefinition } from '../../src/routing/route-options.js'
import { says } from '../_says.js'

/** A registry that only keeps what it is told. */
class Registry extends RouteRegistry {
  readonly calls: string[] = []
  readonly routes: RouteDefinition[] = []
  override use(): this {
    return this
  }
  protected override register(call: string, route: RouteDefinition): void {
    this.calls.push(call)
    this.routes.push(route)
  }
}

const handler = (): string => 'x'
const named = (name: string): Middleware => Object.defineProperty((() => name) as Middleware, 'name', { value: name })

describe('a registry', () => {
  const methods = ['delete', 'get', 'head', 'options', 'patch', 'post', 'put'] as const
  for (const method of methods) {
    test(`registers by ${method}()`, () => {
      const registry = new Registry()
      assert.equal(registry[method]('/a/:id', handler), registry)
      const [route] = registry.routes
      assert.equal(route?.method, method.toUpperCase())
      assert.equal(route?.pattern.text, '/a/:id')
      assert.equal(route?.handler, handler)
      assert.equal(route?.bodyLimit, undefined)
      assert.deepEqual(registry.calls, [`${method}()`])
    })
  }

  test('registers any method by route() as it is, and by add() in upper case', () => {
    const registry = new Registry().route('Purge', '/a', handler).add(':purge/b', handler)
    assert.deepEqual(
      registry.routes.map(({ method, pattern }) => `${method} ${pattern.text}`),
      ['Purge /a', 'PURGE /b'],
    )
    assert.deepEqual(registry.calls, ['route()', 'add()'])
  })

  test('takes the options of a route', () => {
    const registry = new Registry()
      .get('/a', { bodyLimit: '1kb' }, handler)
      .get('/b', {}, handler)
      .add(':get/c', { bodyLimit: 0 }, handler)
    assert.deepEqual(
      registry.routes.map(({ bodyLimit }) => bodyLimit),
      [1024, undefined, 0],
    )
  })

  test('registers nothing of what it refuses', () => {
    const registry = new Registry()
    assert.throws(() => registry.get('/a', undefined as never), says('HANDLER_INVALID', 'GET /a', 'undefined'))
    assert.throws(() => registry.get('a', handler), says('PATTERN_INVALID', '"a"'))
    assert.throws(
      () => registry.get('/a', { bodyLimit: -1 }, handler),
      says('OPTION_INVALID', 'bodyLimit of the route GET /a', '-1'),
    )
    assert.throws(
      () => registry.get('/a', { limit: 1 } as never, handler),
      says('OPTION_UNKNOWN', 'limit of the route GET /a'),
    )
    assert.throws(() => registry.get('/a', null as never, handler), says('OPTION_INVALID', 'null'))
    assert.deepEqual(registry.routes, [])
  })
})

describe('a group', () => {
  const mounted = (group: RouteGroup<string>, prefix?: string): readonly RouteDefinition[] => {
    const registry = new Registry()
    if (prefix === undefined) registry.mount(group)
    else registry.mount(prefix, group)
    return registry.routes
  }
  const texts = (routes: readonly RouteDefinition[]): readonly string[] => routes.map(({ pattern }) => pattern.text)

  test('gives its prefix to its routes, and each mounting another', () => {
    const group = new RouteGroup({ prefix: '/g/:g' }).get('/', handler).get('/a', handler).get('/*', handler)
    assert.deepEqual(texts(mounted(group)), ['/g/:g', '/g/:g/a', '/g/:g/*'])
    assert.deepEqual(texts(mounted(group, '/x/:x')), ['/x/:x/g/:g', '/x/:x/g/:g/a', '/x/:x/g/:g/*'])
    assert.deepEqual(texts(mounted(group, '/')), texts(mounted(group)))
    assert.deepEqual(texts(mounted(group, '')), texts(mounted(group)))
  })

  test('refuses a parameter that its prefix has already', () => {
    const group = new RouteGroup({ prefix: '/:id' }).get('/a/:id', handler)
    assert.throws(() => mounted(group), says('PATTERN_INVALID', '"/:id/a/:id"', 'the parameter id is there twice'))
  })

  test('puts its middleware outside that of the groups in it, whenever it was added', () => {
    const inner = new RouteGroup().get('/i', handler)
    inner.use(named('inner'))
    const outer = new RouteGroup()
    outer.use(named('first'))
    outer.mount(inner)
    outer.get('/o', handler)
    outer.use(named('second'), named('third'))
    const names = mounted(outer).map(({ middleware }) => middleware.map(({ name }) => name).join(' '))
    assert.deepEqual(names, ['first second third inner', 'first second third'])
  })

  test('has a limit for the routes that have none, the nearest first', () => {
    const inner = new RouteGroup({ bodyLimit: 2 }).get('/a', handler).get('/b', { bodyLimit: 1 }, handler)
    const free = new RouteGroup().get('/c', handler)
    const outer = new RouteGroup({ bodyLimit: '3b' }).mount(inner).mount(free).get('/d', { bodyLimit: 0 }, handler)
    assert.deepEqual(
      mounted(outer).map(({ bodyLimit }) => bodyLimit),
      [2, 1, 3, 0],
    )
  })

  test('takes no more once it is mounted, and can be mounted again', () => {
    const group = new RouteGroup().get('/a', handler)
    assert.equal(mounted(group).length, 1)
    assert.throws(() => group.get('/b', handler), says('GROUP_MOUNTED', 'get()', '/'))
    assert.throws(() => group.use(named('late')), says('GROUP_MOUNTED', 'use()'))
    assert.throws(() => group.mount(new RouteGroup().get('/c', handler)), says('GROUP_MOUNTED', 'mount()'))
    assert.equal(mounted(group).length, 1)
  })

  for (const [name, options, code, ...facts] of [
    ['a prefix without a slash', { prefix: 'g' }, 'PATTERN_INVALID', '"g"'],
    ['a prefix that ends in a slash', { prefix: '/g/' }, 'PATTERN_INVALID', '"/g/"', 'neither ends in /'],
    ['a prefix with a wildcard', { prefix: '/g/*' }, 'PATTERN_INVALID', '"/g/*"'],
    ['a prefix with a named wildcard', { prefix: '/g/*rest' }, 'PATTERN_INVALID', '"/g/*rest"'],
    ['a prefix that is no text', { prefix: 7 }, 'PATTERN_INVALID', '7'],
    ['a limit that is none', { bodyLimit: 'x' }, 'OPTION_INVALID', 'bodyLimit of a RouteGroup', '"x"'],
    ['an option that is not known', { path: '/g' }, 'OPTION_UNKNOWN', 'path of a RouteGroup', 'bodyLimit, prefix'],
    ['options that are no object', '/g', 'OPTION_INVALID', '"/g"', 'an object'],
  ] as const) {
    test(`refuses ${name}`, () => {
      assert.throws(() => new RouteGroup(options as never), says(code, ...facts))
    })
  }

  test('refuses middleware that is no function', () => {
    assert.throws(() => new RouteGroup().use(named('x'), 'y' as never), says('HANDLER_INVALID', 'use()', '"y"'))
  })

  test('is what mount() takes', () => {
    for (const value of [undefined, null, {}, handler]) {
      assert.throws(() => new Registry().mount(value as never), says('OPTION_INVALID', 'mount()', 'a RouteGroup'))
    }
    assert.throws(
      () => new Registry().mount('/x', undefined as never),
      says('OPTION_INVALID', 'mount()', 'a RouteGroup'),
    )
    assert.throws(() => new Registry().mount('x', new RouteGroup()), says('PATTERN_INVALID', '"x"'))
  })
})
