import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { after, describe, test } from 'node:test'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { fileURLToPath } from 'node:url'
import { HttpResponse } from '../../src/core/response.js'
import { Hotpress } from '../../src/index.js'
import { settleListen } from '../../src/listen-options.js'
import { nodeTransport } from '../../src/transports/node.js'
import type { Certificate, Listening, TlsSettings } from '../../src/transports/transport.js'
import { hostOf } from './_server.js'

const path = (name: string): string => fileURLToPath(new URL(`../../../test/fixtures/tls/${name}`, import.meta.url))
const read = (name: string): Buffer => readFileSync(path(name))

function certificate(name: string, names: readonly string[], ocsp?: Uint8Array): Certificate {
  const key = createPrivateKey(read(`${name}-key.pem`))
  const intermediate = read('intermediate.pem')
  return {
    cert: Buffer.concat([read(`${name}.pem`), intermediate]),
    chain: [read(`${name}.pem`), intermediate].map((pem) => new X509Certificate(pem).raw),
    key: Buffer.from(key.export({ format: 'pem', type: 'pkcs8' })),
    keyDer: key.export({ format: 'der', type: 'pkcs8' }),
    names,
    ocsp,
  }
}

const { log } = new Hotpress({ logger: false })

async function listen(given: Partial<TlsSettings>): Promise<Listening> {
  const { where } = settleListen({}, log)
  const host = hostOf((request) => new HttpResponse(`${request.protocol}`, 'text/plain'))
  const listening = await nodeTransport.listen(host, {
    ...where,
    tls: {
      certificates: [certificate('a', [])],
      ciphers: undefined,
      clients: undefined,
      handshakeTimeout: 10_000,
      isWatched: false,
      minVersion: 'TLSv1.2',
      sessionTickets: true,
      ticketKeys: undefined,
      ...given,
    },
  })
  after(() => listening.close({ drain: 100, idleGrace: 0 }))
  return listening
}

interface Handshake {
  readonly isReused: boolean
  readonly peer: string
  readonly protocol: string | false | null
  readonly session: Buffer | undefined
  readonly staple: Buffer | undefined
  readonly suite: string
  readonly version: string | null
}

/** Shakes hands, asks by HTTP/1.1, and tells what was agreed on; rejects where there is no answer. */
function shake(port: number, options: ConnectionOptions = {}): Promise<Handshake> {
  return new Promise((resolve, reject) => {
    let session: Buffer | undefined
    let staple: Buffer | undefined
    const socket: TLSSocket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options })
    socket.on('session', (given) => {
      session = given
    })
    socket.on('OCSPResponse', (given) => {
      staple = given ?? undefined
    })
    socket.on('error', reject)
    socket.on('close', () => reject(new Error('closed without an answer')))
    socket.on('secureConnect', () => {
      if (socket.alpnProtocol === 'h2') finish()
      else socket.write('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n')
    })
    // What the server gives for the next handshake has come before its answer.
    socket.on('data', () => setImmediate(finish))
    const finish = (): void => {
      resolve({
        isReused: socket.isSessionReused(),
        peer: socket.getPeerX509Certificate()?.subject ?? '',
        protocol: socket.alpnProtocol,
        session,
        staple,
        suite: socket.getCipher().standardName,
        version: socket.getProtocol(),
      })
      socket.destroy()
    }
  })
}

describe('TLS on node', () => {
  test('chooses HTTP/2 where it is asked for, and HTTP/1.1 else', async () => {
    const { port } = await listen({})
    assert.equal((await shake(port, { ALPNProtocols: ['h2', 'http/1.1'] })).protocol, 'h2')
    assert.equal((await shake(port, { ALPNProtocols: ['http/1.1'] })).protocol, 'http/1.1')
    assert.equal((await shake(port)).protocol, false)
    await assert.rejects(shake(port, { ALPNProtocols: ['spdy/3'] }))
  })

  test('has a certificate for each name, a wildcard for one label, and the first for any other', async () => {
    const { port } = await listen({
      certificates: [certificate('a', ['a.example']), certificate('b', ['b.example', '*.b.example'])],
    })
    for (const [servername, peer] of [
      ['a.example', 'CN=a.example'],
      ['b.example', 'CN=b.example'],
      ['www.b.example', 'CN=b.example'],
      ['WWW.B.Example', 'CN=b.example'],
      ['x.www.b.example', 'CN=a.example'],
      ['other.example', 'CN=a.example'],
      ['', 'CN=a.example'],
    ] as const) {
      assert.equal((await shake(port, { servername })).peer, peer, servername)
    }
  })

  test('takes other certificates while it listens, and tickets stay good', async () => {
    const listening = await listen({ certificates: [certificate('a', [])] })
    const before = await shake(listening.port)
    assert.equal(before.peer, 'CN=a.example')
    listening.setCertificates!({ certificates: [certificate('b', ['b.example'])], ticketKeys: undefined })
    assert.equal((await shake(listening.port)).peer, 'CN=b.example')
    assert.equal((await shake(listening.port, { session: before.session! })).isReused, true)
  })

  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    test(`resumes sessions of ${maxVersion} by tickets that other processes can open, or not at all`, async () => {
      const options = { maxVersion }
      const keys = [Buffer.alloc(32, 1), Buffer.alloc(32, 2)]
      const one = await listen({ ticketKeys: keys })
      const other = await listen({ ticketKeys: [Buffer.alloc(32, 1)] })
      const stranger = await listen({ ticketKeys: [Buffer.alloc(32, 3)] })
      const none = await listen({ sessionTickets: false })
      const session = (await shake(one.port, options)).session!
      assert.equal((await shake(one.port, { ...options, session })).isReused, true)
      assert.equal((await shake(other.port, { ...options, session })).isReused, true)
      assert.equal((await shake(stranger.port, { ...options, session })).isReused, false)
      const refused = (await shake(none.port, options)).session
      if (refused !== undefined) {
        assert.equal((await shake(none.port, { ...options, session: refused })).isReused, false)
      }
    })
  }

  test('speaks no version below the least, and the suites that are named', async () => {
    const modern = await listen({ minVersion: 'TLSv1.3' })
    assert.equal((await shake(modern.port)).version, 'TLSv1.3')
    await assert.rejects(shake(modern.port, { maxVersion: 'TLSv1.2' }))
    const { port } = await listen({
      ciphers: ['TLS_CHACHA20_POLY1305_SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'],
    })
    assert.equal((await shake(port)).suite, 'TLS_CHACHA20_POLY1305_SHA256')
    assert.equal((await shake(port, { maxVersion: 'TLSv1.2' })).suite, 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384')
    await assert.rejects(shake(port, { ciphers: 'ECDHE-ECDSA-AES128-GCM-SHA256', maxVersion: 'TLSv1.2' }))
    const plain = await listen({})
    await assert.rejects(shake(plain.port, { ciphers: 'ECDHE-ECDSA-AES128-SHA', maxVersion: 'TLSv1.2' }))
  })

  test('staples what a certificate has, and nothing for one that has none', async () => {
    const ocsp = Uint8Array.from([0x30, 0x03, 0x0a, 0x01, 0x03])
    const { port } = await listen({
      certificates: [certificate('a', ['a.example'], ocsp), certificate('b', ['b.example'])],
    })
    const asked = { requestOCSP: true } as ConnectionOptions
    assert.deepEqual(await staple(port, { ...asked, servername: 'a.example' }), Buffer.from(ocsp))
    assert.equal(await staple(port, { ...asked, servername: 'b.example' }), undefined)
  })

  describe('certificates of clients', () => {
    const own = { cert: read('client.pem'), key: read('client-key.pem') }
    const strange = { cert: read('other-client.pem'), key: read('other-client-key.pem') }
    const clients = { ca: read('ca.pem'), caChain: [], isRequired: true }

    for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
      test(`are required, ${maxVersion}`, async () => {
        const { port } = await listen({
          certificates: [certificate('a', []), certificate('b', ['b.example'])],
          clients,
        })
        for (const servername of ['a.example', 'b.example']) {
          await shake(port, { ...own, maxVersion, servername })
          await assert.rejects(shake(port, { maxVersion, servername }))
          await assert.rejects(shake(port, { ...strange, maxVersion, servername }))
        }
      })

      test(`may be left out, and are never taken unverified, ${maxVersion}`, async () => {
        const { port } = await listen({ clients: { ...clients, isRequired: false } })
        await shake(port, { ...own, maxVersion })
        await shake(port, { maxVersion })
        await assert.rejects(shake(port, { ...strange, maxVersion }))
      })
    }
  })

  test('cuts off who shakes no hands', { timeout: 10_000 }, async () => {
    const { port } = await listen({ handshakeTimeout: 200 })
    const { connect: open } = await import('node:net')
    const socket = open(port, '127.0.0.1')
    await new Promise((resolve) => socket.on('error', () => {}).once('close', resolve))
  })
})

async function staple(port: number, options: ConnectionOptions): Promise<Buffer | undefined> {
  return (await shake(port, options)).staple
}
