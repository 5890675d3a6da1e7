import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Hotpress, type HotpressOptions, type ListenOptions } from '../../src/index.js'
import { nativeOnly } from '../../src/transports/transport.js'
import { fixturePath, pairOf } from '../_certificates.js'
import { says } from '../_says.js'
import { variantNamed } from '../_setup.js'
import { recorder } from '../contract/http/_tools.js'

const tls = { cert: fixturePath('cert.pem'), key: fixturePath('key.pem') }

function makeApp(options: HotpressOptions = {}): Hotpress {
  return new Hotpress({ logger: false, ...options })
}

describe('what a transport cannot honour', () => {
  const uwsSkip = variantNamed('uws').skip
  const all = { name: 'native', skip: variantNamed('native').skip } as const
  // What uws refuses, and which transport takes it: native where its binary is, else node where that can.
  const refusals: readonly (readonly [option: string, HotpressOptions, ListenOptions, taker: 'native' | 'node'])[] = [
    ['backlog', {}, { backlog: 10 }, 'native'],
    ['chunkLimit', { chunkLimit: '64kb' }, {}, 'native'],
    ['connectionOverflow', { connectionOverflow: 'wait' }, {}, 'native'],
    ['headerLimit', { headerLimit: '65537b' }, {}, 'native'],
    ['http2', {}, { http2: { cleartext: true } }, 'native'],
    ['idleTimeout', { idleTimeout: '30s' }, {}, 'native'],
    ['maxConnectionsPerAddress', { maxConnectionsPerAddress: 10 }, {}, 'native'],
    ['maxRequestsPerConnection', { maxRequestsPerConnection: 10 }, {}, 'native'],
    ['proxyProtocol', { proxyProtocol: 'loopback' }, {}, 'native'],
    ['readTimeout', { readTimeout: '5s' }, {}, 'native'],
    ['requestLineLimit', { requestLineLimit: '1kb' }, {}, 'native'],
    ['writeTimeout', { writeTimeout: '5s' }, {}, 'native'],
  ]
  for (const [option, options, where, taker] of refusals) {
    test(`uws refuses ${option} and names the transport that takes it`, { skip: uwsSkip }, async () => {
      const app = makeApp({ ...options, transport: 'uws' })
      await assert.rejects(
        app.listen(where),
        says('OPTION_REFUSED', `uws cannot honour ${option}`, `transport ${taker}`),
      )
      // Nothing has started: routes can still be added.
      app.get('/', () => 'still')
    })

    test(`auto takes ${taker} for ${option}, with a log line`, { skip: taker === 'native' && all.skip }, async () => {
      const { entries, logger } = recorder()
      const app = new Hotpress({ ...options, logger })
      const address = await app.listen(where)
      await app.close()
      assert.equal(address.transport, taker)
      const log = entries.map(({ message }) => message).join('\n')
      assert.match(log, /^not serving by uws: .+\n(?:not serving by native: .+\n)?listening on http/)
    })
  }

  for (const option of nativeOnly) {
    test(`node refuses ${option} and names the transport that takes it`, async () => {
      const [, options] = refusals.find(([name]) => name === option)!
      const app = makeApp({ ...options, transport: 'node' })
      await assert.rejects(app.listen(), says('OPTION_REFUSED', `node cannot honour ${option}`, 'transport native'))
    })
  }

  test('auto takes native for TLS without asking uws', { skip: all.skip }, async () => {
    const { entries, logger } = recorder()
    const app = new Hotpress({ logger })
    assert.equal((await app.listen({ tls })).transport, 'native')
    await app.close()
    assert.deepEqual(
      entries.map(({ message }) => message?.split(/ on | after /)[0]),
      ['listening', 'closed'],
    )
  })

  test('auto takes node for a key that the native core does not sign with', { skip: all.skip }, async () => {
    const { entries, logger } = recorder()
    const app = new Hotpress({ logger })
    assert.equal((await app.listen({ tls: pairOf('p521') })).transport, 'node')
    await app.close()
    assert.match(
      entries[0]?.message ?? '',
      /^not serving by native: it signs with RSA of up to 4,096 bits, P-256, P-384/,
    )
    const named = makeApp({ transport: 'native' })
    const refused = says('OPTION_REFUSED', 'native cannot honour key of tls', 'use the transport node')
    await assert.rejects(named.listen({ tls: pairOf('p521') }), refused)
    const server = await named.listen({ tls })
    assert.throws(() => server.setCertificates(pairOf('p521')), refused)
    await named.close()
  })

  test('auto tells what each could not do, where none can do all', async () => {
    const app = makeApp({ chunkLimit: '64kb' })
    await assert.rejects(
      app.listen({ tls: pairOf('p521') }),
      says(
        'TRANSPORT_UNAVAILABLE',
        'none can honour every option (native: key of tls, it signs',
        'node: chunkLimit, it has no',
      ),
    )
  })

  test('uws takes what it can: 64 KB of headers, and its own idle time', { skip: uwsSkip }, async () => {
    const app = makeApp({ headerLimit: '64kb', idleTimeout: '10s', transport: 'uws' })
    assert.equal((await app.listen()).transport, 'uws')
    await app.close()
  })

  test('auto takes uws where nothing speaks against it', { skip: uwsSkip }, async () => {
    const { entries, logger } = recorder()
    const app = new Hotpress({ logger, transport: 'auto' })
    assert.equal((await app.listen()).transport, 'uws')
    assert.equal(entries.length, 1)
    await app.close()
  })
})
