// openssl s_client: what is agreed on in a handshake, and what is refused.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import type { Hotpress } from '../../src/index.js'
import { fixturePath, pairOf } from '../_certificates.js'
import { missing, run, type Said, temporaryFolder } from './_programs.js'
import { onTargets, type Served, serve } from './_targets.js'

const folder = temporaryFolder()
// What it prints of tickets may come between the lines of an answer.
const request = 'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n'

// TLS 1.0 and 1.1 are offered only where their weak hashes are allowed.
const oldTls = ['-cipher', 'ALL:@SECLEVEL=0']

function build(app: Hotpress): void {
  app.get('/', (req) => `${req.protocol} ${req.sni ?? 'no name'} ${req.peerCertificate?.subject.CN ?? 'nobody'}\n`)
}

onTargets('openssl s_client', missing('openssl', 'version'), (transport) => {
  const own = serve(transport, 'tls', build)
  const hasty = serve(transport, { tls: { ...pairOf('a'), handshakeTimeout: 300 } }, build)
  const several = serve(transport, { tls: { certificates: [pairOf('a'), pairOf('b')] } }, build)
  const strict = serve(
    transport,
    { tls: { ...pairOf('a'), ca: fixturePath('ca.pem'), clientCertificate: 'required' } },
    build,
  )

  /** The whole of a connection; it stays open until the server closes it. */
  const connect = ({ address }: Served, ...args: readonly string[]): Promise<Said> =>
    run('openssl', ['s_client', '-connect', `127.0.0.1:${address.port}`, '-ign_eof', ...args], { input: request })

  for (const [offered, taken] of [
    ['h2,http/1.1', 'h2'],
    ['http/1.1,h2', 'h2'],
    ['http/1.1', 'http/1.1'],
    ['spdy/3,http/1.1', 'http/1.1'],
  ] as const) {
    test(`ALPN ${offered} gives ${taken}`, async () => {
      const { stdout } = await connect(own, '-alpn', offered)
      assert.match(stdout, new RegExp(`^ALPN protocol: ${taken}$`, 'm'))
      if (taken === 'http/1.1') assert.match(stdout, /HTTP\/1\.1 200 /)
    })
  }

  test('without ALPN it is HTTP/1.1', async () => {
    const { stdout } = await connect(own)
    assert.match(stdout, /^No ALPN negotiated$/m)
    assert.match(stdout, /HTTP\/1\.1 200 /)
    assert.match(stdout, /https no name nobody$/m)
  })

  test('protocols of which none is known end the handshake (RFC 7301, 3.2)', async () => {
    const { status, stderr, stdout } = await connect(own, '-alpn', 'spdy/3')
    assert.notEqual(status, 0)
    assert.match(stderr, /no application protocol/)
    assert.doesNotMatch(stdout, /HTTP\/1\.1 /)
  })

  for (const [option, version] of [
    ['-tls1_2', 'TLSv1.2'],
    ['-tls1_3', 'TLSv1.3'],
  ] as const) {
    test(`${version} is spoken`, async () => {
      const { status, stdout } = await connect(own, option)
      assert.equal(status, 0)
      assert.match(stdout, new RegExp(`^New, ${version}, Cipher is [\\w-]+$`, 'm'))
      assert.match(stdout, /HTTP\/1\.1 200 /)
    })

    for (const alpn of ['http/1.1', 'h2']) {
      test(`${version} is resumed by a ticket, for ${alpn}`, async () => {
        const file = path.join(folder, `${transport}-${version}-${alpn.replace('/', '-')}`)
        const named = [option, '-alpn', alpn, '-servername', 'localhost']
        const first = await connect(own, ...named, '-sess_out', file)
        assert.match(first.stdout, /^New, TLSv1/m)
        assert.ok(existsSync(file), first.stdout)
        const second = await connect(own, ...named, '-sess_in', file)
        assert.match(second.stdout, new RegExp(`^Reused, ${version}, Cipher is`, 'm'))
        assert.match(second.stdout, new RegExp(`^ALPN protocol: ${alpn}$`, 'm'))
        // Of a session of TLS 1.2 that is resumed, OpenSSL tells node no name.
        const name = transport === 'node' && version === 'TLSv1.2' ? 'no name' : 'localhost'
        if (alpn === 'http/1.1') assert.ok(second.stdout.includes(`https ${name} nobody`), second.stdout)
      })
    }
  }

  for (const option of ['-tls1', '-tls1_1']) {
    test(`older is refused: ${option}`, async () => {
      const { status, stderr, stdout } = await connect(own, option, ...oldTls)
      assert.notEqual(status, 0)
      assert.match(stderr, /alert protocol version|alert handshake failure|unsupported protocol/)
      assert.doesNotMatch(stdout, /HTTP\/1\.1 /)
    })
  }

  test('a cipher without forward secrecy is refused', async () => {
    const { status, stdout } = await connect(own, '-tls1_2', '-cipher', 'AES128-GCM-SHA256')
    assert.notEqual(status, 0)
    assert.doesNotMatch(stdout, /HTTP\/1\.1 /)
  })

  test('there is no renegotiation, and the server lives', async () => {
    // R asks for one, in a line of its own.
    const args = ['s_client', '-connect', `127.0.0.1:${own.address.port}`, '-tls1_2']
    const { stdout } = await run('openssl', args, { input: 'R\n' })
    assert.doesNotMatch(stdout, /HTTP\/1\.1 /)
    const { stdout: next } = await connect(own)
    assert.match(next, /HTTP\/1\.1 200 /)
  })

  test('what is no TLS is let go, and the next is served', async () => {
    const { port } = hasty.address
    // It waits for the greeting of such a server.
    for (const protocol of ['postgres', 'smtp']) {
      const args = ['s_client', '-connect', `127.0.0.1:${port}`, '-starttls', protocol]
      const { stdout } = await run('openssl', args, { input: request })
      assert.doesNotMatch(stdout, /HTTP\/1\.1 /)
    }
    const { stdout } = await connect(own)
    assert.match(stdout, /HTTP\/1\.1 200 /)
  })

  for (const [name, subject] of [
    ['a.example', 'a.example'],
    ['b.example', 'b.example'],
    ['x.b.example', 'b.example'],
    ['X.B.Example', 'b.example'],
    ['x.y.b.example', 'a.example'],
    ['unknown.example', 'a.example'],
  ] as const) {
    test(`SNI ${name} has the certificate of ${subject}`, async () => {
      const { stdout } = await connect(several, '-servername', name)
      assert.match(stdout, new RegExp(`^subject=CN = ${subject}$`, 'm'))
      assert.ok(stdout.includes(`https ${name.toLowerCase()} nobody`), stdout)
    })
  }

  for (const version of ['-tls1_2', '-tls1_3']) {
    const of = (name: string): string[] => ['-cert', fixturePath(`${name}.pem`), '-key', fixturePath(`${name}-key.pem`)]

    test(`a client's certificate is known: ${version}`, async () => {
      const { stdout } = await connect(strict, version, ...of('client'))
      assert.match(stdout, /HTTP\/1\.1 200 /)
      assert.match(stdout, /https no name billing$/m)
    })

    test(`a client without one has no answer: ${version}`, async () => {
      const { stderr, stdout } = await connect(strict, version)
      assert.match(stderr, /alert (certificate required|handshake failure|bad certificate)/)
      assert.doesNotMatch(stdout, /HTTP\/1\.1 /)
    })

    test(`a client with one of another authority has no answer: ${version}`, async () => {
      const { stderr, stdout } = await connect(strict, version, ...of('other-client'))
      assert.match(stderr, /alert (unknown ca|bad certificate|decrypt error|certificate unknown)|unable to/)
      assert.doesNotMatch(stdout, /HTTP\/1\.1 /)
    })
  }
})
