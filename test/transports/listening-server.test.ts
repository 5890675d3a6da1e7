import assert from 'node:assert/strict'
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { after, describe, test } from 'node:test'
import { connect } from 'node:tls'
import { Hotpress, type ListeningServer, type TlsOptions } from '../../src/index.js'
import { fixture, fixturePath, pairOf } from '../_certificates.js'
import { says } from '../_says.js'
import { http1Client, variants } from '../_setup.js'
import { recorder } from '../contract/http/_tools.js'
import { until } from './_server.js'

const a = { cert: fixturePath('a-chain.pem'), key: fixturePath('a-key.pem') }
const b = pairOf('b')
const common = pairOf('common-name')
const rsa = pairOf('rsa')

/** The common name of the certificate that a client of a host name is shown. */
function shownTo(port: number, servername: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, servername }, () => {
      resolve(String(socket.getPeerCertificate().subject.CN))
      socket.destroy()
    })
    socket.on('error', reject)
  })
}

const secure = variants.filter(({ protocol, version }) => protocol === 'https' && version === '1.1')

for (const { name, skip, transport } of secure.filter((variant) => variant.transport !== 'uws')) {
  describe(`a listener of ${name}`, { skip }, () => {
    async function serve(tls: TlsOptions, made = new Hotpress({ logger: false, transport })): Promise<ListeningServer> {
      made.get('/', () => 'here')
      const server = await made.listen({ tls })
      after(() => made.close())
      return server
    }

    test('serves each host name by its own certificate', async () => {
      const { port } = await serve({ ...a, certificates: [b, { ...common, names: ['c.example', '*.www.a.example'] }] })
      const shown: Record<string, string> = {
        'a.example': 'a.example',
        'b.example': 'b.example',
        'c.example': 'old.example',
        'nobody.example': 'a.example',
        'WWW.A.EXAMPLE': 'a.example',
        'X.b.Example': 'b.example',
        'x.www.a.example': 'old.example',
        'x.y.b.example': 'a.example',
      }
      for (const [host, common] of Object.entries(shown)) assert.equal(await shownTo(port, host), common, host)
    })

    test('serves a key of each kind by its name, or refuses to', async () => {
      const certificates = [{ ...rsa, names: ['c.example'] }, pairOf('ed25519')]
      if (transport === 'node') {
        const refused = says('OPTION_REFUSED', 'node cannot honour certificates of tls', 'use the transport native')
        await assert.rejects(serve({ ...a, certificates }), refused)
        const server = await serve(a)
        assert.throws(() => server.setCertificates({ ...a, certificates }), refused)
        server.setCertificates(rsa)
        assert.equal(await shownTo(server.port, 'x'), 'rsa.example')
      } else {
        const { port } = await serve({ ...a, certificates })
        for (const [host, common] of [
          ['a.example', 'a.example'],
          ['c.example', 'rsa.example'],
          ['ed.example', 'ed.example'],
        ]) {
          assert.equal(await shownTo(port, host!), common)
        }
      }
    })

    test('has its certificates replaced while connections stay', async () => {
      const server = await serve({ ...a, certificates: [b] })
      const client = http1Client(server.url)
      after(() => client.close())
      assert.equal(await (await client.fetch('/')).text(), 'here')
      server.setCertificates({ ...common, certificates: [{ ...a, names: ['x.b.example'] }] })
      assert.equal(await (await client.fetch('/')).text(), 'here')
      assert.equal(await shownTo(server.port, 'a.example'), 'old.example')
      assert.equal(await shownTo(server.port, 'x.b.example'), 'a.example')
      server.setCertificates({ certificates: [b] })
      assert.equal(await shownTo(server.port, 'a.example'), 'b.example')
    })

    const wrong: readonly (readonly [name: string, options: unknown, code: string, ...texts: string[]])[] = [
      ['nothing', {}, 'OPTION_INVALID', 'setCertificates() got no certificate'],
      ['null', null, 'OPTION_INVALID', 'setCertificates() got no certificate'],
      [
        'another option',
        { ...a, watch: true },
        'OPTION_UNKNOWN',
        'watch of setCertificates()',
        'cert, certificates, key',
      ],
      [
        'another key',
        { ...a, key: b.key },
        'CERTIFICATE_UNREADABLE',
        'cert and key of setCertificates() cannot be used together',
      ],
      ['ticketKeys that are none', { ...a, ticketKeys: ['x'] }, 'OPTION_INVALID', 'ticketKeys of setCertificates()'],
    ]
    for (const [what, options, code, ...texts] of wrong) {
      test(`keeps its certificates where it is given ${what}`, async () => {
        const server = await serve(a)
        assert.throws(() => server.setCertificates(options as never), says(code, ...texts))
        assert.equal(await shownTo(server.port, 'x'), 'a.example')
      })
    }

    test('refuses what the rest of its options does not go with', async () => {
      const ciphers = ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'] as const
      const server = await serve({ ...a, ciphers, sessionTickets: false })
      assert.throws(() => server.setCertificates(rsa), says('OPTION_INVALID', 'ciphers of setCertificates()', 'RSA'))
      const ticketKeys = [new Uint8Array(32)]
      assert.throws(
        () => server.setCertificates({ ...a, ticketKeys }),
        says('OPTION_INVALID', 'ticketKeys of setCertificates()', 'sessionTickets is false'),
      )
      assert.equal(await shownTo(server.port, 'x'), 'a.example')
    })

    test('watches its files, those of setCertificates() after it', async () => {
      const folder = mkdtempSync(path.join(tmpdir(), 'listener-'))
      after(() => rmSync(folder, { force: true, recursive: true }))
      const put = (pair: { cert: string; key: string }, into: string): { cert: string; key: string } => {
        const files = { cert: path.join(folder, `${into}.pem`), key: path.join(folder, `${into}-key.pem`) }
        copyFileSync(pair.cert, files.cert)
        copyFileSync(pair.key, files.key)
        return files
      }
      const { entries, logger } = recorder()
      const errors = (): string[] =>
        entries.filter(({ level }) => level === 'error').map(({ fields }) => (fields.err as Error).message)
      const renewed = (): number => entries.filter(({ message }) => message === 'new certificates are in use').length
      const noticed = (is: () => boolean): Promise<void> => until(is, 'a change to be noticed', 20_000)
      const server = await serve({ ...put(a, 'first'), watch: true }, new Hotpress({ logger, transport }))
      put(b, 'first')
      await noticed(() => renewed() === 1)
      assert.equal(await shownTo(server.port, 'x'), 'b.example')

      copyFileSync(rsa.key, path.join(folder, 'first-key.pem'))
      await noticed(() => errors().length === 1)
      assert.match(errors()[0]!, /cert and key of tls cannot be used together/)
      assert.equal(await shownTo(server.port, 'x'), 'b.example')
      copyFileSync(rsa.cert, path.join(folder, 'first.pem'))
      await noticed(() => renewed() === 2)
      assert.equal(await shownTo(server.port, 'x'), 'rsa.example')

      server.setCertificates(put(a, 'second'))
      assert.equal(await shownTo(server.port, 'x'), 'a.example')
      put(b, 'first')
      put(rsa, 'second')
      await noticed(() => renewed() === 3)
      assert.equal(await shownTo(server.port, 'x'), 'rsa.example')
      assert.equal(errors().length, 1)
    })

    test('does nothing more once it is closed', async () => {
      const server = await serve(a)
      await server.close()
      server.setCertificates(b)
      assert.throws(() => server.setCertificates({ ...a, key: b.key }), says('CERTIFICATE_UNREADABLE'))
      await assert.rejects(shownTo(server.port, 'x'))
    })

    test('stands beside one without TLS, and each ends alone', async () => {
      const app = new Hotpress({ logger: false, transport })
      const first = await serve(a, app)
      const second = await app.listen({ tls: b })
      const plain = await app.listen()
      assert.deepEqual(app.capabilities().transports, [transport, transport, transport])
      assert.equal(await (await fetch(plain.url)).text(), 'here')
      assert.equal(await shownTo(second.port, 'x'), 'b.example')
      first.setCertificates(rsa)
      assert.equal(await shownTo(second.port, 'x'), 'b.example')
      await first.close()
      assert.equal(first.close(), first.close())
      await assert.rejects(shownTo(first.port, 'x'))
      assert.equal(await shownTo(second.port, 'x'), 'b.example')
      assert.equal(await (await fetch(plain.url)).text(), 'here')
      assert.throws(
        () => plain.setCertificates(a),
        says('TLS_MISSING', `setCertificates() was called on the listener ${plain.url}, which serves without TLS`),
      )
      await plain.close()
      assert.deepEqual(app.capabilities().transports, [transport])
      assert.equal(await shownTo(second.port, 'x'), 'b.example')
      await app.close()
      assert.deepEqual(app.capabilities().transports, [])
      await assert.rejects(shownTo(second.port, 'x'))
      const again = await app.listen({ port: first.port, tls: { cert: fixture('b.pem'), key: fixture('b-key.pem') } })
      assert.equal(await shownTo(again.port, 'x'), 'b.example')
    })
  })
}

for (const { name, skip } of secure.filter((variant) => variant.transport === 'uws')) {
  describe(`a listener of ${name}`, { skip }, () => {
    test('refuses what it cannot honour, and goes on as it was', async () => {
      const app = new Hotpress({ logger: false, transport: 'uws' })
      after(() => app.close())
      await assert.rejects(
        app.listen({ tls: { ...a, watch: true } }),
        says('OPTION_REFUSED', 'uws cannot honour tls.watch', 'use the transport native'),
      )
      await assert.rejects(app.listen({ http2: true, tls: a }), says('OPTION_REFUSED', 'uws cannot honour http2'))
      const server = await app.listen({ tls: { ...a, certificates: [b] } })
      assert.throws(() => server.setCertificates(b), says('OPTION_REFUSED', 'uws cannot honour setCertificates()'))
      assert.equal(await shownTo(server.port, 'a.example'), 'a.example')
      assert.equal(await shownTo(server.port, 'x.b.example'), 'b.example')
    })
  })
}

test('a certificate that clients will refuse is one line of the log', async () => {
  const { entries, logger } = recorder()
  const app = new Hotpress({ logger })
  await app.listen({ tls: pairOf('expired') })
  await app.close()
  assert.deepEqual(
    entries.filter(({ level }) => level === 'warn').map(({ message }) => message),
    ['cert of tls: the certificate CN=expired.example has expired, on 2021-01-01T00:00:00.000Z'],
  )
})
