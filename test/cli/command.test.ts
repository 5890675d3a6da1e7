import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { describe, test } from 'node:test'
import { version } from '../../src/version.js'
import { Folder, program } from './_command.js'

const library = new URL('../../src/index.js', import.meta.url).href
const cjs = createRequire(import.meta.url).resolve('hotpress')

interface Said {
  readonly id: number
  readonly text: string
  readonly transport: string
}

const listening = /"msg":"(?:\d+ workers? )?listening on (http:\S+)"/
const allListening = /"msg":"\d+ workers listening on (http:\S+)"/

async function ask(url: string): Promise<Said> {
  return (await (await fetch(url, { headers: { connection: 'close' } })).json()) as Said
}

async function allAnswer(url: string, ids: readonly number[]): Promise<void> {
  const missing = new Set(ids)
  while (missing.size > 0) missing.delete((await ask(url)).id)
}

const skip = process.platform === 'win32' && 'there are no such signals'

describe('hotpress start', { concurrency: 1, skip, timeout: 200_000 }, () => {
  test('runs the app that a file exports, in its own process', async () => {
    const folder = new Folder({ 'app.mjs': program('here') })
    const started = folder.start(
      'start',
      'app.mjs',
      '--port',
      '0',
      '--transport',
      'node',
      '--drain',
      '1s',
      '--delay',
      '10ms',
    )
    const [, url = ''] = await started.said(listening)
    assert.deepEqual(await ask(url), { id: 0, text: 'here', transport: 'node' })
    started.kill('SIGTERM')
    assert.deepEqual(await started.ended.then(({ code, stderr }) => [code, stderr]), [0, ''])
  })

  test('runs apps however they are exported', async () => {
    const made = `const { Hotpress } = require(${JSON.stringify(cjs)})\nconst app = new Hotpress()\napp.get('/', () => ({}))\n`
    const folder = new Folder({
      'default.cjs': `${made}module.exports = app\n`,
      'default.mjs': `${program('x')}export default app\n`,
      'named.cjs': `${made}exports.app = app\n`,
      'transpiled.cjs': `${made}Object.defineProperty(exports, '__esModule', { value: true })\nexports.default = app\n`,
    })
    for (const file of ['default.cjs', 'default.mjs', 'named.cjs', 'transpiled.cjs']) {
      const started = folder.start('start', file, '--port', '0')
      await started.said(listening)
      started.kill('SIGTERM')
      assert.equal((await started.ended).code, 0, file)
    }
  })

  test('has workers run it, and is asked for how they are, and for a reload', async () => {
    const folder = new Folder({ 'app.mjs': program('one') })
    const words = ['--port', '0', '--workers', '2', '--control', './control', '--pid-file', 'pid']
    const started = folder.start('start', 'app.mjs', ...words)
    const [, url = ''] = await started.said(allListening)
    await allAnswer(url, [1, 2])

    const status = await folder.run('status', '--control', './control')
    assert.equal(status.code, 0)
    assert.match(status.stdout, new RegExp(`^process ${started.pid}, `))
    assert.match(status.stdout, /^1 {7}ready {2}\d+ +0 /m)
    assert.match(status.stdout, /^2 {7}ready {2}\d+ +0 /m)
    const json = await folder.run('status', '--control', './control', '--json')
    assert.equal(JSON.parse(json.stdout).workers.length, 2)
    assert.equal((await folder.run('status', '--pid-file', 'pid')).stdout, `process ${started.pid} is running\n`)

    folder.write('app.mjs', 'process.exit(7)\n')
    const failed = await folder.run('reload', '--control', './control')
    assert.deepEqual([failed.code, failed.stdout], [1, ''])
    assert.match(failed.stderr, /^hotpress: not reloaded: worker 1 did not start: it ended with code 7/)
    folder.write('app.mjs', program('two'))
    assert.equal((await folder.run('reload', '--control', './control')).stdout, 'reloaded\n')
    assert.equal((await ask(url)).text, 'two')
    folder.write('app.mjs', program('three'))
    assert.match((await folder.run('reload', '--pid-file', 'pid')).stdout, /was asked to reload/)
    // A connection that is being made with a listener of uws as that ends is reset.
    const version = (): Promise<string> =>
      ask(url).then(
        ({ text }) => text,
        () => '',
      )
    while ((await version()) !== 'three');
    const second = await folder.run('start', 'app.mjs', '--pid-file', 'pid', '--port', '0')
    assert.deepEqual(second, {
      code: 1,
      stderr: `hotpress: process ${started.pid} of pid is running already\n`,
      stdout: '',
    })

    started.kill('SIGTERM')
    assert.deepEqual(await started.ended.then(({ code, stderr }) => [code, stderr]), [0, ''])
    const gone = await folder.run('status', '--pid-file', 'pid')
    assert.deepEqual(
      [gone.code, gone.stderr],
      [1, 'hotpress: there is no process id in pid: does it run, and by this file?\n'],
    )
  })

  const programs = {
    'none.mjs': 'export const other = 1\n',
    'runs.mjs': `import { Hotpress } from ${JSON.stringify(library)}\nnew Hotpress().run({ port: 0 })\n`,
    'throws.mjs': "throw new TypeError('as asked')\n",
    'typed.ts': 'export const app: number = 1\n',
    'waits.mjs': `import { Hotpress } from ${JSON.stringify(library)}\nawait new Hotpress().run({ port: 0 })\n`,
    'works.mjs': program('x'),
  }
  const runs =
    'app.run() was called while the command hotpress loaded the app: export the app and leave run() to the command'
  const failures: readonly (readonly [words: readonly string[], says: string])[] = [
    [['missing.mjs'], 'there is no file missing.mjs'],
    [['none.mjs'], 'none.mjs exports no app: export it by default, or as app'],
    [['runs.mjs'], runs],
    [['waits.mjs'], runs],
    [['works.mjs', '--drain', 'soon'], 'the option drain of run() got "soon"'],
    [['works.mjs', '--control', 'nowhere'], '--control takes a port, host:port or the path of a socket'],
    [['works.mjs', '--host', '192.0.2.1'], 'cannot listen on 192.0.2.1:0'],
  ]
  for (const [[file = '', ...words], says] of failures) {
    test(`${[file, ...words].join(' ')} is an error of one line, with workers too`, async () => {
      const folder = new Folder(programs)
      for (const workers of ['1', '2']) {
        const { code, stderr } = await folder.run('start', file, '--port', '0', '--workers', workers, ...words)
        assert.equal(code, 1)
        assert.ok(stderr.startsWith('hotpress: '), stderr)
        assert.ok(stderr.includes(says), stderr)
        assert.equal(stderr.trim().split('\n').length, 1, stderr)
      }
    })
  }

  test('what the program itself throws is told with its stack, once', async () => {
    const folder = new Folder(programs)
    for (const workers of ['1', '2']) {
      const { code, stderr } = await folder.run('start', 'throws.mjs', '--port', '0', '--workers', workers)
      assert.equal(code, 1)
      assert.equal(stderr.match(/TypeError: as asked\n +at/g)?.length, 1, stderr)
    }
  })

  test('TypeScript that this Node does not read is told of', {
    skip: Number(process.versions.node.split('.')[0]) > 20,
  }, async () => {
    const { code, stderr } = await new Folder(programs).run('start', 'typed.ts')
    assert.deepEqual([code, stderr.includes("NODE_OPTIONS='--import tsx'")], [1, true])
  })
})

describe('TypeScript', {
  skip: skip || (!Reflect.has(process.features, 'typescript') && 'this Node reads none'),
}, () => {
  test('is run where Node reads it by itself', async () => {
    const folder = new Folder({
      'app.mts': `${program('typed')}const count: number = 1\napp.get('/count', () => ({ count }))\n`,
    })
    const started = folder.start('start', 'app.mts', '--port', '0', '--workers', '2')
    const [, url = ''] = await started.said(allListening)
    assert.equal((await ask(url)).text, 'typed')
    started.kill('SIGTERM')
    assert.equal((await started.ended).code, 0)
  })
})

describe('hotpress', { concurrency: 1, skip, timeout: 100_000 }, () => {
  const folder = new Folder()

  test('tells its version and its help', async () => {
    assert.deepEqual(await folder.run('--version'), { code: 0, stderr: '', stdout: `${version}\n` })
    for (const words of [['--help'], ['start', '--help'], ['help', 'reload']]) {
      const { code, stdout } = await folder.run(...words)
      assert.equal(code, 0)
      assert.match(stdout, /^Usage: hotpress /)
    }
  })

  const usages: readonly (readonly [words: readonly string[], says: string])[] = [
    [['other'], "unknown command 'other'"],
    [['start'], "missing required argument 'app'"],
    [['start', 'a.js', '--port', '70000'], 'A port is a whole number'],
    [['start', 'a.js', '--workers', '0'], "a whole number from 1, or 'auto'"],
    [['start', 'a.js', '--transport', 'other'], 'Allowed choices are auto, native, node, uws'],
    [['status', '--verbose'], "unknown option '--verbose'"],
  ]
  for (const [words, says] of usages) {
    test(`${words.join(' ')} is a wrong usage`, async () => {
      const { code, stderr } = await folder.run(...words)
      assert.equal(code, 2)
      assert.ok(stderr.includes(says), stderr)
    })
  }

  test('asks nobody where nobody is', async () => {
    for (const [words, says] of [
      [['reload'], 'it takes --control or --pid-file'],
      [['status'], 'it takes --control or --pid-file'],
      [['status', '--control', './none'], 'nothing answers at '],
      [['reload', '--control', '127.0.0.1:1'], 'nothing answers at 127.0.0.1:1'],
      [['reload', '--pid-file', 'none'], 'there is no process id in none'],
    ] as const) {
      const { code, stderr } = await folder.run(...words)
      assert.deepEqual([code, stderr.startsWith(`hotpress: ${says}`)], [1, true], stderr)
    }
  })
})

describe('hotpress routes', { timeout: 60_000 }, () => {
  const app = `
    import { Hotpress } from ${JSON.stringify(library)}
    export const app = new Hotpress({ bodyLimit: '1mb', cors: true })
    app.get('/users/:id', function show() {})
    app.get('/users/me', function me() {})
    app.post('/users', { bodyLimit: 1500, use: function check(_, next) { return next() } }, () => {})
    app.static('/assets', 'public', { redirect: false })
    app.onClose(() => console.log('closed'))
    setInterval(() => {}, 1000)
  `

  test('prints a table, in the order in which they are asked', async () => {
    const folder = new Folder({ 'app.mjs': app })
    const { code, stderr, stdout } = await folder.run('routes', 'app.mjs')
    assert.deepEqual([code, stderr], [0, ''])
    assert.deepEqual(stdout.split('\n'), [
      'method  path        handler          body limit  middleware',
      'GET     /assets/*   files of public  1 mb        cors',
      'POST    /users      (anonymous)      1500 b      cors > check',
      'GET     /users/me   me               1 mb        cors',
      'GET     /users/:id  show             1 mb        cors',
      '',
    ])
    const json = await folder.run('routes', 'app.mjs', '--json')
    assert.deepEqual(
      (JSON.parse(json.stdout) as { path: string }[]).map(({ path }) => path),
      ['/assets/*', '/users', '/users/me', '/users/:id'],
    )
  })

  test('what exports no app is an error of one line', async () => {
    const folder = new Folder({ 'none.mjs': '' })
    const { code, stderr } = await folder.run('routes', 'none.mjs')
    assert.equal(code, 1)
    assert.match(stderr, /^hotpress: none\.mjs exports no app.*\n$/)
  })
})
