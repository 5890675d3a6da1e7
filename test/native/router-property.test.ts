import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { Router } from '../../src/native/binding.js'
import { createRouter } from '../../src/native/fallback/index.js'
import { native, withoutNative } from './_native.js'

interface Found {
  readonly offsets: readonly number[]
  readonly shape: string
}

// Few and alike, so that random paths often match and often share prefixes with what they do not match.
const literals = ['', 'a', 'ab', 'abc', 'b', '%41', '{a}', 'a:', '*a']
const pathSegment = fc.constantFrom(...literals, ':', '*', 'x', '%2F', '%')
const shapeSegment = fc.oneof(
  { arbitrary: fc.constantFrom(...literals), weight: 3 },
  { arbitrary: fc.constant(':'), weight: 2 },
)
const shape = fc
  .tuple(fc.array(shapeSegment, { maxLength: 4 }), fc.constantFrom('', '', 'a', ':', '*'))
  .map(([segments, last]) => `/${[...segments, last].join('/')}`)
const tables = fc.uniqueArray(shape, { maxLength: 14, minLength: 1 })
const paths = fc.array(
  fc.array(pathSegment, { maxLength: 6 }).map((segments) => `/${segments.join('/')}`),
  { maxLength: 20, minLength: 1 },
)
const table = fc.record({ paths, shapes: tables })

describe('router, on random tables', () => {
  it('the fallback does what the rule of precedence says', () => {
    check(createRouter, 1500)
  })

  it('the native router does what the rule of precedence says', { skip: withoutNative ?? false }, () => {
    check(native.createRouter, 1500)
  })
})

function check(make: () => Router, numRuns: number): void {
  const property = fc.property(table, ({ paths, shapes }) => {
    const router = make()
    for (const [id, shape] of shapes.entries()) router.insert(shape, id)
    for (const path of paths) {
      const wanted = reference(shapes, path)
      const id = router.match(path)
      const offsets = [...router.offsets.subarray(0, wanted?.offsets.length ?? 0)]
      assert.deepEqual(id === -1 ? undefined : { offsets, shape: shapes[id] }, wanted, path)
    }
  })
  fc.assert(property, { numRuns })
}

/** The rule, written as it is stated: every shape that matches, and the best of them. Two are never equally good. */
function reference(shapes: readonly string[], path: string): Found | undefined {
  const found = shapes.flatMap((shape) => matching(shape, path) ?? [])
  return found.sort((left, right) => compare(left.shape, right.shape))[0]
}

function matching(shape: string, path: string): Found | undefined {
  const wanted = segmentsOf(shape)
  const segments = path.slice(1).split('/')
  const offsets: number[] = []
  let start = 1
  for (const [index, kind] of wanted.entries()) {
    const segment = segments[index]
    if (segment === undefined) return undefined
    if (isWildcard(wanted, index)) {
      return start < path.length ? { offsets: [...offsets, start, path.length], shape } : undefined
    }
    if (kind === ':' ? segment === '' : segment !== kind) return undefined
    if (kind === ':') offsets.push(start, start + segment.length)
    start += segment.length + 1
  }
  return wanted.length === segments.length ? { offsets, shape } : undefined
}

/** Less than zero when the left shape wins. */
function compare(left: string, right: string): number {
  const [ours, theirs] = [segmentsOf(left), segmentsOf(right)]
  const wild = [ours, theirs].map((segments) => Number(isWildcard(segments, segments.length - 1))) as [number, number]
  if (wild[0] !== wild[1]) return wild[0] - wild[1]
  if (ours.length !== theirs.length) return theirs.length - ours.length
  const first = ours.findIndex((segment, index) => segment !== theirs[index])
  return ours[first] === ':' ? 1 : -1
}

function segmentsOf(shape: string): string[] {
  return shape.slice(1).split('/')
}

function isWildcard(segments: readonly string[], index: number): boolean {
  return index === segments.length - 1 && segments[index] === '*'
}
