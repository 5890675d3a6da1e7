import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Router } from '../../src/native/binding.js'

type Find = readonly [shape: string, ...parameters: string[]]

interface Case {
  /** Each path with the shape that must win and its parameters, or nothing for a miss. */
  readonly finds: Readonly<Record<string, Find | undefined>>
  readonly name: string
  readonly shapes: readonly string[]
}

const cases: readonly Case[] = [
  {
    finds: {
      '/a/b/d': ['/a/:/d', 'b'],
      '/a/b/e': ['/:/b/e', 'a'],
      '/a/b/f': ['/:/:/f', 'a', 'b'],
      '/a/b/g': undefined,
    },
    name: 'backtracks from literals that lead nowhere, and forgets what it captured there',
    shapes: ['/a/b/c', '/a/:/d', '/:/b/e', '/:/:/f'],
  },
  {
    finds: { '/a{}': ['/a{}'], '/x': ['/:', 'x'], '/{': ['/{'], '/{x}': ['/{x}'], '/{{x}}': ['/{{x}}'] },
    name: 'braces are literal',
    shapes: ['/{x}', '/{{x}}', '/{', '/a{}', '/:'],
  },
  {
    finds: { '/a:': ['/a:'], '/a:b': ['/a:b'], '/ab': ['/:', 'ab'], '/:': ['/:', ':'], '/::': ['/::'] },
    name: 'a colon is a parameter only as a whole segment',
    shapes: ['/a:b', '/a:', '/::', '/:'],
  },
  {
    finds: { '//': ['//'], '//a': ['/*', '/a'], '//a//': ['//a//'], '/a//b': ['/*', 'a//b'], '/b//': ['/b//'] },
    name: 'empty segments are literal, and no parameter takes one',
    shapes: ['//', '//a//', '/:/:/b', '/b//', '/*'],
  },
  {
    finds: {
      '/%41': ['/%41'],
      '/%61': ['/:', '%61'],
      '/%C3%A9': ['/%C3%A9'],
      '/%c3%a9': ['/:', '%c3%a9'],
      '/A': ['/:', 'A'],
      '/a%2Fb': ['/:', 'a%2Fb'],
    },
    name: 'percent-escapes are bytes like any others',
    shapes: ['/%41', '/%C3%A9', '/:', '/:/b'],
  },
  {
    finds: { '': undefined, '*': undefined, '/': ['/'], '?': undefined, a: undefined, 'a/b': undefined },
    name: 'a path without a leading slash matches nothing',
    shapes: ['/', '/a/b', '/*'],
  },
  {
    finds: { '/': undefined, '/a': ['/a'], '/a/': ['/a/'], '/b': undefined, '/b/': ['/b/'], '/c/': undefined },
    name: 'a trailing slash is a segment of its own',
    shapes: ['/a', '/a/', '/b/', '/c'],
  },
  {
    finds: {
      '/files/': ['/:/', 'files'],
      '/files/a': ['/files/:', 'a'],
      '/files/a/': ['/files/*', 'a/'],
      '/files/a/b': ['/files/*', 'a/b'],
    },
    name: 'a parameter and a wildcard may share their place',
    shapes: ['/files/:', '/files/*', '/:/'],
  },
  {
    finds: { '/*': ['/*', '*'], '/*/a': ['/*/a'], '/a*': ['/a*'], '/b/*': ['/*', 'b/*'], '/x/a': ['/*', 'x/a'] },
    name: 'a star is a wildcard only as the whole last segment',
    shapes: ['/*/a', '/a*', '/*'],
  },
  {
    finds: {
      '/user': ['/:', 'user'],
      '/users': ['/users'],
      '/users/': ['/*', 'users/'],
      '/users/me': ['/users/me'],
      '/users/men': ['/users/:', 'men'],
      '/users/7/x': ['/*', 'users/7/x'],
    },
    name: 'literal before parameter before wildcard',
    shapes: ['/*', '/:', '/users', '/users/:', '/users/me'],
  },
  {
    finds: { '/a/b/c': ['/:/:/:', 'a', 'b', 'c'], '/a/b/c/d': ['/a/b/*', 'c/d'] },
    name: 'parameters all the way win over the deepest wildcard',
    shapes: ['/a/b/*', '/a/*', '/:/:/:'],
  },
  {
    finds: {
      '/a': ['/*', 'a'],
      '/a/b': ['/a/*', 'b'],
      '/a/b/c': ['/:/:/*', 'a', 'b', 'c'],
      '/a/b/c/d': ['/:/:/*', 'a', 'b', 'c/d'],
    },
    name: 'the deepest wildcard wins, with the offsets of its own walk',
    shapes: ['/*', '/a/*', '/:/:/*', '/:/:/c/x'],
  },
  {
    finds: { '/a/b/x': ['/a/:/*', 'b', 'x'], '/c/b/x': ['/:/b/*', 'c', 'x'], '/c/d/x': ['/:/:/*', 'c', 'd', 'x'] },
    name: 'among wildcards of one depth the earlier literal wins',
    shapes: ['/:/b/*', '/a/:/*', '/:/:/*'],
  },
  {
    finds: { '/': undefined, '/a/': undefined, '/a//': ['/a/*', '/'], '/a/b': ['/a/*', 'b'] },
    name: 'a wildcard takes one byte or more',
    shapes: ['/a/*'],
  },
]

/** The behaviour that the native router and its JavaScript twin share. `skip` says why a suite cannot run. */
export function routerContract(kind: string, createRouter: () => Router, skip: string | undefined): void {
  describe(`router: ${kind}`, { skip: skip ?? false }, () => {
    for (const { finds, name, shapes } of cases) {
      it(name, () => {
        for (const order of permutations(shapes)) {
          const router = tableOf(createRouter, order)
          for (const [path, wanted] of Object.entries(finds)) {
            assert.deepEqual(find(router, order, path), wanted, `${path} in ${order.join(' ')}`)
          }
        }
      })
    }

    it('takes 10,000 routes', () => {
      const shapes = Array.from({ length: 10_000 }, (_, index) => `/r${index % 100}/${index}/:/x${index % 7}`)
      const router = tableOf(createRouter, shapes)
      for (const [index, shape] of shapes.entries()) {
        assert.deepEqual(find(router, shapes, shape.replace(':', 'some')), [shape, 'some'], String(index))
      }
      assert.equal(router.match('/r1/10000/some/x1'), -1)
    })

    it('takes paths of any length', () => {
      const router = tableOf(createRouter, ['/p/:', '/w/*', `/${'l'.repeat(100_000)}`])
      // Around 2,048 units the native router changes from the stack to the heap.
      for (const length of [2043, 2044, 2045, 2046, 100_000]) {
        const long = 'x'.repeat(length)
        assert.equal(router.match(`/p/${long}`), 0)
        assert.deepEqual([...router.offsets.subarray(0, 2)], [3, 3 + length])
        assert.equal(router.match(`/w/${long}/y`), 1)
        assert.deepEqual([...router.offsets.subarray(0, 2)], [3, 5 + length])
        assert.equal(router.match(`/p/${long}é`), -1)
      }
      assert.equal(router.match(`/${'l'.repeat(100_000)}`), 2)
      assert.equal(router.match(`/${'l'.repeat(99_999)}`), -1)
    })

    it('gives the offsets of 32 parameters, and refuses 33', () => {
      const shape = `${'/:'.repeat(31)}/*`
      const router = tableOf(createRouter, [shape])
      assert.equal(router.offsets.length, 64)
      assert.equal(router.match('/ab'.repeat(33)), 0)
      const wanted = Array.from({ length: 32 }, (_, index) => [3 * index + 1, index < 31 ? 3 * index + 3 : 99]).flat()
      assert.deepEqual([...router.offsets], wanted)
      for (const refused of ['/:'.repeat(33), `${'/:'.repeat(32)}/*`]) {
        const message = `route shape ${refused} has 33 parameters; the most is 32`
        assert.throws(() => router.insert(refused, 1), { message, name: 'Error' })
      }
    })

    it('refuses a shape that is registered already, and keeps the first', () => {
      for (const shape of ['/', '/a', '/a/:', '/a/*', '//']) {
        const router = tableOf(createRouter, [shape])
        const message = `route shape ${shape} is registered already`
        assert.throws(() => router.insert(shape, 1), { message, name: 'Error' })
        assert.equal(router.match(shape.replace(/[:*]/, 'x')), 0)
      }
    })

    it('refuses shapes that no path has', () => {
      const router = createRouter()
      assert.throws(() => router.insert('/é', 0), { message: 'route shape /é is not ASCII; percent-encode it' })
      assert.throws(() => router.insert('', 0), { message: 'route shape  does not start with a slash' })
      assert.throws(() => router.insert('a', 0), { message: 'route shape a does not start with a slash' })
      assert.throws(() => router.insert(1 as never, 0), {
        message: 'a route shape must be a string',
        name: 'TypeError',
      })
    })

    it('takes ids of 31 bits', () => {
      const router = createRouter()
      const message = 'a route id must be an integer from 0 to 2147483647'
      for (const id of [-1, 0.5, 2 ** 31, Number.NaN, Number.POSITIVE_INFINITY, '1' as never, undefined as never]) {
        assert.throws(() => router.insert('/', id), { message, name: 'RangeError' })
      }
      router.insert('/', 2 ** 31 - 1)
      router.insert('/0', 0)
      assert.equal(router.match('/'), 2 ** 31 - 1)
      assert.equal(router.match('/0'), 0)
    })

    it('matches no path that is not ASCII', () => {
      const router = tableOf(createRouter, ['/a', '/:', '/:/b', '/*'])
      // The low byte of U+012F is a slash, and that of U+0161 an a.
      for (const path of [
        '/é',
        '/\u0161',
        '/x/é',
        '/é/b',
        '\u012fa',
        '/x\u012fb',
        '/\ud83d\ude00',
        '/\ud83d',
        '/\x80',
      ]) {
        assert.equal(router.match(path), -1, JSON.stringify(path))
      }
      assert.equal(router.match('/\x7f\0'), 1)
    })

    it('refuses a path that is not a string, without converting it', () => {
      const { match } = tableOf(createRouter, ['/*'])
      const convertible = {
        toString: () => assert.fail('toString was called'),
        valueOf: () => assert.fail('valueOf was called'),
      }
      for (const path of [undefined, null, 1, Symbol.iterator, convertible, new String('/a'), Buffer.from('/a')]) {
        assert.throws(() => match(path as never), { message: 'a path must be a string', name: 'TypeError' })
      }
    })

    it('matches strings however they are held in memory', () => {
      const router = tableOf(createRouter, ['/prefix-of-some-length/:', '/*'])
      const rope = '/prefix-of-some-length/'.concat(String(process.pid), '0')
      assert.equal(router.match(rope), 0)
      assert.equal(router.match(`é${rope}`.slice(1)), 0)
      assert.equal(router.match(`xx${rope}`.slice(2)), 0)
    })

    it('keeps routers apart', () => {
      const one = tableOf(createRouter, ['/one/:', '/both/:'])
      const two = tableOf(createRouter, ['/both/:', '/two/:'])
      assert.equal(one.match('/both/abc'), 1)
      assert.equal(two.match('/two/a'), 1)
      assert.deepEqual([...one.offsets.subarray(0, 2)], [6, 9])
      assert.deepEqual([...two.offsets.subarray(0, 2)], [5, 6])
      assert.equal(two.match('/one/a'), -1)
    })

    it('takes routes between matches', () => {
      const router = tableOf(createRouter, ['/abc/:'])
      assert.equal(router.match('/abd'), -1)
      router.insert('/abd', 1)
      assert.equal(router.match('/abd'), 1)
      assert.equal(router.match('/abc/x'), 0)
    })
  })
}

function tableOf(createRouter: () => Router, shapes: readonly string[]): Router {
  const router = createRouter()
  for (const [id, shape] of shapes.entries()) router.insert(shape, id)
  return router
}

function find(router: Router, shapes: readonly string[], path: string): Find | undefined {
  const id = router.match(path)
  if (id === -1) return undefined
  const shape = shapes[id]!
  const segments = shape.split('/')
  const count = segments.filter(
    (segment, index) => segment === ':' || (segment === '*' && index === segments.length - 1),
  )
  return [shape, ...count.map((_, index) => path.slice(router.offsets[2 * index], router.offsets[2 * index + 1]))]
}

function* permutations<Item>(items: readonly Item[]): Generator<Item[]> {
  if (items.length === 0) yield []
  for (const [index, item] of items.entries()) {
    for (const rest of permutations(items.toSpliced(index, 1))) yield [item, ...rest]
  }
}
