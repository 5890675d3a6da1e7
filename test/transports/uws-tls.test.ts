import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { after, describe, test } from 'node:test'
import { connect } from 'node:tls'
import { Hotpress, type ListenOptions } from '../../src/index.js'
import { settleListen } from '../../src/listen-options.js'
import { settle } from '../../src/options.js'
import type { ListenSettings, TlsSettings } from '../../src/transports/transport.js'
import { uwsTransport } from '../../src/transports/uws.js'
import { says } from '../_says.js'
import { tls, variantNamed } from '../_setup.js'

const skip = variantNamed('uws+tls').skip

const { log } = new Hotpress({ logger: false })

describe('TLS on uws', { skip }, () => {
  const own = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('hotpress-'))

  test('leaves no certificate behind on disk', async () => {
    const before = own()
    const app = new Hotpress({ logger: false, transport: 'uws' })
    after(() => app.close())
    await app.listen({ tls })
    assert.deepEqual(
      own().filter((name) => !before.includes(name)),
      [],
    )
  })

  test('has a certificate for each name, and routes behind each', async () => {
    const { where } = settleListen({ tls }, log)
    const [certificate] = where.tls!.certificates
    const settings: TlsSettings = {
      ...where.tls!,
      certificates: [certificate!, { ...certificate!, names: ['b.example', '*.b.example'] }],
    }
    const { hostOf } = await import('./_server.js')
    const { text } = await import('../../src/index.js')
    const host = hostOf(() => text('served'), { transport: 'uws' })
    const listening = await uwsTransport.listen(host, { ...where, tls: settings })
    after(() => listening.close({ drain: 100, idleGrace: 0 }))
    for (const servername of ['', 'localhost', 'b.example', 'www.b.example', 'a.www.b.example']) {
      const socket = connect({ host: '127.0.0.1', port: listening.port, rejectUnauthorized: false, servername })
      socket.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
      let answer = ''
      for await (const part of socket) answer += part
      assert.match(answer, /^HTTP\/1\.1 200 [\s\S]*served$/, servername)
    }
  })

  test('speaks HTTP/1.1 to who would rather have HTTP/2', async () => {
    const app = new Hotpress({ logger: false, transport: 'uws' })
    after(() => app.close())
    const { port } = await app.listen({ tls })
    const socket = connect({ ALPNProtocols: ['h2', 'http/1.1'], host: '127.0.0.1', port, rejectUnauthorized: false })
    await new Promise((resolve) => socket.once('secureConnect', resolve))
    assert.notEqual(socket.alpnProtocol, 'h2')
    socket.destroy()
  })

  for (const [option, listen] of [
    ['http2', { http2: { cleartext: true } }],
    ['http2', { http2: { maxConcurrentStreams: 10 }, tls }],
    ['backlog', { backlog: 10 }],
    ['http3', { http3: true, tls }],
    ['threads', { threads: 2, tls }],
  ] as const satisfies readonly (readonly [string, ListenOptions])[]) {
    test(`refuses ${option} (${Object.keys(listen)}), and says who takes it`, async () => {
      const app = new Hotpress({ logger: false, transport: 'uws' })
      await assert.rejects(app.listen(listen), says('OPTION_REFUSED', option, 'native'))
    })
  }

  const settings = settle({ logger: false, transport: 'uws' })
  const { where } = settleListen({ tls }, log)
  for (const [option, given] of [
    ['tls.ciphers', { ciphers: ['TLS_AES_128_GCM_SHA256'] }],
    ['tls.clientCertificate', { clients: { ca: tls.cert, caChain: [], isRequired: false } }],
    ['tls.handshakeTimeout', { handshakeTimeout: 1000 }],
    ['tls.minVersion', { minVersion: 'TLSv1.3' }],
    ['tls.sessionTickets', { sessionTickets: false }],
    ['tls.watch', { isWatched: true }],
    ['tls.ticketKeys', { ticketKeys: [new Uint8Array(32)] }],
  ] as const) {
    test(`refuses ${option}`, () => {
      const asked: ListenSettings = { ...where, tls: { ...where.tls!, ...given } }
      assert.equal(uwsTransport.refuses(settings, asked, false)?.option, option)
    })
  }

  // That it is not taken otherwise is for `chooseTransport()`.
  test('is taken where it is named', () => {
    assert.equal(uwsTransport.refuses(settings, where, false), undefined)
  })
})
