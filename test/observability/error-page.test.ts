import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Hotpress } from '../../src/index.js'
import { settleEnvironment } from '../../src/observability/error-page.js'
import { excerptOf, framesOf } from '../../src/observability/stack-frames.js'
import { says } from '../_says.js'

describe('the environment', () => {
  test('is development where NODE_ENV says so, or the option does', () => {
    assert.equal(settleEnvironment(undefined, {}), 'production')
    assert.equal(settleEnvironment(undefined, { NODE_ENV: 'test' }), 'production')
    assert.equal(settleEnvironment(undefined, { NODE_ENV: 'development' }), 'development')
    assert.equal(settleEnvironment('development', {}), 'development')
    assert.equal(settleEnvironment('production', { NODE_ENV: 'development' }), 'production')
  })

  test('is never development in production', () => {
    const make = (): unknown => settleEnvironment('development', { NODE_ENV: 'production' })
    assert.throws(make, says('OPTION_INVALID', 'env', 'while NODE_ENV is production'))
  })

  test('of production shows no page', async () => {
    const app = new Hotpress({ env: 'production', logger: false })
    app.get('/', () => {
      throw new Error('a secret of ours')
    })
    const answer = await app.inject({ headers: { accept: 'text/html' } })
    assert.equal(answer.headers.get('content-type'), 'application/problem+json')
    assert.doesNotMatch(answer.text(), /secret|\.js/)
  })
})

describe('the frames of a stack', () => {
  const of = (...lines: string[]): ReturnType<typeof framesOf> => {
    const error = new Error('x')
    error.stack = ['Error: x', ...lines.map((line) => `    at ${line}`)].join('\n')
    return framesOf(error)
  }

  test('tell files of the user from those of packages and of Node', () => {
    const frames = of(
      'handler (file:///srv/app/main.js:10:5)',
      'async Object.get (/srv/app/my%20routes/a b.js:7:1)',
      '/srv/app/bare.js:1:2',
      'new Thing (C:\\app\\thing.js:3:4)',
      'next (/srv/app/node_modules/x/index.js:2:2)',
      'process.processTicksAndRejections (node:internal/process/task_queues:95:5)',
      'eval (eval at <anonymous> (/srv/app/x.js:1:1), <anonymous>:1:1)',
      'Array.map (<anonymous>)',
    )
    assert.deepEqual(
      frames.map(({ file, isOwn, line }) => [file, isOwn, line]),
      [
        ['/srv/app/main.js', true, 10],
        ['/srv/app/my%20routes/a b.js', true, 7],
        ['/srv/app/bare.js', true, 1],
        ['C:\\app\\thing.js', true, 3],
        ['/srv/app/node_modules/x/index.js', false, 2],
        [undefined, false, 95],
        [undefined, false, 1],
        [undefined, false, undefined],
      ],
    )
  })

  test('are none where there is no stack, and bounded', () => {
    const error = new Error('x')
    Reflect.set(error, 'stack', 7)
    assert.deepEqual(framesOf(error), [])
    assert.equal(of(...Array.from({ length: 200 }, () => 'f (/a.js:1:1)')).length, 50)
  })

  test('have the lines around them, where the file can be read', () => {
    const [frame] = framesOf(new Error('here'))
    const excerpt = excerptOf(frame!)!
    assert.ok(excerpt.lines[frame!.line! - excerpt.first]!.includes("new Error('here')"))
    assert.ok(excerpt.lines.length <= 11)
    assert.equal(excerptOf({ ...frame!, file: '/nowhere/at/all.js' }), undefined)
    assert.equal(excerptOf({ ...frame!, line: undefined }), undefined)
    assert.equal(excerptOf({ ...frame!, line: 1_000_000 }), undefined)
  })
})
