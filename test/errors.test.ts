import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import {
  describe as describeValue,
  type ErrorCode,
  errorTable,
  HotpressError,
  HttpError,
  httpError,
} from '../src/errors.js'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '../..')
const codes = Object.keys(errorTable) as ErrorCode[]

/** All of src but the table itself. */
function sources(): string {
  const files = readdirSync(path.join(root, 'src'), { recursive: true })
    .map(String)
    .filter((file) => /\.c?ts$/.test(file) && file !== 'errors.ts')
  return files.map((file) => readFileSync(path.join(root, 'src', file), 'utf8')).join('\n')
}

/** The rows of the table in docs/errors.md. */
function documented(): readonly (readonly string[])[] {
  return readFileSync(path.join(root, 'docs/errors.md'), 'utf8')
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
}

describe('the table of errors', () => {
  const text = sources()
  const rows = documented()

  test('stands in alphabetical order, here and in docs/errors.md', () => {
    assert.deepEqual(codes, [...codes].sort())
    assert.deepEqual(
      rows.map(([code]) => code),
      codes.map((code) => `\`${code}\``),
    )
  })

  for (const code of codes) {
    test(`${code} is raised by something`, () => {
      assert.match(text, new RegExp(`'${code}'`))
    })

    test(`${code} stands in docs/errors.md with its status, its message and what to do`, () => {
      const row: { readonly message: string; readonly status?: number } = errorTable[code]
      const [, status, message, advice = ''] = rows.find(([each]) => each === `\`${code}\``) ?? []
      assert.equal(status, row.status === undefined ? '' : String(row.status))
      assert.equal(message, row.message)
      assert.ok(advice.length > 20, advice)
    })

    test(`${code} has all its facts in its message`, () => {
      const { message } = errorTable[code]
      const names = [...message.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!)
      const facts = Object.fromEntries(names.map((name) => [name, `<${name}>`]))
      const error = new HotpressError(code, facts as never)
      for (const name of names) assert.ok(error.message.includes(`<${name}>`), name)
      assert.doesNotMatch(error.message, /undefined|\{\w/)
    })
  }
})

describe('HotpressError', () => {
  test('has its code, its message and its cause', () => {
    const cause = new Error('why')
    const error = new HotpressError('ADDRESS_REFUSED', { address: 'a:1', reason: 'no' }, { cause })
    assert.equal(error.code, 'ADDRESS_REFUSED')
    assert.equal(error.message, 'cannot listen on a:1: no')
    assert.equal(error.name, 'HotpressError')
    assert.equal(error.cause, cause)
    assert.ok(error instanceof Error)
  })

  test('does not take a fact for a place to fill', () => {
    assert.equal(
      new HotpressError('ADDRESS_REFUSED', { address: '{reason}', reason: '$&' }).message,
      'cannot listen on {reason}: $&',
    )
  })
})

describe('HttpError', () => {
  for (const status of [400, 404, 499, 500, 599]) {
    test(`takes the status ${status}`, () => {
      assert.equal(new HttpError(status).status, status)
    })
  }
  for (const status of [0, 200, 399, 600, 404.5, Number.NaN, '404', undefined]) {
    test(`does not take the status ${JSON.stringify(status)}`, () => {
      assert.throws(() => new HttpError(status as number), {
        message: new RegExp(`got ${String(status)}$`),
        name: 'RangeError',
      })
    })
  }

  test('has what it was given', () => {
    const given = { cause: 1, code: 'X', extensions: { a: 1 }, headers: { b: 'c' }, type: '/x' }
    const { cause, code, detail, extensions, headers, message, name, type } = new HttpError(400, 'why', given)
    assert.deepEqual({ cause, code, extensions, headers, type }, given)
    assert.deepEqual({ detail, message, name }, { detail: 'why', message: 'why', name: 'HttpError' })
  })

  test('is known by its mark', () => {
    assert.equal(HttpError.is(new HttpError(400)), true)
    assert.equal(HttpError.is(new (class extends HttpError {})(400)), true)
    for (const value of [new Error('x'), { status: 400 }, null, undefined, 'x'])
      assert.equal(HttpError.is(value), false)
  })

  test('of the table has its code, status and message, and no stack', () => {
    const depth = Error.stackTraceLimit
    const error = httpError('NOT_FOUND', { path: '/x' }, { headers: { a: 'b' } })
    assert.equal(Error.stackTraceLimit, depth)
    assert.equal(error.status, 404)
    assert.equal(error.code, 'NOT_FOUND')
    assert.equal(error.detail, 'nothing is at /x')
    assert.deepEqual(error.headers, { a: 'b' })
    assert.doesNotMatch(error.stack ?? '', /\n\s+at /)
  })
})

describe('describe()', () => {
  class Thing {}
  const cases: readonly (readonly [value: unknown, text: string])[] = [
    ['x"y', '"x\\"y"'],
    ['x'.repeat(61), `"${'x'.repeat(60)}…"`],
    [7, '7'],
    [-0.5, '-0.5'],
    [10n, '10'],
    [true, 'true'],
    [null, 'null'],
    [undefined, 'undefined'],
    [Symbol('s'), 'Symbol(s)'],
    [() => 1, 'a function'],
    [parseInt, 'the function parseInt'],
    [[1], 'an array'],
    [{}, 'an object'],
    [Object.create(null), 'an object'],
    [{ constructor: 1 }, 'an object'],
    [new Thing(), 'an instance of Thing'],
    [new Map(), 'an instance of Map'],
  ]
  for (const [value, text] of cases) {
    test(`says ${text}`, () => {
      assert.equal(describeValue(value), text)
    })
  }
})
