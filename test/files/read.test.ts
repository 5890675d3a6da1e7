import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  linkSync,
  readdirSync,
  readlinkSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import path from 'node:path'
import { describe, test } from 'node:test'
import { type Located, locate, locateTrusted } from '../../src/files/locate.js'
import { FileStream, openVersion, readWhole } from '../../src/files/read.js'
import { makeFolder, pattern, plant } from './_tree.js'

const folder = makeFolder()
const isWindows = process.platform === 'win32'
const content = pattern(1_000_003)

async function found(name: string): Promise<Located> {
  const located = await locate(folder, name)
  assert.ok(located !== undefined && !('refused' in located))
  return located
}

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const chunk of chunks) all.push(chunk)
  return Buffer.concat(all)
}

/** Whether this process holds a file open. */
function isOpen(file: string): boolean {
  return readdirSync('/proc/self/fd').some((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`) === file
    } catch {
      // It was closed meanwhile: another one, or the one that listed the others.
      return false
    }
  })
}

describe('locate()', () => {
  plant(folder, { 'in/a.txt': 'a', 'in/deep/b.txt': 'b' })
  plant(makeFolder(), {})

  test('finds files and folders', async () => {
    assert.equal((await found('in/a.txt')).path, path.join(folder, 'in/a.txt'))
    assert.equal((await found('in')).stats.isDirectory(), true)
    assert.equal((await found('')).path, folder)
  })

  for (const name of ['none', 'in/none', 'in/a.txt/x', 'x'.repeat(5000), `${'d/'.repeat(3000)}x`]) {
    test(`finds nothing at ${name.slice(0, 20)}`, async () => {
      assert.equal(await locate(folder, name), undefined)
    })
  }

  test('finds nothing in a folder that is not there', async () => {
    assert.equal(await locate(path.join(folder, 'nowhere'), 'a.txt'), undefined)
  })

  test('follows links in the folder, and none out of it', { skip: isWindows }, async () => {
    const outside = makeFolder()
    plant(outside, { 'secret.txt': 'secret' })
    plant(`${path.join(folder, 'in')}-secret`, { 'secret.txt': 'secret' })
    symlinkSync('a.txt', path.join(folder, 'in/link.txt'))
    symlinkSync('deep', path.join(folder, 'in/folder-link'))
    symlinkSync(path.join(outside, 'secret.txt'), path.join(folder, 'in/out.txt'))
    symlinkSync(outside, path.join(folder, 'in/out'))
    symlinkSync('../in-secret', path.join(folder, 'in/sibling'))
    symlinkSync('loop', path.join(folder, 'in/loop'))
    const base = path.join(folder, 'in')
    const target = async (name: string): Promise<string | undefined> => {
      const located = await locate(base, name)
      return located === undefined ? undefined : 'refused' in located ? located.refused : located.path
    }
    assert.equal(await target('link.txt'), path.join(base, 'a.txt'))
    assert.equal(await target('folder-link/b.txt'), path.join(base, 'deep/b.txt'))
    for (const name of ['out.txt', 'out/secret.txt', 'out', 'sibling/secret.txt', 'sibling']) {
      assert.equal(await target(name), 'a link out of the folder', name)
    }
    assert.equal(await target('loop'), undefined)
  })

  test('takes the folder itself by a link', { skip: isWindows }, async () => {
    const release = path.join(folder, 'current')
    symlinkSync('in', release)
    const located = await locate(release, 'a.txt')
    assert.ok(located !== undefined && 'path' in located)
    assert.equal(located.path, path.join(folder, 'in/a.txt'))
  })

  test('asks for names as they are spelled on disk', { skip: isWindows }, async () => {
    // Names that a file system which folds letter case would take for one; here they are two, and both are there.
    plant(folder, { 'cased/File.txt': 'x' })
    symlinkSync('File.txt', path.join(folder, 'cased/file.txt'))
    assert.ok('path' in (await found('cased/file.txt')))
    linkSync(path.join(folder, 'cased/File.txt'), path.join(folder, 'cased/FILE.TXT'))
    for (const name of ['cased/File.txt', 'cased/FILE.TXT']) {
      assert.equal((await found(name)).path, path.join(folder, name))
    }
  })

  test('takes neither FIFOs nor devices', { skip: isWindows }, async () => {
    execFileSync('mkfifo', [path.join(folder, 'pipe')])
    assert.deepEqual(await locate(folder, 'pipe'), { refused: 'neither a file nor a folder' })
    assert.deepEqual(await locateTrusted('/dev/zero'), { refused: 'neither a file nor a folder' })
  })
})

describe('openVersion()', () => {
  test('opens what was located, and nothing that has come into its place', { skip: isWindows }, async () => {
    plant(folder, { 'swap.txt': 'one', 'swap2.txt': 'two' })
    const located = await found('swap.txt')
    await (await openVersion(located))!.close()
    renameSync(path.join(folder, 'swap2.txt'), path.join(folder, 'swap.txt'))
    assert.equal(await openVersion(located), undefined)
    renameSync(path.join(folder, 'swap.txt'), path.join(folder, 'gone.txt'))
    assert.equal(await openVersion(located), undefined)
    symlinkSync('gone.txt', path.join(folder, 'swap.txt'))
    assert.equal(await openVersion(located), undefined)
  })

  test('does not wait for a FIFO', { skip: isWindows }, async () => {
    plant(folder, { 'fifo.txt': 'one' })
    const located = await found('fifo.txt')
    renameSync(path.join(folder, 'fifo.txt'), path.join(folder, 'was.txt'))
    execFileSync('mkfifo', [path.join(folder, 'fifo.txt')])
    assert.equal(await openVersion(located), undefined)
  })
})

describe('readWhole()', () => {
  test('reads all of a file', async () => {
    plant(folder, { 'empty.bin': '', 'large.bin': content })
    assert.equal(Buffer.compare((await readWhole(await found('large.bin')))!, content), 0)
    assert.equal((await readWhole(await found('empty.bin')))!.byteLength, 0)
  })

  test('gives no part of a file that has changed', async () => {
    plant(folder, { 'changed.bin': content })
    const located = await found('changed.bin')
    truncateSync(path.join(folder, 'changed.bin'), 10)
    assert.equal(await readWhole(located), undefined)
  })
})

describe('a FileStream', () => {
  const file = path.join(folder, 'stream.bin')
  plant(folder, { 'stream.bin': content })
  const opened = (): ReturnType<typeof open> => open(file, 'r')

  test('gives ranges and bytes one after the other', async () => {
    const parts = [Buffer.from('head'), { first: 0, last: 0 }, { first: 131_071, last: 400_000 }, Buffer.from('tail')]
    const wanted = Buffer.concat([
      Buffer.from('head'),
      content.subarray(0, 1),
      content.subarray(131_071, 400_001),
      Buffer.from('tail'),
    ])
    assert.equal(Buffer.compare(await collect(new FileStream(await opened(), parts)), wanted), 0)
    const all = new FileStream(await opened(), [{ first: 0, last: content.byteLength - 1 }])
    assert.equal(Buffer.compare(await collect(all), content), 0)
    assert.equal((await collect(new FileStream(await opened(), []))).byteLength, 0)
  })

  test('closes its file at the end, in the middle, and before the beginning', {
    skip: process.platform !== 'linux',
  }, async () => {
    const range = { first: 0, last: content.byteLength - 1 }
    await collect(new FileStream(await opened(), [range]))
    assert.equal(isOpen(file), false)
    for await (const _ of new FileStream(await opened(), [range])) break
    assert.equal(isOpen(file), false)
    const unread = new FileStream(await opened(), [range])
    assert.equal(isOpen(file), true)
    await unread.return()
    await unread.return()
    assert.equal(isOpen(file), false)
    assert.deepEqual(await unread.next(), { done: true, value: undefined })
  })

  test('fails when its file has become shorter, and closes it', async () => {
    plant(folder, { 'shrinks.bin': content })
    const shrinks = path.join(folder, 'shrinks.bin')
    const stream = new FileStream(await open(shrinks, 'r'), [{ first: 0, last: content.byteLength - 1 }])
    await stream.next()
    truncateSync(shrinks, 200_000)
    await assert.rejects(collect(stream), /ends at byte \d+, and had 1000003/)
    if (process.platform === 'linux') assert.equal(isOpen(shrinks), false)
  })

  test('does not give what comes after the end of its range', async () => {
    writeFileSync(path.join(folder, 'grows.bin'), content)
    const stream = new FileStream(await open(path.join(folder, 'grows.bin'), 'r'), [
      { first: 0, last: content.byteLength - 1 },
    ])
    appendFileSync(path.join(folder, 'grows.bin'), 'more')
    assert.equal((await collect(stream)).byteLength, content.byteLength)
    assert.ok(readdirSync(folder).includes('grows.bin'))
  })
})
