// curl, by every version of HTTP that its build has.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, test } from 'node:test'
import { bytes, file, type Hotpress, stream, text } from '../../src/index.js'
import { missing, run, type Said, temporaryFolder } from './_programs.js'
import { certificate, http3Targets, type Listener, onTargets, serve } from './_targets.js'

const skip = missing('curl', '--version')
const features = skip === false ? String(spawnSync('curl', ['--version']).stdout) : ''

interface Mode {
  readonly args: readonly string[]
  readonly listener: Listener
  readonly name: string
  /** As curl tells it. */
  readonly version: '1.1' | '2' | '3'
}

const modes: readonly Mode[] = [
  { args: ['--http1.1'], listener: 'tls', name: 'HTTP/1.1 over TLS', version: '1.1' },
  { args: ['--http2'], listener: 'tls', name: 'HTTP/2 over TLS', version: '2' },
  { args: ['--http2', '--tls-max', '1.2'], listener: 'tls', name: 'HTTP/2 over TLS 1.2', version: '2' },
  { args: ['--http1.1'], listener: 'cleartext', name: 'HTTP/1.1 beside h2c', version: '1.1' },
  // RFC 9113, 3.1: the upgrade from HTTP/1.1 is no more, and a request for it is served as if it did not ask.
  { args: ['--http2'], listener: 'cleartext', name: 'an upgrade to h2c, which is passed over', version: '1.1' },
  { args: ['--http2-prior-knowledge'], listener: 'cleartext', name: 'h2c by prior knowledge', version: '2' },
  { args: ['--http3-only'], listener: 'http3', name: 'HTTP/3', version: '3' },
]

// That of Debian 12 is built without, so that this is a skip in CI as well.
const noHttp3 = / HTTP3( |$)/m.test(features) ? false : 'this curl has no HTTP/3'

// curl 7.88 cannot use a connection of h2c again (https://github.com/curl/curl/pull/10643).
const reuseFault = /^curl 7\.88\./.test(features) && 'this curl does not use a connection of h2c again'

const folder = temporaryFolder()
const large = randomBytes(2 ** 20)
const largeFile = path.join(folder, 'large')
writeFileSync(largeFile, large)
const prose = 'the quick brown fox jumps over the lazy dog. '.repeat(400)

function build(app: Hotpress): void {
  app.get('/', (req) => text(`${req.method} ${req.protocol} ${req.host}`))
  app.get('/large', () => bytes(large))
  app.get('/file', () => file(largeFile))
  app.get('/prose', () => text(prose))
  app.get('/trailers', () => {
    const hash = createHash('sha256')
    const parts = async function* (): AsyncGenerator<Buffer> {
      for (let at = 0; at < large.length; at += 100_000) {
        const part = large.subarray(at, at + 100_000)
        hash.update(part)
        yield part
      }
    }
    return stream(parts()).trailer('x-checksum', () => hash.digest('hex'))
  })
  app.post('/hash', async (req) => {
    const hash = createHash('sha256')
    for await (const part of req.stream()) hash.update(part)
    return hash.digest('hex')
  })
}

onTargets('curl', skip, (transport) => {
  for (const { args, listener, name, version } of modes) {
    if (listener === 'http3' && !http3Targets.includes(transport)) continue
    if (listener === 'http3' && noHttp3 !== false) {
      test(name, { skip: noHttp3 })
      continue
    }
    describe(name, () => {
      const served = serve(transport, listener, build, { bodyLimit: '2mb', compression: true })
      const curl = async (url: string, ...more: readonly string[]): Promise<Said> => send(undefined, url, ...more)
      const send = async (input: Buffer | undefined, url: string, ...more: readonly string[]): Promise<Said> => {
        const { port } = served.address
        const base = `${listener === 'cleartext' ? 'http' : 'https'}://localhost:${port}`
        const fixed = ['-sS', '--noproxy', '*', '--max-time', '50', '--cacert', certificate]
        // The name is the certificate's own, and is not looked up.
        const where = ['--resolve', `localhost:${port}:127.0.0.1`]
        const urls = url.split(' ').map((it) => base + it)
        const told = await run('curl', [...fixed, ...where, ...args, ...more, ...urls], { input })
        assert.equal(told.status, 0, told.stderr)
        return told
      }
      const fields = (head: string): string => head.replaceAll('\r', '').toLowerCase()

      test('GET', async () => {
        const { stdout } = await curl('/', '-w', ' %{http_version} %{http_code}')
        const protocol = listener === 'cleartext' ? 'http' : 'https'
        assert.equal(stdout, `GET ${protocol} localhost:${served.address.port} ${version} 200`)
      })

      const noReuse = name === 'h2c by prior knowledge' && reuseFault

      test('two requests, by one connection', { skip: noReuse }, async () => {
        const { stdout } = await curl('/ /', '-o', '/dev/null', '-o', '/dev/null', '-w', '%{num_connects} ')
        assert.equal(stdout, '1 0 ')
      })

      test('fifty requests beside each other', { skip: noReuse }, async () => {
        const outputs = Array.from({ length: 50 }, () => ['-o', '/dev/null']).flat()
        const urls = Array.from({ length: 50 }, () => '/large').join(' ')
        const { stdout } = await curl(urls, '-Z', ...outputs, '-w', '%{http_version} %{http_code} %{size_download}\n')
        assert.equal(stdout, `${version} 200 ${large.length}\n`.repeat(50))
      })

      test('a megabyte down', async () => {
        const { stdout } = await curl('/large')
        assert.ok(large.equals(Buffer.from(stdout, 'latin1')))
      })

      test('a megabyte up', async () => {
        const { stdout } = await curl('/hash', '--data-binary', `@${largeFile}`)
        assert.equal(stdout, createHash('sha256').update(large).digest('hex'))
      })

      test('a megabyte up whose length is not told', async () => {
        const { stdout } = await send(large, '/hash', '-X', 'POST', '-T', '-')
        assert.equal(stdout, createHash('sha256').update(large).digest('hex'))
      })

      test('100 Continue', async () => {
        // In HTTP/1.1 curl holds the body back until it is asked for it, and here for longer than it may take.
        const wait = ['-H', 'Expect: 100-continue', '--expect100-timeout', '100']
        const { stderr, stdout } = await curl('/hash', '-v', ...wait, '--data-binary', `@${largeFile}`)
        assert.equal(stdout, createHash('sha256').update(large).digest('hex'))
        if (version === '1.1') assert.match(stderr, /^< HTTP\/1\.1 100 Continue/m)
      })

      test('HEAD', async () => {
        const { stdout } = await curl('/large', '-I', '-w', '%{http_code} %{size_download}')
        assert.match(fields(stdout), new RegExp(`^content-length: ${large.length}$`, 'm'))
        assert.match(stdout, /200 0$/)
      })

      test('a range', async () => {
        const { stdout } = await curl('/file', '-r', '1000-1999', '-D', path.join(folder, 'range'))
        assert.ok(large.subarray(1000, 2000).equals(Buffer.from(stdout, 'latin1')))
        const head = fields(readFileSync(path.join(folder, 'range'), 'utf8'))
        assert.match(head, /^http\/\S+ 206/)
        assert.match(head, new RegExp(`^content-range: bytes 1000-1999/${large.length}$`, 'm'))
      })

      test('a compressed answer', async () => {
        const { stdout } = await curl('/prose', '--compressed', '-D', path.join(folder, 'compressed'))
        assert.equal(stdout, prose)
        const head = fields(readFileSync(path.join(folder, 'compressed'), 'utf8'))
        assert.match(head, /^content-encoding: (br|gzip|zstd)$/m)
      })

      test('trailers', async () => {
        const { stdout } = await curl('/trailers', '-D', path.join(folder, 'trailers'))
        assert.ok(large.equals(Buffer.from(stdout, 'latin1')))
        // What comes after the body is written there as well.
        const [, trailers = ''] = fields(readFileSync(path.join(folder, 'trailers'), 'utf8')).split('\n\n')
        assert.equal(trailers.trim(), `x-checksum: ${createHash('sha256').update(large).digest('hex')}`)
      })
    })
  }
})
