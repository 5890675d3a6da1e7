// A client of Go's net/http: go/main.go.
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import path from 'node:path'
import { before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Hotpress, stream, text } from '../../src/index.js'
import { deferred } from '../contract/http/_tools.js'
import { missing, run, temporaryFolder } from './_programs.js'
import { onTargets, serve } from './_targets.js'

const skip = missing('go', 'version')
const source = fileURLToPath(new URL('../../../test/interop/go', import.meta.url))
const client = path.join(temporaryFolder(), 'client')

function build(app: Hotpress): void {
  const marks = Object.fromEntries(
    ['never', 'forever'].map((name) => [name, { begun: deferred(), ended: deferred() }] as const),
  )
  app.get('/echo/:id', async (req) => {
    await new Promise((resolve) => setImmediate(resolve))
    return text(`${req.params.id},`.repeat(10_000))
  })
  app.post('/hash', async (req) => {
    const hash = createHash('sha256')
    for await (const part of req.stream()) hash.update(part)
    return hash.digest('hex')
  })
  app.post('/duplex', (req) => {
    const louder = async function* (): AsyncGenerator<string> {
      // So that the head goes out before anything has come.
      yield ''
      for await (const part of req.stream()) yield Buffer.from(part).toString().toUpperCase()
    }
    return stream(louder())
  })
  app.get('/trailers', () => {
    const hash = createHash('sha256')
    const parts = async function* (): AsyncGenerator<string> {
      for (let at = 0; at < 100; at++) {
        const part = `part ${at} `.repeat(100)
        hash.update(part)
        yield part
      }
    }
    return stream(parts())
      .header('Trailer', 'x-checksum')
      .trailer('x-checksum', () => hash.digest('hex'))
  })
  app.get('/never', async (req) => {
    marks.never!.begun.resolve()
    await once(req.signal, 'abort')
    marks.never!.ended.resolve()
    return 'nobody reads this'
  })
  app.get('/forever', (req) => {
    req.signal.addEventListener('abort', () => marks.forever!.ended.resolve())
    const parts = async function* (): AsyncGenerator<Uint8Array> {
      for (;;) {
        yield new Uint8Array(1000)
        marks.forever!.begun.resolve()
        await new Promise((resolve) => setTimeout(resolve, 1))
      }
    }
    return stream(parts())
  })
  app.get('/begun/:name', async (req) => {
    await marks[req.params.name!]!.begun.promise
    return 'begun'
  })
  app.get('/ended/:name', async (req) => {
    await marks[req.params.name!]!.ended.promise
    return 'ended'
  })
}

before(async () => {
  if (skip !== false) return
  const { status, stderr } = await run('go', ['build', '-buildvcs=false', '-o', client, '.'], {
    folder: source,
    timeout: 300_000,
  })
  assert.equal(status, 0, stderr)
})

onTargets('Go', skip, (transport) => {
  describe('net/http', () => {
    const served = serve(transport, 'tls', build, { bodyLimit: '20mb' })
    for (const [name, about] of [
      ['concurrent', 'a hundred requests at once'],
      ['upload', 'ten megabytes up'],
      ['duplex', 'both directions at once'],
      ['cancel', 'requests that are given up are known to their handlers'],
      ['trailers', 'trailers of an answer'],
      ['http1', 'HTTP/1.1, and trailers there'],
    ] as const) {
      test(about, async () => {
        const { status, stderr } = await run(client, [served.address.url, name])
        assert.equal(status, 0, stderr)
      })
    }
  })
})
