import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { Hotpress } from '../../../src/index.js'
import { FileSink } from '../../../src/observability/access-log/file-sink.js'
import { says } from '../../_says.js'
import { assertWhole, lineFormat, linesBelow, load, startApp, temporaryFolder } from './_process.js'

const isPosix = process.platform !== 'win32'
const skip = !isPosix && 'there are no such signals'
const logrotate = ['/usr/sbin/logrotate', '/usr/bin/logrotate'].find((file) => existsSync(file))

describe('the access log to a file', () => {
  test('SIGTERM under load: each answered request has its line', { skip }, async () => {
    const folder = temporaryFolder()
    const { child, ended, url } = await startApp({
      destination: { file: path.join(folder, 'a.log') },
      format: lineFormat,
    })
    const loading = load(url, 'a')
    while (loading.answered.length < 2000) await sleep(10)
    child.kill('SIGTERM')
    assert.equal((await ended).code, 0)
    // What was under way when the connections closed may have been served, and its answer lost.
    assertWhole(linesBelow(folder, 'a.log').lines, await loading.end(), false)
  })

  test('the end of a process that closes nothing', { skip }, async () => {
    const folder = temporaryFolder()
    const destination = { file: path.join(folder, 'a.log') }
    const { ended, url } = await startApp({ destination, flushInterval: '1h', format: lineFormat })
    const answered = await load(url, 'a', 500).done
    await fetch(`${url}/exit`).catch(() => {})
    assert.equal((await ended).code, 0)
    assertWhole(linesBelow(folder, 'a.log').lines, answered)
  })

  test('rotation by size under load, by several processes on one file', { skip }, async () => {
    const folder = temporaryFolder()
    const destination = { file: path.join(folder, 'a.log'), rotate: { maxSize: '8kb' } }
    const apps = await Promise.all([0, 1, 2].map(() => startApp({ destination, flushInterval: 5, format: lineFormat })))
    const answered = await Promise.all(apps.map(({ url }, index) => load(url, `p${index}`, 1500).done))
    for (const { child } of apps) child.kill('SIGTERM')
    await Promise.all(apps.map(({ ended }) => ended))
    const { files, lines } = linesBelow(folder, 'a.log')
    assert.ok(files.length > 5, `${files.length} files`)
    assertWhole(lines, answered.flat())
  })

  test('SIGUSR2 has a file opened anew that was renamed, and nothing lost', { skip }, async () => {
    const folder = temporaryFolder()
    const file = path.join(folder, 'a.log')
    const { child, ended, url } = await startApp({
      destination: { file, reopen: true },
      flushInterval: 5,
      format: lineFormat,
    })
    const loading = load(url, 'a')
    for (let turn = 1; turn <= 3; turn++) {
      while (loading.answered.length < turn * 400) await sleep(5)
      renameSync(file, `${file}.${turn}`)
      child.kill('SIGUSR2')
      while (!existsSync(file)) await sleep(5)
    }
    const answered = await loading.end()
    child.kill('SIGTERM')
    await ended
    const { files, lines } = linesBelow(folder, 'a.log')
    assert.deepEqual(files.sort(), ['a.log', 'a.log.1', 'a.log.2', 'a.log.3'])
    assertWhole(lines, answered)
  })

  const noLogrotate = logrotate === undefined && 'logrotate is not installed'
  test('logrotate itself, with the configuration of the documentation', { skip: skip || noLogrotate }, async () => {
    const folder = temporaryFolder()
    const file = path.join(folder, 'a.log')
    const { child, ended, url } = await startApp({
      destination: { file, reopen: true },
      flushInterval: 5,
      format: lineFormat,
    })
    const configuration = path.join(folder, 'logrotate.conf')
    const root =
      process.getuid?.() === 0
        ? `su ${execFileSync('id', ['-un']).toString().trim()} ${execFileSync('id', ['-gn']).toString().trim()}\n`
        : ''
    writeFileSync(
      configuration,
      `${file} {\n${root}rotate 10\ncompress\ndelaycompress\nmissingok\nnocreate\npostrotate\nkill -USR2 ${child.pid}\nendscript\n}\n`,
      { mode: 0o644 },
    )
    const loading = load(url, 'a')
    for (let turn = 1; turn <= 3; turn++) {
      while (loading.answered.length < turn * 300) await sleep(5)
      const { status, stderr } = spawnSync(logrotate!, [
        '--force',
        '--state',
        path.join(folder, 'state'),
        configuration,
      ])
      assert.equal(status, 0, stderr.toString())
      while (!existsSync(file)) await sleep(5)
    }
    const answered = await loading.end()
    child.kill('SIGTERM')
    await ended
    const { files, lines } = linesBelow(folder, 'a.log')
    assert.deepEqual(files.sort(), ['a.log', 'a.log.1', 'a.log.2.gz', 'a.log.3.gz'])
    assertWhole(lines, answered)
  })

  test('SIGUSR2 is listened for only where a file asks for it, and while it is open', { skip }, async () => {
    const folder = temporaryFolder()
    const listeners = (): number => process.listenerCount('SIGUSR2')
    const before = listeners()
    for (const reopen of [false, true]) {
      const destination = { file: path.join(folder, 'a.log'), reopen }
      const app = new Hotpress({ accessLog: { destination }, logger: false })
      app.get('/', () => 'x')
      await app.listen()
      assert.equal(listeners(), reopen ? before + 1 : before)
      await app.close()
      assert.equal(listeners(), before)
    }
  })

  test('an app that was closed and listens again', async () => {
    const folder = temporaryFolder()
    const app = new Hotpress({
      accessLog: { destination: { file: path.join(folder, 'a.log') }, format: lineFormat },
      logger: false,
    })
    app.get('/now/:id', ({ params }) => params.id)
    for (const id of ['1', '2']) {
      const { url } = await app.listen()
      await (await fetch(`${url}/now/${id}`)).text()
      await app.close()
    }
    assert.deepEqual(linesBelow(folder, 'a.log').lines, ['/now/1 200', '/now/2 200'])
  })

  test('a request that ends after its app was closed', async () => {
    const folder = temporaryFolder()
    const app = new Hotpress({
      accessLog: { destination: { file: path.join(folder, 'a.log') }, format: lineFormat },
      logger: false,
    })
    let answer = (): void => {}
    app.get(
      '/later/:id',
      ({ params }) =>
        new Promise<string>((resolve) => {
          answer = () => resolve(params.id)
        }),
    )
    await app.listen()
    // Nobody drains what came by no listener.
    const asked = app.inject({ url: '/later/1' })
    await app.close()
    answer()
    await asked
    assert.deepEqual(linesBelow(folder, 'a.log').lines, ['/later/1 200'])
  })

  test('a file that cannot be opened is an error of the start', async () => {
    const file = path.join(temporaryFolder(), 'missing', 'a.log')
    const app = new Hotpress({ accessLog: { destination: { file } }, logger: false })
    await assert.rejects(app.listen(), says('ACCESS_LOG_UNAVAILABLE', file, 'ENOENT'))
  })
})

describe('files that are put aside', () => {
  const noError = (error: unknown): never => assert.fail(error as Error)
  const rotate = { compress: true, every: undefined, keep: undefined, maxAge: undefined, maxSize: undefined }

  async function until(isSo: () => boolean): Promise<void> {
    for (let left = 1000; left > 0 && !isSo(); left--) await sleep(5)
    assert.ok(isSo())
  }

  test('are compressed when nobody writes to them any more, and as many kept as were asked for', async () => {
    const folder = temporaryFolder()
    const settings = {
      file: path.join(folder, 'a.log'),
      mode: 0o600,
      reopen: false,
      rotate: { ...rotate, keep: 2, maxSize: 10 },
    }
    const sink = new FileSink(settings, noError, 50)
    writeFileSync(path.join(folder, 'a.log.old'), 'of somebody else\n')
    sink.open()
    for (let count = 0; count < 5; count++) {
      await sink.write(Buffer.from(`line ${count}\n`))
      await sleep(2)
    }
    const names = (): string[] => linesBelow(folder, 'a.log.2').files
    await until(() => names().length === 2 && names().every((name) => name.endsWith('.gz')))
    assert.deepEqual(linesBelow(folder, 'a.log.2').lines, ['line 2', 'line 3'])
    assert.deepEqual(linesBelow(folder, 'a.log').files.length, 4)
    if (isPosix) assert.equal(statSync(path.join(folder, names()[0]!)).mode & 0o777, 0o600)
    await sink.close()
  })

  test('what was not compressed before the end is at the next start; what is too old goes', async () => {
    const folder = temporaryFolder()
    const file = path.join(folder, 'a.log')
    const [fresh, old] = ['20260101T000000000Z-1', '20200101T000000000Z-1']
    writeFileSync(`${file}.${fresh}`, 'fresh\n')
    writeFileSync(`${file}.${old}`, 'old\n')
    utimesSync(`${file}.${old}`, 1_577_836_800, 1_577_836_800)
    const settings = { file, mode: 0o600, reopen: false, rotate: { ...rotate, maxAge: 86_400_000, maxSize: 1000 } }
    const sink = new FileSink(settings, noError, 50)
    sink.open()
    await until(() => existsSync(`${file}.${fresh}.gz`) && !existsSync(`${file}.${fresh}`))
    assert.deepEqual(linesBelow(folder, 'a.log.').lines, ['fresh'])
    await sink.close()
  })

  test('by time: the lines of each period are in a file of their own', async () => {
    const folder = temporaryFolder()
    const file = path.join(folder, 'a.log')
    writeFileSync(file, 'of an hour ago\n')
    const hourAgo = Date.now() / 1000 - 3600
    utimesSync(file, hourAgo, hourAgo)
    const settings = { file, mode: 0o600, reopen: false, rotate: { ...rotate, compress: false, every: 3_600_000 } }
    const sink = new FileSink(settings, noError)
    sink.open()
    await sink.write(Buffer.from('of now\n'))
    await sink.close()
    assert.deepEqual(linesBelow(folder, 'a.log.').lines, ['of an hour ago'])
    assert.deepEqual(linesBelow(folder, 'a.log').lines.length, 2)
  })

  test('one that another process has put aside is not written to any more', async () => {
    const folder = temporaryFolder()
    const file = path.join(folder, 'a.log')
    const settings = { file, mode: 0o600, reopen: false, rotate: { ...rotate, compress: false, maxSize: 1000 } }
    const sink = new FileSink(settings, noError)
    sink.open()
    await sink.write(Buffer.from('1\n'))
    renameSync(file, `${file}.aside`)
    await sink.write(Buffer.from('2\n'))
    writeFileSync(`${file}.other`, '3\n')
    renameSync(`${file}.other`, file)
    await sink.write(Buffer.from('4\n'))
    await sink.close()
    assert.deepEqual(linesBelow(folder, 'a.log.aside').lines, ['1'])
    assert.deepEqual(linesBelow(folder, 'a.log').lines, ['3', '4', '1'])
  })
})
