import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect as connectHttp2 } from 'node:http2'
import { Agent, request } from 'node:https'
import { after, describe, test } from 'node:test'
import { type ConnectionOptions, connect, type TLSSocket } from 'node:tls'
import { Hotpress, type ListeningServer, type PeerCertificate, type TlsOptions } from '../../src/index.js'
import { fixture, fixturePath, pairOf } from '../_certificates.js'
import { variants } from '../_setup.js'

const a = { cert: fixturePath('a-chain.pem'), key: fixturePath('a-key.pem') }
const ca = fixturePath('ca.pem')
const billing = { cert: fixture('client.pem'), key: fixture('client-key.pem') }
const stranger = { cert: fixture('other-client.pem'), key: fixture('other-client-key.pem') }

interface Seen {
  readonly fingerprint?: string
  readonly isSame: boolean
  readonly names?: readonly string[]
  readonly organization?: string
  readonly sni: string | null
}

interface Serving {
  readonly server: ListeningServer
}

async function serve(transport: 'native' | 'node', tls: TlsOptions): Promise<Serving> {
  const app = new Hotpress({ logger: false, transport })
  const known = new Set<PeerCertificate>()
  app.get('/', (req): Seen => {
    const { peerCertificate: peer, sni = null } = req
    const isSame = peer !== undefined && known.has(peer)
    if (peer === undefined) return { isSame, sni }
    known.add(peer)
    const { fingerprint256, subject, subjectAltNames } = peer
    return { fingerprint: fingerprint256, isSame, names: subjectAltNames, organization: String(subject.O), sni }
  })
  app.get('/later', async (req) => {
    await new Promise((resolve) => setImmediate(resolve))
    return { fingerprint: req.peerCertificate?.fingerprint256, sni: req.sni }
  })
  const server = await app.listen({ tls })
  after(() => app.close())
  return { server }
}

interface Shaken {
  readonly isResumed: boolean
  readonly suite: string
  readonly version: string | null
}

interface Certified {
  readonly cert?: string
  readonly key?: string
}

/** Several requests of one connection of HTTP/1.1. */
async function ask(port: number, certified: Certified, servername = 'a.example', paths = ['/']): Promise<Seen[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const answers: Seen[] = []
  try {
    for (const path of paths) {
      const options = { agent, host: '127.0.0.1', path, port, rejectUnauthorized: false, servername, ...certified }
      answers.push(
        await new Promise<Seen>((resolve, reject) => {
          const client = request(options, async (res) => {
            resolve(JSON.parse((await res.setEncoding('utf8').toArray()).join('')) as Seen)
          })
          client.on('error', reject).end()
        }),
      )
    }
  } finally {
    agent.destroy()
  }
  return answers
}

async function askHttp2(port: number, certified: Certified): Promise<Seen> {
  const options = { rejectUnauthorized: false, servername: 'a.example', ...certified }
  const session = connectHttp2(`https://127.0.0.1:${port}`, options)
  try {
    const stream = session.request({ ':path': '/' })
    session.on('error', () => {})
    return JSON.parse((await stream.setEncoding('utf8').toArray()).join('')) as Seen
  } finally {
    session.destroy()
  }
}

const transports = variants.filter(({ name }) => name === 'native+tls' || name === 'node+tls')

for (const { skip, transport } of transports as readonly { skip: string | false; transport: 'native' | 'node' }[]) {
  describe(`certificates of clients on ${transport}`, { skip }, () => {
    test('are on the request, one object for a connection', async () => {
      const { server } = await serve(transport, { ...a, ca, clientCertificate: 'required' })
      const [first, second] = await ask(server.port, billing, 'a.example', ['/', '/'])
      assert.equal(first?.organization, 'Example, Inc.')
      assert.deepEqual(first?.names, ['URI:spiffe://example/billing', 'email:billing@a.example', 'DNS:billing.example'])
      assert.match(first?.fingerprint ?? '', /^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/)
      assert.equal(first?.isSame, false)
      assert.equal(second?.isSame, true)
      const [later] = await ask(server.port, billing, 'b.example', ['/later'])
      assert.equal(later?.fingerprint, first?.fingerprint)
      assert.equal(later?.sni, 'b.example')
      const other = await askHttp2(server.port, billing)
      assert.equal(other.fingerprint, first?.fingerprint)
      assert.equal(other.sni, 'a.example')
    })

    test('are required', async () => {
      const { server } = await serve(transport, { ...a, ca, clientCertificate: 'required' })
      await assert.rejects(ask(server.port, {}))
      await assert.rejects(ask(server.port, stranger))
      await assert.rejects(askHttp2(server.port, {}))
    })

    test('are optional, and verified where there is one', async () => {
      const { server } = await serve(transport, { ...a, ca: fixture('ca.pem'), clientCertificate: 'optional' })
      assert.deepEqual(await ask(server.port, {}), [{ isSame: false, sni: 'a.example' }])
      const [known] = await ask(server.port, billing)
      assert.equal(known?.organization, 'Example, Inc.')
      await assert.rejects(ask(server.port, stranger))
    })

    test('are of any of several issuers', async () => {
      const several = [ca, Buffer.from(fixture('other-ca.pem'))]
      const { server } = await serve(transport, { ...a, ca: several, clientCertificate: 'required' })
      assert.equal((await ask(server.port, billing)).length, 1)
      assert.equal((await ask(server.port, stranger)).length, 1)
    })

    test('are not asked for by default', async () => {
      const { server } = await serve(transport, a)
      assert.deepEqual(await ask(server.port, billing), [{ isSame: false, sni: 'a.example' }])
    })

    test('no host name is none', async () => {
      const { server } = await serve(transport, a)
      assert.deepEqual(await ask(server.port, {}, ''), [{ isSame: false, sni: null }])
    })
  })

  describe(`what is settled for TLS is spoken on ${transport}`, { skip }, () => {
    /** What a client has agreed on with the server, and what it was sent. */
    async function shake(port: number, options: ConnectionOptions = {}): Promise<Shaken> {
      const socket = open(port, options)
      try {
        await once(socket, 'secureConnect')
        return {
          isResumed: socket.isSessionReused(),
          suite: socket.getCipher().standardName,
          version: socket.getProtocol(),
        }
      } finally {
        socket.destroy()
      }
    }

    function open(port: number, options: ConnectionOptions): TLSSocket {
      const given = { host: '127.0.0.1', port, rejectUnauthorized: false, servername: 'a.example', ...options }
      const socket = connect(given as ConnectionOptions)
      socket.on('error', () => {})
      return socket
    }

    async function told(port: number, event: string, options: ConnectionOptions): Promise<Buffer> {
      const socket = open(port, options)
      try {
        const [bytes] = (await once(socket, event)) as [Buffer]
        return bytes
      } finally {
        socket.destroy()
      }
    }

    test('the lowest version', async () => {
      const { server } = await serve(transport, { ...a, minVersion: 'TLSv1.3' })
      assert.equal((await shake(server.port)).version, 'TLSv1.3')
      await assert.rejects(shake(server.port, { maxVersion: 'TLSv1.2' }))
      const { server: both } = await serve(transport, a)
      assert.equal((await shake(both.port, { maxVersion: 'TLSv1.2' })).version, 'TLSv1.2')
    })

    for (const [name, version] of [
      ['TLS_AES_256_GCM_SHA384', 'TLSv1.3'],
      ['TLS_CHACHA20_POLY1305_SHA256', 'TLSv1.3'],
      ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384', 'TLSv1.2'],
      ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'TLSv1.2'],
    ] as const) {
      test(`the suite ${name}`, async () => {
        const { server } = await serve(transport, { ...a, ciphers: [name] })
        assert.deepEqual(await shake(server.port, { maxVersion: version }), { isResumed: false, suite: name, version })
      })
    }

    test('the staple', async () => {
      const { server } = await serve(transport, { ...a, ocsp: fixturePath('a.ocsp') })
      const response = await told(server.port, 'OCSPResponse', { requestOCSP: true } as ConnectionOptions)
      assert.deepEqual(response, readFileSync(fixturePath('a.ocsp')))
    })

    test('tickets that another process has sealed', async () => {
      const ticketKeys = ['01'.repeat(32)]
      const { server } = await serve(transport, { ...a, ticketKeys })
      const { server: same } = await serve(transport, { ...a, ticketKeys: ['01'.repeat(32)] })
      const { server: other } = await serve(transport, a)
      const version = { maxVersion: 'TLSv1.2' } as const
      const session = await told(server.port, 'session', version)
      assert.equal((await shake(same.port, { ...version, session })).isResumed, true)
      assert.equal((await shake(other.port, { ...version, session })).isResumed, false)
      // Certificates that are replaced leave the secrets as they are.
      same.setCertificates(pairOf('b'))
      assert.equal((await shake(same.port, { ...version, session })).isResumed, true)
      same.setCertificates({ ...pairOf('b'), ticketKeys: ['02'.repeat(32)] })
      assert.equal((await shake(same.port, { ...version, session })).isResumed, false)
    })

    test('no ticket of a listener that asks something else of clients', async () => {
      const ticketKeys = ['01'.repeat(32)]
      const version = { maxVersion: 'TLSv1.2' } as const
      const { server } = await serve(transport, { ...a, ticketKeys })
      const session = await told(server.port, 'session', version)
      const { server: asking } = await serve(transport, { ...a, ca, clientCertificate: 'optional', ticketKeys })
      assert.equal((await shake(asking.port, { ...version, session })).isResumed, false)
      const certified = await told(asking.port, 'session', { ...version, ...billing })
      assert.equal((await shake(asking.port, { ...version, session: certified })).isResumed, true)
      const { server: requiring } = await serve(transport, { ...a, ca, clientCertificate: 'required', ticketKeys })
      assert.equal((await shake(requiring.port, { ...version, ...billing, session: certified })).isResumed, false)
      await assert.rejects(shake(requiring.port, { ...version, session }))
      await assert.rejects(shake(requiring.port, { ...version, session: certified }))
    })
  })
}
