import assert from 'node:assert/strict'
import { rmSync, utimesSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { brotliDecompressSync, gunzipSync, brotliCompress as zlibBrotli, gzip as zlibGzip } from 'node:zlib'
import type { ContentCoding } from '../../src/core/accept-encoding.js'
import type { Encoder } from '../../src/core/encoder.js'
import type { FileCacheSettings } from '../../src/core/static-options.js'
import { locate } from '../../src/files/locate.js'
import { FileStore, type StoreParts } from '../../src/files/store.js'
import type { StoredFile } from '../../src/files/stored.js'
import { loadTypes } from '../../src/files/types.js'
import { makeFolder, plant } from './_tree.js'

const folder = makeFolder()
const usual = { fileSize: 10_000, revalidate: 60_000, size: 100_000 }
const css = 'a { color: red }\n'.repeat(100)

function make(settings: Partial<FileCacheSettings> = {}, parts: Partial<StoreParts> = {}): FileStore {
  return new FileStore({ ...usual, ...settings }, { encoder: undefined, precompressed: false, ...parts })
}

/** Looks a file up, and counts how often the disk was asked. */
async function look(store: FileStore, name: string): Promise<StoredFile> {
  const found = await store.find(name, name, (suffix) => locate(folder, name + suffix))
  assert.ok('file' in found, JSON.stringify(found))
  return found.file
}

const brotli = promisify(zlibBrotli)
const gzip = promisify(zlibGzip)

/** The codecs of Node, with a count of what was asked of them. */
function makeEncoder(fails = 0): Encoder & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    codings: ['gzip', 'br'],
    async encode(body: Uint8Array | string, coding: ContentCoding) {
      asked.push(coding)
      if (asked.length <= fails) throw new Error('the queue is full')
      return coding === 'br' ? brotli(body) : gzip(body)
    },
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1))
}

describe('a FileStore', () => {
  before(loadTypes)

  test('keeps small files with their bytes, and of large ones what is known', async () => {
    plant(folder, { 'large.css': 'x'.repeat(10_001), 'small.css': css })
    const store = make()
    const small = await look(store, 'small.css')
    assert.equal(Buffer.from(small.identity.body!).toString(), css)
    assert.equal(small.type, 'text/css; charset=utf-8')
    const large = await look(store, 'large.css')
    assert.equal(large.identity.body, undefined)
    assert.equal(large.identity.size, 10_001)
    assert.equal(store.fresh('small.css'), small)
    assert.equal(store.fresh('large.css'), large)
    assert.equal(store.fresh('other.css'), undefined)
  })

  test('asks the disk again when the time is over, and reads what has changed', async () => {
    plant(folder, { 'page.html': 'one' })
    const store = make({ revalidate: 0 })
    const one = await look(store, 'page.html')
    await until(() => store.fresh('page.html') === undefined)
    assert.equal(await look(store, 'page.html'), one)
    writeFileSync(path.join(folder, 'page.html'), 'two')
    const two = await look(store, 'page.html')
    assert.equal(Buffer.from(two.identity.body!).toString(), 'two')
    assert.notEqual(two.identity.tag, one.identity.tag)
    // The same bytes at another time are the same version.
    utimesSync(path.join(folder, 'page.html'), 1_800_000_000, 1_800_000_000)
    const touched = await look(store, 'page.html')
    assert.equal(touched.identity.tag, two.identity.tag)
    rmSync(path.join(folder, 'page.html'))
    assert.deepEqual(await store.find('page.html', 'page.html', () => locate(folder, 'page.html')), {
      refused: undefined,
    })
    assert.equal(store.bytes, 0)
  })

  test('reads a file once for all that ask for it at once', async () => {
    plant(folder, { 'once.css': css })
    const store = make()
    let looks = 0
    const find = (): Promise<unknown> =>
      store.find('once.css', 'once.css', (suffix) => {
        looks++
        return locate(folder, `once.css${suffix}`)
      })
    const all = await Promise.all([find(), find(), find()])
    assert.equal(looks, 1)
    assert.equal(all[0], all[2])
  })

  test('lets the failure of a look be seen, and looks again', async () => {
    const store = make()
    const failing = store.find('x', 'x', async () => {
      throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' })
    })
    await assert.rejects(failing, /EMFILE/)
    plant(folder, { x: 'x' })
    assert.equal((await look(store, 'x')).identity.size, 1)
  })

  test('stays within its bound, and keeps what is asked for', async () => {
    const store = make({ size: 50_000 })
    const names = Array.from({ length: 40 }, (_, index) => `many/${index}.txt`)
    plant(folder, Object.fromEntries(names.map((name) => [name, 'x'.repeat(4000)])))
    for (const name of names) {
      await look(store, name)
      assert.ok(store.bytes <= 50_000)
      // One that is asked for all the time.
      store.fresh('many/0.txt')
    }
    const kept = names.filter((name) => store.fresh(name) !== undefined)
    assert.ok(kept.includes('many/0.txt'), kept.join())
    assert.ok(kept.includes('many/39.txt'), kept.join())
    assert.equal(kept.length, Math.floor(50_000 / 5024))
  })

  test('keeps nothing where it is told to', async () => {
    plant(folder, { 'never.css': css })
    const store = make({ fileSize: -1, size: 0 })
    const file = await look(store, 'never.css')
    assert.equal(file.identity.body, undefined)
    assert.equal(store.fresh('never.css'), undefined)
    assert.equal(store.bytes, 0)
  })

  test('finds the compressed forms that lie beside a file', async () => {
    plant(folder, { 'app.js': 'x', 'app.js.br': 'br form', 'app.js.gz': 'gzip form', 'app.js.zst/x': 'a folder' })
    const store = make({ revalidate: 0 }, { precompressed: true })
    const file = await look(store, 'app.js')
    const text = (accept: string | undefined): string => Buffer.from(file.choose(accept).body!).toString()
    assert.equal(file.isVaried, true)
    assert.equal(text('gzip, br'), 'br form')
    assert.equal(text('gzip;q=1, br;q=0.5'), 'gzip form')
    assert.equal(text('zstd'), 'x')
    assert.equal(text(undefined), 'x')
    assert.equal(text('identity;q=0'), 'x')
    const tags = new Set(['br', 'gzip', ''].map((accept) => file.choose(accept).tag))
    assert.equal(tags.size, 3)
    assert.equal(await look(store, 'app.js'), file)
    rmSync(path.join(folder, 'app.js.br'))
    assert.equal((await look(store, 'app.js')).choose('gzip, br').coding, 'gzip')
  })

  test('compresses once, in the background, and counts what it keeps', async () => {
    plant(folder, { 'app.css': css, 'noise.css': Buffer.alloc(0), 'photo.png': css, 'short.css': 'a{}' })
    const encoder = makeEncoder()
    const store = make({}, { encoder })
    const file = await look(store, 'app.css')
    const { bytes } = store
    assert.equal(file.isVaried, true)
    assert.equal(file.choose('gzip, br').coding, undefined)
    assert.equal(file.choose('gzip, br').coding, undefined)
    await until(() => file.choose('gzip, br').coding === 'br')
    assert.equal(brotliDecompressSync(file.choose('br').body!).toString(), css)
    assert.equal(file.choose('br').tag, `${file.identity.tag}-br`)
    assert.equal(store.bytes, bytes + file.choose('br').size)
    assert.equal(file.choose('gzip').coding, undefined)
    await until(() => file.choose('gzip').coding === 'gzip')
    assert.equal(gunzipSync(file.choose('gzip').body!).toString(), css)
    assert.deepEqual(encoder.asked, ['br', 'gzip'])
    // It was not asked for, and is not made.
    assert.equal(file.choose('zstd').coding, undefined)
    for (const name of ['photo.png', 'short.css', 'noise.css']) {
      const other = await look(store, name)
      assert.equal(other.isVaried, false, name)
      assert.equal(other.choose('br').coding, undefined)
    }
    store.drop('app.css')
    assert.equal(encoder.asked.length, 2)
  })

  test('goes on without a form that could not be made, and tries again after the next look', async () => {
    plant(folder, { 'retry.css': css })
    const encoder = makeEncoder(1)
    const store = make({ revalidate: 0 }, { encoder })
    const file = await look(store, 'retry.css')
    file.choose('br')
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(file.choose('br').coding, undefined)
    assert.deepEqual(encoder.asked, ['br'])
    assert.equal(await look(store, 'retry.css'), file)
    file.choose('br')
    await until(() => file.choose('br').coding === 'br')
    assert.deepEqual(encoder.asked, ['br', 'br'])
  })

  test('does not keep a form that is hardly smaller', async () => {
    const noise = Buffer.from(Array.from({ length: 3000 }, (_, index) => (index * 7919 * index) % 251))
    plant(folder, { 'noise.txt': noise })
    const encoder: Encoder = { codings: ['br'], encode: async (body) => Buffer.concat([Buffer.from(body)]) }
    const store = make({}, { encoder })
    const file = await look(store, 'noise.txt')
    const { bytes } = store
    file.choose('br')
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(file.choose('br').coding, undefined)
    assert.equal(store.bytes, bytes)
    assert.equal(file.isVaried, true)
  })
})
