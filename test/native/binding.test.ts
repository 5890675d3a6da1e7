import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { chooseBinding } from '../../src/native/choose.js'
import { createRouter, limitReceiveBuffers } from '../../src/native/fallback/index.js'
import { matchOften, native, withoutNative } from './_native.js'

const bindingUrl = new URL('../../src/native/binding.js', import.meta.url).href
const nativeUrl = new URL('_native.js', import.meta.url).href
const loadsNothing = () => assert.fail('the binary was looked for')
const bindShared = (): number => 7
const numbered = () => ({
  cancel: () => false,
  compress: async () => new Uint8Array(0),
  decompress: async () => new Uint8Array(0),
})
const throws = (message: string) => () => {
  throw new Error(message)
}

describe('chooseBinding', () => {
  it('takes the fallback, without looking for a binary, when it is off', () => {
    const { kind, reason, version } = chooseBinding('off', loadsNothing)
    assert.deepEqual(
      { kind, reason, version },
      { kind: 'fallback', reason: 'HOTPRESS_NATIVE=off', version: 'fallback' },
    )
  })

  it('refuses any other value, by name', () => {
    const message = 'the option HOTPRESS_NATIVE got "yes", and takes "on", "off" or nothing'
    assert.throws(() => chooseBinding('yes', loadsNothing), { code: 'OPTION_INVALID', message })
  })

  it('takes the empty text as nothing', () => {
    assert.match(chooseBinding('', loadsNothing).reason ?? '', /^no native binary .*: the binary was looked for/)
  })

  it('falls back where there is no binary, with one sentence that says what to do', () => {
    const { kind, reason } = chooseBinding(
      undefined,
      throws('No native build was found for platform=x\n  loaded from: /'),
    )
    assert.equal(kind, 'fallback')
    assert.match(
      reason!,
      new RegExp(`^no native binary for ${process.platform}-${process.arch}.* could be loaded; run .*node-gyp rebuild`),
    )
    assert.doesNotMatch(reason!, /\n/)
  })

  it('says what the system says of a binary that does not load', () => {
    const { reason } = chooseBinding(undefined, throws("libc.so.6: version `GLIBC_2.99' not found"))
    assert.match(reason!, /could be loaded: libc\.so\.6: version `GLIBC_2\.99' not found; run /)
  })

  it('falls back from a binary of another version', () => {
    const working = { bindShared, createCodec: numbered, createRouter, limitReceiveBuffers, version: () => '1' }
    const others = [
      undefined,
      {},
      { ...working, version: '1' },
      { ...working, bindShared: undefined },
      { ...working, createCodec: undefined },
      { ...working, createCodec: () => ({ ...numbered(), cancel: undefined }) },
      { ...working, createCodec: () => ({ ...numbered(), compress: undefined }) },
      { ...working, createCodec: () => ({ ...numbered(), decompress: undefined }) },
      { ...working, createRouter: undefined },
      { ...working, limitReceiveBuffers: undefined },
      { ...working, createRouter: () => ({ ...createRouter(), match: undefined }) },
      { ...working, createRouter: () => ({ ...createRouter(), offsets: [] }) },
    ]
    for (const other of others) {
      const { kind, reason } = chooseBinding(undefined, () => other)
      assert.equal(kind, 'fallback')
      assert.match(reason!, /is of another version of hotpress; run /)
    }
    assert.equal(chooseBinding(undefined, () => working).kind, 'native')
  })

  it('falls back from a binary that its host does not let work', () => {
    const { reason } = chooseBinding(undefined, () => ({
      bindShared,
      createCodec: numbered,
      createRouter: throws('no external buffers'),
      limitReceiveBuffers,
      version: () => '1',
    }))
    assert.match(reason!, /does not work here: no external buffers; run /)
  })

  it('makes a missing binary an error when it is on', () => {
    assert.throws(() => chooseBinding('on', throws('x')), {
      code: 'NATIVE_REQUIRED',
      message: /^HOTPRESS_NATIVE=on: no native/,
    })
    assert.throws(() => chooseBinding('on', () => ({})), { code: 'NATIVE_REQUIRED' })
  })
})

describe('binding', () => {
  it('reads HOTPRESS_NATIVE', () => {
    const script = `import(${JSON.stringify(bindingUrl)}).then(({ binding }) => console.log(JSON.stringify(binding())))`
    const run = (value: string) =>
      execFileSync(process.execPath, ['-e', script], {
        encoding: 'utf8',
        env: { ...process.env, HOTPRESS_NATIVE: value },
      })
    assert.deepEqual(JSON.parse(run('off')), { kind: 'fallback', reason: 'HOTPRESS_NATIVE=off', version: 'fallback' })
    if (withoutNative === undefined)
      assert.deepEqual(JSON.parse(run('on')), { kind: 'native', version: native.version })
  })
})

describe('native binary', { skip: withoutNative ?? false }, () => {
  it('has the hash of its sources as its version', () => {
    assert.match(native.version, /^[0-9a-f]{64}$/)
    assert.equal(native.reason, undefined)
  })

  it('keeps tables apart in threads that run at once', async () => {
    const workers = ['first-worker', 'worker'].map(async (name) => [name, await inWorker(name)])
    assert.deepEqual(matchOften('main'), [6, 9])
    assert.deepEqual(await Promise.all(workers), [
      ['first-worker', [14, 17]],
      ['worker', [8, 11]],
    ])
    assert.deepEqual(matchOften('main'), [6, 9])
  })

  it('lets go of routers that are collected, and of what an array of offsets outlives', () => {
    const script = `
      const { native } = await import(${JSON.stringify(nativeUrl)})
      const shapes = Array.from({ length: 200 }, (_, index) => '/' + index + '/:/some-more-bytes')
      const turn = () => new Promise(setImmediate)
      async function many(count) {
        for (let made = 0; made < count; made++) {
          const router = native.createRouter()
          shapes.forEach(router.insert)
          if (router.match('/7/x/some-more-bytes') !== 7) throw new Error('no match')
          if (made % 50 === 0) { globalThis.gc(); await turn() }
        }
        globalThis.gc(); await turn(); globalThis.gc(); await turn()
        return process.memoryUsage.rss()
      }
      const { offsets } = native.createRouter()
      const { match } = native.createRouter()
      const before = await many(1000)
      const after = await many(4000)
      offsets.fill(1)
      if (offsets[63] !== 1 || match('/') !== -1) throw new Error('a part of a router did not outlive the others')
      console.log((after - before) / 4000)`
    const output = execFileSync(process.execPath, ['--expose-gc', '--input-type=module', '-e', script], {
      encoding: 'utf8',
    })
    // A router of this table takes about 100 KB, so one leaked in ten would show.
    assert.ok(Number(output) < 4096, `${output.trim()} bytes of each router stayed`)
  })
})

async function inWorker(name: string): Promise<unknown> {
  const source = `
    const { parentPort, workerData } = require('node:worker_threads')
    import(workerData.url).then(({ matchOften }) => parentPort.postMessage(matchOften(workerData.name)))`
  const [found] = await once(new Worker(source, { eval: true, workerData: { name, url: nativeUrl } }), 'message')
  return found
}
